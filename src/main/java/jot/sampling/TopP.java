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
        selection.clear(candidates.count());
        for (int i = 0; i < candidates.count(); i++) {
            selection.add(MassSelection.descending(candidates.logit(i)), candidates.weight(i));
        }
        double border = MassSelection.descendingValue(selection.select(target));
        double before = selection.massBefore();
        boolean first = true;
        for (int i = 0; i < candidates.count(); i++) {
            double x = candidates.logit(i);
            if (x == border && (before < target || first)) {
                before += candidates.weight(i);
                first = false;
            } else if (x <= border) {
                candidates.remove(i);
            }
        }
        candidates.compact();
    }
}
