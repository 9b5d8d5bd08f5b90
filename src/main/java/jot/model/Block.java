package jot.model;

import jot.tensor.Activations;

/**
 * One block of the Transformer: two residual lines.
 *
 * @param plan its shape
 * @param attention the first sublayer
 * @param attentionInput norm before attention, or null
 * @param attentionOutput norm on what attention gives, or null
 * @param feedForward the second sublayer
 * @param feedForwardInput norm before the feed-forward, or null
 * @param feedForwardOutput norm on what the feed-forward gives, or null
 */
public record Block(BlockPlan plan, Attention attention, Norm attentionInput, Norm attentionOutput, FeedForward feedForward,
        Norm feedForwardInput, Norm feedForwardOutput) {

    /** Takes the residual stream {@code x [rows][width]} of a pass one block further. */
    void apply(ForwardPass pass) {
        switch (plan.residual()) {
            case SEQUENTIAL -> {
                add(attend(normed(attentionInput, pass), pass), pass);          // x += A(N x)
                add(feed(normed(feedForwardInput, pass), pass), pass);          // x += F(N x)
            }
            case PARALLEL -> {
                Activations input = normed(attentionInput, pass);
                Activations attended = attend(input, pass);
                Activations own = feedForwardInput == null ? input : normed(feedForwardInput, pass);
                Activations fed = feed(own, pass);
                add(attended, pass);                                            // x += A(N x) + F(N′ x)
                add(fed, pass);
            }
            case POST_NORM -> {
                add(attend(pass.scratch().residual(), pass), pass);             // x = N(x + A(x))
                normInPlace(attentionInput, pass);
                add(feed(pass.scratch().residual(), pass), pass);               // x = N(x + F(x))
                normInPlace(feedForwardInput, pass);
            }
            case FROM_NORM -> {
                normInPlace(attentionInput, pass);                              // n = N x, x = n + A(n)
                add(attend(pass.scratch().residual(), pass), pass);
                normInPlace(feedForwardInput, pass);                            // m = N x, x = m + F(m)
                add(feed(pass.scratch().residual(), pass), pass);
            }
        }
    }

    private Activations attend(Activations input, ForwardPass pass) {
        Activations output = pass.scratch().attentionOutput();
        attention.apply(input, output, pass);
        return outputNormed(attentionOutput, output, pass);
    }

    private Activations feed(Activations input, ForwardPass pass) {
        Activations output = pass.scratch().feedForwardOutput();
        feedForward.apply(input, output, pass);
        return outputNormed(feedForwardOutput, output, pass);
    }

    private static Activations normed(Norm norm, ForwardPass pass) {
        Activations x = pass.scratch().residual();
        if (norm == null) {
            return x;
        }
        Activations to = pass.scratch().normed();
        norm.apply(x, to, x.width(), pass.rows().all(), pass.kernels());
        return to;
    }

    private static Activations outputNormed(Norm norm, Activations output, ForwardPass pass) {
        if (norm != null) {
            norm.apply(output, output, output.width(), pass.rows().all(), pass.kernels());
        }
        return output;
    }

    private static void normInPlace(Norm norm, ForwardPass pass) {
        Activations x = pass.scratch().residual();
        norm.apply(x, x, x.width(), pass.rows().all(), pass.kernels());
    }

    private void add(Activations output, ForwardPass pass) {
        Activations x = pass.scratch().residual();
        pass.kernels().add(output, plan.residualScale(), x, x.width(), pass.rows().all());
    }
}
