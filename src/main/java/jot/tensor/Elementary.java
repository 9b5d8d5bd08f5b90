package jot.tensor;

/**
 * Elementary functions on floats, defined by polynomials from add, multiply, divide and fused multiply-add alone.
 *
 * <p>A result has the same bits whether interpreted or compiled. {@code VectorFunctions} does the same operations in the same order on
 * lanes. The coefficients are minimax fits; each function is within a few units in the last place of the true value, as the tests show.
 */
public final class Elementary {
    /**
     * Whether {@link Math#fma(float, float, float)} is an instruction here. Where it is not, the library emulates it with big decimals,
     * some thousand times slower than {@code a * b + c}.
     */
    public static final boolean FUSED = isFused();
    private static final int PROBES = 8;
    private static final int CALLS = 16;
    /** An interpreted call takes some 30 ns, an emulated one several hundred at best and many thousand at first. */
    private static final long MOST_NANOS = CALLS * 250L;

    /** 1.5 · 2²³: adding it rounds a float to a whole number, which then stands in the low bits. */
    static final float ROUND = 0x1.8p23f;
    static final float LOG2_E = 1.44269504f;
    static final float LN2_HIGH = 0.693359375f;
    static final float LN2_LOW = -0.00021219444f;
    /** Beyond these the exponential is 0 or infinite. */
    static final float EXP_LOWEST = -104f;
    static final float EXP_HIGHEST = 89f;
    static final float EXPM1_HIGHEST = 87f;
    /** {@code (eʳ − 1 − r) / r²} for {@code |r| ≤ ½ ln 2}, lowest power first. */
    static final float E0 = 0.5f;
    static final float E1 = 0.16666573f;
    static final float E2 = 0.041666362f;
    static final float E3 = 0.008363776f;
    static final float E4 = 0.0013942161f;
    /** {@code erf(a) / a} in {@code a²} for {@code a ≤ 1}. */
    static final float S0 = 1.1283791f;
    static final float S1 = -0.37612626f;
    static final float S2 = 0.112835854f;
    static final float S3 = -0.026853811f;
    static final float S4 = 0.005188327f;
    static final float S5 = -0.0008010187f;
    static final float S6 = 7.8538396e-05f;
    /** {@code ln(1 − erf(a))} for {@code 1 ≤ a ≤ 4}. */
    static final float C0 = -0.00031249f;
    static final float C1 = -1.1272022f;
    static final float C2 = -0.63796514f;
    static final float C3 = -0.10325607f;
    static final float C4 = 0.021906411f;
    static final float C5 = -0.0029639895f;
    static final float C6 = 0.00018796997f;
    static final float ERF_HIGHEST = 4f;
    static final float TANH_HIGHEST = 20f;
    static final float SQRT_HALF = 0.70710678f;
    /** {@code 2 √(2/π)} and the same times 0.044715. */
    static final float GELU_LINEAR = 1.5957691f;
    static final float GELU_CUBIC = 0.071354816f;
    static final float QUICK = 1.702f;

    /** π/2 in three parts, the first two of 33 bits, so that a whole number below 2²⁰ times each of them is exact. */
    private static final double HALF_PI_HIGH = 0x1.921fb544p0;
    private static final double HALF_PI_MIDDLE = 0x1.0b4611a6p-34;
    private static final double HALF_PI_LOW = 0x1.3198a2e037073p-69;
    private static final double MOST_QUARTERS = 1 << 20;

    private Elementary() {
    }

    /** The fastest of a few short batches: whatever interrupts some of them, an emulation is slow in all. */
    private static boolean isFused() {
        float value = 0.1f;
        long fastest = Long.MAX_VALUE;
        for (int probe = 0; probe < PROBES && fastest > MOST_NANOS; probe++) {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                value = Math.fma(value, 0.7f, 0.3f);
            }
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        return fastest <= MOST_NANOS && value > 0f;
    }

    /** {@code a · b + c}, rounded once where the machine can do so, else twice. */
    static float multiplyAdd(float a, float b, float c) {
        return FUSED ? Math.fma(a, b, c) : a * b + c;
    }

    /** {@code eʳ − 1} for {@code |r| ≤ ½ ln 2}. */
    private static float expm1Reduced(float r) {
        float p = multiplyAdd(E4, r, E3);
        p = multiplyAdd(p, r, E2);
        p = multiplyAdd(p, r, E1);
        p = multiplyAdd(p, r, E0);
        return multiplyAdd(p, r * r, r);
    }

