package jot.tensor;

import java.util.Arrays;

/**
 * Rows of floats, {@code [rows][width]}, in one array that is reused from pass to pass.
 *
 * <p>Rows lie {@link #stride()} floats apart. The stride is padded so that it is never a multiple of 4,096 bytes: rows that far apart
 * would compete for the same few lines of a cache. Not thread-safe while growing; threads may write to different rows at once.
 */
public final class Activations {
    private static final int LINE = 16;
    private static final int CONFLICT = 1024;
    private static final float[] NONE = {};

    private final int width;
    private final int stride;
    private float[] values;
    private int rows;

    /**
     * Makes rows of zeros.
     *
     * @param rows rows to hold at first, at least 0
     * @param width floats a row, at least 1
     * @throws IllegalArgumentException if a size is out of range or all rows together exceed an array
     */
    public Activations(int rows, int width) {
        if (width < 1 || width > Integer.MAX_VALUE - CONFLICT) {
            throw new IllegalArgumentException("width of activations: expected at least 1, found " + width);
        }
        this.width = width;
        int lines = (width + LINE - 1) / LINE * LINE;
        this.stride = lines % CONFLICT == 0 ? lines + LINE : lines;
        this.values = new float[size(rows)];
        this.rows = rows;
    }

    private int size(int wanted) {
        long size = (long) wanted * stride;
        if (wanted < 0 || size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("activations of " + wanted + " rows of " + width + " floats do not fit one array");
        }
        return (int) size;
    }

    /**
     * The array behind all rows; it is replaced when the rows grow.
     *
     * @return the array itself, not a copy
     */
    public float[] values() {
        return values;
    }

    /**
     * Floats in a row.
     *
     * @return the width, at least 1
     */
    public int width() {
        return width;
    }

    /**
     * Floats from the start of one row to the start of the next.
     *
     * @return the stride, at least the width
     */
    public int stride() {
        return stride;
    }

    /**
     * Rows that there is room for.
     *
     * @return the number of rows
     */
    public int rows() {
        return rows;
    }

    /**
     * The place of a row's first float in {@link #values()}.
     *
     * @param row a row below {@link #rows()}
     * @return the offset
     */
    public int at(int row) {
        return row * stride;
    }

    /**
     * Makes room for at least this many rows; what was stored is kept.
     *
     * @param wanted rows
     * @throws IllegalArgumentException if they do not fit one array
     */
    public void ensureRows(int wanted) {
        if (wanted > rows) {
            int grown = Math.max(wanted, (int) Math.min(rows + rows / 2L, (Integer.MAX_VALUE - 8L) / stride));
            values = Arrays.copyOf(values, size(grown));
            rows = grown;
        }
    }

    /** Lets go of all rows; there is room for none until {@link #ensureRows} makes it. */
    public void release() {
        values = NONE;
        rows = 0;
    }
}
