package jot.sampling;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Removes every token with x_i below the k-th largest x; tokens equal to it all stay.
 *
 * <p>Source: Fan et al. 2018 (arXiv 1805.04833). For small k, the k-th largest of the maxima of some thousand groups is a lower bound
 * on the k-th largest of all, so that hardly more than k tokens have to be selected from.
 */
final class TopK implements Candidates.Cut {
    private static final int GROUPS = 1024;

    private final int k;

    TopK(int k) {
        this.k = k;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        int count = candidates.count();
        if (k >= count) {
            return;
        }
        double[] x = candidates.logits();
        double bound = count > 4 * GROUPS && k <= GROUPS / 2 ? lowerBound(candidates, x, count) : Double.NEGATIVE_INFINITY;
        MassSelection selection = candidates.selection();
        selection.clear(atLeast(x, count, bound));
        for (int i = 0; i < count; i++) {
            if (x[i] >= bound) {
                selection.add(MassSelection.descending(x[i]), 1);
            }
        }
        candidates.keepAtLeast(MassSelection.descendingValue(selection.select(k)));
    }

    private double lowerBound(Candidates candidates, double[] x, int count) {
        double[] maxima = candidates.scratch(GROUPS);
        Arrays.fill(maxima, 0, GROUPS, Double.NEGATIVE_INFINITY);
        for (int start = 0; start < count; start += GROUPS) {
            int width = Math.min(GROUPS, count - start);
            for (int group = 0; group < width; group++) {
                maxima[group] = Math.max(maxima[group], x[start + group]);
            }
        }
        MassSelection selection = candidates.selection();
        selection.clear(GROUPS);
        for (int group = 0; group < GROUPS; group++) {
            selection.add(MassSelection.descending(maxima[group]), 1);
        }
        return MassSelection.descendingValue(selection.select(k));
    }

    private static int atLeast(double[] x, int count, double bound) {
        int n = 0;
        for (int i = 0; i < count; i++) {
            n += x[i] >= bound ? 1 : 0;
        }
        return n;
    }
}
