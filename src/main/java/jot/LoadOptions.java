package jot;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.DoubleConsumer;
import jot.tensor.Workers;

/**
 * How a model is loaded.
 *
 * <p>Immutable and thread-safe; each {@code withX} returns a copy with one thing changed.
 */
public final class LoadOptions {

    /** Which kernels compute. */
    public enum Backend {
        /** Vector kernels where they run well, else scalar ones, with a logged reason. */
        AUTO,
        /** Plain Java loops. */
        SCALAR,
        /** The Vector API; loading fails, saying what to do, where it cannot run. */
        VECTOR
    }

    /** What happens to a call that finds no place among those running. */
    public enum WhenBusy {
        /**
         * It waits for its turn, in the order of arrival. Cancellation, deadline and interrupt end the wait of a generation with the
         * reason; of what has no such options, such as scoring, an interrupt only leaves the thread's flag set.
         */
        WAIT,
        /** It throws a {@link BusyException} at once. */
        REFUSE
    }

    /** The format in which matrices of weights are held in memory. */
    public enum Weights {
        /** As the file holds them: no copy, no loss. */
        AUTO,
        /** 32-bit floats: 4 bytes a weight. */
        F32,
        /** IEEE half precision: 2 bytes a weight. */
        F16,
        /** Brain floats, the upper half of 32-bit floats: 2 bytes a weight. */
        BF16,
        /** 8 bits a weight and a scale for each 32: about 1.1 bytes a weight. */
        Q8,
        /** 4 bits a weight, a scale and a minimum for each 32: about 0.75 bytes a weight; costs some quality. */
        Q4
    }

    /**
     * An adapter to be merged into the weights.
     *
     * @param folder where its files are
     * @param scale how far the weights go towards it, 1 for all the way
     */
    public record Adapter(Path folder, double scale) {
        /**
         * An adapter as described above.
         */
        public Adapter {
            Arguments.present(folder, "folder");
        }
    }

    /** Bounds on what runs at once and what is kept. */
    record Bounds(OptionalInt maxConcurrent, OptionalLong cacheBytes, long prefixCacheBytes, WhenBusy whenBusy) {
        static final Bounds NONE = new Bounds(OptionalInt.empty(), OptionalLong.empty(), 0, WhenBusy.WAIT);
    }

    private static final LoadOptions DEFAULTS = new LoadOptions(OptionalInt.empty(), OptionalInt.empty(), Backend.AUTO, true, null,
            Bounds.NONE, List.of(), Weights.AUTO);

    private final OptionalInt threads;
    private final OptionalInt context;
    private final Backend backend;
    private final boolean mapping;
    private final DoubleConsumer progress;
    private final Bounds bounds;
    private final List<Adapter> adapters;
    private final Weights weights;

    private LoadOptions(OptionalInt threads, OptionalInt context, Backend backend, boolean mapping, DoubleConsumer progress,
            Bounds bounds, List<Adapter> adapters, Weights weights) {
        this.threads = threads;
        this.context = context;
        this.backend = backend;
        this.mapping = mapping;
        this.progress = progress;
        this.bounds = bounds;
        this.adapters = List.copyOf(adapters);
        this.weights = weights;
    }

    /**
     * A thread for each core, the model's own context, mapped weights.
     *
     * @return the defaults
     */
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Sets the number of threads that compute.
     *
     * <p>Unset it is {@link Runtime#availableProcessors()}, which knows of containers' quotas; or fewer, where the files of Linux
     * ({@code /sys/devices/system/cpu}) show that some of the processors allowed to this process are hardware threads of one core: these
     * share its arithmetic units, so there is one thread for each core.
     *
     * @param count 1 to 1,024
     * @return a copy with that number
     * @throws IllegalArgumentException if it is out of range
     */
    public LoadOptions withThreads(int count) {
        if (count < 1 || count > Workers.MOST_THREADS) {
            throw new IllegalArgumentException("threads: expected 1 to " + Workers.MOST_THREADS + ", found " + count);
        }
        return new LoadOptions(OptionalInt.of(count), context, backend, mapping, progress, bounds, adapters, weights);
    }

    /**
     * Bounds the context, and with it the memory that a key/value cache can take.
     *
     * @param tokens at least 1; loading fails if the model's own context is shorter
     * @return a copy with that bound
     * @throws IllegalArgumentException if it is below 1
     */
    public LoadOptions withContext(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("context: expected at least 1 token, found " + tokens);
        }
        return new LoadOptions(threads, OptionalInt.of(tokens), backend, mapping, progress, bounds, adapters, weights);
    }

