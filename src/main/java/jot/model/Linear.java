package jot.model;

import jot.model.ForwardPass.RowCounts;
import jot.tensor.Activations;
import jot.tensor.Matrix;
import jot.tensor.ParallelKernels;

/**
 * A matrix and, mostly, a bias: y = W x + b.
 *
 * @param weight {@code [outputs][inputs]}
 * @param bias {@code [outputs]}, or null for none
 */
public record Linear(Matrix weight, float[] bias) {

    /** Channels that it gives. */
    public int outputs() {
        return weight.outputs();
    }

    /** Channels that it takes. */
    public int inputs() {
        return weight.inputs();
    }

    /**
     * Multiplies all rows of a pass.
     *
     * @param x {@code [rows][…]}, read from its first column on
     * @param y {@code [rows][…]}, written from column {@code column} on
     */
    void apply(Activations x, Activations y, int column, RowCounts rows, ParallelKernels kernels) {
        kernels.multiply(weight, bias, x, 0, y, column, rows.decode(), rows.all());
    }
}
