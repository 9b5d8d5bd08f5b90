package jot.sampling;

/**
 * e^x in float64 from additions and multiplications alone, so that every processor and every stage of compilation gives the same bits.
 *
 * <p>{@code Math.exp} may be computed differently by interpreter and compiler, and {@code StrictMath.exp}, whose result is fixed, takes
 * several times as long. x = k ln 2 + r with |r| ≤ (ln 2) / 2; e^r is its Taylor polynomial of degree 13, whose remainder is below
 * 5e-18; ln 2 is subtracted in two parts as Cody and Waite do. The relative error is below 3e-16.
 */
final class Exponential {
    /** Below this, e^x counts as 0: the results end before they become subnormal. */
    static final double LOWEST = -708;

    private static final double LOG2_E = 1.4426950408889634;
    /** Adding and subtracting 1.5 · 2^52 rounds to an integer, which then stands in the low bits. */
    private static final double ROUNDING = 0x1.8p52;
    /** ln 2 with 21 low bits cleared, so that its products with integers below 2^11 are exact; and the rest of it. */
    private static final double LN2_HIGH = 0x1.62e42feep-1;
    private static final double LN2_LOW = 0x1.a39ef35793c76p-33;

    private Exponential() {
    }

    /**
     * e to the power of x.
     *
     * @param x at most 0 (so that nothing overflows), −∞ included
     * @return a number in [0, 1]
     */
    static double exp(double x) {
        return x >= LOWEST ? remainder(x) * power(x) : 0;
    }

    /**
     * e to the power of x_i − shift for many i, the same bits as {@link #exp}.
     *
     * <p>In two loops, because the compiler vectorises the first as long as no bits move between integers and floating point in it.
     *
     * @param x [count]
     * @param shift at least the greatest x
     * @param into [count] receives the powers
     */
    static void exp(double[] x, double shift, double[] into, int count) {
        for (int i = 0; i < count; i++) {
            into[i] = remainder(x[i] - shift);
        }
        for (int i = 0; i < count; i++) {
            double y = x[i] - shift;
            into[i] = y >= LOWEST ? into[i] * power(y) : 0;
        }
    }

    /** e^r, r = x − k ln 2. */
    private static double remainder(double x) {
        double k = x * LOG2_E + ROUNDING - ROUNDING;
        double r = x - k * LN2_HIGH - k * LN2_LOW;
        double p = 1.0 / 6227020800.0;
        p = p * r + 1.0 / 479001600;
        p = p * r + 1.0 / 39916800;
        p = p * r + 1.0 / 3628800;
        p = p * r + 1.0 / 362880;
        p = p * r + 1.0 / 40320;
        p = p * r + 1.0 / 5040;
        p = p * r + 1.0 / 720;
        p = p * r + 1.0 / 120;
        p = p * r + 1.0 / 24;
        p = p * r + 1.0 / 6;
        p = p * r + 0.5;
        p = p * r + 1;
        return p * r + 1;
    }

    /** 2^k, its exponent taken from the low bits of the rounded quotient. */
    private static double power(double x) {
        return Double.longBitsToDouble(Double.doubleToRawLongBits(x * LOG2_E + ROUNDING) + 1023 << 52);
    }
}
