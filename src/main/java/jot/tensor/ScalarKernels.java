package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The kernels in plain Java: the readable oracle, and what runs where the Vector API can't. */
final class ScalarKernels implements Kernels {
    private static final int PAGE = AttentionRows.PAGE;
    private static final int GROUP = WeightFormat.Coded.GROUP;
    /** Outputs at whose multiples the work may be split. */
    private static final int PANEL = 64;
    /** Outputs, or keys, that are computed together: a long loop, yet short enough for a cache. */
    private static final int TOGETHER = 512;
    /** Columns of weights in one array, and that one loop reads. */
    private static final int COLUMNS = 4;
    /** Inputs whose weights are turned at a time, or positions whose values are copied. */
    private static final int BLOCK = 128;
    /** Those of them that all rows of a chunk pass before the next, so that they stay in the nearest cache and the chunk in the second. */
    private static final int PART = 16;
    private static final int CHUNK = 64;
    /** Outputs whose weights are turned together: a line of a cache. */
    private static final int LINE = 16;
    /** The fewest outputs for the loop over two rows. The compiler unrolls a loop only as far as the loops it has seen were long. */
    private static final int LONG = 192;
    /** Pieces that a row is split into where its products are summed. */
    private static final int PIECES = 4;
    /** Most outputs of Q8 that are held side by side: a long loop, though four columns are still few enough to copy at a time. */
    private static final int SIDE_BY_SIDE = 384;

    @Override
    public String description() {
        return "scalar";
    }

    @Override
    public int panel() {
        return PANEL;
    }

    @Override
    public int outputsTogether() {
        return TOGETHER;
    }

    @Override
    public int outputsSideBySide(WeightFormat format) {
        return format.equals(WeightFormat.Q8) ? SIDE_BY_SIDE : 1;
    }

    @Override
    public int fewRows() {
        return 11;
    }

