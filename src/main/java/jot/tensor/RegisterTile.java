package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
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

    /**
     * A few rows times a matrix, which is read once for all of them; a single row has kernels of its own, {@link VectorDecode}, unless
     * the matrix does not fit those ({@link VectorDecode#fits}).
     *
     * <p>Reading and arithmetic take turns. While several rows are multiplied, too few loads are under way at a time to keep memory
     * busy, and the hardware does not run ahead far enough. So a block of outputs, as much as the second-level cache holds easily, is
     * first fetched at the full speed of memory, by touching a number in each cache line or by widening it, and then multiplied from the
     * cache. The other threads read meanwhile.
     *
     * <p>The tile is eight rows of activations by three of weights, or six by two where there are 16 registers. Each sum is one vector, as
     * in {@link VectorDecode}: lane {@code l} sums the inputs {@code l, l + lanes, …} in order, and the lanes are folded at the end. Words
     * of two numbers of 16 bits are widened to a vector of even inputs and one of odd ones, and the rows are laid out the same way.
     */
    static final class FewRows {
        private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
        /** Rows of weights that are multiplied side by side. */
        private static final int STREAMS = ROWS == 12 ? 3 : 2;
        /** Bytes of weights that are fetched before they are multiplied, and outputs at most. */
        private static final int BLOCK_BYTES = 192 << 10;
        private static final int BLOCK_OUTPUTS = 48;
        private static final int LINE = 64;

        private FewRows() {
        }

        static void multiply(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                             int fromOutput, int toOutput, Scratch scratch) {
            boolean half = w.format() == WeightFormat.F16;
            int padded = (w.inputs() + COUNT - 1) / COUNT * COUNT;
            float[] rows = scratch.rows((toRow - fromRow) * padded);
            for (int row = fromRow, count; row < toRow; row += count) {
                count = together(toRow - row);
                interleave(x, xColumn, row, count, w, rows, (row - fromRow) * padded);
            }
            int streamOutputs = Math.clamp(BLOCK_BYTES / ((long) STREAMS * Float.BYTES * padded), 1, BLOCK_OUTPUTS / STREAMS);
            for (int output = fromOutput, outputs; output < toOutput; output += outputs) {
                int each = Math.min(streamOutputs, (toOutput - output) / STREAMS);
                outputs = each == 0 ? 1 : STREAMS * each;
                MemorySegment weights = fetched(w, output, outputs, padded, scratch);
                long at = weights == w.codes() ? (long) Float.BYTES * output * padded : 0;
                for (int row = fromRow, count; row < toRow; row += count) {
                    count = together(toRow - row);
                    float[] sums = scratch.tile(Math.max(VectorDecode.ROOM, (count * Math.max(STREAMS, outputs) + COUNT) * COUNT));
                    products(weights, at, padded, each, rows, (row - fromRow) * padded, count, sums);
                    int stride = Math.max(STREAMS, outputs);
                    VectorFunctions.foldAll(sums, 0, count * stride);
                    store(sums, stride, half ? VectorWeights.F16_SUM : 1f, bias, output, outputs, y, yColumn, row, count);
                }
            }
        }

        /** Rows of the next tile. */
        static int together(int left) {
            if (STREAMS == 2) {
                return left >= 6 ? 6 : left >= 2 ? 2 : 1;
            }
            return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        }

        /** Lays out the rows of a tile as {@code [inputs / lanes][rows][lanes]}, times a factor and with zeros at the end. */
        private static void interleave(Activations x, int xColumn, int row, int count, Matrix w, float[] to, int at) {
            int inputs = w.inputs();
            float factor = w.format() == WeightFormat.F16 ? VectorWeights.F16_ACTIVATION : 1f;
            boolean paired = LaneKernels.arePaired(w.format(), inputs, COUNT);
            int whole = inputs - inputs % COUNT;
            for (int r = 0; r < count; r++) {
                int from = x.at(row + r) + xColumn;
                int place = at + r * COUNT;
                if (paired) {
                    VectorDecode.pairs(x.values(), from, inputs, factor, to, place, count);
                    continue;
                }
                for (int i = 0; i < whole; i += COUNT) {
                    FloatVector.fromArray(LANES, x.values(), from + i).mul(factor).intoArray(to, place + count * i);
                }
                for (int i = 0; whole < inputs && i < COUNT; i++) {
                    to[place + count * whole + i] = whole + i < inputs ? x.values()[from + whole + i] * factor : 0f;
                }
            }
        }

        /** Where the weights of some outputs are to be read as floats, padded to whole vectors: in the matrix itself, or widened. */
        private static MemorySegment fetched(Matrix w, int output, int outputs, int padded, Scratch scratch) {
            if (w.format() == WeightFormat.F32 && padded == w.inputs()) {
                scratch.touched(touch(w.codes(), (long) Float.BYTES * output * padded, Float.BYTES * outputs * padded));
                return w.codes();
            }
            MemorySegment widened = scratch.fetched((long) Float.BYTES * outputs * padded);
            if (LaneKernels.arePaired(w.format(), w.inputs(), COUNT)) {
                widenWords(w.codes(), w.format() == WeightFormat.F16, 2L * output * padded, outputs * padded, widened);
            } else if (padded == w.inputs() && w.format() instanceof WeightFormat.Plain) {
                widenHalves(w.codes(), w.format() == WeightFormat.F16, 2L * output * padded, outputs * padded, widened);
            } else {
                float[] row = scratch.panel(padded);
                for (int k = 0; k < outputs; k++) {
                    VectorWeights.widen(w, output + k, 0, w.inputs(), row, 0, true, scratch);
                    Arrays.fill(row, w.inputs(), padded, 0f);
                    MemorySegment.copy(row, 0, widened, Matrix.FLOAT, (long) Float.BYTES * k * padded, padded);
                }
            }
            return widened;
        }

        /** Reads a number of each cache line; the sum makes the compiler do it. */
        private static int touch(MemorySegment weights, long from, int bytes) {
            int sum = 0;
            for (int i = 0; i < bytes; i += LINE) {
                sum += weights.get(INT, from + i);
            }
            return sum;
        }

        /** Words of two numbers, {@code [inputs / 2]}, become a vector of even inputs, one of odd ones, and so on. */
        static void widenWords(MemorySegment words, boolean f16, long from, int count, MemorySegment to) {
            int bits = f16 ? VectorDecode.F16_BITS : VectorDecode.BF16_BITS;
            int shift = f16 ? 3 : 0;
            for (int i = 0; i < count; i += 2 * COUNT) {
                IntVector both = IntVector.fromMemorySegment(VectorWeights.INTS, words, from + 2L * i, ORDER);
                both.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, shift).and(bits).reinterpretAsFloats()
                    .intoMemorySegment(to, (long) Float.BYTES * i, ORDER);
                both.lanewise(VectorOperators.ASHR, shift).and(bits).reinterpretAsFloats()
                    .intoMemorySegment(to, (long) Float.BYTES * (i + COUNT), ORDER);
            }
        }

        static void widenHalves(MemorySegment halves, boolean f16, long from, int count, MemorySegment to) {
            for (int i = 0; i < count; i += COUNT) {
                ((IntVector) ShortVector.fromMemorySegment(VectorWeights.SHORTS, halves, from + 2L * i, ORDER)
                    .convertShape(VectorOperators.S2I, VectorWeights.INTS, 0)).lanewise(VectorOperators.LSHL, f16 ? 13 : 16)
                    .and(f16 ? VectorDecode.F16_BITS : VectorDecode.BF16_BITS).reinterpretAsFloats()
                    .intoMemorySegment(to, (long) Float.BYTES * i, ORDER);
            }
        }

        /** Sums {@code [rows][streams][each]} of outputs that lie one after the other; if each is 0, those of one output. */
        static void products(MemorySegment weights, long from, int inputs, int each, float[] x, int at, int rows, float[] sums) {
            int distance = Math.max(each, 1) * COUNT;
            long row = (long) Float.BYTES * inputs;
            for (int k = 0; k < Math.max(each, 1); k++) {
                tile(weights, from + k * row, each * row, inputs, x, at, rows, sums, k * COUNT, distance);
            }
        }

        private static void tile(MemorySegment w, long from, long apart, int inputs, float[] x, int at, int rows, float[] sums, int to,
                                 int distance) {
            if (STREAMS == 2) {
                switch (rows) {
                    case 6 -> sixByTwo(w, from, apart, inputs, x, at, sums, to, distance);
                    case 2 -> twoByTwo(w, from, apart, inputs, x, at, sums, to, distance);
                    default -> oneByTwo(w, from, apart, inputs, x, at, sums, to, distance);
                }
            } else {
                switch (rows) {
                    case 8 -> eightByThree(w, from, apart, inputs, x, at, sums, to, distance);
                    case 4 -> fourByThree(w, from, apart, inputs, x, at, sums, to, distance);
                    case 2 -> twoByThree(w, from, apart, inputs, x, at, sums, to, distance);
                    default -> oneByThree(w, from, apart, inputs, x, at, sums, to, distance);
                }
            }
        }

        private static void store(float[] sums, int stride, float factor, float[] bias, int output, int outputs, Activations y, int yColumn,
                                  int row, int rows) {
            for (int r = 0; r < rows; r++) {
                int to = y.at(row + r) + yColumn + output;
                for (int o = 0; o < outputs; o++) {
                    float sum = sums[r * stride + o] * factor;
                    y.values()[to + o] = bias == null ? sum : sum + bias[output + o];
                }
            }
        }

        private static void eightByThree(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                         int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            FloatVector c0 = zero;
            FloatVector a1 = zero;
            FloatVector b1 = zero;
            FloatVector c1 = zero;
            FloatVector a2 = zero;
            FloatVector b2 = zero;
            FloatVector c2 = zero;
            FloatVector a3 = zero;
            FloatVector b3 = zero;
            FloatVector c3 = zero;
            FloatVector a4 = zero;
            FloatVector b4 = zero;
            FloatVector c4 = zero;
            FloatVector a5 = zero;
            FloatVector b5 = zero;
            FloatVector c5 = zero;
            FloatVector a6 = zero;
            FloatVector b6 = zero;
            FloatVector c6 = zero;
            FloatVector a7 = zero;
            FloatVector b7 = zero;
            FloatVector c7 = zero;
            long from1 = from + apart;
            long from2 = from1 + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + 8 * i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(LANES, w, from2 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                c0 = FUSED ? c.fma(row, c0) : c.mul(row).add(c0);
                row = FloatVector.fromArray(LANES, x, v + COUNT);
                a1 = FUSED ? a.fma(row, a1) : a.mul(row).add(a1);
                b1 = FUSED ? b.fma(row, b1) : b.mul(row).add(b1);
                c1 = FUSED ? c.fma(row, c1) : c.mul(row).add(c1);
                row = FloatVector.fromArray(LANES, x, v + 2 * COUNT);
                a2 = FUSED ? a.fma(row, a2) : a.mul(row).add(a2);
                b2 = FUSED ? b.fma(row, b2) : b.mul(row).add(b2);
                c2 = FUSED ? c.fma(row, c2) : c.mul(row).add(c2);
                row = FloatVector.fromArray(LANES, x, v + 3 * COUNT);
                a3 = FUSED ? a.fma(row, a3) : a.mul(row).add(a3);
                b3 = FUSED ? b.fma(row, b3) : b.mul(row).add(b3);
                c3 = FUSED ? c.fma(row, c3) : c.mul(row).add(c3);
                row = FloatVector.fromArray(LANES, x, v + 4 * COUNT);
                a4 = FUSED ? a.fma(row, a4) : a.mul(row).add(a4);
                b4 = FUSED ? b.fma(row, b4) : b.mul(row).add(b4);
                c4 = FUSED ? c.fma(row, c4) : c.mul(row).add(c4);
                row = FloatVector.fromArray(LANES, x, v + 5 * COUNT);
                a5 = FUSED ? a.fma(row, a5) : a.mul(row).add(a5);
                b5 = FUSED ? b.fma(row, b5) : b.mul(row).add(b5);
                c5 = FUSED ? c.fma(row, c5) : c.mul(row).add(c5);
                row = FloatVector.fromArray(LANES, x, v + 6 * COUNT);
                a6 = FUSED ? a.fma(row, a6) : a.mul(row).add(a6);
                b6 = FUSED ? b.fma(row, b6) : b.mul(row).add(b6);
                c6 = FUSED ? c.fma(row, c6) : c.mul(row).add(c6);
                row = FloatVector.fromArray(LANES, x, v + 7 * COUNT);
                a7 = FUSED ? a.fma(row, a7) : a.mul(row).add(a7);
                b7 = FUSED ? b.fma(row, b7) : b.mul(row).add(b7);
                c7 = FUSED ? c.fma(row, c7) : c.mul(row).add(c7);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            c0.intoArray(sums, to + 2 * distance);
            a1.intoArray(sums, to + 3 * distance);
            b1.intoArray(sums, to + 4 * distance);
            c1.intoArray(sums, to + 5 * distance);
            a2.intoArray(sums, to + 6 * distance);
            b2.intoArray(sums, to + 7 * distance);
            c2.intoArray(sums, to + 8 * distance);
            a3.intoArray(sums, to + 9 * distance);
            b3.intoArray(sums, to + 10 * distance);
            c3.intoArray(sums, to + 11 * distance);
            a4.intoArray(sums, to + 12 * distance);
            b4.intoArray(sums, to + 13 * distance);
            c4.intoArray(sums, to + 14 * distance);
            a5.intoArray(sums, to + 15 * distance);
            b5.intoArray(sums, to + 16 * distance);
            c5.intoArray(sums, to + 17 * distance);
            a6.intoArray(sums, to + 18 * distance);
            b6.intoArray(sums, to + 19 * distance);
            c6.intoArray(sums, to + 20 * distance);
            a7.intoArray(sums, to + 21 * distance);
            b7.intoArray(sums, to + 22 * distance);
            c7.intoArray(sums, to + 23 * distance);
        }

        private static void fourByThree(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                        int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            FloatVector c0 = zero;
            FloatVector a1 = zero;
            FloatVector b1 = zero;
            FloatVector c1 = zero;
            FloatVector a2 = zero;
            FloatVector b2 = zero;
            FloatVector c2 = zero;
            FloatVector a3 = zero;
            FloatVector b3 = zero;
            FloatVector c3 = zero;
            long from1 = from + apart;
            long from2 = from1 + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + 4 * i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(LANES, w, from2 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                c0 = FUSED ? c.fma(row, c0) : c.mul(row).add(c0);
                row = FloatVector.fromArray(LANES, x, v + COUNT);
                a1 = FUSED ? a.fma(row, a1) : a.mul(row).add(a1);
                b1 = FUSED ? b.fma(row, b1) : b.mul(row).add(b1);
                c1 = FUSED ? c.fma(row, c1) : c.mul(row).add(c1);
                row = FloatVector.fromArray(LANES, x, v + 2 * COUNT);
                a2 = FUSED ? a.fma(row, a2) : a.mul(row).add(a2);
                b2 = FUSED ? b.fma(row, b2) : b.mul(row).add(b2);
                c2 = FUSED ? c.fma(row, c2) : c.mul(row).add(c2);
                row = FloatVector.fromArray(LANES, x, v + 3 * COUNT);
                a3 = FUSED ? a.fma(row, a3) : a.mul(row).add(a3);
                b3 = FUSED ? b.fma(row, b3) : b.mul(row).add(b3);
                c3 = FUSED ? c.fma(row, c3) : c.mul(row).add(c3);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            c0.intoArray(sums, to + 2 * distance);
            a1.intoArray(sums, to + 3 * distance);
            b1.intoArray(sums, to + 4 * distance);
            c1.intoArray(sums, to + 5 * distance);
            a2.intoArray(sums, to + 6 * distance);
            b2.intoArray(sums, to + 7 * distance);
            c2.intoArray(sums, to + 8 * distance);
            a3.intoArray(sums, to + 9 * distance);
            b3.intoArray(sums, to + 10 * distance);
            c3.intoArray(sums, to + 11 * distance);
        }

        private static void twoByThree(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                       int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            FloatVector c0 = zero;
            FloatVector a1 = zero;
            FloatVector b1 = zero;
            FloatVector c1 = zero;
            long from1 = from + apart;
            long from2 = from1 + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + 2 * i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(LANES, w, from2 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                c0 = FUSED ? c.fma(row, c0) : c.mul(row).add(c0);
                row = FloatVector.fromArray(LANES, x, v + COUNT);
                a1 = FUSED ? a.fma(row, a1) : a.mul(row).add(a1);
                b1 = FUSED ? b.fma(row, b1) : b.mul(row).add(b1);
                c1 = FUSED ? c.fma(row, c1) : c.mul(row).add(c1);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            c0.intoArray(sums, to + 2 * distance);
            a1.intoArray(sums, to + 3 * distance);
            b1.intoArray(sums, to + 4 * distance);
            c1.intoArray(sums, to + 5 * distance);
        }

        private static void oneByThree(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                       int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            FloatVector c0 = zero;
            long from1 = from + apart;
            long from2 = from1 + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector c = FloatVector.fromMemorySegment(LANES, w, from2 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                c0 = FUSED ? c.fma(row, c0) : c.mul(row).add(c0);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            c0.intoArray(sums, to + 2 * distance);
        }

        private static void sixByTwo(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                     int distance) {
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
            long from1 = from + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + 6 * i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                row = FloatVector.fromArray(LANES, x, v + COUNT);
                a1 = FUSED ? a.fma(row, a1) : a.mul(row).add(a1);
                b1 = FUSED ? b.fma(row, b1) : b.mul(row).add(b1);
                row = FloatVector.fromArray(LANES, x, v + 2 * COUNT);
                a2 = FUSED ? a.fma(row, a2) : a.mul(row).add(a2);
                b2 = FUSED ? b.fma(row, b2) : b.mul(row).add(b2);
                row = FloatVector.fromArray(LANES, x, v + 3 * COUNT);
                a3 = FUSED ? a.fma(row, a3) : a.mul(row).add(a3);
                b3 = FUSED ? b.fma(row, b3) : b.mul(row).add(b3);
                row = FloatVector.fromArray(LANES, x, v + 4 * COUNT);
                a4 = FUSED ? a.fma(row, a4) : a.mul(row).add(a4);
                b4 = FUSED ? b.fma(row, b4) : b.mul(row).add(b4);
                row = FloatVector.fromArray(LANES, x, v + 5 * COUNT);
                a5 = FUSED ? a.fma(row, a5) : a.mul(row).add(a5);
                b5 = FUSED ? b.fma(row, b5) : b.mul(row).add(b5);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            a1.intoArray(sums, to + 2 * distance);
            b1.intoArray(sums, to + 3 * distance);
            a2.intoArray(sums, to + 4 * distance);
            b2.intoArray(sums, to + 5 * distance);
            a3.intoArray(sums, to + 6 * distance);
            b3.intoArray(sums, to + 7 * distance);
            a4.intoArray(sums, to + 8 * distance);
            b4.intoArray(sums, to + 9 * distance);
            a5.intoArray(sums, to + 10 * distance);
            b5.intoArray(sums, to + 11 * distance);
        }

        private static void twoByTwo(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                     int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            FloatVector a1 = zero;
            FloatVector b1 = zero;
            long from1 = from + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + 2 * i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
                row = FloatVector.fromArray(LANES, x, v + COUNT);
                a1 = FUSED ? a.fma(row, a1) : a.mul(row).add(a1);
                b1 = FUSED ? b.fma(row, b1) : b.mul(row).add(b1);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
            a1.intoArray(sums, to + 2 * distance);
            b1.intoArray(sums, to + 3 * distance);
        }

        private static void oneByTwo(MemorySegment w, long from, long apart, int inputs, float[] x, int at, float[] sums, int to,
                                     int distance) {
            FloatVector zero = FloatVector.zero(LANES);
            FloatVector a0 = zero;
            FloatVector b0 = zero;
            long from1 = from + apart;
            for (int i = 0; i < inputs; i += COUNT) {
                long step = (long) Float.BYTES * i;
                int v = at + i;
                FloatVector a = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
                FloatVector b = FloatVector.fromMemorySegment(LANES, w, from1 + step, ORDER);
                FloatVector row = FloatVector.fromArray(LANES, x, v);
                a0 = FUSED ? a.fma(row, a0) : a.mul(row).add(a0);
                b0 = FUSED ? b.fma(row, b0) : b.mul(row).add(b0);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + distance);
        }
    }
}
