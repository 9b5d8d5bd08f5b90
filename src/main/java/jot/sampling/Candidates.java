package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * The tokens that the cuts have left, in order of id, each with its logit and its share of the probability.
 *
 * <p>The weight of a token is e^(x − max) with the maximum before any cut; its probability is its weight by the sum of those left, so
 * that a cut needs no new exponentials. The weights are first computed when a cut or the draw asks for them: after top-k only the few
 * survivors need one. Works in the memory of the {@link Logits}, which it uses up.
 *
 * <p>A cut computes a number for each candidate and keeps those at which it is high enough, in loops that do not branch on it: which way
 * a branch would go cannot be foretold where half of the tokens go, and each time costs as much as ten tokens.
 */
final class Candidates {
    /** One cut: removes candidates, at least one stays. */
    interface Cut {
        /** Removes candidates; {@code random} serves cuts that act by chance. */
        void apply(Candidates candidates, RandomGenerator random);
    }

    private double[] logits = new double[0];
    private double[] weights = new double[0];
    private int[] ids = new int[0];
    private int count;
    private boolean weighed;
    private double max;
    private double total;
    private double[] scratch = new double[0];
    private final MassSelection selection = new MassSelection();

    /** Begins anew with all tokens that are not forbidden. */
    void begin(Logits all) {
        logits = all.values();
        count = logits.length;
        weighed = false;
        if (ids.length != count) {
            ids = new int[count];
            weights = new double[count];
            scratch = new double[count];
        }
        for (int i = 0; i < count; i++) {
            ids[i] = i;
        }
        max = all.max();
        if (MassSelection.least(logits, count) == Double.NEGATIVE_INFINITY) {
            closeGaps();
        }
    }

    /** Whether every token was forbidden at the beginning. */
    boolean isEmpty() {
        return count == 0;
    }

    int count() {
        return count;
    }

    int id(int i) {
        return ids[i];
    }

    double logit(int i) {
        return logits[i];
    }

    /** e^(x − max), max being the greatest logit before any cut. */
    double weight(int i) {
        return weights[i];
    }

    /** The sum of the weights. */
    double total() {
        weigh();
        return total;
    }

    /** The greatest weight. */
    double greatestWeight() {
        weigh();
        return MassSelection.greatest(weights, count);
    }

    /** H = −Σ p ln p in nats. */
    double entropy() {
        weigh();
        for (int i = 0; i < count; i++) {
            scratch[i] = weights[i] * Math.max(logits[i] - max, Exponential.LOWEST);
        }
        return StrictMath.log(total) - sum(scratch, count) / total;
    }

    /** The logits of the candidates, [count]; to read only. */
    double[] logits() {
        return logits;
    }

    /** The weights of the candidates, [count]; to read only. */
    double[] weights() {
        weigh();
        return weights;
    }

    /** ln p of each candidate, [count], finite, in the memory of {@link #scratch}. */
    double[] logProbabilities() {
        double logTotal = StrictMath.log(total());
        for (int i = 0; i < count; i++) {
            scratch[i] = Math.max(logits[i] - max - logTotal, -Double.MAX_VALUE);
        }
        return scratch;
    }

    /** Memory for a cut's own use, as long as the vocabulary. */
    double[] scratch() {
        return scratch;
    }

    /** A selection to ask. */
    MassSelection selection() {
        return selection;
    }

    /** Marks a candidate as removed; {@link #closeGaps} then closes the gap. */
    void remove(int i) {
        logits[i] = Double.NEGATIVE_INFINITY;
    }

    /** Closes the gaps that removals left. */
    void closeGaps() {
        keepAtLeast(logits, -Double.MAX_VALUE);
    }

    /**
     * Keeps the candidates whose number is a threshold or more.
     *
     * @param numbers [count] the logits, the weights or what the cut has computed, finite or −∞
     * @param threshold finite
     */
    void keepAtLeast(double[] numbers, double threshold) {
        if (weighed) {
            count = keepWeighed(numbers, threshold);
            total = sum(weights, count);
        } else {
            count = keepUnweighed(numbers, threshold);
        }
    }

    /** Removes all candidates but one. */
    void keepOnly(int i) {
        logits[0] = logits[i];
        weights[0] = weights[i];
        ids[0] = ids[i];
        count = 1;
        total = weights[0];
    }

    /** Turns the weights into probabilities. */
    void normalize() {
        weigh();
        for (int i = 0; i < count; i++) {
            weights[i] = weights[i] / total;
        }
        total = 1;
    }

    /** The index of the candidate that inverse transform sampling picks at u, after {@link #normalize}. */
    int draw(double u) {
        return inverse(weights, count, u);
    }

    /**
     * Inverse transform sampling: the first i with p_i &gt; 0 at which the running sum exceeds u; if rounding leaves none, the last.
     *
     * @param p [count] probabilities
     * @param u in [0, 1)
     */
    static int inverse(double[] p, int count, double u) {
        double sum = 0;
        int last = -1;
        for (int i = 0; i < count; i++) {
            sum += p[i];
            if (p[i] > 0) {
                last = i;
                if (sum > u) {
                    return i;
                }
            }
        }
        return last;
    }

    private int keepWeighed(double[] numbers, double threshold) {
        double[] x = logits;
        double[] w = weights;
        int[] id = ids;
        double less = 0.0 - threshold;
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int keeps = notNegative(numbers[i] + less);
            x[kept] = x[i];
            w[kept] = w[i];
            id[kept] = id[i];
            kept += keeps;
        }
        return kept;
    }

    private int keepUnweighed(double[] numbers, double threshold) {
        double[] x = logits;
        int[] id = ids;
        double less = 0.0 - threshold;
        int kept = 0;
        for (int i = 0; i < count; i++) {
            int keeps = notNegative(numbers[i] + less);
            x[kept] = x[i];
            id[kept] = id[i];
            kept += keeps;
        }
        return kept;
    }

    /** 1, or 0 for a negative number, by its sign bit; a sum of equal numbers with opposite signs is +0. */
    private static int notNegative(double number) {
        return 1 - (int) (Double.doubleToRawLongBits(number) >>> 63);
    }

    private void weigh() {
        if (weighed) {
            return;
        }
        Exponential.exp(logits, max, weights, count);
        weighed = true;
        total = sum(weights, count);
    }

    /** The sum of the first {@code count} numbers, as four interleaved sums: no addition need wait for the one before it. */
    private static double sum(double[] x, int count) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i < count - 3; i += 4) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
        }
        for (; i < count; i++) {
            a += x[i];
        }
        return a + b + (c + d);
    }
}
