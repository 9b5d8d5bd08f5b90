package jot.loading;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

import jot.tensor.Workers;

/** Makes stored matrices uniform while loading: transposed or with their rows in another order, on all workers. */
final class WeightConversion {

    /** Rows and columns of the squares in which a matrix is transposed, so that both sides stay in the cache. */
    private static final int TILE = 16;

    private final Workers workers;
    private final SegmentAllocator lasting;
    private SegmentAllocator memory;

    WeightConversion(Workers workers, SegmentAllocator memory) {
        this.workers = workers;
        this.lasting = memory;
        this.memory = memory;
    }

    /** Takes the memory for transposed and reordered copies from somewhere else until {@link #allocateLasting()}. */
    void allocateFrom(SegmentAllocator passing) {
        memory = passing;
    }

    /** Takes the memory for copies from where it lasts as long as the model. */
    void allocateLasting() {
        memory = lasting;
    }

    /**
     * A transposed copy.
     *
     * @param stored {@code [rows][columns]}
     * @param bytes of an element, 2 or 4
     * @return {@code [columns][rows]}
     */
    MemorySegment transpose(MemorySegment stored, int rows, int columns, int bytes) {
        MemorySegment turned = memory.allocate((long) rows * columns * bytes, 64);
        transpose(stored, turned, rows, columns, bytes);
        return turned;
    }

    /** The same with the rows of the copy in another order: row i is the stored column {@code order[i]}. */
    MemorySegment transpose(MemorySegment stored, int rows, int columns, int bytes, int[] order) {
        try (Arena passing = Arena.ofShared()) {
            MemorySegment turned = passing.allocate((long) rows * columns * bytes, 64);
            transpose(stored, turned, rows, columns, bytes);
            return reorder(turned, (long) rows * bytes, order);
        }
    }

    private void transpose(MemorySegment stored, MemorySegment turned, int rows, int columns, int bytes) {
        int tiles = (columns + TILE - 1) / TILE;
        workers.run(() -> workers.forEach((worker, from, to) -> {
            for (int tile = from; tile < to; tile++) {
                int first = tile * TILE;
                int last = Math.min(columns, first + TILE);
                if (bytes == 4) {
                    transposeInts(stored, turned, rows, columns, first, last);
                } else {
                    transposeShorts(stored, turned, rows, columns, first, last);
                }
            }
        }, tiles, 1));
    }

    private static void transposeInts(MemorySegment stored, MemorySegment turned, int rows, int columns, int first, int last) {
        for (int row = 0; row < rows; row += TILE) {
            int end = Math.min(rows, row + TILE);
            for (int column = first; column < last; column++) {
                for (int r = row; r < end; r++) {
                    int element = stored.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * ((long) r * columns + column));
                    turned.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * ((long) column * rows + r), element);
                }
            }
        }
    }

    private static void transposeShorts(MemorySegment stored, MemorySegment turned, int rows, int columns, int first, int last) {
        for (int row = 0; row < rows; row += TILE) {
            int end = Math.min(rows, row + TILE);
            for (int column = first; column < last; column++) {
                for (int r = row; r < end; r++) {
                    short element = stored.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * ((long) r * columns + column));
                    turned.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * ((long) column * rows + r), element);
                }
            }
        }
    }

    /** Room for a converted tensor that stays as it is. */
    MemorySegment allocate(long bytes) {
        return lasting.allocate(bytes, 64);
    }

    /** Runs a loop on all workers. */
    void forEach(Workers.RangeTask task, int count) {
        workers.run(() -> workers.forEach(task, count, 1));
    }

    /**
     * A copy with its rows in another order.
     *
     * @param stored {@code [order.length]} rows of {@code rowBytes} bytes
     * @param order the stored row that becomes row i
     */
    MemorySegment reorder(MemorySegment stored, long rowBytes, int[] order) {
        MemorySegment ordered = memory.allocate(rowBytes * order.length, 64);
        workers.run(() -> workers.forEach((worker, first, last) -> {
            for (int row = first; row < last; row++) {
                MemorySegment.copy(stored, rowBytes * order[row], ordered, rowBytes * row, rowBytes);
            }
        }, order.length, 16));
        return ordered;
    }
}
