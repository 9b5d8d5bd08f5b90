package jot.model;

import jot.tensor.Activations;
import jot.tensor.Matrix;

/**
 * Turns tokens and positions into the first state of the residual stream.
 *
 * @param plan how
 * @param tokens {@code [vocabulary][embedding width]}
 * @param positions {@code [rows][width]}, or null where no position is added
 * @param projection from the embedding's width to the model's, or null where they agree
 * @param norm a norm on the result, or null
 */
public record Embedding(EmbeddingPlan plan, Matrix tokens, Matrix positions, Linear projection, Norm norm) {

    /** Writes the state before the first block: {@code x [rows][width]}. */
    void apply(ForwardPass pass) {
        Activations x = pass.scratch().residual();
        if (projection == null) {
            lookUp(pass, x);
        } else {
            Activations narrow = pass.scratch().narrow();
            lookUp(pass, narrow);
            projection.apply(narrow, x, 0, pass.rows(), pass.kernels());
        }
        addPositions(pass, x);
        if (norm != null) {
            norm.apply(x, x, x.width(), pass.rows().all(), pass.kernels());
        }
    }

    private void lookUp(ForwardPass pass, Activations to) {
        float[] values = to.values();
        int width = tokens.inputs();
        for (int r = 0; r < pass.rows().all(); r++) {
            int at = to.at(r);
            tokens.row(pass.token(r), values, at);
            if (plan.scale() != 1) {
                for (int i = at; i < at + width; i++) {
                    values[i] *= plan.scale();
                }
            }
        }
    }

    private void addPositions(ForwardPass pass, Activations x) {
        if (positions == null) {
            return;
        }
        int offset = switch (plan.positions()) {
            case PositionPlan.None none -> 0;
            case PositionPlan.Learned learned -> learned.offset();
            case PositionPlan.Sinusoidal sinusoidal -> sinusoidal.offset();
        };
        float[] row = pass.scratch().positionRow();
        float[] values = x.values();
        for (int r = 0; r < pass.rows().all(); r++) {
            positions.row(pass.position(r) + offset, row, 0);
            int at = x.at(r);
            for (int i = 0; i < positions.inputs(); i++) {
                values[at + i] += row[i];
            }
        }
    }
}
