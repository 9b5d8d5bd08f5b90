package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Removes every token with p_i &lt; ε, but never the maximum (all tokens tied at it stay).
 *
 * <p>Source: Hewitt et al. 2022 (arXiv 2210.15191), ε-sampling.
 */
final class EpsilonCutoff implements Candidates.Cut {
    private final double epsilon;

    EpsilonCutoff(double epsilon) {
        this.epsilon = epsilon;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        removeBelow(candidates, epsilon);
    }

    static void removeBelow(Candidates candidates, double probability) {
        double threshold = Math.min(probability * candidates.total(), candidates.greatestWeight());
        candidates.keepAtLeast(candidates.weights(), threshold);
    }
}
