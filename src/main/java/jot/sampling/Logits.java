package jot.sampling;

import java.util.Arrays;

/**
 * The logits of the next token, to be changed in place: a view that is reused from token to token.
 *
 * <p>A value is finite or −∞, which forbids the token. Not thread-safe, and valid only during the call that received it.
 */
public final class Logits {
    /** [vocabulary]. */
    private double[] values = new double[0];

    Logits() {
    }

    /**
     * The size of the vocabulary.
     *
     * @return the number of logits
     */
    public int size() {
        return values.length;
    }

    /**
     * The logit of a token.
     *
     * @param token 0 … size − 1
     * @return a finite number or −∞
     */
    public double get(int token) {
        return values[checked(token)];
    }

    /**
     * Sets the logit of a token.
     *
     * @param token 0 … size − 1
     * @param value a finite number or −∞; what is beyond the finite numbers becomes the greatest one
     * @throws IllegalArgumentException if the token is out of range or the value is NaN
     */
    public void set(int token, double value) {
        if (value != value) {
            throw new IllegalArgumentException("the logit of token " + token + " is set to NaN");
        }
        values[checked(token)] = Math.min(value, Double.MAX_VALUE);
    }

    /**
     * Adds to the logit of a token; a forbidden token stays forbidden.
     *
     * @param token 0 … size − 1
     * @param amount what to add
     * @throws IllegalArgumentException if the token is out of range or the sum is NaN
     */
    public void add(int token, double amount) {
        double value = get(token);
        if (value != Double.NEGATIVE_INFINITY) {
            set(token, value + amount);
        }
    }

    /**
     * Forbids a token, whatever the later steps do.
     *
     * @param token 0 … size − 1
     * @throws IllegalArgumentException if the token is out of range
     */
    public void forbid(int token) {
        values[checked(token)] = Double.NEGATIVE_INFINITY;
    }

    /**
     * Whether a token is forbidden.
     *
     * @param token 0 … size − 1
     * @return true if its logit is −∞
     */
    public boolean isForbidden(int token) {
        return get(token) == Double.NEGATIVE_INFINITY;
    }

    /** Forbids those of the tokens that the vocabulary has. */
    void forbidAll(int[] tokens) {
        for (int token : tokens) {
            if (token < values.length) {
                values[token] = Double.NEGATIVE_INFINITY;
            }
        }
    }

    /** The values themselves, for steps that visit all of them. */
    double[] values() {
        return values;
    }

    /**
     * Takes a model's logits.
     *
     * @return −1, or the first token whose logit is NaN or +∞
     */
    int load(float[] logits) {
        if (values.length != logits.length) {
            values = new double[logits.length];
        }
        boolean sound = true;
        for (int i = 0; i < logits.length; i++) {
            values[i] = logits[i];
            sound &= logits[i] < Float.POSITIVE_INFINITY;
        }
        return sound ? -1 : firstUnsound(logits);
    }

    /** The first token whose logit is NaN or +∞, or −1. */
    static int firstUnsound(float[] logits) {
        for (int i = 0; i < logits.length; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) {
                return i;
            }
        }
        return -1;
    }

    /** Takes values as they are, for steps that run on log-probabilities. */
    void load(double[] logits) {
        values = values.length == logits.length ? values : new double[logits.length];
        System.arraycopy(logits, 0, values, 0, logits.length);
    }

    /** The greatest value. */
    double max() {
        return MassSelection.greatest(values, values.length);
    }

    /** The first token that has the greatest logit, or −1 if all are forbidden. */
    int argmax() {
        double best = Double.NEGATIVE_INFINITY;
        int token = -1;
        for (int i = 0; i < values.length; i++) {
            if (values[i] > best) {
                best = values[i];
                token = i;
            }
        }
        return token;
    }

    private int checked(int token) {
        if (token < 0 || token >= values.length) {
            throw new IllegalArgumentException("token " + token + " is outside the vocabulary of " + values.length);
        }
        return token;
    }

    @Override
    public String toString() {
        return "Logits" + Arrays.toString(values);
    }
}
