package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * The tokens that the cuts have left, in order of id, each with its logit and its share of the probability.
 *
 * <p>The weight of a token is e^(x − max) with the maximum before any cut; its probability is its weight by the sum of those left, so
 * that a cut needs no new exponentials. The weights are first computed when a cut or the draw asks for them: after top-k only the few
 * survivors need one. Works in the memory of the {@link Logits}, which it uses up.
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
        }
        for (int i = 0; i < count; i++) {
            ids[i] = i;
        }
        max = all.max();
    }

    /** Whether every token was forbidden at the beginning. */
    boolean isEmpty() {
        return max == Double.NEGATIVE_INFINITY;
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
        double greatest = 0;
        for (int i = 0; i < count; i++) {
            greatest = Math.max(greatest, weights[i]);
        }
        return greatest;
    }

    /** −ln p of a candidate, with ln of {@link #total} at hand. */
    double surprise(int i, double logTotal) {
        return logTotal - (logits[i] - max);
    }

    /** H = −Σ p ln p in nats. */
    double entropy() {
        weigh();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            if (weights[i] > 0) {
                sum += weights[i] * (logits[i] - max);
            }
        }
        return StrictMath.log(total) - sum / total;
    }

    /** The logits of the candidates, [count]; to read only. */
    double[] logits() {
        return logits;
    }

    /** Memory for a step's own use, of at least that length. */
    double[] scratch(int length) {
        if (scratch.length < length) {
            scratch = new double[length];
        }
        return scratch;
    }

    /** A selection to fill and ask. */
    MassSelection selection() {
        return selection;
    }

    /** Marks a candidate as removed; {@link #compact} then closes the gap. */
    void remove(int i) {
        logits[i] = Double.NEGATIVE_INFINITY;
    }

    /** Removes all candidates with a logit below a threshold. */
    void keepAtLeast(double threshold) {
        for (int i = 0; i < count; i++) {
            logits[i] = logits[i] < threshold ? Double.NEGATIVE_INFINITY : logits[i];
        }
        compact();
    }

    /** Closes the gaps that removals left. */
    void compact() {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            double x = logits[i];
            ids[kept] = ids[i];
            weights[kept] = weights[i];
            logits[kept] = x;
            kept += x > Double.NEGATIVE_INFINITY ? 1 : 0;
        }
        count = kept;
        if (weighed) {
            addUp();
        }
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

    private void weigh() {
        if (weighed) {
            return;
        }
        Exponential.exp(logits, max, weights, count);
        weighed = true;
        addUp();
    }

    private void addUp() {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += weights[i];
        }
        total = sum;
    }
}