    /**
     * Chooses the kernels.
     *
     * @param kernels which
     * @return a copy with that choice
     */
    public LoadOptions withBackend(Backend kernels) {
        return new LoadOptions(threads, context, Arguments.present(kernels, "backend"), mapping, progress, bounds, adapters, weights);
    }

    /**
     * Says whether weights are used where their file is mapped into memory, or copied.
     *
     * <p>A mapped file must not change while the model is open; a copy takes as much memory as the file.
     *
     * @param mapped true for mapped
     * @return a copy with that choice
     */
    public LoadOptions withMapping(boolean mapped) {
        return new LoadOptions(threads, context, backend, mapped, progress, bounds, adapters, weights);
    }

    /**
     * Merges a LoRA adapter into the weights while loading, after those that were named before.
     *
     * <p>It is read in the layout of the PEFT library: {@code adapter_config.json} beside {@code adapter_model.safetensors} or
     * {@code adapter_model.bin}. Matrices that it changes are held as 32-bit floats. The scale counts for all that the adapter changes: the
     * weights go that far from their own values to those with the adapter, so 0 leaves the model as it is and 1 is what was trained. An
     * adapter that was trained to classify brings its head and turns a language model into a classifier.
     *
     * @param folder the adapter's folder; the path to a base model that it names need not exist
     * @param scale any finite number, mostly 1
     * @return a copy with one more adapter
     * @throws IllegalArgumentException if the scale is not finite
     */
    public LoadOptions withAdapter(Path folder, double scale) {
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale of an adapter: expected a finite number, found " + scale);
        }
        List<Adapter> more = new ArrayList<>(adapters);
        more.add(new Adapter(Arguments.present(folder, "folder"), scale));
        return new LoadOptions(threads, context, backend, mapping, progress, bounds, more, weights);
    }

    /**
     * Chooses the format in which matrices are held, embedding and head included; biases and norms stay 32-bit floats.
     *
     * <p>Where the file has another format, matrices are converted while loading, on all threads. Experts that the file packs in four bits
     * stay packed.
     *
     * @param format which
     * @return a copy with that choice
     */
    public LoadOptions withWeights(Weights format) {
        return new LoadOptions(threads, context, backend, mapping, progress, bounds, adapters, Arguments.present(format, "format"));
    }

    /**
     * Lets somebody hear how far the load has come.
     *
     * @param listener receives shares from 0 to 1, on the loading thread; what it throws ends the load and reaches whoever asked for it
     * @return a copy with that listener
     */
    public LoadOptions withProgress(DoubleConsumer listener) {
        return new LoadOptions(threads, context, backend, mapping, Arguments.present(listener, "listener"), bounds,
                adapters, weights);
    }

    /**
     * Bounds how many calls are at work at once; others wait or are refused, see {@link #withWhenBusy}.
     *
     * <p>Everything that computes counts as one call: to generate, once for several texts too; to score, choose, embed, classify or ask for
     * logits; to append to a session or to restore one; and to pull the next piece of a stream. Sessions and streams that nobody asks
     * anything at the moment do not count. A call from within a listener of another counts, but never waits.
     *
     * @param calls 1 or more
     * @return a copy with that bound
     * @throws IllegalArgumentException if it is below 1
     */
    public LoadOptions withMaxConcurrent(int calls) {
        if (calls < 1) {
            throw new IllegalArgumentException("maxConcurrent: expected at least 1 call, found " + calls);
        }
        return withBounds(new Bounds(OptionalInt.of(calls), bounds.cacheBytes(), bounds.prefixCacheBytes(), bounds.whenBusy()));
    }

    /**
     * Bounds the bytes that all key/value caches of the model may take together; others wait or are refused.
     *
     * <p>A call at work counts with what it may need at most, in whole pages of 32 tokens: its prompt and its {@code maxTokens}, or the
     * context where there is no such limit; each further text or beam with its own part of that. Besides, pages count that sessions and
     * unfinished streams keep between two calls, those that forks share once; they count until {@link Session#rewind}, the end of the
     * stream or its close, or until nobody refers to them and they are collected. What {@link #withPrefixCacheBytes} keeps counts too, but
     * gives way to any call. Weights and the buffers of a running pass do not count.
     *
     * <p>A call waits only for what other calls at work will give back. Where it lacks room because of what idle sessions and streams keep,
     * it is refused with a {@link BusyException} in any case, as nobody need ever give that up.
     *
     * @param bytes 1 or more; {@link ModelInfo#cacheBytesPerToken} tells what a token takes
     * @return a copy with that bound
     * @throws IllegalArgumentException if it is below 1
     */
    public LoadOptions withCacheBytes(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("cacheBytes: expected at least 1 byte, found " + bytes);
        }
        return withBounds(new Bounds(bounds.maxConcurrent(), OptionalLong.of(bytes), bounds.prefixCacheBytes(), bounds.whenBusy()));
    }

    /**
     * Says what happens to a call that finds no place under the bounds.
     *
     * @param choice wait, as by default, or refuse
     * @return a copy with that choice
     */
    public LoadOptions withWhenBusy(WhenBusy choice) {
        return withBounds(new Bounds(bounds.maxConcurrent(), bounds.cacheBytes(), bounds.prefixCacheBytes(),
                Arguments.present(choice, "whenBusy")));
    }

    /**
     * Keeps the caches of earlier calls, so that a prompt which begins like one of them skips that part.
     *
     * <p>Off by default. {@link Timings#cachedTokens} tells what was skipped. The least recently used goes first, also where
     * {@link #withCacheBytes} leaves too little room for a call. What is left of the prompt is read in other pieces than the whole would
     * be, so logits may differ in their last bits from those of a first call.
     *
     * @param bytes what may be kept, 0 for nothing
     * @return a copy with that bound
     * @throws IllegalArgumentException if it is below 0
     */
    public LoadOptions withPrefixCacheBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("prefixCacheBytes: expected 0 or more, found " + bytes);
        }
        return withBounds(new Bounds(bounds.maxConcurrent(), bounds.cacheBytes(), bytes, bounds.whenBusy()));
    }

    private LoadOptions withBounds(Bounds others) {
        return new LoadOptions(threads, context, backend, mapping, progress, others, adapters, weights);
    }

    /**
     * The bound on calls at once, if set.
     *
     * @return 1 or more
     */
    public OptionalInt maxConcurrent() {
        return bounds.maxConcurrent();
    }

    /**
     * The bound on all key/value caches together, if set.
     *
     * @return bytes
     */
    public OptionalLong cacheBytes() {
        return bounds.cacheBytes();
    }

    /**
     * The bound on the caches kept of earlier calls.
     *
     * @return bytes, 0 for none
     */
    public long prefixCacheBytes() {
        return bounds.prefixCacheBytes();
    }

    /**
     * What happens to a call that finds no place.
     *
     * @return wait or refuse
     */
    public WhenBusy whenBusy() {
        return bounds.whenBusy();
    }

    /**
     * The number of threads, if set.
     *
     * @return 1 to 1,024
     */
    public OptionalInt threads() {
        return threads;
    }

    /**
     * The bound on the context, if set.
     *
     * @return a number of tokens
     */
    public OptionalInt context() {
        return context;
    }

    /**
     * The format of matrices in memory.
     *
     * @return the choice
     */
    public Weights weights() {
        return weights;
    }

    /**
     * The kernels.
     *
     * @return the choice
     */
    public Backend backend() {
        return backend;
    }

    /**
     * Whether weights are used where their file is mapped.
     *
     * @return true unless set otherwise
     */
    public boolean mapping() {
        return mapping;
    }

    /**
     * The adapters to be merged, in this order.
     *
     * @return an unmodifiable list
     */
    public List<Adapter> adapters() {
        return adapters;
    }

    Optional<DoubleConsumer> progress() {
        return Optional.ofNullable(progress);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoadOptions that && threads.equals(that.threads) && context.equals(that.context) && backend == that.backend
                && mapping == that.mapping && Objects.equals(progress, that.progress) && bounds.equals(that.bounds)
                && adapters.equals(that.adapters) && weights == that.weights;
    }

    @Override
    public int hashCode() {
        return Objects.hash(threads, context, backend, mapping, progress, bounds, adapters, weights);
    }

    @Override
    public String toString() {
        return "LoadOptions[threads=" + (threads.isPresent() ? threads.getAsInt() : "own") + ", context="
                + (context.isPresent() ? context.getAsInt() : "own") + ", backend=" + backend + ", mapping=" + mapping + ", weights="
                        + weights
                + (adapters.isEmpty() ? "" : ", adapters=" + adapters) + "]";
    }
}
