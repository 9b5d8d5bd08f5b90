package jot.model;

import jot.tensor.Activations;
import jot.tensor.ParallelKernels;

/**
 * A norm with its weights.
 *
 * @param plan its kind
 * @param weight {@code [width]}, or null for none
 * @param bias {@code [width]}, or null for none
 */
public record Norm(NormPlan plan, float[] weight, float[] bias) {

    /** Normalises the first {@code width} columns of each row of {@code x} into {@code y}, which may be the same. */
    void apply(Activations x, Activations y, int width, int rows, ParallelKernels kernels) {
        apply(x, 0, 1, width, y, rows, kernels);
    }

    /** Normalises {@code groups} neighbouring groups of {@code width} columns, each by itself, from {@code column} on. */
    void apply(Activations x, int column, int groups, int width, Activations y, int rows, ParallelKernels kernels) {
        switch (plan) {
            case NormPlan.Layer layer -> kernels.layerNorm(x, column, groups, width, weight, bias, layer.epsilon(), y, column, rows);
            case NormPlan.RootMeanSquare rms -> kernels.rmsNorm(x, column, groups, width, weight, rms.epsilon(), y, column, rows);
        }
    }
}
