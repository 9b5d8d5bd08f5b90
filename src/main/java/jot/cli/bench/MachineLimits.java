package jot.cli.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import jot.tensor.Backend;
import jot.tensor.Elementary;
import jot.tensor.KernelSelection;

/**
 * What this machine can do at most, measured: the limits that speeds are quoted against.
 *
 * @param flops fp32 multiply-adds, counted as two operations each, a second
 * @param bandwidth bytes read from memory a second
 * @param loops what measured them, such as {@code vector 512-bit}
 */
public record MachineLimits(double flops, double bandwidth, String loops) {

    /** Bytes that all threads read together, many times what a cache holds. */
    private static final long READ_BYTES = 1L << 29;
    private static final long LEAST_BYTES_A_THREAD = 1L << 26;
    private static final int ALIGNMENT = 64;
    private static final int[] STREAMS = {1, 4};

    /**
     * Begins to measure with so many threads at once: allocates what they read, half a gigabyte or more, and lets the compiler see the
     * loops, which takes a second or two.
     *
     * @param threads as many as compute, at least 1
     */
    public static Meter meter(int threads) {
        return new Meter(available(), threads);
    }

    /** The middle of several measurements, each number by itself. */
    public static MachineLimits median(List<MachineLimits> several) {
        return new MachineLimits(median(several, MachineLimits::flops), median(several, MachineLimits::bandwidth),
                several.getFirst().loops());
    }

    private static double median(List<MachineLimits> several, ToDoubleFunction<MachineLimits> number) {
        double[] sorted = several.stream().mapToDouble(number).sorted().toArray();
        return (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
    }

    /** The same in a line for people. */
    public String line() {
        return String.format(Locale.ROOT, "%.1f GFLOP/s fp32, %.1f GB/s read (measured by %s loops)", flops / 1e9, bandwidth / 1e9, loops);
    }

    /** Loops of the Vector API where it runs as instructions, or else plain ones. */
    private static Loops available() {
        try (KernelSelection selection = KernelSelection.choose(Backend.AUTO)) {
            if (selection.description().startsWith("vector")) {
                return (Loops) Class.forName("jot.cli.bench.VectorLoops").getDeclaredConstructor().newInstance();
            }
        } catch (ReflectiveOperationException | LinkageError e) {
            return new PlainLoops();
        }
        return new PlainLoops();
    }

    /** Loops that keep a machine at its limits. Each call is short, so that the compiler takes it as a whole; thread-safe. */
    interface Loops {

        /** What they are made of. */
        String description();

        /** Does multiply-adds on registers or the nearest cache; returns how many operations. */
        double multiplyAdd();

        /** Bytes that one {@link #read} takes of all streams together. */
        int readBytes();

        /**
         * Reads the next part of each stream.
         *
         * @param memory divided into so many streams of equal length
         * @param streams 1 or 4
         * @param at where in the first stream to begin
         * @return something that depends on all that was read
         */
        long read(MemorySegment memory, int streams, long at);
    }

    /** Measures whenever it is asked, in a third of a second: limits change with what else a machine has to do. */
    public static final class Meter implements AutoCloseable {
        private final Loops loops;
        private final RateMeasurement rates;

        private Meter(Loops loops, int threads) {
            this.loops = loops;
            long bytes = Math.max(LEAST_BYTES_A_THREAD, Long.highestOneBit(READ_BYTES / threads));
            this.rates = new RateMeasurement(threads, arena -> {
                MemorySegment memory = arena.allocate(bytes, ALIGNMENT).fill((byte) 1);
                return List.of(loops::multiplyAdd, new Reading(loops, memory, STREAMS[0]), new Reading(loops, memory, STREAMS[1]));
            });
        }

        /** The limits now; of reading, the better of one stream and several. */
        public MachineLimits measure() {
            double[] now = rates.next();
            return new MachineLimits(now[0], Math.max(now[1], now[2]), loops.description());
        }

        /** Frees the memory. */
        @Override
        public void close() {
            rates.close();
        }
    }

    /** Reads a thread's memory from begin to end, over and over. */
    private static final class Reading implements RateMeasurement.Work {
        private final Loops loops;
        private final MemorySegment memory;
        private final int streams;
        private long at;
        private long sum;

        Reading(Loops loops, MemorySegment memory, int streams) {
            this.loops = loops;
            this.memory = memory;
            this.streams = streams;
        }

        @Override
        public double step() {
            sum += loops.read(memory, streams, at);
            at = (at + loops.readBytes() / streams) % (memory.byteSize() / streams);
            return loops.readBytes() + (sum == Long.MIN_VALUE ? 1 : 0);
        }
    }

    /** Loops that the compiler makes vectors of by itself, more or less. */
    private static final class PlainLoops implements Loops {
        /** Numbers that stay in the first-level cache. */
        private static final int NUMBERS = 2048;
        /** Multiply-adds on each number between its load and its store, so that these do not bound the speed. */
        private static final int CHAIN = 8;
        private static final int BYTES = 1 << 16;
        private static final ThreadLocal<float[]> VALUES = ThreadLocal.withInitial(() -> new float[NUMBERS]);

        @Override
        public String description() {
            return "plain";
        }

        @Override
        public double multiplyAdd() {
            if (Elementary.FUSED) {
                fused(VALUES.get(), 0.999f, 1e-3f);
            } else {
                separate(VALUES.get(), 0.999f, 1e-3f);
            }
            return 2.0 * CHAIN * NUMBERS;
        }

        private static void fused(float[] values, float a, float b) {
            for (int i = 0; i < values.length; i++) {
                float v = values[i];
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                v = Math.fma(v, a, b);
                values[i] = v;
            }
        }

        private static void separate(float[] values, float a, float b) {
            for (int i = 0; i < values.length; i++) {
                float v = values[i];
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                v = v * a + b;
                values[i] = v;
            }
        }

        @Override
        public int readBytes() {
            return BYTES;
        }

        @Override
        public long read(MemorySegment memory, int streams, long at) {
            long sum = 0;
            for (int stream = 0; stream < streams; stream++) {
                sum += sum(memory, memory.byteSize() / streams * stream + at, BYTES / streams / Long.BYTES);
            }
            return sum;
        }

        private static long sum(MemorySegment memory, long at, int count) {
            long sum = 0;
            for (int i = 0; i < count; i++) {
                sum += memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8L * i);
            }
            return sum;
        }
    }
}
