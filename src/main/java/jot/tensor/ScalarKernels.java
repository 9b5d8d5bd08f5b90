package jot.tensor;

import java.util.Arrays;

/** The kernels in plain Java: the readable oracle, and what runs where the Vector API can't. */
final class ScalarKernels implements Kernels {
    private static final int PAGE = AttentionRows.PAGE;
    private static final int PANEL = 64;

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
        decode(w, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
    }

    @Override
    public void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                       int fromOutput, int toOutput, Scratch scratch) {
        int inputs = w.inputs();
        float[] weights = scratch.panel(inputs);
        for (int output = fromOutput; output < toOutput; output++) {
            w.row(output, weights, 0);
            float start = bias == null ? 0f : bias[output];
            for (int row = fromRow; row < toRow; row++) {
                y.values()[y.at(row) + yColumn + output] = start + dot(weights, x.values(), x.at(row) + xColumn, inputs);
            }
        }
    }

    private static float dot(float[] weights, float[] x, int at, int inputs) {
        float sum = 0f;
        for (int i = 0; i < inputs; i++) {
            sum = Elementary.multiplyAdd(x[at + i], weights[i], sum);
        }
        return sum;
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
