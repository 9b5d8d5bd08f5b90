package jot;

import java.util.Arrays;

/**
 * The likeliest of some continuations.
 *
 * <p>Immutable and thread-safe.
 */
public final class Choice {
    /** How continuations of different lengths are compared. */
    public enum By {
        /** By the log-probability of the whole continuation. */
        TOTAL,
        /** By the log-probability a byte of its UTF-8 text, which does not favour short ones. */
        BYTE
    }

    private final String[] options;
    private final double[] scores;
    private final int index;

    Choice(String[] options, double[] scores) {
        this.options = options.clone();
        this.scores = scores.clone();
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        this.index = best;
    }

    /**
     * Which one it is.
     *
     * @return its index among the options; of equal ones the first
     */
    public int index() {
        return index;
    }

    /**
     * The continuation itself.
     *
     * @return the option's text
     */
    public String text() {
        return options[index];
    }

    /**
     * The log-probability of each option, or what it is a byte.
     *
     * @return a new array in the order of the options
     */
    public double[] scores() {
        return scores.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Choice that && Arrays.equals(options, that.options) && Arrays.equals(scores, that.scores);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(options) + Arrays.hashCode(scores);
    }

    @Override
    public String toString() {
        return "Choice[" + index + ": " + text() + ", scores " + Arrays.toString(scores) + "]";
    }
}