    static float exp(float x) {
        float clamped = Math.max(EXP_LOWEST, Math.min(x, EXP_HIGHEST));
        float shifted = multiplyAdd(clamped, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = multiplyAdd(n, -LN2_LOW, multiplyAdd(n, -LN2_HIGH, clamped));
        float q = expm1Reduced(r) + 1f;
        // two factors of 2ⁿ, so that neither leaves the range of a float
        int whole = Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(ROUND);
        int half = whole >> 1;
        return q * power(half) * power(whole - half);
    }

    /** 2ⁿ for −126 ≤ n ≤ 127. */
    private static float power(int n) {
        return Float.intBitsToFloat(n + 127 << 23);
    }

    /** {@code eˣ − 1}, accurate near 0 too; x at most {@link #EXPM1_HIGHEST}. */
    static float expm1(float x) {
        float clamped = Math.max(EXP_LOWEST, Math.min(x, EXPM1_HIGHEST));
        float shifted = multiplyAdd(clamped, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = multiplyAdd(n, -LN2_LOW, multiplyAdd(n, -LN2_HIGH, clamped));
        float q = expm1Reduced(r);
        int whole = Math.max(Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(ROUND), -126);
        float s = power(whole);
        return multiplyAdd(s, q, s - 1f);
    }

    static float tanh(float x) {
        float e = expm1(Math.min(Math.abs(x), TANH_HIGHEST) * 2f);
        return Math.copySign(e / (e + 2f), x);
    }

    static float sigmoid(float x) {
        return 1f / (exp(-x) + 1f);
    }

    static float silu(float x) {
        return x / (exp(-x) + 1f);
    }

    static float quickGelu(float x) {
        return x / (exp(x * -QUICK) + 1f);
    }

    /** {@code ½x(1 + tanh u) = x / (1 + e⁻²ᵘ)}. */
    static float geluTanh(float x) {
        float twice = x * multiplyAdd(GELU_CUBIC, x * x, GELU_LINEAR);
        return x / (exp(-twice) + 1f);
    }

    static float erf(float x) {
        float a = Math.min(Math.abs(x), ERF_HIGHEST);
        float t = a * a;
        float small = multiplyAdd(S6, t, S5);
        small = multiplyAdd(small, t, S4);
        small = multiplyAdd(small, t, S3);
        small = multiplyAdd(small, t, S2);
        small = multiplyAdd(small, t, S1);
        small = multiplyAdd(small, t, S0) * a;
        float log = multiplyAdd(C6, a, C5);
        log = multiplyAdd(log, a, C4);
        log = multiplyAdd(log, a, C3);
        log = multiplyAdd(log, a, C2);
        log = multiplyAdd(log, a, C1);
        log = multiplyAdd(log, a, C0);
        float large = 1f - exp(log);
        return Math.copySign(a < 1f ? small : large, x);
    }

    static float geluErf(float x) {
        return x * 0.5f * (erf(x * SQRT_HALF) + 1f);
    }

    static float xielu(Activation.XIelu shape, float x) {
        float positive = x * shape.alphaP() * x + x * shape.beta();
        float negative = (expm1(Math.min(x, shape.epsilon())) - x) * shape.alphaN() + x * shape.beta();
        return x > 0f ? positive : negative;
    }

    static float apply(Activation activation, float x) {
        return switch (activation) {
            case Activation.Gelu.TANH -> geluTanh(x);
            case Activation.Gelu.ERF -> geluErf(x);
            case Activation.QuickGelu _ -> quickGelu(x);
            case Activation.Relu _ -> Math.max(x, 0f);
            case Activation.ReluSquared _ -> Math.max(x, 0f) * Math.max(x, 0f);
            case Activation.Silu _ -> silu(x);
            case Activation.Tanh _ -> tanh(x);
            case Activation.Sigmoid _ -> sigmoid(x);
            case Activation.Identity _ -> x;
            case Activation.XIelu shape -> xielu(shape, x);
        };
    }

    /** {@code (up + 1) · gate · σ(alpha · gate)} on clamped halves. */
    static float clampedSwiglu(GatedActivation.ClampedSwiglu shape, float gate, float up) {
        float g = Math.min(gate, shape.limit());
        float u = Math.max(-shape.limit(), Math.min(up, shape.limit()));
        return (u + 1f) * (g / (exp(g * -shape.alpha()) + 1f));
    }

    /**
     * The sine of an angle, in double precision.
     *
     * @param angle in radians
     * @return within 10⁻¹⁵ of the true value; allocates nothing for angles up to a million
     */
    public static double sine(double angle) {
        double quarters = Math.rint(angle * (2 / Math.PI));
        return Math.abs(quarters) < MOST_QUARTERS ? turned(remainder(angle, quarters), (int) quarters) : StrictMath.sin(angle);
    }

    /**
     * The cosine of an angle, in double precision.
     *
     * @param angle in radians
     * @return within 10⁻¹⁵ of the true value; allocates nothing for angles up to a million
     */
    public static double cosine(double angle) {
        double quarters = Math.rint(angle * (2 / Math.PI));
        return Math.abs(quarters) < MOST_QUARTERS ? turned(remainder(angle, quarters), (int) quarters + 1) : StrictMath.cos(angle);
    }

    private static double remainder(double angle, double quarters) {
        return angle - quarters * HALF_PI_HIGH - quarters * HALF_PI_MIDDLE - quarters * HALF_PI_LOW;
    }

    /** The sine of {@code r} and some quarters of a turn, for {@code |r| ≤ π/4}. */
    private static double turned(double r, int quarters) {
        double value = (quarters & 1) == 0 ? sineSeries(r) : cosineSeries(r);
        return (quarters & 2) == 0 ? value : -value;
    }

    /** Taylor's series to the power of 15. */
    private static double sineSeries(double r) {
        double z = r * r;
        return r * (1 - z * (1.0 / 6) * (1 - z * (1.0 / 20) * (1 - z * (1.0 / 42) * (1 - z * (1.0 / 72) * (1 - z * (1.0 / 110)
            * (1 - z * (1.0 / 156) * (1 - z * (1.0 / 210))))))));
    }

    /** Taylor's series to the power of 16. */
    private static double cosineSeries(double r) {
        double z = r * r;
        return 1 - z * (1.0 / 2) * (1 - z * (1.0 / 12) * (1 - z * (1.0 / 30) * (1 - z * (1.0 / 56) * (1 - z * (1.0 / 90)
            * (1 - z * (1.0 / 132) * (1 - z * (1.0 / 182) * (1 - z * (1.0 / 240))))))));
    }
}
