package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Removes every token with p_i &lt; η, η = min(ε, √ε · e^(−H)), but never the maximum.
 *
 * <p>Source: Hewitt et al. 2022 (arXiv 2210.15191), η-sampling; equality stays, as in Hugging Face transformers.
 */
final class EtaCutoff implements Candidates.Cut {
    private final double epsilon;

    EtaCutoff(double epsilon) {
        this.epsilon = epsilon;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        double entropy = Math.max(0, candidates.entropy());
        double eta = Math.min(epsilon, Math.sqrt(epsilon) * Exponential.exp(-entropy));
        EpsilonCutoff.removeBelow(candidates, eta);
    }
}
