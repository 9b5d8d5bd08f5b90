package jot.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Arrays that one worker reuses from call to call; they grow as needed and are never shared. */
final class Scratch {
    /** Floats from one array to the next, and those that the header of an array takes. */
    private static final int SPACING = 64;
    private static final int HEADER = 4;
    private static final int LINE = 64;

    private float[] panel = new float[0];
    private float[] rows = new float[0];
    private float[] tile = new float[0];
    private short[] halves = new short[0];
    private byte[] codes = new byte[0];
    private MemorySegment fetched = MemorySegment.NULL;
    private int touched;
    private float[][] columns = {};
    private float[][] sums = {};

    /** Widened weights; contents are undefined. */
    float[] panel(int floats) {
        if (panel.length < floats) {
            panel = new float[grown(floats)];
        }
        return panel;
    }

    /** Copies of activation rows, or rows of attention scores; contents are undefined. */
    float[] rows(int floats) {
        if (rows.length < floats) {
            rows = new float[grown(floats)];
        }
        return rows;
    }

    /** Partial results; contents are undefined. */
    float[] tile(int floats) {
        if (tile.length < floats) {
            tile = new float[grown(floats)];
        }
        return tile;
    }

    /** Widened weights outside of the heap, as those lie that need no widening; contents are undefined. */
    MemorySegment fetched(long bytes) {
        if (fetched.byteSize() < bytes) {
            fetched = Arena.ofAuto().allocate(bytes, LINE);
        }
        return fetched;
    }

    /** Takes what was read only to have it in the cache, lest the compiler leaves it out. */
    void touched(int sum) {
        touched += sum;
    }

    /** Weights of 16 bits; contents are undefined. */
    short[] halves(int count) {
        if (halves.length < count) {
            halves = new short[grown(count)];
        }
        return halves;
    }

    /** Codes of weights; contents are undefined. */
    byte[] codes(int count) {
        if (codes.length < count) {
            codes = new byte[grown(count)];
        }
        return codes;
    }

    /** Arrays of weights, at least {@code count} of at least {@code floats}; contents are undefined. */
    float[][] columns(int count, int floats) {
        columns = arrays(columns, count, floats);
        return columns;
    }

    /** Arrays of sums or activations, at least {@code count} of at least {@code floats}; contents are undefined. */
    float[][] sums(int count, int floats) {
        sums = arrays(sums, count, floats);
        return sums;
    }

    /**
     * Together with its header (16 bytes) each array takes a multiple of {@link #SPACING}, so that arrays made one after the other begin at
     * the same place of a line and at different lines of a cache.
     */
    private static float[][] arrays(float[][] arrays, int count, int floats) {
        if (arrays.length >= count && (count == 0 || arrays[0].length >= floats)) {
            return arrays;
        }
        int length = Math.max(floats, arrays.length == 0 ? 0 : arrays[0].length);
        return new float[Math.max(count, arrays.length)][Math.ceilDiv(length + HEADER, SPACING) * SPACING - HEADER];
    }

    private static int grown(int floats) {
        return Math.max(floats, (int) Math.min(Integer.MAX_VALUE - 8L, floats + floats / 4L));
    }
}
