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
 * @param alibi whether a slope for each head punishes distance (Press et al. 2022, arXiv 2108.12409)
 * @param norm norm of queries and keys, if there is one
 * @param clip bound on queries, keys and values, 0 for none (OLMo)
 * @param sinks whether each head has a learned logit that only takes weight (gpt-oss)
 * @param inputBias whether the projections to queries, keys and values have biases
 * @param outputBias whether the output projection has a bias
 */
public record AttentionPlan(int heads, int keyHeads, int headSize, float scale, OptionalInt window, float softcap,
        Optional<Rotary> rotary, boolean alibi, Optional<QueryKeyNorm> norm, float clip, boolean sinks, boolean inputBias,
        boolean outputBias) {

    /**
     * A norm on queries and keys.
     *
     * @param plan its kind
     * @param extent what is normalised together
     * @param afterRotary whether it comes after the rotary positions
     */
    public record QueryKeyNorm(NormPlan plan, Extent extent, boolean afterRotary) {
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
                false, Optional.empty(), 0, false, inputBias, outputBias);
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

    /** The same with ALiBi. */
    public AttentionPlan withAlibi(boolean other) {
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
