package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Removes every token with p_i &lt; m · max p; equality stays.
 *
 * <p>Source: Nguyen et al. 2024 (arXiv 2407.01082).
 */
final class MinP implements Candidates.Cut {
    private final double share;

    MinP(double share) {
        this.share = share;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        candidates.keepAtLeast(candidates.weights(), share * candidates.greatestWeight());
    }
}
