package jot.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost piece of every product of many rows: a few rows times a panel two vectors wide, all sums held in registers.
 *
 * <p>A panel is {@code [steps][WIDTH]}: for each step the weights of {@link #WIDTH} outputs lie side by side. Each step loads two vectors
 * of weights and uses them for all rows of the tile, each time times one broadcast number of the row. Twelve rows take 24 accumulators,
 * which fits 32 vector registers; six fit 16. A sum is one chain over the steps whatever the number of rows, so remainders give the same
 * bits. The methods differ only in their number of rows: accumulators must be local variables, or the compiler keeps them in memory.
 * Without steps they return at once, which {@link WarmingKernels} makes use of; so do the loops of the other vector kernels.
 */
final class RegisterTile {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final boolean FUSED = Elementary.FUSED;
    /** Outputs of a panel. */
    static final int WIDTH = 2 * COUNT;
    /** Rows of the largest tile. */
    static final int ROWS = COUNT == 16 || System.getProperty("os.arch", "").equals("aarch64") ? 12 : 6;

    private RegisterTile() {
    }

    /**
     * {@code y[r][c] += Σᵢ x[r][i] · panel[i][c]} for all columns of the panel.
     *
     * @param x holds rows of steps, {@code xStride} apart from {@code xAt} on
     * @param rows how many rows
     * @param panel holds rows of {@link #WIDTH} floats, {@code panelStride} apart from {@code panelAt} on
     * @param steps how many numbers each sum has
     * @param y holds rows of sums, {@code yStride} apart from {@code yAt} on
     */
    static void multiplyAddInto(float[] x, int xAt, int xStride, int rows, float[] panel, int panelAt, int panelStride, int steps,
                                float[] y, int yAt, int yStride) {
        int row = 0;
        while (row < rows) {
            int size = size(rows - row);
            int from = xAt + row * xStride;
            int to = yAt + row * yStride;
            switch (size) {
                case 12 -> twelve(x, from, xStride, panel, panelAt, panelStride, steps, y, to, yStride);
                case 6 -> six(x, from, xStride, panel, panelAt, panelStride, steps, y, to, yStride);
                case 4 -> four(x, from, xStride, panel, panelAt, panelStride, steps, y, to, yStride);
                case 2 -> two(x, from, xStride, panel, panelAt, panelStride, steps, y, to, yStride);
                default -> one(x, from, panel, panelAt, panelStride, steps, y, to);
            }
            row += size;
        }
    }

    private static int size(int rows) {
        if (rows >= ROWS) {
            return ROWS;
        }
        return rows >= 6 ? 6 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
    }

    private static void twelve(float[] x, int xAt, int xStride, float[] panel, int panelAt, int panelStride, int steps,
                               float[] y, int yAt, int yStride) {
        if (steps == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector a4 = zero;
        FloatVector b4 = zero;
        FloatVector a5 = zero;
        FloatVector b5 = zero;
        FloatVector a6 = zero;
        FloatVector b6 = zero;
        FloatVector a7 = zero;
        FloatVector b7 = zero;
        FloatVector a8 = zero;
        FloatVector b8 = zero;
        FloatVector a9 = zero;
        FloatVector b9 = zero;
        FloatVector a10 = zero;
        FloatVector b10 = zero;
        FloatVector a11 = zero;
        FloatVector b11 = zero;
        int x0 = xAt;
        int x1 = xAt + xStride;
        int x2 = xAt + 2 * xStride;
        int x3 = xAt + 3 * xStride;
        int x4 = xAt + 4 * xStride;
        int x5 = xAt + 5 * xStride;
        int x6 = xAt + 6 * xStride;
        int x7 = xAt + 7 * xStride;
        int x8 = xAt + 8 * xStride;
        int x9 = xAt + 9 * xStride;
        int x10 = xAt + 10 * xStride;
        int x11 = xAt + 11 * xStride;
        for (int i = 0, p = panelAt; i < steps; i++, p += panelStride) {
            FloatVector a = FloatVector.fromArray(LANES, panel, p);
            FloatVector b = FloatVector.fromArray(LANES, panel, p + COUNT);
            FloatVector factor = FloatVector.broadcast(LANES, x[x0 + i]);
            a0 = FUSED ? factor.fma(a, a0) : factor.mul(a).add(a0);
            b0 = FUSED ? factor.fma(b, b0) : factor.mul(b).add(b0);
            factor = FloatVector.broadcast(LANES, x[x1 + i]);
            a1 = FUSED ? factor.fma(a, a1) : factor.mul(a).add(a1);
            b1 = FUSED ? factor.fma(b, b1) : factor.mul(b).add(b1);
            factor = FloatVector.broadcast(LANES, x[x2 + i]);
            a2 = FUSED ? factor.fma(a, a2) : factor.mul(a).add(a2);
            b2 = FUSED ? factor.fma(b, b2) : factor.mul(b).add(b2);
            factor = FloatVector.broadcast(LANES, x[x3 + i]);
            a3 = FUSED ? factor.fma(a, a3) : factor.mul(a).add(a3);
            b3 = FUSED ? factor.fma(b, b3) : factor.mul(b).add(b3);
            factor = FloatVector.broadcast(LANES, x[x4 + i]);
            a4 = FUSED ? factor.fma(a, a4) : factor.mul(a).add(a4);
            b4 = FUSED ? factor.fma(b, b4) : factor.mul(b).add(b4);
            factor = FloatVector.broadcast(LANES, x[x5 + i]);
            a5 = FUSED ? factor.fma(a, a5) : factor.mul(a).add(a5);
            b5 = FUSED ? factor.fma(b, b5) : factor.mul(b).add(b5);
            factor = FloatVector.broadcast(LANES, x[x6 + i]);
            a6 = FUSED ? factor.fma(a, a6) : factor.mul(a).add(a6);
            b6 = FUSED ? factor.fma(b, b6) : factor.mul(b).add(b6);
            factor = FloatVector.broadcast(LANES, x[x7 + i]);
            a7 = FUSED ? factor.fma(a, a7) : factor.mul(a).add(a7);
            b7 = FUSED ? factor.fma(b, b7) : factor.mul(b).add(b7);
            factor = FloatVector.broadcast(LANES, x[x8 + i]);
            a8 = FUSED ? factor.fma(a, a8) : factor.mul(a).add(a8);
            b8 = FUSED ? factor.fma(b, b8) : factor.mul(b).add(b8);
            factor = FloatVector.broadcast(LANES, x[x9 + i]);
            a9 = FUSED ? factor.fma(a, a9) : factor.mul(a).add(a9);
            b9 = FUSED ? factor.fma(b, b9) : factor.mul(b).add(b9);
            factor = FloatVector.broadcast(LANES, x[x10 + i]);
            a10 = FUSED ? factor.fma(a, a10) : factor.mul(a).add(a10);
            b10 = FUSED ? factor.fma(b, b10) : factor.mul(b).add(b10);
            factor = FloatVector.broadcast(LANES, x[x11 + i]);
            a11 = FUSED ? factor.fma(a, a11) : factor.mul(a).add(a11);
            b11 = FUSED ? factor.fma(b, b11) : factor.mul(b).add(b11);
        }
        int y0 = yAt;
        FloatVector.fromArray(LANES, y, y0).add(a0).intoArray(y, y0);
        FloatVector.fromArray(LANES, y, y0 + COUNT).add(b0).intoArray(y, y0 + COUNT);
        int y1 = yAt + yStride;
        FloatVector.fromArray(LANES, y, y1).add(a1).intoArray(y, y1);
        FloatVector.fromArray(LANES, y, y1 + COUNT).add(b1).intoArray(y, y1 + COUNT);
        int y2 = yAt + 2 * yStride;
        FloatVector.fromArray(LANES, y, y2).add(a2).intoArray(y, y2);
        FloatVector.fromArray(LANES, y, y2 + COUNT).add(b2).intoArray(y, y2 + COUNT);
        int y3 = yAt + 3 * yStride;
        FloatVector.fromArray(LANES, y, y3).add(a3).intoArray(y, y3);
        FloatVector.fromArray(LANES, y, y3 + COUNT).add(b3).intoArray(y, y3 + COUNT);
        int y4 = yAt + 4 * yStride;
        FloatVector.fromArray(LANES, y, y4).add(a4).intoArray(y, y4);
        FloatVector.fromArray(LANES, y, y4 + COUNT).add(b4).intoArray(y, y4 + COUNT);
        int y5 = yAt + 5 * yStride;
        FloatVector.fromArray(LANES, y, y5).add(a5).intoArray(y, y5);
        FloatVector.fromArray(LANES, y, y5 + COUNT).add(b5).intoArray(y, y5 + COUNT);
        int y6 = yAt + 6 * yStride;
        FloatVector.fromArray(LANES, y, y6).add(a6).intoArray(y, y6);
        FloatVector.fromArray(LANES, y, y6 + COUNT).add(b6).intoArray(y, y6 + COUNT);
        int y7 = yAt + 7 * yStride;
        FloatVector.fromArray(LANES, y, y7).add(a7).intoArray(y, y7);
        FloatVector.fromArray(LANES, y, y7 + COUNT).add(b7).intoArray(y, y7 + COUNT);
        int y8 = yAt + 8 * yStride;
        FloatVector.fromArray(LANES, y, y8).add(a8).intoArray(y, y8);
        FloatVector.fromArray(LANES, y, y8 + COUNT).add(b8).intoArray(y, y8 + COUNT);
        int y9 = yAt + 9 * yStride;
        FloatVector.fromArray(LANES, y, y9).add(a9).intoArray(y, y9);
        FloatVector.fromArray(LANES, y, y9 + COUNT).add(b9).intoArray(y, y9 + COUNT);
        int y10 = yAt + 10 * yStride;
        FloatVector.fromArray(LANES, y, y10).add(a10).intoArray(y, y10);
        FloatVector.fromArray(LANES, y, y10 + COUNT).add(b10).intoArray(y, y10 + COUNT);
        int y11 = yAt + 11 * yStride;
        FloatVector.fromArray(LANES, y, y11).add(a11).intoArray(y, y11);
        FloatVector.fromArray(LANES, y, y11 + COUNT).add(b11).intoArray(y, y11 + COUNT);
    }

    private static void six(float[] x, int xAt, int xStride, float[] panel, int panelAt, int panelStride, int steps,
                            float[] y, int yAt, int yStride) {
        if (steps == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector a4 = zero;
        FloatVector b4 = zero;
        FloatVector a5 = zero;
        FloatVector b5 = zero;
        int x0 = xAt;
        int x1 = xAt + xStride;
        int x2 = xAt + 2 * xStride;
        int x3 = xAt + 3 * xStride;
        int x4 = xAt + 4 * xStride;
        int x5 = xAt + 5 * xStride;
        for (int i = 0, p = panelAt; i < steps; i++, p += panelStride) {
            FloatVector a = FloatVector.fromArray(LANES, panel, p);
            FloatVector b = FloatVector.fromArray(LANES, panel, p + COUNT);
            FloatVector factor = FloatVector.broadcast(LANES, x[x0 + i]);
            a0 = FUSED ? factor.fma(a, a0) : factor.mul(a).add(a0);
            b0 = FUSED ? factor.fma(b, b0) : factor.mul(b).add(b0);
            factor = FloatVector.broadcast(LANES, x[x1 + i]);
            a1 = FUSED ? factor.fma(a, a1) : factor.mul(a).add(a1);
            b1 = FUSED ? factor.fma(b, b1) : factor.mul(b).add(b1);
            factor = FloatVector.broadcast(LANES, x[x2 + i]);
            a2 = FUSED ? factor.fma(a, a2) : factor.mul(a).add(a2);
            b2 = FUSED ? factor.fma(b, b2) : factor.mul(b).add(b2);
            factor = FloatVector.broadcast(LANES, x[x3 + i]);
            a3 = FUSED ? factor.fma(a, a3) : factor.mul(a).add(a3);
            b3 = FUSED ? factor.fma(b, b3) : factor.mul(b).add(b3);
            factor = FloatVector.broadcast(LANES, x[x4 + i]);
            a4 = FUSED ? factor.fma(a, a4) : factor.mul(a).add(a4);
            b4 = FUSED ? factor.fma(b, b4) : factor.mul(b).add(b4);
            factor = FloatVector.broadcast(LANES, x[x5 + i]);
            a5 = FUSED ? factor.fma(a, a5) : factor.mul(a).add(a5);
            b5 = FUSED ? factor.fma(b, b5) : factor.mul(b).add(b5);
        }
        int y0 = yAt;
        FloatVector.fromArray(LANES, y, y0).add(a0).intoArray(y, y0);
        FloatVector.fromArray(LANES, y, y0 + COUNT).add(b0).intoArray(y, y0 + COUNT);
        int y1 = yAt + yStride;
        FloatVector.fromArray(LANES, y, y1).add(a1).intoArray(y, y1);
        FloatVector.fromArray(LANES, y, y1 + COUNT).add(b1).intoArray(y, y1 + COUNT);
        int y2 = yAt + 2 * yStride;
        FloatVector.fromArray(LANES, y, y2).add(a2).intoArray(y, y2);
        FloatVector.fromArray(LANES, y, y2 + COUNT).add(b2).intoArray(y, y2 + COUNT);
        int y3 = yAt + 3 * yStride;
        FloatVector.fromArray(LANES, y, y3).add(a3).intoArray(y, y3);
        FloatVector.fromArray(LANES, y, y3 + COUNT).add(b3).intoArray(y, y3 + COUNT);
        int y4 = yAt + 4 * yStride;
        FloatVector.fromArray(LANES, y, y4).add(a4).intoArray(y, y4);
        FloatVector.fromArray(LANES, y, y4 + COUNT).add(b4).intoArray(y, y4 + COUNT);
        int y5 = yAt + 5 * yStride;
        FloatVector.fromArray(LANES, y, y5).add(a5).intoArray(y, y5);
        FloatVector.fromArray(LANES, y, y5 + COUNT).add(b5).intoArray(y, y5 + COUNT);
    }

    private static void four(float[] x, int xAt, int xStride, float[] panel, int panelAt, int panelStride, int steps,
                             float[] y, int yAt, int yStride) {
        if (steps == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        int x0 = xAt;
        int x1 = xAt + xStride;
        int x2 = xAt + 2 * xStride;
        int x3 = xAt + 3 * xStride;
        for (int i = 0, p = panelAt; i < steps; i++, p += panelStride) {
            FloatVector a = FloatVector.fromArray(LANES, panel, p);
            FloatVector b = FloatVector.fromArray(LANES, panel, p + COUNT);
            FloatVector factor = FloatVector.broadcast(LANES, x[x0 + i]);
            a0 = FUSED ? factor.fma(a, a0) : factor.mul(a).add(a0);
            b0 = FUSED ? factor.fma(b, b0) : factor.mul(b).add(b0);
            factor = FloatVector.broadcast(LANES, x[x1 + i]);
            a1 = FUSED ? factor.fma(a, a1) : factor.mul(a).add(a1);
            b1 = FUSED ? factor.fma(b, b1) : factor.mul(b).add(b1);
            factor = FloatVector.broadcast(LANES, x[x2 + i]);
            a2 = FUSED ? factor.fma(a, a2) : factor.mul(a).add(a2);
            b2 = FUSED ? factor.fma(b, b2) : factor.mul(b).add(b2);
            factor = FloatVector.broadcast(LANES, x[x3 + i]);
            a3 = FUSED ? factor.fma(a, a3) : factor.mul(a).add(a3);
            b3 = FUSED ? factor.fma(b, b3) : factor.mul(b).add(b3);
        }
        int y0 = yAt;
        FloatVector.fromArray(LANES, y, y0).add(a0).intoArray(y, y0);
        FloatVector.fromArray(LANES, y, y0 + COUNT).add(b0).intoArray(y, y0 + COUNT);
        int y1 = yAt + yStride;
        FloatVector.fromArray(LANES, y, y1).add(a1).intoArray(y, y1);
        FloatVector.fromArray(LANES, y, y1 + COUNT).add(b1).intoArray(y, y1 + COUNT);
        int y2 = yAt + 2 * yStride;
        FloatVector.fromArray(LANES, y, y2).add(a2).intoArray(y, y2);
        FloatVector.fromArray(LANES, y, y2 + COUNT).add(b2).intoArray(y, y2 + COUNT);
        int y3 = yAt + 3 * yStride;
        FloatVector.fromArray(LANES, y, y3).add(a3).intoArray(y, y3);
        FloatVector.fromArray(LANES, y, y3 + COUNT).add(b3).intoArray(y, y3 + COUNT);
    }

    private static void two(float[] x, int xAt, int xStride, float[] panel, int panelAt, int panelStride, int steps,
                            float[] y, int yAt, int yStride) {
        if (steps == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        int x0 = xAt;
        int x1 = xAt + xStride;
        for (int i = 0, p = panelAt; i < steps; i++, p += panelStride) {
            FloatVector a = FloatVector.fromArray(LANES, panel, p);
            FloatVector b = FloatVector.fromArray(LANES, panel, p + COUNT);
            FloatVector factor = FloatVector.broadcast(LANES, x[x0 + i]);
            a0 = FUSED ? factor.fma(a, a0) : factor.mul(a).add(a0);
            b0 = FUSED ? factor.fma(b, b0) : factor.mul(b).add(b0);
            factor = FloatVector.broadcast(LANES, x[x1 + i]);
            a1 = FUSED ? factor.fma(a, a1) : factor.mul(a).add(a1);
            b1 = FUSED ? factor.fma(b, b1) : factor.mul(b).add(b1);
        }
        int y0 = yAt;
        FloatVector.fromArray(LANES, y, y0).add(a0).intoArray(y, y0);
        FloatVector.fromArray(LANES, y, y0 + COUNT).add(b0).intoArray(y, y0 + COUNT);
        int y1 = yAt + yStride;
        FloatVector.fromArray(LANES, y, y1).add(a1).intoArray(y, y1);
        FloatVector.fromArray(LANES, y, y1 + COUNT).add(b1).intoArray(y, y1 + COUNT);
    }

    private static void one(float[] x, int xAt, float[] panel, int panelAt, int panelStride, int steps,
                            float[] y, int yAt) {
        if (steps == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        int x0 = xAt;
        for (int i = 0, p = panelAt; i < steps; i++, p += panelStride) {
            FloatVector a = FloatVector.fromArray(LANES, panel, p);
            FloatVector b = FloatVector.fromArray(LANES, panel, p + COUNT);
            FloatVector factor = FloatVector.broadcast(LANES, x[x0 + i]);
            a0 = FUSED ? factor.fma(a, a0) : factor.mul(a).add(a0);
            b0 = FUSED ? factor.fma(b, b0) : factor.mul(b).add(b0);
        }
        int y0 = yAt;
        FloatVector.fromArray(LANES, y, y0).add(a0).intoArray(y, y0);
        FloatVector.fromArray(LANES, y, y0 + COUNT).add(b0).intoArray(y, y0 + COUNT);
    }
}
