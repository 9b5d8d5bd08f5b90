package jot.model;

import java.util.Optional;

/**
 * One block: attention and feed-forward on the residual stream.
 *
 * @param residual how the two sublayers join the stream
 * @param residualScale factor on what a sublayer adds (Granite), 1 for none
 * @param attention the first sublayer
 * @param attentionNorms norms around attention
 * @param feedForward the second sublayer
 * @param feedForwardNorms norms around the feed-forward
 */
public record BlockPlan(Residual residual, float residualScale, AttentionPlan attention, Norms attentionNorms,
        FeedForwardPlan feedForward, Norms feedForwardNorms) {

    /** The usual block: x += A(N x), then x += F(N′ x). */
    public static BlockPlan preNorm(AttentionPlan attention, FeedForwardPlan feedForward, NormPlan norm) {
        return new BlockPlan(Residual.SEQUENTIAL, 1, attention, Norms.before(norm), feedForward, Norms.before(norm));
    }

    /** A block with norms on the outputs of its sublayers alone: x += N A(x), then x += N′ F(x). */
    public static BlockPlan outputNorm(AttentionPlan attention, FeedForwardPlan feedForward, NormPlan norm) {
        return new BlockPlan(Residual.SEQUENTIAL, 1, attention, Norms.after(norm), feedForward, Norms.after(norm));
    }

    /** A block with norms on inputs and outputs: x += M A(N x), then x += M′ F(N′ x). */
    public static BlockPlan sandwichNorm(AttentionPlan attention, FeedForwardPlan feedForward, NormPlan norm) {
        return new BlockPlan(Residual.SEQUENTIAL, 1, attention, Norms.around(norm), feedForward, Norms.around(norm));
    }

    /** The same with a factor on what the sublayers add. */
    public BlockPlan withResidualScale(float other) {
        return new BlockPlan(residual, other, attention, attentionNorms, feedForward, feedForwardNorms);
    }

    /** How the sublayers A (attention) and F (feed-forward) join the residual stream x; N are norms, each of which may be absent. */
    public enum Residual {
        /** x += Nₒ(A(Nᵢ x)), then x += Nₒ(F(Nᵢ x)): pre-norm, sandwich norms, or norms on the outputs alone. */
        SEQUENTIAL,
        /** x += A(N x) + F(N′ x), N′ the feed-forward's own norm or, without one, N. */
        PARALLEL,
        /** x = N(x + A(x)), then x = N(x + F(x)): post-norm, as in GPT-1. */
        POST_NORM,
        /** n = N x, x = n + A(n), then the same with F: the residual is taken after the norm (a form of BLOOM). */
        FROM_NORM
    }

    /**
     * The norms around a sublayer.
     *
     * @param input before it (after the addition with {@link Residual#POST_NORM})
     * @param output on what it gives, before it is added
     */
    public record Norms(Optional<NormPlan> input, Optional<NormPlan> output) {

        /** A norm before the sublayer alone. */
        public static Norms before(NormPlan norm) {
            return new Norms(Optional.of(norm), Optional.empty());
        }

        /** A norm on the output alone. */
        public static Norms after(NormPlan norm) {
            return new Norms(Optional.empty(), Optional.of(norm));
        }

        /** Norms before and after. */
        public static Norms around(NormPlan norm) {
            return new Norms(Optional.of(norm), Optional.of(norm));
        }

        /** No norm. */
        public static Norms none() {
            return new Norms(Optional.empty(), Optional.empty());
        }
    }
}
