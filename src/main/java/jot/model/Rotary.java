package jot.model;

/**
 * Rotary positions: pairs of channels turned by an angle that grows with the position (Su et al. 2021, arXiv 2104.09864).
 *
 * @param rotated channels of a head that are turned, an even number; the rest pass unchanged
 * @param interleaved whether the pairs are neighbours (2j, 2j + 1), or else halves (j, j + rotated/2)
 * @param theta the base θ: pair j turns by position · θ^(−2j/rotated)
 * @param scaling how the frequencies are stretched for long contexts
 */
public record Rotary(int rotated, boolean interleaved, double theta, RotaryScaling scaling) {

    /**
     * Angle per position of each pair, for a context of so many tokens.
     *
     * @param length tokens in the context, the current ones counted; only some scalings depend on it
     * @return {@code [rotated/2]} in radians
     */
    public float[] frequencies(int length) {
        return scaling.frequencies(rotated, theta, length);
    }

    /** Factor on cosines and sines. */
    public float magnitude() {
        return scaling.magnitude();
    }
}
