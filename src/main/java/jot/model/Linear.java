package jot.model;

import jot.model.ForwardPass.RowCounts;
import jot.tensor.Activation;
import jot.tensor.Activations;
import jot.tensor.GatedActivation;
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

    /** Multiplies all rows of a pass and applies an activation; {@code y [rows][outputs]}. */
    void applyAndActivate(Activations x, Activation activation, Activations y, RowCounts rows, ParallelKernels kernels) {
        kernels.multiplyAndActivate(weight, bias, x, 0, activation, y, 0, rows.decode(), rows.all());
    }

    /** Multiplies all rows of a pass, which gives gates {@code [rows][outputs]}, and joins them with {@code up [rows][outputs]}. */
    void applyAndGate(Activations x, Activations gates, GatedActivation activation, Activations up, RowCounts rows,
            ParallelKernels kernels) {
        kernels.multiplyAndGate(weight, bias, x, 0, gates, 0, activation, up, 0, rows.decode(), rows.all());
    }
}
