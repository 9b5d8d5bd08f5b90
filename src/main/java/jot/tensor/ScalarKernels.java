package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The kernels in plain Java: the readable oracle, and what runs where the Vector API can't. */
final class ScalarKernels implements Kernels {
    private static final int PAGE = AttentionRows.PAGE;
    private static final int GROUP = WeightFormat.Coded.GROUP;
    /** Outputs that are computed together. */
    private static final int PANEL = 192;
    /** Inputs whose weights are turned at a time, so that they stay in the second-level cache. */
    private static final int BLOCK = 64;
    /** Arrays that one loop reads. */
    private static final int STEP = 4;

    @Override
    public String description() {
        return "scalar";
    }

    @Override
    public int panel() {
        return PANEL;
    }

    @Override
    public void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                        int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        float[] widened = scratch.panel(BLOCK);
        float[][] columns = scratch.columns(BLOCK, PANEL);
        float[][] sums = scratch.sums(rows, PANEL);
        for (int output = fromOutput; output < toOutput; output += PANEL) {
            int outputs = Math.min(PANEL, toOutput - output);
            for (int row = 0; row < rows; row++) {
                Arrays.fill(sums[row], 0f);
            }
            for (int from = 0; from < w.inputs(); from += BLOCK) {
                int count = Math.min(BLOCK, w.inputs() - from);
                turn(w, output, outputs, from, count, widened, columns);
                for (int row = 0; row < rows; row++) {
                    accumulate(sums[row], columns, count, x.values(), x.at(fromRow + row) + xColumn + from);
                }
            }
            for (int row = 0; row < rows; row++) {
                store(sums[row], outputs, bias, output, y.values(), y.at(fromRow + row) + yColumn + output);
            }
        }
    }

    /** Some inputs of some outputs as arrays {@code [inputs][outputs]}, padded with zeros to whole panels and steps. */
    private static void turn(Matrix w, int output, int outputs, int from, int count, float[] widened, float[][] columns) {
        for (int i = count; i < (count + STEP - 1) / STEP * STEP; i++) {
            Arrays.fill(columns[i], 0f);
        }
        for (int o = 0; o < outputs; o++) {
            w.row(output + o, from, count, widened, 0);
            for (int i = 0; i < count; i++) {
                columns[i][o] = widened[i];
            }
        }
        for (int i = 0; i < count && outputs < PANEL; i++) {
            Arrays.fill(columns[i], outputs, PANEL, 0f);
        }
    }

    /** {@code sums[o] += Σᵢ x[i] · columns[i][o]}, each sum one chain over the inputs. */
    private static void accumulate(float[] sums, float[][] columns, int count, float[] x, int at) {
        int i = 0;
        for (; i + STEP <= count; i += STEP) {
            multiplyAdd(sums, columns[i], columns[i + 1], columns[i + 2], columns[i + 3], x[at + i], x[at + i + 1], x[at + i + 2],
                x[at + i + 3]);
        }
        for (; i < count; i++) {
            multiplyAdd(sums, columns[i], x[at + i]);
        }
    }

    /** One index over separate arrays and one store: in this form the compiler makes vector instructions of it. */
    private static void multiplyAdd(float[] y, float[] p, float[] q, float[] r, float[] s, float a, float b, float c, float d) {
        for (int j = 0; j < PANEL; j++) {
            y[j] = Elementary.multiplyAdd(d, s[j], Elementary.multiplyAdd(c, r[j],
                Elementary.multiplyAdd(b, q[j], Elementary.multiplyAdd(a, p[j], y[j]))));
        }
    }

    private static void multiplyAdd(float[] y, float[] p, float a) {
        for (int j = 0; j < PANEL; j++) {
            y[j] = Elementary.multiplyAdd(a, p[j], y[j]);
        }
    }

    private static void store(float[] sums, int outputs, float[] bias, int output, float[] y, int to) {
        for (int o = 0; o < outputs; o++) {
            y[to + o] = bias == null ? sums[o] : sums[o] + bias[output + o];
        }
    }

    @Override
    public void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                       int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        int piece = (w.inputs() + STEP - 1) / STEP;
        float[][] inputs = scratch.sums(rows * STEP, piece);
        for (int row = 0; row < rows; row++) {
            split(x.values(), x.at(fromRow + row) + xColumn, w.inputs(), piece, inputs, row * STEP);
        }
        float[][] weights = scratch.columns(STEP, piece);
        float[] widened = scratch.panel(w.inputs());
        float[] products = scratch.rows(piece);
        for (int output = fromOutput; output < toOutput; output++) {
            pieces(w, output, piece, widened, weights, scratch);
            for (int row = 0; row < rows; row++) {
                products(weights, inputs, row * STEP, piece, products);
                float sum = sum(products, piece);
                y.values()[y.at(fromRow + row) + yColumn + output] = bias == null ? sum : sum + bias[output];
            }
        }
    }

    /** A row of weights in four arrays of equal length. */
    private static void pieces(Matrix w, int output, int piece, float[] widened, float[][] to, Scratch scratch) {
        int inputs = w.inputs();
        if (w.format() == WeightFormat.F32 && inputs == piece * STEP) {
            for (int k = 0; k < STEP; k++) {
                w.row(output, k * piece, piece, to[k], 0);
            }
        } else {
            widen(w, output, widened, scratch);
            split(widened, 0, inputs, piece, to, 0);
        }
    }

    /** Widens a row by way of arrays, as loops over a segment stay slow. */
    private static void widen(Matrix w, int output, float[] to, Scratch scratch) {
        int inputs = w.inputs();
        if (w.format() == WeightFormat.F16 || w.format() == WeightFormat.BF16) {
            short[] halves = scratch.halves(inputs);
            MemorySegment.copy(w.codes(), Matrix.SHORT, 2L * output * inputs, halves, 0, inputs);
            if (w.format() == WeightFormat.F16) {
                widenHalves(halves, to, inputs);
            } else {
                widenBrains(halves, to, inputs);
            }
        } else if (w.format() instanceof WeightFormat.Coded coded && coded.bits() == 8 && !coded.minimum()) {
            int bytes = coded.rowBytes(inputs);
            int groups = coded.groups(inputs);
            byte[] codes = scratch.codes(bytes);
            float[] scales = scratch.tile(groups);
            MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, (long) output * bytes, codes, 0, bytes);
            MemorySegment.copy(w.scales(), Matrix.FLOAT, 4L * output * groups, scales, 0, groups);
            widenBytes(codes, to, inputs);
            scale(to, scales, inputs);
        } else {
            w.row(output, to, 0);
        }
    }

    private static void widenHalves(short[] halves, float[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = Float.float16ToFloat(halves[i]);
        }
    }

    private static void widenBrains(short[] brains, float[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = Float.intBitsToFloat(brains[i] << 16);
        }
    }

    private static void widenBytes(byte[] codes, float[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = codes[i];
        }
    }

    private static void scale(float[] to, float[] scales, int count) {
        for (int group = 0; group * GROUP < count; group++) {
            int end = Math.min(count, group * GROUP + GROUP);
            float scale = scales[group];
            for (int i = group * GROUP; i < end; i++) {
                to[i] *= scale;
            }
        }
    }

    private static void split(float[] from, int at, int count, int piece, float[][] to, int first) {
        for (int k = 0; k < STEP; k++) {
            int start = Math.min(k * piece, count);
            int length = Math.min(piece, count - start);
            System.arraycopy(from, at + start, to[first + k], 0, length);
            Arrays.fill(to[first + k], length, piece, 0f);
        }
    }

    private static void products(float[][] w, float[][] x, int row, int count, float[] to) {
        products(w[0], w[1], w[2], w[3], x[row], x[row + 1], x[row + 2], x[row + 3], count, to);
    }

    private static void products(float[] p, float[] q, float[] r, float[] s, float[] a, float[] b, float[] c, float[] d, int count,
                                 float[] to) {
        for (int j = 0; j < count; j++) {
            to[j] = Elementary.multiplyAdd(s[j], d[j], Elementary.multiplyAdd(r[j], c[j], Elementary.multiplyAdd(q[j], b[j], p[j] * a[j])));
        }
    }

    /** The sum in eight chains, so that they overlap. */
    private static float sum(float[] x, int count) {
        float a = 0f;
        float b = 0f;
        float c = 0f;
        float d = 0f;
        float e = 0f;
        float f = 0f;
        float g = 0f;
        float h = 0f;
        int i = 0;
        for (; i + 8 <= count; i += 8) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
            e += x[i + 4];
            f += x[i + 5];
            g += x[i + 6];
            h += x[i + 7];
        }
        for (; i < count; i++) {
            a += x[i];
        }
        return a + b + (c + d) + (e + f + (g + h));
    }

    @Override
    public void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                       Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch) {
        for (int query = fromQuery; query < toQuery; query++) {
            int row = sequence.firstRow() + query;
            int position = sequence.firstPosition() + query;
            float[] scores = scratch.rows((position / PAGE + 1) * PAGE);
            for (int head = fromHead; head < toHead; head++) {
                int keyHead = head / shape.group();
                int q = queries.at(row) + queryColumn + head * shape.keySize();
                int o = out.at(row) + outColumn + head * shape.valueSize();
                int keys = keyOffset + keyHead * shape.keySize() * PAGE;
                int values = valueOffset + keyHead * shape.valueSize() * PAGE;
                scores(shape, queries.values(), q, sequence.pages(), keys, position, scores);
                softmax(shape, head, position, scores);
                mix(shape, scores, sequence.pages(), values, position, out.values(), o);
            }
        }
    }

    /** Dot products of one query [keySize] with all visible keys, page by page [keySize][PAGE]. */
    private static void scores(AttentionShape shape, float[] queries, int q, float[][] pages, int keys, int position, float[] scores) {
        for (int page = shape.firstVisible(position) / PAGE; page <= position / PAGE; page++) {
            float[] values = pages[page];
            Arrays.fill(scores, page * PAGE, page * PAGE + PAGE, 0f);
            for (int i = 0; i < shape.keySize(); i++) {
                float factor = queries[q + i];
                for (int j = 0; j < PAGE; j++) {
                    scores[page * PAGE + j] = Elementary.multiplyAdd(factor, values[keys + i * PAGE + j], scores[page * PAGE + j]);
                }
            }
        }
    }

    /** Scores of the visible positions become probabilities, the others in their pages 0. */
    private static void softmax(AttentionShape shape, int head, int position, float[] scores) {
        int first = shape.firstVisible(position);
        float sink = shape.sinks() == null ? Float.NEGATIVE_INFINITY : shape.sinks()[head];
        float max = sink;
        for (int key = first; key <= position; key++) {
            float score = scores[key] * shape.scale();
            score = shape.softcap() == 0f ? score : shape.softcap() * Elementary.tanh(score / shape.softcap());
            score = shape.slopes() == null ? score : Elementary.multiplyAdd(shape.slopes()[head], key - position, score);
            scores[key] = score;
            max = Math.max(max, score);
        }
        float sum = sink == Float.NEGATIVE_INFINITY ? 0f : Elementary.exp(sink - max);
        for (int key = first; key <= position; key++) {
            scores[key] = Elementary.exp(scores[key] - max);
            sum += scores[key];
        }
        Arrays.fill(scores, first / PAGE * PAGE, first, 0f);
        for (int key = first; key <= position; key++) {
            scores[key] /= sum;
        }
    }

    /** Values [PAGE][valueSize] of the visible positions, weighted by their probabilities. */
    private static void mix(AttentionShape shape, float[] scores, float[][] pages, int values, int position, float[] out, int o) {
        int size = shape.valueSize();
        Arrays.fill(out, o, o + size, 0f);
        for (int key = shape.firstVisible(position); key <= position; key++) {
            float[] page = pages[key / PAGE];
            int at = values + key % PAGE * size;
            for (int c = 0; c < size; c++) {
                out[o + c] = Elementary.multiplyAdd(scores[key], page[at + c], out[o + c]);
            }
        }
    }

    @Override
    public void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                          Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float mean = sum(x.values(), from, width) / width;
                float variance = squares(x.values(), from, width, mean) / width;
                float factor = 1f / (float) Math.sqrt(variance + epsilon);
                for (int i = 0; i < width; i++) {
                    float value = (x.values()[from + i] - mean) * factor;
                    value = weight == null ? value : value * weight[groupAt(weight, group, width) + i];
                    y.values()[to + i] = bias == null ? value : value + bias[groupAt(bias, group, width) + i];
                }
            }
        }
    }

    @Override
    public void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                        Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float factor = 1f / (float) Math.sqrt(squares(x.values(), from, width, 0f) / width + epsilon);
                for (int i = 0; i < width; i++) {
                    float value = x.values()[from + i] * factor;
                    y.values()[to + i] = weight == null ? value : value * weight[groupAt(weight, group, width) + i];
                }
            }
        }
    }

    /** Where a group's weights start: all groups share them, or each has its own. */
    static int groupAt(float[] weight, int group, int width) {
        return weight.length == width ? 0 : group * width;
    }

    private static float sum(float[] x, int from, int width) {
        float sum = 0f;
        for (int i = from; i < from + width; i++) {
            sum += x[i];
        }
        return sum;
    }

    private static float squares(float[] x, int from, int width, float mean) {
        float sum = 0f;
        for (int i = from; i < from + width; i++) {
            float difference = x[i] - mean;
            sum = Elementary.multiplyAdd(difference, difference, sum);
        }
        return sum;
    }

    @Override
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = from; i < from + width; i++) {
                x.values()[i] = Elementary.apply(activation, x.values()[i]);
            }
        }
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            int g = gate.at(row) + gateColumn;
            int u = up.at(row) + upColumn;
            int to = y.at(row) + yColumn;
            for (int i = 0; i < width; i++) {
                y.values()[to + i] = join(activation, gate.values()[g + i], up.values()[u + i]);
            }
        }
    }

    static float join(GatedActivation activation, float gate, float up) {
        return switch (activation) {
            case GatedActivation.Product product -> Elementary.apply(product.activation(), gate) * up;
            case GatedActivation.ClampedSwiglu shape -> Elementary.clampedSwiglu(shape, gate, up);
        };
    }

    @Override
    public void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                       int tableWidth, int[] tableRows, int fromRow, int toRow) {
        rotateRows(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, fromRow, toRow);
    }

    static void rotateRows(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                           int tableWidth, int[] tableRows, int fromRow, int toRow) {
        int half = rotated / 2;
        for (int row = fromRow; row < toRow; row++) {
            int table = tableRows[row] * tableWidth;
            for (int head = 0; head < heads; head++) {
                int from = x.at(row) + column + head * headSize;
                for (int j = 0; j < half; j++) {
                    int first = from + (interleaved ? 2 * j : j);
                    rotatePair(x.values(), first, interleaved ? first + 1 : first + half, cos[table + j], sin[table + j]);
                }
            }
        }
    }

    private static void rotatePair(float[] x, int first, int second, float cos, float sin) {
        float a = x[first];
        float b = x[second];
        x[first] = a * cos - b * sin;
        x[second] = b * cos + a * sin;
    }

    @Override
    public void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + xColumn;
            int to = into.at(row) + intoColumn;
            for (int i = 0; i < width; i++) {
                into.values()[to + i] = Elementary.multiplyAdd(scale, x.values()[from + i], into.values()[to + i]);
            }
        }
    }

    @Override
    public void scale(Activations x, int column, float scale, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = from; i < from + width; i++) {
                x.values()[i] *= scale;
            }
        }
    }

    @Override
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = from; i < from + width; i++) {
                x.values()[i] = cap * Elementary.tanh(x.values()[i] / cap);
            }
        }
    }
}
