package jot.generation;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import jot.model.Architecture;
import jot.model.CacheLayout;
import jot.model.ForwardPass;
import jot.model.HeadPlan;
import jot.model.KvCache;
import jot.model.Transformer;
import jot.tensor.ParallelKernels;
import jot.tensor.Workers;

/**
 * Runs the forward passes of one model on its workers.
 *
 * <p>Thread-safe: passes take turns, fairly. It knows who is using the model, so that closing can wait for them.
 */
public final class Inference {

    /** As many virtual threads may do a part of their own work at once: one carrier, where there are several, is left for others. */
    private static final Semaphore CARRIERS = new Semaphore(Math.max(1, carriers() - 1), true);

    private final Transformer transformer;
    private final Workers workers;
    private final ForwardPass pass;
    private final CacheLayout layout;
    private final List<Path> files;
    private final Map<Thread, Integer> users = new HashMap<>();
    private volatile boolean closing;
    private volatile Runnable whenClosing = () -> { };

    private static int carriers() {
        return Integer.getInteger("jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    }

    /**
     * Does what a caller computes itself, such as encoding, sampling and decoding, so that many virtual callers leave a carrier to others.
     *
     * <p>Virtual threads take turns, in the order in which they came; platform threads do it at once, as the system shares processors out.
     *
     * @param work short, and neither waits nor calls anything of a user's
     * @return its result
     */
    public static <T> T onCarrier(Supplier<T> work) {
        if (!Thread.currentThread().isVirtual()) {
            return work.get();
        }
        CARRIERS.acquireUninterruptibly();
        try {
            return work.get();
        } finally {
            CARRIERS.release();
        }
    }

    /** Runs a model on some kernels. */
    public Inference(Transformer transformer, ParallelKernels kernels, Workers workers) {
        this(transformer, kernels, workers, List.of());
    }

    /**
     * Runs a model on some kernels.
     *
     * @param files what its weights are mapped from, for messages
     */
    public Inference(Transformer transformer, ParallelKernels kernels, Workers workers, List<Path> files) {
        this.transformer = transformer;
        this.files = List.copyOf(files);
        this.workers = workers;
        this.pass = new ForwardPass(transformer, kernels);
        this.layout = new CacheLayout(transformer.architecture());
    }

    /** The blueprint of the model. */
    public Architecture architecture() {
        return transformer.architecture();
    }

    /**
     * Checks that the model has a head for language.
     *
     * @throws IllegalStateException naming the head that it has instead
     */
    void requireLanguageModel() {
        HeadPlan head = architecture().head();
        if (head.language().isEmpty()) {
            throw new IllegalStateException("the model has no language-model head, its head is: " + head.describe());
        }
    }

    /** Positions that fit, or {@link Integer#MAX_VALUE} where the model sets no limit. */
    public int context() {
        return architecture().context().orElse(Integer.MAX_VALUE);
    }

    /** A new, empty key/value cache. */
    public KvCache newCache() {
        return new KvCache(layout);
    }

    CacheLayout layout() {
        return layout;
    }

    /** Bytes of cache that so many pages take. */
    long bytesOfPages(double pages) {
        double bytes = pages * layout.pageFloats() * Float.BYTES;
        return bytes < Long.MAX_VALUE ? (long) bytes : Long.MAX_VALUE;
    }

    Transformer transformer() {
        return transformer;
    }

    /** The state of the pass that is running; only for use within one. */
    ForwardPass pass() {
        return pass;
    }

    /** Runs a pass when its turn has come, and returns when it is over. */
    void run(Workers.Pass work) {
        try {
            workers.run(work);
        } catch (InternalError e) {
            throw lost(e);
        }
    }

    /** Runs a pass when its turn has come; false if its caller was interrupted before. */
    boolean run(Workers.Pass work, Interruption interruption) {
        Runnable off = interruption.wakeOnCancel();
        try {
            return workers.run(work, interruption);
        } catch (InternalError e) {
            throw lost(e);
        } finally {
            off.run();
        }
    }

    /**
     * Reads weights on the calling thread.
     *
     * @param <T> what it makes of them
     * @throws IllegalStateException if a file of weights changed while mapped
     */
    public <T> T reading(Supplier<T> work) {
        try {
            return work.get();
        } catch (InternalError e) {
            throw lost(e);
        }
    }

    /** What the JVM reports as an internal error is a page of a mapped file that is gone. */
    private IllegalStateException lost(InternalError e) {
        return new IllegalStateException("the weights can no longer be read: " + files + " changed while mapped; a copy in memory "
                + "(withMapping(false)) would not mind", e);
    }

    /** Says what else to tell that the model is about to be closed. */
    void whenClosing(Runnable listener) {
        whenClosing = listener;
    }

    /** Whether {@link #close()} has begun, so that generations are to end. */
    public boolean isClosing() {
        return closing;
    }

    /**
     * Says that the calling thread is going to use the model.
     *
     * @return to be closed by the same thread when it is done
     * @throws IllegalStateException if the model is closed
     */
    public Use use() {
        return useUnlessClosing().orElseThrow(() -> new IllegalStateException("the model is closed"));
    }

    /**
     * Says that the calling thread is going to use the model, unless it is closed.
     *
     * @return to be closed by the same thread when it is done; nothing once {@link #close()} has begun
     */
    public Optional<Use> useUnlessClosing() {
        Thread thread = Thread.currentThread();
        synchronized (users) {
            if (closing) {
                return Optional.empty();
            }
            users.merge(thread, 1, Integer::sum);
        }
        return Optional.of(() -> leave(thread));
    }

    private void leave(Thread thread) {
        synchronized (users) {
            users.computeIfPresent(thread, (key, count) -> count == 1 ? null : count - 1);
            users.notifyAll();
        }
    }

    /**
     * Lets running generations end and waits for everyone who uses the model.
     *
     * @return false if it was closed before
     * @throws IllegalStateException if the calling thread itself is using the model, as a listener does
     */
    public boolean close() {
        boolean interrupted = false;
        synchronized (users) {
            if (users.containsKey(Thread.currentThread())) {
                throw new IllegalStateException("close called from within a generation, which it would have to wait for");
            }
            boolean first = !closing;
            closing = true;
            whenClosing.run();
            while (!users.isEmpty()) {
                try {
                    users.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return first;
        }
    }

    /**
     * Checks tokens before they enter the model.
     *
     * @throws IllegalArgumentException if one is outside the vocabulary
     */
    public void checkTokens(int[] tokens) {
        int vocabulary = architecture().vocabulary();
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] >= vocabulary) {
                throw new IllegalArgumentException("token " + tokens[i] + " at index " + i + " is outside the vocabulary of " + vocabulary);
            }
        }
    }

    /** Continues a prompt by the likeliest tokens, as a reference implementation without any option does. */
    public int[] greedy(int[] prompt, int count) {
        Sequence sequence = new Sequence(this);
        sequence.append(prompt, () -> false);
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = likeliest(sequence.logits());
            if (i + 1 < count) {
                sequence.append(new int[] {tokens[i]}, () -> false);
            }
        }
        return tokens;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** A use of the model by one thread. */
    @FunctionalInterface
    public interface Use extends AutoCloseable {
        @Override
        void close();
    }

    @Override
    public String toString() {
        return "Inference" + Arrays.asList(architecture().family());
    }
}
