package jot.loading;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

import jot.checkpoint.Tensor;
import jot.tensor.Matrix;
import jot.tensor.WeightFormat;
import jot.tensor.Workers;

/** Makes stored matrices uniform while loading: transposed or with their rows in another order, on all workers. */
sealed class WeightConversion {

    /** Columns that a thread transposes together, a cache line or two of each row, and rows after which it writes what it has. */
    private static final int COLUMNS = 32;
    private static final int ROWS = 1024;
    /** Distance of the columns while they are gathered: not a power of two, or they competed for the same places in the cache. */
    private static final int STRIDE = ROWS + 16;

    /** Quadruples of half-precision numbers that a thread looks at in one go. */
    private static final int SCAN = 1 << 15;
    private static final int EXPONENT = 0x7C00;
    private static final long EXPONENTS = 0x7C00_7C00_7C00_7C00L;
    private static final long EXPONENT_UNITS = 0x0400_0400_0400_0400L;
    private static final long SIGNS = 0x8000_8000_8000_8000L;
    private static final ValueLayout.OfShort LITTLE_ENDIAN_SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Workers workers;
    private final SegmentAllocator lasting;
    private final Turn[] turns;
    private Arena passing;

    /**
     * Converts with some threads.
     *
     * @param lasting gives memory that lives as long as the model
     */
    WeightConversion(Workers workers, SegmentAllocator lasting) {
        this.workers = workers;
        this.lasting = lasting;
        this.turns = new Turn[workers == null ? 0 : workers.threads()];
        Arrays.setAll(turns, _ -> new Turn());
    }

    /** A conversion for whoever wants to know whether a model could be built: what needs values is left out, and no value is read. */
    static WeightConversion ofHeaders() {
        return new OfHeaders();
    }

    /** Whether values are read at all. */
    boolean readsValues() {
        return true;
    }

    /** The values of a matrix as they are stored; nothing where only headers are read. */
    MemorySegment values(Tensor matrix) {
        return matrix.data();
    }

    /** A matrix of such values, or of what the other methods make of them. */
    Matrix matrix(WeightFormat.Plain format, MemorySegment values, int outputs, int inputs) {
        return Matrix.plain(format, values, outputs, inputs);
    }

    /** The values of a vector; zeros where only headers are read. */
    float[] floats(Tensor vector) {
        return vector.floats();
    }

    /** Memory until {@link #freePassing()}, for numbers of which a matrix is yet to be made. */
    SegmentAllocator passing() {
        return (bytes, alignment) -> {
            if (passing == null) {
                passing = Arena.ofShared();
            }
            return passing.allocate(bytes, alignment);
        };
    }

    /** Whether a matrix lives in memory that is about to be freed. */
    boolean isPassing(Matrix matrix) {
        return passing != null && matrix.endsWith(passing.scope());
    }

    /** Frees all memory of {@link #passing()} until now. */
    void freePassing() {
        if (passing != null) {
            passing.close();
            passing = null;
        }
    }

    /** A copy that lasts. */
    MemorySegment copy(MemorySegment values) {
        return allocate(values.byteSize()).copyFrom(values);
    }

    /**
     * A transposed copy.
     *
     * @param stored {@code [rows][columns]}
     * @param bytes of an element, 2 or 4
     * @param order the stored column that becomes row i of the copy; empty where their order is right
     * @return {@code [columns][rows]}
     */
    MemorySegment transpose(MemorySegment stored, int rows, int columns, int bytes, int[] order) {
        MemorySegment turned = allocate((long) rows * columns * bytes);
        int[] places = RowOrder.places(order, columns);
        workers.run(() -> workers.forEach((worker, from, to) -> {
            for (int strip = from; strip < to; strip++) {
                int first = strip * COLUMNS;
                int width = Math.min(COLUMNS, columns - first);
                for (int row = 0; row < rows; row += ROWS) {
                    int height = Math.min(ROWS, rows - row);
                    if (bytes == 4) {
                        turns[worker].ints(stored, turned, rows, columns, row, height, first, width, places);
                    } else {
                        turns[worker].shorts(stored, turned, rows, columns, row, height, first, width, places);
                    }
                }
            }
        }, Math.ceilDiv(columns, COLUMNS), 1));
        return turned;
    }

    /** Transposes some columns of some rows by way of arrays that a thread reuses: bulk copies are fast before anything is compiled. */
    private static final class Turn {
        private final int[] intLine = new int[COLUMNS];
        private final short[] shortLine = new short[COLUMNS];
        private int[] turnedInts = {};
        private short[] turnedShorts = {};

