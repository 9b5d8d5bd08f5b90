package jot.model;

import jot.tensor.Activations;
import jot.tensor.Elementary;
import jot.tensor.Matrix;

/**
 * Turns tokens and positions into the first state of the residual stream.
 *
 * @param plan how
 * @param tokens {@code [vocabulary][embedding width]}
 * @param positions what is added for a position, or null for nothing
 * @param projection from the embedding's width to the model's, or null where they agree
 * @param norm a norm on the result, or null
 */
public record Embedding(EmbeddingPlan plan, Matrix tokens, Positions positions, Linear projection, Norm norm) {

    /** A vector for each position. */
    public sealed interface Positions {

        /** Writes the vector of a position, {@code [width]}. */
        void read(int position, float[] row);

        /** Bytes of the weights. */
        long bytes();

        /**
         * Learned vectors.
         *
         * @param rows {@code [rows][width]}
         * @param offset row of position 0
         */
        record Table(Matrix rows, int offset) implements Positions {
            @Override
            public void read(int position, float[] row) {
                rows.row(position + offset, row, 0);
            }

            @Override
            public long bytes() {
                return rows.bytes();
            }
        }

        /**
         * Sines in the first half of the channels, cosines in the second; the angle is rounded to float32, as the reference
         * implementation does.
         *
         * @param frequencies angle per row of each pair, {@code [width/2]}
         * @param offset row of position 0
         */
        record Waves(float[] frequencies, int offset) implements Positions {
            @Override
            public void read(int position, float[] row) {
                for (int i = 0; i < frequencies.length; i++) {
                    float angle = (position + offset) * frequencies[i];
                    row[i] = (float) Elementary.sine(angle);
                    row[frequencies.length + i] = (float) Elementary.cosine(angle);
                }
            }

            @Override
            public long bytes() {
                return 0;
            }
        }
    }

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
        float[] row = pass.scratch().positionRow();
        float[] values = x.values();
        for (int r = 0; r < pass.rows().all(); r++) {
            positions.read(pass.position(r), row);
            int at = x.at(r);
            for (int i = 0; i < row.length; i++) {
                values[at + i] += row[i];
            }
        }
    }
}
