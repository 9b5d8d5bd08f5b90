package jot.sampling;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * XTC ("exclude top choices"): by chance, removes all tokens with p_i ≥ threshold but the least probable of them.
 *
 * <p>One uniform number u is drawn for each token; nothing happens if u ≥ probability, if fewer than two tokens reach the threshold, or
 * if a protected token would go. Of equally improbable tokens the one with the lowest id stays. Source: text-generation-webui, pull
 * request 6335.
 */
final class Xtc implements Candidates.Cut {
    private final double threshold;
    private final double probability;
    private final int[] guarded;

    Xtc(double threshold, double probability, int[] guarded) {
        this.threshold = threshold;
        this.probability = probability;
        this.guarded = guarded.clone();
        Arrays.sort(this.guarded);
    }

    double probability() {
        return probability;
    }

    @Override
    public void apply(Candidates candidates, RandomGenerator random) {
        apply(candidates, random.nextDouble());
    }

    void apply(Candidates candidates, double u) {
        if (u >= probability) {
            return;
        }
        double reached = threshold * candidates.total();
        int least = -1;
        for (int i = 0; i < candidates.count(); i++) {
            double weight = candidates.weight(i);
            if (weight >= reached && (least < 0 || weight < candidates.weight(least))) {
                least = i;
            }
        }
        if (least >= 0 && !guardedWouldGo(candidates, reached, least)) {
            removeAllBut(candidates, reached, least);
        }
    }

    private boolean guardedWouldGo(Candidates candidates, double reached, int least) {
        for (int i = 0; i < candidates.count() && guarded.length > 0; i++) {
            if (i != least && candidates.weight(i) >= reached && Arrays.binarySearch(guarded, candidates.id(i)) >= 0) {
                return true;
            }
        }
        return false;
    }

    private static void removeAllBut(Candidates candidates, double reached, int least) {
        for (int i = 0; i < candidates.count(); i++) {
            if (i != least && candidates.weight(i) >= reached) {
                candidates.remove(i);
            }
        }
        candidates.closeGaps();
    }
}
