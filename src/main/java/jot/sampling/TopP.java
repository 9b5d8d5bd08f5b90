package jot.sampling;

import java.util.random.RandomGenerator;

/**
 * Keeps the nucleus: in descending order of p, removes a token if the mass before it is P or more.
 *
 * <p>Source: Holtzman et al. 2020 (arXiv 1904.09751). The token that crosses P stays; at least one stays; of equal tokens across the
 * border those with the lower ids stay.
 */
final class TopP implements Candidates.Cut {
    private final double mass;

    TopP(double mass) {
        this.mass = mass;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        double target = mass * candidates.total();
        MassSelection selection = candidates.selection();
        double border = selection.select(candidates.logits(), candidates.weights(), candidates.count(), target);
        candidates.keepAtLeast(candidates.logits(), border);
        removeBeyond(candidates, border, selection.massBefore(), target);
    }

    /** Of the tokens at the border, of which there may be many, those stay that the target needs. */
    private static void removeBeyond(Candidates candidates, double border, double massAbove, double target) {
        double before = massAbove;
        boolean first = true;
        boolean removed = false;
        for (int i = 0; i < candidates.count(); i++) {
            if (candidates.logit(i) == border) {
                if (before < target || first) {
                    before += candidates.weight(i);
                    first = false;
                } else {
                    candidates.remove(i);
                    removed = true;
                }
            }
        }
        if (removed) {
            candidates.closeGaps();
        }
    }
}
