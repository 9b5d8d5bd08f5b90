package jot.tensor;

/** Arrays that one worker reuses from call to call; they grow as needed and are never shared. */
final class Scratch {
    private float[] panel = new float[0];
    private float[] rows = new float[0];
    private float[] tile = new float[0];
    private short[] halves = new short[0];
    private byte[] codes = new byte[0];

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

    private static int grown(int floats) {
        return Math.max(floats, (int) Math.min(Integer.MAX_VALUE - 8L, floats + floats / 4L));
    }
}