        void ints(MemorySegment stored, MemorySegment turned, int rows, int columns, int row, int height, int column, int width,
                int[] places) {
            turnedInts = turnedInts.length == 0 ? new int[COLUMNS * STRIDE] : turnedInts;
            for (int r = 0; r < height; r++) {
                MemorySegment.copy(stored, ValueLayout.JAVA_INT_UNALIGNED, 4L * ((long) (row + r) * columns + column), intLine, 0, width);
                scatter(intLine, width, turnedInts, r);
            }
            for (int c = 0; c < width; c++) {
                MemorySegment.copy(turnedInts, c * STRIDE, turned, ValueLayout.JAVA_INT_UNALIGNED,
                        4L * ((long) places[column + c] * rows + row), height);
            }
        }

        void shorts(MemorySegment stored, MemorySegment turned, int rows, int columns, int row, int height, int column, int width,
                int[] places) {
            turnedShorts = turnedShorts.length == 0 ? new short[COLUMNS * STRIDE] : turnedShorts;
            for (int r = 0; r < height; r++) {
                MemorySegment.copy(stored, ValueLayout.JAVA_SHORT_UNALIGNED, 2L * ((long) (row + r) * columns + column), shortLine, 0,
                        width);
                scatter(shortLine, width, turnedShorts, r);
            }
            for (int c = 0; c < width; c++) {
                MemorySegment.copy(turnedShorts, c * STRIDE, turned, ValueLayout.JAVA_SHORT_UNALIGNED,
                        2L * ((long) places[column + c] * rows + row), height);
            }
        }

        private static void scatter(int[] line, int width, int[] to, int at) {
            for (int c = 0; c < width; c++) {
                to[at + c * STRIDE] = line[c];
            }
        }

        private static void scatter(short[] line, int width, short[] to, int at) {
            for (int c = 0; c < width; c++) {
                to[at + c * STRIDE] = line[c];
            }
        }
    }

    /** Room that lasts. */
    MemorySegment allocate(long bytes) {
        return lasting.allocate(bytes, 64);
    }

    /** Runs a loop on all workers. */
    void forEach(Workers.RangeTask task, int count) {
        workers.run(() -> workers.forEach(task, count, 1));
    }

    /**
     * The first half-precision number that is infinite or no number, which fast kernels would misread.
     *
     * @param halves 16-bit numbers
     * @return its index, or −1 where all are finite
     */
    long firstNonFinite(MemorySegment halves) {
        long quads = halves.byteSize() / Long.BYTES;
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        workers.run(() -> workers.forEach((worker, from, to) -> {
            if (hasNonFinite(halves, (long) from * SCAN, Math.min(quads, (long) to * SCAN))) {
                first.accumulateAndGet(locate(halves, 4L * from * SCAN), Math::min);
            }
        }, Math.toIntExact((quads + SCAN - 1) / SCAN), 1));
        long found = first.get() < Long.MAX_VALUE ? first.get() : locate(halves, 4 * quads);
        return found < halves.byteSize() / Short.BYTES ? found : -1;
    }

    /** Four numbers at a time: an exponent of ones alone carries into the sign. */
    private static boolean hasNonFinite(MemorySegment halves, long from, long to) {
        long carried = 0;
        for (long i = from; i < to; i++) {
            carried |= (halves.get(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES) & EXPONENTS) + EXPONENT_UNITS;
        }
        return (carried & SIGNS) != 0;
    }

    /** The first one from an index on, or the number of them all. */
    private static long locate(MemorySegment halves, long from) {
        long count = halves.byteSize() / Short.BYTES;
        long at = from;
        while (at < count && (halves.get(LITTLE_ENDIAN_SHORT, at * Short.BYTES) & EXPONENT) != EXPONENT) {
            at++;
        }
        return at;
    }

    /**
     * A copy with its rows in another order.
     *
     * @param stored {@code [order.length]} rows of {@code rowBytes} bytes
     * @param order the stored row that becomes row i
     */
    MemorySegment reorder(MemorySegment stored, long rowBytes, int[] order) {
        MemorySegment ordered = allocate(rowBytes * order.length);
        workers.run(() -> workers.forEach((worker, first, last) -> {
            for (int row = first; row < last; row++) {
                MemorySegment.copy(stored, rowBytes * order[row], ordered, rowBytes * row, rowBytes);
            }
        }, order.length, 16));
        return ordered;
    }

    /** Makes matrices that have a size and nothing else. */
    private static final class OfHeaders extends WeightConversion {

        private OfHeaders() {
            super(null, null);
        }

        @Override
        boolean readsValues() {
            return false;
        }

        @Override
        MemorySegment values(Tensor matrix) {
            return MemorySegment.NULL;
        }

        @Override
        Matrix matrix(WeightFormat.Plain format, MemorySegment values, int outputs, int inputs) {
            return Matrix.unread(format, outputs, inputs);
        }

        @Override
        float[] floats(Tensor vector) {
            return new float[Math.toIntExact(vector.elements())];
        }

        @Override
        MemorySegment transpose(MemorySegment stored, int rows, int columns, int bytes, int[] order) {
            return stored;
        }

        @Override
        MemorySegment reorder(MemorySegment stored, long rowBytes, int[] order) {
            return stored;
        }
    }
}
