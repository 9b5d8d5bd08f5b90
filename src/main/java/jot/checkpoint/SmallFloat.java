package jot.checkpoint;

/**
 * The values of every code of the floating-point types of four and eight bits.
 *
 * <p>Sources: OCP Microscaling Formats specification (E2M1, E4M3, E5M2, E8M0); arXiv:2206.02915 (the FNUZ forms).
 */
final class SmallFloat {

    static final float[] E2M1 = new float[16];
    static final float[] E5M2 = new float[256];
    static final float[] E4M3 = new float[256];
    static final float[] E8M0 = new float[256];
    static final float[] E4M3_FNUZ = new float[256];
    static final float[] E5M2_FNUZ = new float[256];

    static {
        for (int code = 0; code < 16; code++) {
            E2M1[code] = finite(code, 2, 1, 1);
        }
        for (int code = 0; code < 256; code++) {
            // E5M2 is the upper half of an IEEE half-precision number, infinities and NaN included.
            E5M2[code] = Float.float16ToFloat((short) (code << 8));
            E4M3[code] = (code & 0x7F) == 0x7F ? Float.NaN : finite(code, 4, 3, 7);
            E8M0[code] = code == 0xFF ? Float.NaN : Math.scalb(1f, code - 127);
            E4M3_FNUZ[code] = code == 0x80 ? Float.NaN : finite(code, 4, 3, 8);
            E5M2_FNUZ[code] = code == 0x80 ? Float.NaN : finite(code, 5, 2, 16);
        }
    }

    private SmallFloat() {
    }

    /** The value of a code of one sign bit, then exponent, then mantissa, none of which means infinity or NaN. */
    private static float finite(int code, int exponentBits, int mantissaBits, int bias) {
        int mantissa = code & (1 << mantissaBits) - 1;
        int exponent = code >> mantissaBits & (1 << exponentBits) - 1;
        float magnitude = exponent == 0
                ? Math.scalb((float) mantissa, 1 - bias - mantissaBits)
                : Math.scalb((float) (mantissa | 1 << mantissaBits), exponent - bias - mantissaBits);
        return code >> exponentBits + mantissaBits == 0 ? magnitude : -magnitude;
    }
}
