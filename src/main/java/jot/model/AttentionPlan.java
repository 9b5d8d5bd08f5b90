package jot.model;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Masked multi-head self-attention, multi-query and grouped-query included.
 *
 * @param heads query heads
 * @param keyHeads heads of keys and values; divides {@code heads}
 * @param headSize channels of a head
 * @param scale factor on the scores, mostly 1/√headSize
 * @param window positions that a token sees, its own included, or empty for all before it
 * @param softcap cap c of c·tanh(score/c), 0 for none (Gemma 2)
 * @param rotary rotary positions, if there are any
 * @param alibi positions as a penalty on distance, if there are any
 * @param norm norm of queries and keys, if there is one
 * @param clip bound on queries, keys and values, 0 for none (OLMo)
 * @param sinks whether each head has a learned logit that only takes weight (gpt-oss)
 * @param inputBias whether the projections to queries, keys and values have biases
 * @param outputBias whether the output projection has a bias
 */
public record AttentionPlan(int heads, int keyHeads, int headSize, float scale, OptionalInt window, float softcap,
        Optional<Rotary> rotary, Optional<Alibi> alibi, Optional<QueryKeyNorm> norm, float clip, boolean sinks, boolean inputBias,
        boolean outputBias) {

    /** Checks that the key heads divide the query heads. */
    public AttentionPlan {
        if (heads < 1 || keyHeads < 1 || headSize < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException(heads + " heads over " + keyHeads + " key heads of " + headSize + " channels");
        }
    }

    /**
     * A norm on queries and keys.
     *
     * @param plan its kind
     * @param extent what is normalised together
     * @param afterRotary whether it comes after the rotary positions
     */
    public record QueryKeyNorm(NormPlan plan, Extent extent, boolean afterRotary) {
    }

    /**
     * Positions as a penalty on distance: each head lowers a score by its slope for each position in between (Press et al. 2022,
     * arXiv 2108.12409).
     *
     * @param steepness the slopes fall geometrically to 2^−steepness, mostly 8
     * @param factor on every slope, 1 for none (Falcon scales the penalty as it scales the scores)
     */
    public record Alibi(double steepness, double factor) {

        /** As published: slopes down to 2⁻⁸. */
        public static final Alibi PUBLISHED = new Alibi(8, 1);

        /** One slope for each head; where their number is no power of two, the slopes in between follow. */
        public float[] slopes(int heads) {
            int whole = Integer.highestOneBit(heads);
            float[] slopes = new float[heads];
            for (int head = 0; head < heads; head++) {
                double share = head < whole ? (head + 1.0) / whole : (2 * (head - whole) + 1.0) / (2 * whole);
                slopes[head] = (float) (StrictMath.pow(2, -steepness * share) * factor);
            }
            return slopes;
        }
    }

    /** What a norm of queries or keys takes together. */
    public enum Extent {
        /** Each head, all with one weight of a head's size. */
        HEAD,
        /** Each head, with a weight of its own for each. */
        EACH_HEAD,
        /** All heads together. */
        WIDTH
    }

    /** Plain attention over all earlier positions: scale 1/√headSize, nothing else. */
    public static AttentionPlan plain(int heads, int keyHeads, int headSize, boolean inputBias, boolean outputBias) {
        return new AttentionPlan(heads, keyHeads, headSize, (float) (1 / Math.sqrt(headSize)), OptionalInt.empty(), 0, Optional.empty(),
                Optional.empty(), Optional.empty(), 0, false, inputBias, outputBias);
    }

    /** The same with another scale. */
    public AttentionPlan withScale(float other) {
        return new AttentionPlan(heads, keyHeads, headSize, other, window, softcap, rotary, alibi, norm, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with a window. */
    public AttentionPlan withWindow(OptionalInt other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, other, softcap, rotary, alibi, norm, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with a cap on the scores. */
    public AttentionPlan withSoftcap(float other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, other, rotary, alibi, norm, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with rotary positions, or without. */
    public AttentionPlan withRotary(Optional<Rotary> other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, softcap, other, alibi, norm, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with ALiBi, or without. */
    public AttentionPlan withAlibi(Optional<Alibi> other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, softcap, rotary, other, norm, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with a norm of queries and keys. */
    public AttentionPlan withNorm(Optional<QueryKeyNorm> other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, softcap, rotary, alibi, other, clip, sinks, inputBias,
                outputBias);
    }

    /** The same with a bound on queries, keys and values. */
    public AttentionPlan withClip(float other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, softcap, rotary, alibi, norm, other, sinks, inputBias,
                outputBias);
    }

    /** The same with sinks. */
    public AttentionPlan withSinks(boolean other) {
        return new AttentionPlan(heads, keyHeads, headSize, scale, window, softcap, rotary, alibi, norm, clip, other, inputBias,
                outputBias);
    }

    /** Channels of all query heads. */
    public int queryWidth() {
        return heads * headSize;
    }

    /** Channels of all key heads, and of all value heads. */
    public int keyWidth() {
        return keyHeads * headSize;
    }
}
