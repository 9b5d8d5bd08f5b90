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
        if (count > 4 * GROUPS && k <= GROUPS / 2) {
            candidates.keepAtLeast(candidates.logits(), lowerBound(candidates));
        }
        double border = candidates.selection().select(candidates.logits(), candidates.count(), k);
        candidates.keepAtLeast(candidates.logits(), border);
    }

    private double lowerBound(Candidates candidates) {
        double[] x = candidates.logits();
        double[] maxima = candidates.scratch();
        Arrays.fill(maxima, 0, GROUPS, Double.NEGATIVE_INFINITY);
        for (int start = 0; start < candidates.count(); start += GROUPS) {
            int width = Math.min(GROUPS, candidates.count() - start);
            for (int group = 0; group < width; group++) {
                maxima[group] = Math.max(maxima[group], x[start + group]);
            }
        }
        return candidates.selection().select(maxima, GROUPS, k);
    }
}
