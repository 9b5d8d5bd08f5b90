package jot.loading;

/** The slopes of ALiBi: geometric in powers of two, with more in between where the heads are no power of two (arXiv 2108.12409). */
final class AlibiSlopes {

    private AlibiSlopes() {
    }

    /** One slope for each head. */
    static float[] of(int heads) {
        int whole = Integer.highestOneBit(heads);
        float[] slopes = new float[heads];
        for (int head = 0; head < heads; head++) {
            double exponent = head < whole ? -8.0 * (head + 1) / whole : -4.0 * (2 * (head - whole) + 1) / whole;
            slopes[head] = (float) StrictMath.pow(2, exponent);
        }
        return slopes;
    }
}
