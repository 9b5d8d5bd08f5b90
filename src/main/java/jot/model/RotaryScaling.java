package jot.model;

import java.util.List;

/**
 * How rotary frequencies are stretched for contexts longer than those of training.
 *
 * <p>In the formulas d is the number of rotated channels, θ the base, O the context of the first training, and f = θ^(−2j/d) the
 * frequency of pair j without any stretching. Frequencies are computed in double precision and rounded once.
 */
public sealed interface RotaryScaling {

    /** Angle per position of each pair, {@code [rotated/2]}, in a context of so many tokens. */
    float[] frequencies(int rotated, double theta, int length);

    /** One of the lengths with the same frequencies as this one, the same for all of them. */
    default int representative(int length) {
        return 0;
    }

    /** The longest context whose keys do not serve any longer one: beyond it all keys have to be computed anew. */
    default int boundary() {
        return Integer.MAX_VALUE;
    }

    /** Factor on cosines and sines, mostly 1. */
    default float magnitude() {
        return 1;
    }

    /** One frequency in the place of another. */
    @FunctionalInterface
    interface Stretch {
        /** What pair {@code pair} turns by, given what it would turn by without stretching. */
        double of(int pair, double frequency);
    }

    private static float[] stretched(int rotated, double theta, Stretch stretch) {
        float[] frequencies = new float[rotated / 2];
        for (int j = 0; j < frequencies.length; j++) {
            frequencies[j] = (float) stretch.of(j, StrictMath.pow(theta, -2.0 * j / rotated));
        }
        return frequencies;
    }

    /** No stretching. */
    record None() implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            return stretched(rotated, theta, (j, frequency) -> frequency);
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
            return stretched(rotated, theta, (j, frequency) -> frequency / factor);
        }
    }

    /**
     * A larger base (NTK-aware scaling): θ · α^(d/(d − 2)), whatever the length.
     *
     * @param alpha α
     */
    record Alpha(double alpha) implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            return stretched(rotated, ntkBase(rotated, theta, alpha), (j, frequency) -> frequency);
        }
    }

    /**
     * A base that grows with the context n (dynamic NTK): with N = max(n, P) it is θ · (factor · N / P − (factor − 1))^(d/(d − 2)).
     *
     * @param factor how fast it grows
     * @param trained P, the context of training
     */
    record Dynamic(double factor, int trained) implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            double growth = factor * Math.max(length, trained) / trained - (factor - 1);
            return stretched(rotated, ntkBase(rotated, theta, growth), (j, frequency) -> frequency);
        }

        @Override
        public int representative(int length) {
            return Math.max(length, trained);
        }
    }

    private static double ntkBase(int rotated, double theta, double growth) {
        return theta * StrictMath.pow(growth, rotated / (rotated - 2.0));
    }

    /**
     * Slow frequencies divided by a factor, fast ones kept, those in between blended (Llama 3.1, arXiv 2407.21783).
     *
     * @param factor the divisor of frequencies whose wave is longer than O / lowFactor
     * @param lowFactor turns in O below which a frequency counts as slow
     * @param highFactor turns in O above which it counts as fast
     * @param original O
     */
    record Llama3(double factor, double lowFactor, double highFactor, int original) implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            return stretched(rotated, theta, (j, frequency) -> {
                double turns = original * frequency / (2 * Math.PI);
                double kept = Math.clamp((turns - lowFactor) / (highFactor - lowFactor), 0.0, 1.0);
                return frequency * (kept + (1 - kept) / factor);
            });
        }
    }

    /**
     * Frequencies blended by a ramp over the pairs, from kept to divided by a factor (YaRN, Peng et al. 2023, arXiv 2309.00071).
     *
     * @param factor the divisor
     * @param original O
     * @param betaFast turns in O at which the ramp begins
     * @param betaSlow turns in O at which it ends
     * @param truncated whether the ends of the ramp are rounded outwards to whole pairs
     * @param magnitude factor on cosines and sines
     */
    record Yarn(double factor, int original, double betaFast, double betaSlow, boolean truncated, float magnitude)
            implements RotaryScaling {
        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            double begin = pairThatTurns(betaFast, rotated, theta);
            double end = pairThatTurns(betaSlow, rotated, theta);
            double low = Math.max(truncated ? Math.floor(begin) : begin, 0);
            double high = Math.min(truncated ? Math.ceil(end) : end, rotated - 1);
            double width = high == low ? 0.001 : high - low;
            return stretched(rotated, theta, (j, frequency) -> {
                double ramp = Math.clamp((j - low) / width, 0.0, 1.0);
                return frequency * (1 - ramp + ramp / factor);
            });
        }

        /** The pair, in fractions, that turns so many times within O: d · ln(O / 2πr) / (2 ln θ). */
        private double pairThatTurns(double turns, int rotated, double theta) {
            return rotated * StrictMath.log(original / (2 * Math.PI * turns)) / (2 * StrictMath.log(theta));
        }
    }

    /**
     * A divisor for each pair, of which there are two sets, for contexts up to O and for longer ones (LongRoPE, Ding et al. 2024,
     * arXiv 2402.13753).
     *
     * <p>One set holds for all positions of a context, so all keys change when a context grows beyond O.
     *
     * @param shortFactors divisors up to O, one a pair
     * @param longFactors divisors beyond
     * @param original O
     * @param magnitude factor on cosines and sines, for either set
     */
    record LongRope(List<Double> shortFactors, List<Double> longFactors, int original, float magnitude) implements RotaryScaling {

        /** Keeps its own copies. */
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        @Override
        public float[] frequencies(int rotated, double theta, int length) {
            List<Double> divisors = length > original ? longFactors : shortFactors;
            return stretched(rotated, theta, (j, frequency) -> frequency / divisors.get(j));
        }

        @Override
        public int representative(int length) {
            return length > original ? original + 1 : original;
        }

        @Override
        public int boundary() {
            return original;
        }
    }
}
