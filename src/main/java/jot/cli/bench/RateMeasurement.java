package jot.cli.bench;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * How much of some kinds of work several threads do in a second, all at once: to be asked now and again, as the answer changes with what
 * else a machine has to do.
 *
 * <p>They work for spans of equal length, of which the better ones count, because what disturbs a machine only ever takes from its speed.
 * Each thread makes its work itself, so that its memory is near to it. Not thread-safe.
 */
final class RateMeasurement implements AutoCloseable {

    /** Work that is done step by step. */
    @FunctionalInterface
    interface Work {
        /** Does one step, in far less time than a span; returns how much that was. */
        double step();
    }

    private static final long SPAN_NANOS = 10_000_000;
    private static final int SPANS = 12;
    /** A span is faster than another if it is by more than this factor. */
    private static final double FASTER = 1.02;
    /** Spans without a faster one after which the compiler is taken to be done. */
    private static final int STEADY = 15;
    /** Steps that the compiler must have seen before. */
    private static final int LEAST_STEPS = 10_000;
    private static final int MOST_WARM_UPS = 400;
    private static final int SPINS = 10_000;

    private final int threads;
    private final List<ExecutorService> executors = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final Work[][] work;
    private final double[] done;
    private final long[] begins;
    private final long[] ends;
    private final AtomicInteger arrived = new AtomicInteger();
    private volatile int gatesPassed;
    private volatile boolean failed;

    /**
     * Makes the work and lets the compiler see it.
     *
     * @param threads how many, at least 1
     * @param maker makes the kinds of work of a thread, called on that thread; the memory is freed when the measurement is closed
     */
    RateMeasurement(int threads, Function<Arena, List<Work>> maker) {
        this.threads = threads;
        this.work = new Work[threads][];
        this.done = new double[threads];
        this.begins = new long[threads];
        this.ends = new long[threads];
        for (int i = 0; i < threads; i++) {
            executors.add(Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("jot-limits-" + i).factory()));
        }
        try {
            run(executors, thread -> work[thread] = maker.apply(arena).toArray(Work[]::new));
            run(executors.subList(0, 1), thread -> Arrays.stream(work[thread]).forEach(this::warmUp));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /**
     * Amounts a second of all threads together, for each kind of work.
     *
     * <p>The kinds take turns span by span: threads that were woken may share a processor for a tenth of a second before the system parts
     * them, which must not hit all spans of one kind.
     */
    double[] next() {
        double[][] rates = new double[work[0].length][SPANS];
        run(executors, thread -> {
            passGate();
            for (int span = 0; span < SPANS; span++) {
                for (int kind = 0; kind < rates.length; kind++) {
                    double rate = spanOfAll(thread, kind);
                    if (thread == 0) {
                        rates[kind][span] = rate;
                    }
                }
            }
        });
        return Arrays.stream(rates).mapToDouble(RateMeasurement::typicalOfTheBetterHalf).toArray();
    }

    private static double typicalOfTheBetterHalf(double[] rates) {
        Arrays.sort(rates);
        return rates[rates.length * 3 / 4];
    }

    /** Works for one span beside the other threads; returns what all did in it, a second. */
    private double spanOfAll(int thread, int kind) {
        span(thread, work[thread][kind]);
        passGate();
        double rate = rate();
        passGate();
        return rate;
    }

    /** One thread works, and rests as long so that the compiler has a processor, until its spans no longer become faster. */
    private void warmUp(Work work) {
        double best = 0;
        int bestSpan = 0;
        int steps = 0;
        for (int span = 0; span < MOST_WARM_UPS && (span - bestSpan < STEADY || steps < LEAST_STEPS); span++) {
            steps += span(0, work);
            double rate = done[0] / (ends[0] - begins[0]);
            if (rate > FASTER * best) {
                best = rate;
                bestSpan = span;
            }
            try {
                Thread.sleep(SPAN_NANOS / 1_000_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while measuring", e);
            }
        }
    }

    /** Works for one span; returns how many steps that were. */
    private int span(int thread, Work work) {
        long begin = System.nanoTime();
        long now = begin;
        double amount = 0;
        int steps = 0;
        while (now - begin < SPAN_NANOS) {
            amount += work.step();
            steps++;
            now = System.nanoTime();
        }
        done[thread] = amount;
        begins[thread] = begin;
        ends[thread] = now;
        return steps;
    }

    /** Work of the last span by all threads, a second. */
    private double rate() {
        long nanos = Arrays.stream(ends).max().orElseThrow() - Arrays.stream(begins).min().orElseThrow();
        return Arrays.stream(done).sum() * 1e9 / nanos;
    }

    /** Waits for the other threads without giving the processor away, as whoever is woken may find itself beside another thread. */
    private void passGate() {
        int gate = gatesPassed;
        if (arrived.incrementAndGet() == threads) {
            arrived.set(0);
            gatesPassed = gate + 1;
        }
        for (int spins = 0; gatesPassed == gate; spins++) {
            if (failed) {
                throw new IllegalStateException("another thread failed");
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void run(List<ExecutorService> on, IntConsumer task) {
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < on.size(); i++) {
            int thread = i;
            running.add(on.get(i).submit(() -> {
                try {
                    task.accept(thread);
                } catch (RuntimeException | Error e) {
                    failed = true;
                    throw e;
                }
            }));
        }
        try {
            for (Future<?> each : running) {
                each.get();
            }
        } catch (InterruptedException e) {
            failed = true;
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while measuring", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OutOfMemoryError memory) {
                throw memory;
            }
            throw new IllegalStateException("this machine's limits could not be measured: " + e.getCause(), e);
        }
    }

    /** Ends the threads and frees the memory. */
    @Override
    public void close() {
        executors.forEach(ExecutorService::close);
        arena.close();
    }
}
