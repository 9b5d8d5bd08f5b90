package jot.sampling;

import java.util.Arrays;

/**
 * The log-probabilities of one row of logits: ln p_i = x_i − max x − ln Σ exp(x − max x), natural logarithms in float64.
 *
 * <p>Not thread-safe; one instance serves row after row without allocating.
 */
public final class LogProbabilities {
    private static final int BLOCK = 256;
    /** So many likeliest tokens are found sooner without sorting all. */
    private static final int MOST_INSERTED = 2_000;

    private final double[] block = new double[BLOCK];
    private final double[] powers = new double[BLOCK];
    private float[] logits = new float[0];
    private double max;
    private double logTotal;

    /**
     * A reader without a row yet.
     */
    public LogProbabilities() {
    }

    /**
     * Takes a row of logits, which must not change as long as this row is asked about.
     *
     * @param row [vocabulary] logits, finite or −∞
     * @return this
     * @throws IllegalStateException if a logit is NaN or +∞, or if all are −∞
     */
    public LogProbabilities of(float[] row) {
        float greatest = Float.NEGATIVE_INFINITY;
        for (float x : SamplingChain.present(row, "row")) {
            greatest = Math.max(greatest, x);
        }
        if (!Float.isFinite(greatest)) {
            throw new IllegalStateException("the greatest of the logits is " + greatest + ", expected a finite number"
                    + (greatest == Float.NEGATIVE_INFINITY ? "" : ": the model's weights are damaged or out of range"));
        }
        max = greatest;
        logTotal = StrictMath.log(sumOfExponentials(row));
        logits = row;
        return this;
    }

    private double sumOfExponentials(float[] row) {
        double total = 0;
        for (int start = 0; start < row.length; start += BLOCK) {
            int size = Math.min(BLOCK, row.length - start);
            for (int i = 0; i < size; i++) {
                block[i] = row[start + i];
            }
            Exponential.exp(block, max, powers, size);
            for (int i = 0; i < size; i++) {
                total += powers[i];
            }
        }
        return total;
    }

    /**
     * The log-probability of a token.
     *
     * @param token 0 … vocabulary − 1
     * @return at most 0; −∞ for a forbidden token
     * @throws IllegalArgumentException if the token is out of range
     */
    public double logProbability(int token) {
        if (token < 0 || token >= logits.length) {
            throw new IllegalArgumentException("token " + token + " is outside the vocabulary of " + logits.length);
        }
        return logits[token] - max - logTotal;
    }

    /**
     * The likeliest tokens, in descending order, equal ones by ascending id.
     *
     * @param k how many, 0 or more; at most the size of the vocabulary are returned
     * @return token ids
     * @throws IllegalArgumentException if it is below 0
     */
    public int[] top(int k) {
        if (k < 0) {
            throw new IllegalArgumentException("k must be 0 or more, found " + k);
        }
        int size = Math.min(k, logits.length);
        return size > MOST_INSERTED ? sorted(size) : inserted(size);
    }

    /** Few are put into their places one by one. */
    private int[] inserted(int size) {
        int[] best = new int[size];
        int filled = 0;
        for (int token = 0; token < logits.length && size > 0; token++) {
            if (filled < size || logits[token] > logits[best[size - 1]]) {
                filled = Math.min(size, filled + 1);
                insert(best, filled, token);
            }
        }
        return best;
    }

    /** Puts a token into the first {@code filled} places, the last of which is free. */
    private void insert(int[] best, int filled, int token) {
        int place = filled - 1;
        while (place > 0 && logits[token] > logits[best[place - 1]]) {
            best[place] = best[place - 1];
            place--;
        }
        best[place] = token;
    }

    /** Of many the order is had by sorting all: a key is a number that falls as the logit rises, and below it the id. */
    private int[] sorted(int size) {
        long[] keys = new long[logits.length];
        for (int token = 0; token < keys.length; token++) {
            int bits = Float.floatToRawIntBits(logits[token] + 0f);
            keys[token] = (long) (bits < 0 ? bits & Integer.MAX_VALUE : ~bits) << Integer.SIZE | token;
        }
        Arrays.sort(keys);
        int[] best = new int[size];
        Arrays.setAll(best, place -> (int) keys[place]);
        return best;
    }

    /**
     * All log-probabilities.
     *
     * @param into [vocabulary] receives them
     */
    public void all(double[] into) {
        SamplingChain.present(into, "into");
        for (int token = 0; token < logits.length; token++) {
            into[token] = logits[token] - max - logTotal;
        }
    }

    /**
     * The entropy H = −Σ p ln p.
     *
     * @return in nats, 0 or more
     */
    public double entropy() {
        double sum = 0;
        for (float x : logits) {
            double p = Exponential.exp(x - max - logTotal);
            if (p > 0) {
                sum -= p * (x - max - logTotal);
            }
        }
        return sum + 0.0;
    }

    @Override
    public String toString() {
        return "LogProbabilities of " + Arrays.toString(logits);
    }
}
