package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Mirostat 2.0: cuts so that the surprise of the text stays near a target τ, in bits.
 *
 * <p>μ starts at 2τ. Kept are the tokens with s_i = −log2 p_i ≤ μ, or the most probable one alone (lowest id) if there is none. After
 * the draw, μ ← μ − η (S − τ), with S = −log2 of the token's probability after the cut, as llama.cpp and text-generation-webui define it
 * (the paper takes the probability before the cut). Takes the place of all other truncations. One instance a generation: it holds μ.
 * Source: Basu et al. 2021 (arXiv 2007.14966).
 */
final class Mirostat implements Candidates.Cut {
    private static final double LN2 = 0.6931471805599453;

    private final double tau;
    private final double eta;
    private double mu;

    Mirostat(double tau, double eta) {
        this.tau = tau;
        this.eta = eta;
        this.mu = 2 * tau;
    }

    /** A new state with the same parameters. */
    Mirostat fresh() {
        return new Mirostat(tau, eta);
    }

    double mu() {
        return mu;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        double[] logs = candidates.logProbabilities();
        int best = 0;
        for (int i = 0; i < candidates.count(); i++) {
            logs[i] = logs[i] / LN2;
            best = logs[i] > logs[best] ? i : best;
        }
        if (-logs[best] > mu) {
            candidates.keepOnly(best);
        } else {
            candidates.keepAtLeast(logs, -mu);
        }
    }

    /** Takes note of the probability, after the cut, of the token that was drawn; returns its surprise. */
    double observe(double probability) {
        double surprise = 0 - StrictMath.log(probability) / LN2;
        mu -= eta * (surprise - tau);
        return surprise;
    }
}
