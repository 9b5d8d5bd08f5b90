package jot.tensor;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The kernels on the Vector API, at the width that the machine prefers.
 *
 * <p>Loaded by {@link KernelSelection} alone, by name, as the incubating module may be absent.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final int WIDTH = RegisterTile.WIDTH;
    private static final boolean FUSED = Elementary.FUSED;
    /** Inputs that are packed at a time, so that a panel stays in the second-level cache. */
    private static final int BLOCK = 1024;

    VectorKernels() {
    }

    @Override
    public String description() {
        return "vector " + LANES.vectorBitSize() + "-bit";
    }

    @Override
    public int panel() {
        return WIDTH;
    }

    @Override
    public int fewRows() {
        return 24;
    }

    @Override
    public void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                        int fromOutput, int toOutput, Scratch scratch) {
        for (int output = fromOutput; output < toOutput; output += WIDTH) {
            int outputs = Math.min(WIDTH, toOutput - output);
            boolean whole = outputs == WIDTH;
            int rows = toRow - fromRow;
            float[] sums = whole ? y.values() : scratch.rows(rows * WIDTH);
            int stride = whole ? y.stride() : WIDTH;
            int at = whole ? y.at(fromRow) + yColumn + output : 0;
            for (int row = 0; row < rows; row++) {
                start(bias, output, outputs, sums, at + row * stride);
            }
            for (int from = 0; from < w.inputs(); from += BLOCK) {
                int count = Math.min(BLOCK, w.inputs() - from);
                float[] panel = pack(w, output, outputs, from, count, scratch);
                RegisterTile.multiplyAddInto(x.values(), x.at(fromRow) + xColumn + from, x.stride(), rows, panel, 0, WIDTH, count,
                    sums, at, stride);
            }
            for (int row = 0; row < rows && !whole; row++) {
                System.arraycopy(sums, row * WIDTH, y.values(), y.at(fromRow + row) + yColumn + output, outputs);
            }
        }
    }

    private static void start(float[] bias, int output, int outputs, float[] sums, int at) {
        if (bias == null) {
            Arrays.fill(sums, at, at + outputs, 0f);
        } else {
            System.arraycopy(bias, output, sums, at, outputs);
        }
    }

    /** The inputs {@code [from, from + count)} of some outputs, widened and turned to {@code [count][WIDTH]}. */
    private static float[] pack(Matrix w, int output, int outputs, int from, int count, Scratch scratch) {
        int stride = BLOCK + 16;
        float[] widened = scratch.tile(WIDTH * stride);
        float[] panel = scratch.panel(BLOCK * WIDTH);
        for (int o = 0; o < WIDTH; o++) {
            if (o < outputs) {
                VectorWeights.widen(w, output + o, from, count, widened, o * stride, false, scratch);
            } else {
                Arrays.fill(widened, o * stride, o * stride + count, 0f);
            }
        }
        for (int o = 0; o < WIDTH; o += 8) {
            turn(widened, o * stride, stride, count, panel, o);
        }
        return panel;
    }

    /** Eight rows become eight columns. */
    private static void turn(float[] from, int at, int stride, int count, float[] to, int column) {
        for (int i = 0; i < count; i++) {
            int f = at + i;
            int t = i * WIDTH + column;
            to[t] = from[f];
            to[t + 1] = from[f + stride];
            to[t + 2] = from[f + 2 * stride];
            to[t + 3] = from[f + 3 * stride];
            to[t + 4] = from[f + 4 * stride];
            to[t + 5] = from[f + 5 * stride];
            to[t + 6] = from[f + 6 * stride];
            to[t + 7] = from[f + 7 * stride];
        }
    }

    @Override
    public void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                       int fromOutput, int toOutput, Scratch scratch) {
        if (w.format() instanceof WeightFormat.Coded coded && LaneKernels.keepsCodes(w, coded, COUNT)) {
            VectorCodes.multiply(w, coded, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
        } else if (toRow - fromRow == 1 && VectorDecode.fits(w, toOutput - fromOutput)) {
            VectorDecode.multiply(w, bias, x.values(), x.at(fromRow) + xColumn, y.values(), y.at(fromRow) + yColumn, fromOutput, toOutput,
                scratch);
        } else {
            RegisterTile.FewRows.multiply(w, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
        }
    }

    @Override
    public void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                       Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch) {
        VectorAttention.attend(shape, queries, queryColumn, sequence, keyOffset, valueOffset, out, outColumn, fromHead, toHead,
            fromQuery, toQuery, scratch);
    }

    @Override
    public void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                          Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        float[] lanes = scratch.tile(COUNT);
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float mean = sum(x.values(), from, width, lanes) / width;
                float variance = squares(x.values(), from, width, mean, lanes) / width;
                shiftAndScale(x.values(), from, mean, 1f / (float) Math.sqrt(variance + epsilon), y.values(), to, width);
                multiply(y.values(), to, weight, group, width);
                add(y.values(), to, bias, group, width);
            }
        }
    }

    @Override
    public void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                        Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        float[] lanes = scratch.tile(COUNT);
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float square = squares(x.values(), from, width, 0f, lanes) / width;
                shiftAndScale(x.values(), from, 0f, 1f / (float) Math.sqrt(square + epsilon), y.values(), to, width);
                multiply(y.values(), to, weight, group, width);
            }
        }
    }

    private static float sum(float[] x, int from, int width, float[] lanes) {
        if (width == 0) {
            return 0f;
        }
        FloatVector sums = FloatVector.zero(LANES);
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            sums = sums.add(FloatVector.fromArray(LANES, x, from + i));
        }
        sums.intoArray(lanes, 0);
        float sum = VectorFunctions.fold(lanes, 0);
        for (int i = whole; i < width; i++) {
            sum += x[from + i];
        }
        return sum;
    }

    private static float squares(float[] x, int from, int width, float mean, float[] lanes) {
        if (width == 0) {
            return 0f;
        }
        FloatVector sums = FloatVector.zero(LANES);
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector difference = FloatVector.fromArray(LANES, x, from + i).sub(mean);
            sums = FUSED ? difference.fma(difference, sums) : difference.mul(difference).add(sums);
        }
        sums.intoArray(lanes, 0);
        float sum = VectorFunctions.fold(lanes, 0);
        for (int i = whole; i < width; i++) {
            float difference = x[from + i] - mean;
            sum = Elementary.multiplyAdd(difference, difference, sum);
        }
        return sum;
    }

    private static void shiftAndScale(float[] x, int from, float mean, float factor, float[] y, int to, int width) {
        if (width == 0) {
            return;
        }
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(LANES, x, from + i).sub(mean).mul(factor).intoArray(y, to + i);
        }
        for (int i = whole; i < width; i++) {
            y[to + i] = (x[from + i] - mean) * factor;
        }
    }

    private static void multiply(float[] y, int to, float[] weight, int group, int width) {
        if (weight == null || width == 0) {
            return;
        }
        int at = ScalarKernels.groupAt(weight, group, width);
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(LANES, y, to + i).mul(FloatVector.fromArray(LANES, weight, at + i)).intoArray(y, to + i);
        }
        for (int i = whole; i < width; i++) {
            y[to + i] *= weight[at + i];
        }
    }

    private static void add(float[] y, int to, float[] bias, int group, int width) {
        if (bias == null || width == 0) {
            return;
        }
        int at = ScalarKernels.groupAt(bias, group, width);
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(LANES, y, to + i).add(FloatVector.fromArray(LANES, bias, at + i)).intoArray(y, to + i);
        }
        for (int i = whole; i < width; i++) {
            y[to + i] += bias[at + i];
        }
    }

    @Override
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow, Scratch scratch) {
        float[] between = scratch.tile(VectorFunctions.CHUNK);
        for (int row = fromRow; row < toRow; row++) {
            VectorFunctions.activate(activation, x.values(), x.at(row) + column, width, between);
        }
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow, Scratch scratch) {
        float[] between = scratch.tile(VectorFunctions.CHUNK);
        for (int row = fromRow; row < toRow; row++) {
            VectorFunctions.gate(activation, gate.values(), gate.at(row) + gateColumn, up.values(), up.at(row) + upColumn,
                y.values(), y.at(row) + yColumn, width, between);
        }
    }

    @Override
    public void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                       int tableWidth, int[] tableRows, int fromRow, int toRow) {
        int half = rotated / 2;
        if (interleaved || half % COUNT != 0) {
            ScalarKernels.rotateRows(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, fromRow, toRow);
            return;
        }
        for (int row = fromRow; row < toRow; row++) {
            int table = tableRows[row] * tableWidth;
            for (int head = 0; head < heads; head++) {
                rotateHead(x.values(), x.at(row) + column + head * headSize, half, cos, sin, table);
            }
        }
    }

    private static void rotateHead(float[] x, int from, int half, float[] cos, float[] sin, int table) {
        if (half == 0) {
            return;
        }
        for (int j = 0; j < half; j += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, x, from + j);
            FloatVector b = FloatVector.fromArray(LANES, x, from + half + j);
            FloatVector c = FloatVector.fromArray(LANES, cos, table + j);
            FloatVector s = FloatVector.fromArray(LANES, sin, table + j);
            a.mul(c).sub(b.mul(s)).intoArray(x, from + j);
            b.mul(c).add(a.mul(s)).intoArray(x, from + half + j);
        }
    }

    @Override
    public void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            addRow(x.values(), x.at(row) + xColumn, scale, into.values(), into.at(row) + intoColumn, width);
        }
    }

    private static void addRow(float[] x, int from, float scale, float[] into, int to, int width) {
        if (width == 0) {
            return;
        }
        FloatVector factor = FloatVector.broadcast(LANES, scale);
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector value = FloatVector.fromArray(LANES, x, from + i);
            FloatVector sum = FloatVector.fromArray(LANES, into, to + i);
            (FUSED ? value.fma(factor, sum) : value.mul(factor).add(sum)).intoArray(into, to + i);
        }
        for (int i = whole; i < width; i++) {
            into[to + i] = Elementary.multiplyAdd(scale, x[from + i], into[to + i]);
        }
    }

    @Override
    public void scale(Activations x, int column, float scale, int width, int fromRow, int toRow) {
        int whole = width - width % COUNT;
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = 0; i < whole; i += COUNT) {
                FloatVector.fromArray(LANES, x.values(), from + i).mul(scale).intoArray(x.values(), from + i);
            }
            for (int i = whole; i < width; i++) {
                x.values()[from + i] *= scale;
            }
        }
    }

    @Override
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow, Scratch scratch) {
        float[] between = scratch.tile(VectorFunctions.CHUNK);
        for (int row = fromRow; row < toRow; row++) {
            VectorFunctions.softcap(x.values(), x.at(row) + column, width, cap, between);
        }
    }
}
