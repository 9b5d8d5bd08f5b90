package jot.model;

/**
 * How rotary frequencies are stretched for contexts longer than those of training.
 *
 * <p>Frequencies are computed in double precision and rounded once.
 */
public sealed interface RotaryScaling {

    /** Angle per position of each pair, {@code [rotated/2]}. */
    float[] frequencies(int rotated, double theta, int length);

    /** Whether the frequencies change as the context grows. */
    default boolean followsLength() {
        return false;
    }

    /** Factor on cosines and sines, mostly 1. */
    default float magnitude() {
        return 1;
    }

    /** θ^(−2j/d) for pair j. */
    private static double plain(int pair, int rotated, double theta) {
        return StrictMath.pow(theta, -2.0 * pair / rotated);
    }

    /** No stretching. */
    record None() implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            float[] frequencies = new float[rotated / 2];
            for (int j = 0; j < frequencies.length; j++) {
                frequencies[j] = (float) plain(j, rotated, theta);
            }
            return frequencies;
        }
    }

    /**
     * Every frequency divided by a factor (Chen et al. 2023, arXiv 2306.15595).
     *
     * @param factor the divisor
     */
    record Linear(double factor) implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            float[] frequencies = new float[rotated / 2];
            for (int j = 0; j < frequencies.length; j++) {
                frequencies[j] = (float) (plain(j, rotated, theta) / factor);
            }
            return frequencies;
        }
    }
}
