package jot.loading;

import jot.model.PositionPlan.Sinusoidal;
import jot.tensor.Matrix;

/** Sines and cosines of positions (Vaswani et al. 2017, section 3.5), sines in the first half of a row, cosines in the second. */
final class SinusoidalTable {

    private SinusoidalTable() {
    }

    /** {@code [rows][width]}. */
    static Matrix of(Sinusoidal plan, int width) {
        int half = width / 2;
        float[] values = new float[Math.multiplyExact(plan.rows(), width)];
        for (int row = 0; row < plan.rows(); row++) {
            for (int i = 0; i < half; i++) {
                double angle = row * frequency(plan.layout(), i, half);
                values[row * width + i] = (float) StrictMath.sin(angle);
                values[row * width + half + i] = (float) StrictMath.cos(angle);
            }
        }
        return Matrix.of(values, plan.rows(), width);
    }

    private static double frequency(Sinusoidal.Layout layout, int i, int half) {
        return switch (layout) {
            case CTRL -> StrictMath.pow(10_000, -(double) i / half);
            case FAIRSEQ -> StrictMath.exp(-i * StrictMath.log(10_000) / (half - 1));
        };
    }
}
