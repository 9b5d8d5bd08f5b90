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
        double total = candidates.total();
        double logTotal = StrictMath.log(total);
        double entropy = candidates.entropy();
        MassSelection selection = candidates.selection();
        selection.clear(candidates.count());
        for (int i = 0; i < candidates.count(); i++) {
            selection.add(MassSelection.ascending(distance(candidates, i, logTotal, entropy)), candidates.weight(i));
        }
        double border = MassSelection.ascendingValue(selection.select(mass * total));
        for (int i = 0; i < candidates.count(); i++) {
            if (distance(candidates, i, logTotal, entropy) > border) {
                candidates.remove(i);
            }
        }
        candidates.compact();
    }

    private static double distance(Candidates candidates, int i, double logTotal, double entropy) {
        return Math.abs(candidates.surprise(i, logTotal) - entropy);
    }
}
