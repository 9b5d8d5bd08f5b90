package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Keeps the tokens whose surprise is closest to the entropy: d_i = |−ln p_i − H|; in ascending order of d, with j the first token at
 * which the mass reaches τ, removes every token with d_i &gt; d_j.
 *
 * <p>Source: Meister et al. 2023 (arXiv 2202.00666). The most probable token may go; equal distances stay together.
 */
final class TypicalP implements Candidates.Cut {
    private final double mass;

    TypicalP(double mass) {
        this.mass = mass;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        double entropy = candidates.entropy();
        double[] nearness = candidates.logProbabilities();
        for (int i = 0; i < candidates.count(); i++) {
            nearness[i] = -Math.abs(nearness[i] + entropy);
        }
        double border = candidates.selection().select(nearness, candidates.weights(), candidates.count(), mass * candidates.total());
        candidates.keepAtLeast(nearness, border);
    }
}