    @Override
    public void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                        int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        float[][] columns = scratch.columns(BLOCK / COLUMNS, COLUMNS * TOGETHER);
        float[][] sums = scratch.sums(rows, TOGETHER);
        for (int output = fromOutput; output < toOutput; output += TOGETHER) {
            int outputs = Math.min(TOGETHER, toOutput - output);
            for (int row = 0; row < rows; row++) {
                Arrays.fill(sums[row], 0, outputs, 0f);
            }
            for (int from = 0; from < w.inputs(); from += BLOCK) {
                int count = Math.min(BLOCK, w.inputs() - from);
                turn(w, output, outputs, from, count, columns, scratch);
                for (int row = 0; row < rows; row += CHUNK) {
                    accumulate(sums, row, Math.min(row + CHUNK, rows), outputs, columns, count, x, fromRow, xColumn + from);
                }
            }
            for (int row = 0; row < rows; row++) {
                store(sums[row], outputs, bias, output, y.values(), y.at(fromRow + row) + yColumn + output);
            }
        }
    }

    /** Some inputs of some outputs as columns: {@code columns[i / COLUMNS][i % COLUMNS · TOGETHER + output]}. */
    private static void turn(Matrix w, int output, int outputs, int from, int count, float[][] columns, Scratch scratch) {
        if (w.sideBySide() > 1) {
            turnTiles(w, w.first() + output, outputs, from, count, columns, scratch);
            return;
        }
        float[] widened = scratch.panel(LINE * BLOCK);
        for (int o = 0; o < outputs; o += LINE) {
            int lines = Math.min(LINE, outputs - o);
            for (int line = 0; line < lines; line++) {
                widen(w, output + o + line, from, count, widened, line * BLOCK, scratch);
            }
            for (int i = 0; i < count; i++) {
                float[] four = columns[i / COLUMNS];
                int to = i % COLUMNS * TOGETHER + o;
                for (int line = 0; line < lines; line++) {
                    four[to + line] = widened[line * BLOCK + i];
                }
            }
        }
    }

    /** The same of tiles, which hold columns already; outputs are counted as they lie in memory. */
    private static void turnTiles(Matrix w, int output, int outputs, int from, int count, float[][] columns, Scratch scratch) {
        byte[] codes = scratch.codes(SIDE_BY_SIDE);
        float[] scales = scratch.tile(SIDE_BY_SIDE);
        for (int o = 0, width; o < outputs; o += width) {
            int tile = (output + o) / w.sideBySide();
            int place = (output + o) % w.sideBySide();
            int apart = w.tileOutputs(tile);
            width = Math.min(apart - place, outputs - o);
            long codesAt = w.tileCodes(tile) + place;
            long scalesAt = w.tileScales(tile) + place;
            for (int i = 0; i < count; i++) {
                if (i % GROUP == 0) {
                    long group = (from + i) / GROUP;
                    MemorySegment.copy(w.scales(), Matrix.FLOAT, 4 * (scalesAt + group * apart), scales, 0, width);
                }
                MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, codesAt + (long) (from + i) * apart, codes, 0, width);
                widenColumn(codes, scales, width, columns[i / COLUMNS], i % COLUMNS * TOGETHER + o);
            }
        }
    }

    private static void widenColumn(byte[] codes, float[] scales, int count, float[] to, int at) {
        for (int o = 0; o < count; o++) {
            to[at + o] = codes[o] * scales[o];
        }
    }

    /** Products of some rows with the first inputs of a block are added to their sums, two rows at a time. */
    private static void accumulate(float[][] sums, int fromRow, int toRow, int outputs, float[][] columns, int inputs, Activations x,
                                   int firstRow, int column) {
        for (int from = 0; from < inputs; from += PART) {
            int to = Math.min(from + PART, inputs);
            for (int row = fromRow; row < toRow; row += 2) {
                int first = x.at(firstRow + row) + column;
                if (row + 1 < toRow) {
                    int second = x.at(firstRow + row + 1) + column;
                    accumulate(sums[row], sums[row + 1], outputs, columns, from, to, x.values(), first, second);
                } else {
                    accumulate(sums[row], outputs, columns, from, to, x.values(), first);
                }
            }
        }
    }

    /** {@code sums[j] += Σᵢ x[at + i] · column(i)[j]} for {@code from ≤ i < to} and two rows, each sum one chain in the order of i. */
    private static void accumulate(float[] first, float[] second, int count, float[][] columns, int from, int to, float[] x, int firstAt,
                                   int secondAt) {
        int whole = count < LONG ? from : to - (to - from) % COLUMNS;
        for (int i = from; i < whole; i += COLUMNS) {
            multiplyAdd(first, second, columns[i / COLUMNS], count, x, firstAt + i, secondAt + i);
        }
        accumulate(first, count, columns, whole, to, x, firstAt);
        accumulate(second, count, columns, whole, to, x, secondAt);
    }

    /** The same for one row. */
    private static void accumulate(float[] sums, int count, float[][] columns, int from, int to, float[] x, int at) {
        int i = from;
        for (; i < to && i % COLUMNS != 0; i++) {
            multiplyAdd(sums, columns[i / COLUMNS], i % COLUMNS * TOGETHER, count, x[at + i]);
        }
        for (; i + COLUMNS <= to; i += COLUMNS) {
            multiplyAdd(sums, columns[i / COLUMNS], count, x, at + i);
        }
        for (; i < to; i++) {
            multiplyAdd(sums, columns[i / COLUMNS], i % COLUMNS * TOGETHER, count, x[at + i]);
        }
    }

    /**
     * Two rows and four columns: eight multiplications for six reads.
     *
     * <p>The compiler makes vector instructions of it because one index runs over all arrays, distances within an array are constants, and
     * the index is bounded by one, so that an address is a sum of few parts.
     */
    private static void multiplyAdd(float[] y, float[] z, float[] columns, int count, float[] x, int first, int second) {
        float a = x[first];
        float b = x[first + 1];
        float c = x[first + 2];
        float d = x[first + 3];
        float e = x[second];
        float f = x[second + 1];
        float g = x[second + 2];
        float h = x[second + 3];
        int end = Math.min(count, TOGETHER);
        for (int j = 0; j < end; j++) {
            float p = columns[j];
            float q = columns[j + TOGETHER];
            float r = columns[j + 2 * TOGETHER];
            float s = columns[j + 3 * TOGETHER];
            float above = y[j];
            float below = z[j];
            y[j] = Elementary.multiplyAdd(d, s, Elementary.multiplyAdd(c, r,
                Elementary.multiplyAdd(b, q, Elementary.multiplyAdd(a, p, above))));
            z[j] = Elementary.multiplyAdd(h, s, Elementary.multiplyAdd(g, r,
                Elementary.multiplyAdd(f, q, Elementary.multiplyAdd(e, p, below))));
        }
    }

    private static void multiplyAdd(float[] y, float[] columns, int count, float[] x, int at) {
        float a = x[at];
        float b = x[at + 1];
        float c = x[at + 2];
        float d = x[at + 3];
        int end = Math.min(count, TOGETHER);
        for (int j = 0; j < end; j++) {
            y[j] = Elementary.multiplyAdd(d, columns[j + 3 * TOGETHER], Elementary.multiplyAdd(c, columns[j + 2 * TOGETHER],
                Elementary.multiplyAdd(b, columns[j + TOGETHER], Elementary.multiplyAdd(a, columns[j], y[j]))));
        }
    }

    private static void multiplyAdd(float[] y, float[] columns, int from, int count, float a) {
        for (int j = 0; j < count; j++) {
            y[j] = Elementary.multiplyAdd(a, columns[from + j], y[j]);
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
        if (w.sideBySide() > 1) {
            decodeTiles(w, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
            return;
        }
        int rows = toRow - fromRow;
        int piece = (w.inputs() + PIECES - 1) / PIECES;
        float[][] inputs = scratch.sums(rows * PIECES, piece);
        for (int row = 0; row < rows; row++) {
            split(x.values(), x.at(fromRow + row) + xColumn, w.inputs(), piece, inputs, row * PIECES);
        }
        float[][] weights = scratch.columns(PIECES, piece);
        float[] products = scratch.rows(piece);
        for (int output = fromOutput; output < toOutput; output++) {
            pieces(w, output, piece, weights, scratch);
            for (int row = 0; row < rows; row++) {
                products(weights, inputs, row * PIECES, piece, products);
                float sum = sum(products, piece);
                y.values()[y.at(fromRow + row) + yColumn + output] = bias == null ? sum : sum + bias[output];
            }
        }
    }

    /** A row of weights in four arrays of equal length. */
    private static void pieces(Matrix w, int output, int piece, float[][] to, Scratch scratch) {
        int inputs = w.inputs();
        if (w.format() == WeightFormat.F32 && inputs == piece * PIECES) {
            for (int k = 0; k < PIECES; k++) {
                w.row(output, k * piece, piece, to[k], 0);
            }
        } else {
            float[] widened = scratch.panel(inputs);
            widen(w, output, 0, inputs, widened, 0, scratch);
            split(widened, 0, inputs, piece, to, 0);
        }
    }

    /**
     * Tiles of outputs side by side: each loop adds the products of four inputs to the sums of a tile, which no order binds, so that the
     * compiler makes vector instructions of it. A tile that reaches beyond the range is computed whole, lest sums depend on the range.
     */
    private static void decodeTiles(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow,
                                    int toRow, int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        int padded = (w.inputs() + GROUP - 1) / GROUP * GROUP;
        float[][] inputs = scratch.columns(rows, padded);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(x.values(), x.at(fromRow + row) + xColumn, inputs[row], 0, w.inputs());
            Arrays.fill(inputs[row], w.inputs(), padded, 0f);
        }
        float[][] sums = scratch.sums(2 * rows, SIDE_BY_SIDE);
        int end = w.first() + toOutput;
        for (int output = w.first() + fromOutput, next; output < end; output = next) {
            int tile = output / w.sideBySide();
            next = Math.min(end, (tile + 1) * w.sideBySide());
            sumTile(w, tile, inputs, rows, padded / GROUP, sums, scratch);
            for (int row = 0; row < rows; row++) {
                int to = y.at(fromRow + row) + yColumn - w.first();
                for (int o = output; o < next; o++) {
                    float sum = sums[rows + row][o - tile * w.sideBySide()];
                    y.values()[to + o] = bias == null ? sum : sum + bias[o - w.first()];
                }
            }
        }
    }

    /** Products of some rows with a tile; the sums of row r come to {@code sums[rows + r]}. */
    private static void sumTile(Matrix w, int tile, float[][] inputs, int rows, int groups, float[][] sums, Scratch scratch) {
        byte[] codes = scratch.codes(COLUMNS * SIDE_BY_SIDE);
        float[] scales = scratch.tile(SIDE_BY_SIDE);
        int width = w.tileOutputs(tile);
        for (int k = 0; k < 2 * rows; k++) {
            Arrays.fill(sums[k], 0, width, 0f);
        }
        long codesAt = w.tileCodes(tile);
        long scalesAt = w.tileScales(tile);
        for (int group = 0; group < groups; group++) {
            MemorySegment.copy(w.scales(), Matrix.FLOAT, Float.BYTES * (scalesAt + (long) group * width), scales, 0, width);
            for (int i = group * GROUP; i < (group + 1) * GROUP; i += COLUMNS) {
                MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, codesAt + (long) i * width, codes, 0, COLUMNS * width);
                for (int row = 0; row < rows; row++) {
                    multiplyAdd(codes, width, inputs[row], i, sums[row]);
                }
            }
            for (int row = 0; row < rows; row++) {
                addScaled(sums[row], scales, width, sums[rows + row]);
            }
        }
    }

    /** Four columns, one after the other. */
    private static void multiplyAdd(byte[] codes, int width, float[] x, int from, float[] sums) {
        float a = x[from];
        float b = x[from + 1];
        float c = x[from + 2];
        float d = x[from + 3];
        int end = Math.min(width, SIDE_BY_SIDE);
        int second = width;
        int third = 2 * width;
        int fourth = 3 * width;
        for (int o = 0; o < end; o++) {
            sums[o] = Elementary.multiplyAdd(codes[o + fourth], d, Elementary.multiplyAdd(codes[o + third], c,
                Elementary.multiplyAdd(codes[o + second], b, Elementary.multiplyAdd(codes[o], a, sums[o]))));
        }
    }

    /** The sums of a group, times their scales; they are 0 again afterwards. */
    private static void addScaled(float[] group, float[] scales, int count, float[] sums) {
        int end = Math.min(count, SIDE_BY_SIDE);
        for (int o = 0; o < end; o++) {
            sums[o] = Elementary.multiplyAdd(group[o], scales[o], sums[o]);
            group[o] = 0f;
        }
    }

    /** Widens some inputs of a row, whole groups of codes, by way of arrays, as loops over a segment stay slow. */
    private static void widen(Matrix w, int output, int from, int count, float[] to, int at, Scratch scratch) {
        if (w.format() == WeightFormat.F16 || w.format() == WeightFormat.BF16) {
            short[] halves = scratch.halves(count);
            MemorySegment.copy(w.codes(), Matrix.SHORT, 2 * ((long) output * w.inputs() + from), halves, 0, count);
            if (w.format() == WeightFormat.F16) {
                widenHalves(halves, to, at, count);
            } else {
                widenBrains(halves, to, at, count);
            }
        } else if (w.format() instanceof WeightFormat.Coded coded && coded.bits() == 8 && !coded.minimum()) {
            int groups = (count + GROUP - 1) / GROUP;
            byte[] codes = scratch.codes(groups * GROUP);
            float[] scales = scratch.tile(groups);
            MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, (long) output * coded.rowBytes(w.inputs()) + from, codes, 0,
                groups * GROUP);
            MemorySegment.copy(w.scales(), Matrix.FLOAT, 4 * ((long) output * coded.groups(w.inputs()) + from / GROUP), scales, 0, groups);
            WeightFormat.Coded.split(codes, groups * GROUP);
            widenBytes(codes, to, at, count);
            scale(to, at, scales, count);
        } else {
            w.row(output, from, count, to, at);
        }
    }

    private static void widenHalves(short[] halves, float[] to, int at, int count) {
        for (int i = 0; i < count; i++) {
            to[at + i] = Float.float16ToFloat(halves[i]);
        }
    }

    private static void widenBrains(short[] brains, float[] to, int at, int count) {
        for (int i = 0; i < count; i++) {
            to[at + i] = Float.intBitsToFloat(brains[i] << 16);
        }
    }

    private static void widenBytes(byte[] codes, float[] to, int at, int count) {
        for (int i = 0; i < count; i++) {
            to[at + i] = codes[i];
        }
    }

    private static void scale(float[] to, int at, float[] scales, int count) {
        for (int group = 0; group * GROUP < count; group++) {
            int end = Math.min(count, group * GROUP + GROUP);
            float scale = scales[group];
            for (int i = group * GROUP; i < end; i++) {
                to[at + i] *= scale;
            }
        }
    }

    private static void split(float[] from, int at, int count, int piece, float[][] to, int first) {
        for (int k = 0; k < PIECES; k++) {
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
        for (int head = fromHead; head < toHead; head++) {
            int keyHead = head / shape.group();
            int keys = keyOffset + keyHead * shape.keySize() * PAGE;
            int values = valueOffset + keyHead * shape.valueSize() * PAGE;
            int q = queryColumn + head * shape.keySize();
            int o = outColumn + head * shape.valueSize();
            attend(shape, head, queries, q, sequence, keys, values, out, o, fromQuery, toQuery, scratch);
        }
    }

    /** Several queries of one head: scores of all keys, their softmax, then the sum of values. */
    private static void attend(AttentionShape shape, int head, Activations queries, int queryColumn, AttentionRows sequence, int keys,
                               int values, Activations out, int outColumn, int fromQuery, int toQuery, Scratch scratch) {
        int first = shape.firstVisible(sequence.firstPosition() + fromQuery) / PAGE * PAGE;
        int stride = sequence.firstPosition() + toQuery - first;
        float[] scores = scratch.rows((toQuery - fromQuery) * stride);
        for (int from = 0; from < stride; from += TOGETHER) {
            float[][] columns = scratch.columns(Math.ceilDiv(shape.keySize(), COLUMNS), COLUMNS * TOGETHER);
            copyKeys(sequence.pages(), keys, shape.keySize(), first + from, Math.min(TOGETHER, stride - from), columns);
            score(shape, queries, queryColumn, sequence, fromQuery, toQuery, columns, first + from, scores, from, stride, scratch);
        }
        for (int query = fromQuery; query < toQuery; query++) {
            softmax(shape, head, sequence.firstPosition() + query, scores, (query - fromQuery) * stride - first);
            int to = out.at(sequence.firstRow() + query) + outColumn;
            Arrays.fill(out.values(), to, to + shape.valueSize(), 0f);
        }
        float[] sums = scratch.sums(1, TOGETHER)[0];
        for (int from = 0; from < stride; from += BLOCK) {
            float[][] columns = scratch.columns(BLOCK / COLUMNS, COLUMNS * TOGETHER);
            for (int column = 0; column < shape.valueSize(); column += TOGETHER) {
                int width = Math.min(TOGETHER, shape.valueSize() - column);
                int count = Math.min(BLOCK, stride - from);
                copyValues(sequence.pages(), values, shape.valueSize(), column, width, first + from, count, columns);
                for (int query = fromQuery; query < toQuery; query++) {
                    int position = sequence.firstPosition() + query;
                    int start = Math.clamp(shape.firstVisible(position) - first - from, 0, BLOCK);
                    int visible = Math.clamp(position + 1 - first - from, 0, BLOCK);
                    int to = out.at(sequence.firstRow() + query) + outColumn + column;
                    System.arraycopy(out.values(), to, sums, 0, width);
                    accumulate(sums, width, columns, start, visible, scores, (query - fromQuery) * stride + from);
                    System.arraycopy(sums, 0, out.values(), to, width);
                }
            }
        }
    }

    /** Products of queries, two at a time, with the keys of some positions. */
    private static void score(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int fromQuery,
                              int toQuery, float[][] columns, int position, float[] scores, int from, int stride, Scratch scratch) {
        float[][] sums = scratch.sums(2, TOGETHER);
        for (int query = fromQuery; query < toQuery; query += 2) {
            int rows = Math.min(2, toQuery - query);
            int visible = Math.clamp(sequence.firstPosition() + query + rows - position, 0, TOGETHER);
            for (int row = 0; row < rows; row++) {
                Arrays.fill(sums[row], 0, visible, 0f);
            }
            int first = queries.at(sequence.firstRow() + query) + queryColumn;
            if (rows == 2) {
                int second = queries.at(sequence.firstRow() + query + 1) + queryColumn;
                accumulate(sums[0], sums[1], visible, columns, 0, shape.keySize(), queries.values(), first, second);
            } else {
                accumulate(sums[0], visible, columns, 0, shape.keySize(), queries.values(), first);
            }
            for (int row = 0; row < rows; row++) {
                int to = (query + row - fromQuery) * stride + from;
                System.arraycopy(sums[row], 0, scores, to, Math.min(visible, stride - from));
            }
        }
    }

    /** Keys of consecutive positions, from the start of a page on, whole pages; each input a column. */
    private static void copyKeys(float[][] pages, int keys, int size, int first, int count, float[][] to) {
        for (int k = 0; k < count; k += PAGE) {
            for (int i = 0; i < size; i++) {
                System.arraycopy(pages[(first + k) / PAGE], keys + i * PAGE, to[i / COLUMNS], i % COLUMNS * TOGETHER + k, PAGE);
            }
        }
    }

    /** Some columns of the values of consecutive positions; each position a column of its own. */
    private static void copyValues(float[][] pages, int values, int size, int column, int width, int first, int count, float[][] to) {
        for (int k = 0; k < count; k++) {
            System.arraycopy(pages[(first + k) / PAGE], values + (first + k) % PAGE * size + column, to[k / COLUMNS],
                k % COLUMNS * TOGETHER, width);
        }
    }

    /** Scores of the visible positions become probabilities; that of position 0 is, or would be, at {@code at}. */
    private static void softmax(AttentionShape shape, int head, int position, float[] scores, int at) {
        float sink = shape.sinks() == null ? Float.NEGATIVE_INFINITY : shape.sinks()[head];
        float max = sink;
        int from = at + shape.firstVisible(position);
        int to = at + position + 1;
        for (int k = from; k < to; k++) {
            float score = scores[k] * shape.scale();
            score = shape.softcap() == 0f ? score : shape.softcap() * Elementary.tanh(score / shape.softcap());
            score = shape.slopes() == null ? score : Elementary.multiplyAdd(shape.slopes()[head], k + 1 - to, score);
            scores[k] = score;
            max = Math.max(max, score);
        }
        float sum = sink == Float.NEGATIVE_INFINITY ? 0f : Elementary.exp(sink - max);
        for (int k = from; k < to; k++) {
            scores[k] = Elementary.exp(scores[k] - max);
            sum += scores[k];
        }
        for (int k = from; k < to; k++) {
            scores[k] /= sum;
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
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow, Scratch scratch) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = from; i < from + width; i++) {
                x.values()[i] = Elementary.apply(activation, x.values()[i]);
            }
        }
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow, Scratch scratch) {
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
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow, Scratch scratch) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + column;
            for (int i = from; i < from + width; i++) {
                x.values()[i] = cap * Elementary.tanh(x.values()[i] / cap);
            }
        }
    }
}
