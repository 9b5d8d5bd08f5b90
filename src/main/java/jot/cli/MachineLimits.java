package jot.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * What this machine can do at most, measured: the limits that speeds are quoted against.
 *
 * @param flops fp32 multiply-adds, counted as two operations each, a second
 * @param bandwidth bytes read from memory a second
 */
record MachineLimits(double flops, double bandwidth) {

    private static final int REPETITIONS = 7;
    private static final int STREAM_BYTES = 1 << 29;
    /** Floats that stay in the first-level cache. */
    private static final int LANES = 256;
    private static final int ROUNDS = 200_000;
    /** Dependent multiply-adds on each number between its load and its store, so that these do not bound the speed. */
    private static final int CHAIN = 4;

    /**
     * Measures both with so many threads at once; takes a second or two.
     *
     * @param threads as many as compute
     * @return the best of several measurements
     */
    static MachineLimits measure(int threads) {
        double[] rates = new double[REPETITIONS];
        double[] sinks = new double[threads];
        for (int i = 0; i < REPETITIONS; i++) {
            double seconds = together(threads, thread -> sinks[thread] += multiplyAdd());
            rates[i] = 2.0 * CHAIN * LANES * ROUNDS * threads / seconds;
        }
        Arrays.sort(rates);
        double flops = rates[REPETITIONS - 1];
        double bandwidth = bandwidth(threads, sinks);
        if (Arrays.stream(sinks).sum() == Math.PI) {
            throw new AssertionError("never");
        }
        return new MachineLimits(flops, bandwidth);
    }

    private static double bandwidth(int threads, double[] sinks) {
        double[] rates = new double[REPETITIONS];
        try (Arena arena = Arena.ofShared()) {
            MemorySegment[] parts = new MemorySegment[threads];
            long[][] blocks = new long[threads][4096];
            long part = STREAM_BYTES / threads / (1 << 15) * (1 << 15);
            for (int t = 0; t < threads; t++) {
                parts[t] = arena.allocate(part, 64).fill((byte) 1);
            }
            for (int i = 0; i < REPETITIONS; i++) {
                double seconds = together(threads, thread -> sinks[thread] += read(parts[thread], blocks[thread]));
                rates[i] = (double) part * threads / seconds;
            }
        }
        Arrays.sort(rates);
        return rates[REPETITIONS - 1];
    }

    private interface Part {
        void run(int thread);
    }

    /** Wall time from the first start to the last end. */
    private static double together(int threads, Part part) {
        long[] begins = new long[threads];
        long[] ends = new long[threads];
        Thread[] running = new Thread[threads];
        java.util.concurrent.CyclicBarrier gate = new java.util.concurrent.CyclicBarrier(threads + 1);
        for (int t = 0; t < threads; t++) {
            int thread = t;
            running[t] = Thread.ofPlatform().daemon().start(() -> {
                try {
                    gate.await();
                } catch (InterruptedException | java.util.concurrent.BrokenBarrierException e) {
                    throw new IllegalStateException(e);
                }
                begins[thread] = System.nanoTime();
                part.run(thread);
                ends[thread] = System.nanoTime();
            });
        }
        try {
            gate.await();
            for (Thread thread : running) {
                thread.join();
            }
            return (Arrays.stream(ends).max().orElseThrow() - Arrays.stream(begins).min().orElseThrow()) / 1e9;
        } catch (InterruptedException | java.util.concurrent.BrokenBarrierException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while measuring", e);
        }
    }

    private static double multiplyAdd() {
        float[] values = new float[LANES];
        for (int round = 0; round < ROUNDS; round++) {
            chain(values, 0.999f, 1e-3f);
        }
        return values[0];
    }

    /** CHAIN multiply-adds on each number; written out so that the compiler makes vectors of them. */
    private static void chain(float[] values, float a, float b) {
        for (int i = 0; i < values.length; i++) {
            float v = values[i];
            v = Math.fma(v, a, b);
            v = Math.fma(v, a, b);
            v = Math.fma(v, a, b);
            v = Math.fma(v, a, b);
            values[i] = v;
        }
    }

    private static long read(MemorySegment part, long[] block) {
        long sum = 0;
        for (long at = 0; at < part.byteSize(); at += 8L * block.length) {
            sum += sum(part, at, block.length);
        }
        return sum;
    }

    private static long sum(MemorySegment part, long at, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += part.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8L * i);
        }
        return sum;
    }
}
