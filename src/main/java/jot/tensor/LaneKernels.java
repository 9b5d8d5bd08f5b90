package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The vector kernels in plain loops: the same operations in the same order, lane by lane, hence the same bits.
 *
 * <p>They stand in for {@link VectorKernels} as long as the JVM has not compiled those: vector code is a hundred times slower then, plain
 * loops are not.
 */
final class LaneKernels implements Kernels {
    private static final int PAGE = AttentionRows.PAGE;
    private static final int GROUP = WeightFormat.Coded.GROUP;
    /** Inputs that a chain of sums takes before it is added, as in the vector kernels. */
    private static final int BLOCK = 1024;
    private static final int TOGETHER = 8;

    private final Kernels vector;
    private final int lanes;
    private final ScalarKernels elementwise = new ScalarKernels();

    /**
     * Stands in for vector kernels.
     *
     * @param lanes numbers in one of their vectors
     */
    LaneKernels(Kernels vector, int lanes) {
        this.vector = vector;
        this.lanes = lanes;
    }

    @Override
    public String description() {
        return vector.description();
    }

    @Override
    public int panel() {
        return vector.panel();
    }

    @Override
    public int fewRows() {
        return vector.fewRows();
    }

    @Override
    public void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                        int fromOutput, int toOutput, Scratch scratch) {
        int inputs = w.inputs();
        float[] weights = scratch.panel(TOGETHER * inputs);
        float[] sums = scratch.tile(TOGETHER);
        for (int output = fromOutput; output < toOutput; output += TOGETHER) {
            int count = Math.min(TOGETHER, toOutput - output);
            for (int o = 0; o < count; o++) {
                widen(w, output + o, weights, o * inputs, 0x1p112f, scratch);
            }
            for (int row = fromRow; row < toRow; row++) {
                int to = y.at(row) + yColumn + output;
                for (int o = 0; o < count; o++) {
                    y.values()[to + o] = bias == null ? 0f : bias[output + o];
                }
                for (int from = 0; from < inputs; from += BLOCK) {
                    chains(weights, from, inputs, x.values(), x.at(row) + xColumn + from, Math.min(BLOCK, inputs - from), sums);
                    for (int o = 0; o < count; o++) {
                        y.values()[to + o] += sums[o];
                    }
                }
            }
        }
    }

    /** Eight dot products, each one chain over the inputs; independent of each other, so that they overlap. */
    private static void chains(float[] w, int at, int stride, float[] x, int from, int count, float[] sums) {
        float a = 0f;
        float b = 0f;
        float c = 0f;
        float d = 0f;
        float e = 0f;
        float f = 0f;
        float g = 0f;
        float h = 0f;
        for (int i = 0; i < count; i++) {
            float v = x[from + i];
            int k = at + i;
            a = Elementary.multiplyAdd(v, w[k], a);
            b = Elementary.multiplyAdd(v, w[k + stride], b);
            c = Elementary.multiplyAdd(v, w[k + 2 * stride], c);
            d = Elementary.multiplyAdd(v, w[k + 3 * stride], d);
            e = Elementary.multiplyAdd(v, w[k + 4 * stride], e);
            f = Elementary.multiplyAdd(v, w[k + 5 * stride], f);
            g = Elementary.multiplyAdd(v, w[k + 6 * stride], g);
            h = Elementary.multiplyAdd(v, w[k + 7 * stride], h);
        }
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
        sums[4] = e;
        sums[5] = f;
        sums[6] = g;
        sums[7] = h;
    }

    @Override
    public void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                       int fromOutput, int toOutput, Scratch scratch) {
        if (w.format() instanceof WeightFormat.Coded coded && keepsCodes(w, coded, lanes)) {
            decodeCodes(w, coded, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
            return;
        }
        int inputs = w.inputs();
        int padded = (inputs + GROUP - 1) / GROUP * GROUP;
        boolean raw = w.format() == WeightFormat.F16;
        boolean paired = arePaired(w.format(), inputs, lanes);
        float[] rows = scratch.rows((toRow - fromRow) * padded);
        for (int row = fromRow; row < toRow; row++) {
            copyRow(x.values(), x.at(row) + xColumn, inputs, raw ? 0x1p60f : 1f, rows, (row - fromRow) * padded, padded);
        }
        float[] weights = scratch.panel(padded);
        float[] sums = scratch.tile(lanes);
        for (int output = fromOutput; output < toOutput; output++) {
            widen(w, output, weights, 0, 1f, scratch);
            Arrays.fill(weights, inputs, padded, 0f);
            for (int row = fromRow; row < toRow; row++) {
                Arrays.fill(sums, 0, lanes, 0f);
                int at = (row - fromRow) * padded;
                if (paired) {
                    for (int i = 0; i < inputs; i += 2 * lanes) {
                        stepOfPairs(weights, i, rows, at + i, sums, lanes);
                    }
                } else {
                    for (int i = 0; i < padded; i += lanes) {
                        step(weights, i, rows, at + i, sums, lanes);
                    }
                }
                float sum = fold(sums) * (raw ? 0x1p52f : 1f);
                y.values()[y.at(row) + yColumn + output] = bias == null ? sum : sum + bias[output];
            }
        }
    }

    /**
     * Whether the decode kernels read weights as words of two numbers of 16 bits, so that a lane sums an even input and the odd one after
     * it, not inputs that are a vector apart: where rows are whole steps of four such vectors.
     */
    static boolean arePaired(WeightFormat format, int inputs, int lanes) {
        return (format == WeightFormat.F16 || format == WeightFormat.BF16) && inputs % (8 * lanes) == 0;
    }

    /**
     * Whether the decode kernels multiply codes as they are, the scale only afterwards. Else, as where the memory is a mapped file of 2 GB
     * or more, codes are widened to weights first.
     */
    static boolean keepsCodes(Matrix w, WeightFormat.Coded format, int lanes) {
        boolean known = format.bits() == 8 ? !format.minimum() : format.counting() ? format.minimum() : lanes == 16 && !format.minimum();
        return known && format.rowBytes(w.inputs()) >= Integer.BYTES * lanes && w.isOneClass();
    }

    private void decodeCodes(Matrix w, WeightFormat.Coded format, float[] bias, Activations x, int xColumn, Activations y, int yColumn,
                             int fromRow, int toRow, int fromOutput, int toOutput, Scratch scratch) {
        int groups = format.groups(w.inputs());
        int stride = Words.floats(format, w.inputs(), lanes);
        float[] sums = scratch.tile(lanes);
        float[] rows = scratch.rows((toRow - fromRow) * stride);
        for (int row = fromRow; row < toRow; row++) {
            Words.spread(format, x.values(), x.at(row) + xColumn, w.inputs(), lanes, rows, (row - fromRow) * stride);
        }
        int spread = Words.blocks(format.rowBytes(w.inputs()), lanes) * Words.codes(format) * lanes;
        float[] weights = scratch.panel(spread + 2 * groups);
        for (int output = fromOutput; output < toOutput; output++) {
            codes(w, format, output, groups, weights, spread, scratch);
            for (int row = fromRow; row < toRow; row++) {
                float sum = codesTimesRow(weights, spread, format, w.inputs(), rows, (row - fromRow) * stride, sums);
                y.values()[y.at(row) + yColumn + output] = bias == null ? sum : sum + bias[output];
            }
        }
    }

    /** The values of a row's codes before scaling, as words bring them, then the scales of its groups, then their minimums. */
    private void codes(Matrix w, WeightFormat.Coded format, int output, int groups, float[] to, int spread, Scratch scratch) {
        int bytes = format.rowBytes(w.inputs());
        byte[] codes = scratch.codes(bytes);
        MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, (long) output * bytes, codes, 0, bytes);
        int each = Words.codes(format);
        for (int block = 0; block < Words.blocks(bytes, lanes); block++) {
            int first = Words.firstByte(block, bytes, lanes);
            int at = block * each * lanes;
            for (int lane = 0; lane < lanes; lane++) {
                int place = first + Integer.BYTES * lane;
                int word = WeightFormat.Coded.word(codes, place);
                for (int k = 0; k < each; k++) {
                    to[at + k * lanes + lane] = each == 4 ? word << 24 - Byte.SIZE * k
                        : format.value(codes[place + (k >> 1)] >> 4 * (k & 1) & 15) * Words.factor(format, k);
                }
            }
        }
        MemorySegment.copy(w.scales(), Matrix.FLOAT, 4L * output * groups, to, spread, groups);
        if (format.minimum()) {
            MemorySegment.copy(w.minimums(), Matrix.FLOAT, 4L * output * groups, to, spread + groups, groups);
        }
    }

    private float codesTimesRow(float[] weights, int spread, WeightFormat.Coded format, int inputs, float[] row, int at, float[] sums) {
        int groups = format.groups(inputs);
        int bytes = format.rowBytes(inputs);
        int each = Words.codes(format);
        Arrays.fill(sums, 0, lanes, 0f);
        int stride = Words.vectors(format) * lanes;
        for (int block = 0; block < Words.blocks(bytes, lanes); block++) {
            int from = block * each * lanes;
            int x = at + block * stride;
            int first = Words.firstByte(block, bytes, lanes);
            for (int lane = 0; lane < lanes; lane++) {
                float part = weights[from + lane] * row[x + lane];
                for (int j = lane + lanes; j < each * lanes; j += lanes) {
                    part = Elementary.multiplyAdd(weights[from + j], row[x + j], part);
                }
                int group = spread + (first + Integer.BYTES * lane) / (bytes / groups);
                sums[lane] = Elementary.multiplyAdd(part, weights[group], sums[lane]);
                if (format.minimum()) {
                    sums[lane] = Elementary.multiplyAdd(weights[groups + group], row[x + each * lanes + lane], sums[lane]);
                }
            }
        }
        return fold(sums);
    }

    /** Widens a row; F16 comes times 2⁻¹¹² times {@code factor}. Bulk copies, since access to a segment is slow until it is compiled. */
    private static void widen(Matrix w, int output, float[] to, int offset, float factor, Scratch scratch) {
        if (w.format() == WeightFormat.F32 || w.format() instanceof WeightFormat.Coded) {
            w.row(output, to, offset);
            return;
        }
        int inputs = w.inputs();
        short[] halves = scratch.halves(inputs);
        MemorySegment.copy(w.codes(), Matrix.SHORT, 2L * output * inputs, halves, 0, inputs);
        boolean brain = w.format() == WeightFormat.BF16;
        for (int i = 0; i < inputs; i++) {
            to[offset + i] = brain ? Float.intBitsToFloat(halves[i] << 16) : Float.intBitsToFloat(halves[i] << 13 & 0x8FFFE000) * factor;
        }
    }

    private static void copyRow(float[] x, int from, int inputs, float factor, float[] to, int at, int padded) {
        System.arraycopy(x, from, to, at, inputs);
        Arrays.fill(to, at + inputs, at + padded, 0f);
        if (factor != 1f) {
            multiply(to, at, inputs, factor);
        }
    }

    private static void step(float[] w, int at, float[] x, int from, float[] sums, int lanes) {
        for (int lane = 0; lane < lanes; lane++) {
            sums[lane] = Elementary.multiplyAdd(w[at + lane], x[from + lane], sums[lane]);
        }
    }

    private static void stepOfPairs(float[] w, int at, float[] x, int from, float[] sums, int lanes) {
        for (int lane = 0; lane < lanes; lane++) {
            float sum = Elementary.multiplyAdd(w[at + 2 * lane], x[from + 2 * lane], sums[lane]);
            sums[lane] = Elementary.multiplyAdd(w[at + 2 * lane + 1], x[from + 2 * lane + 1], sum);
        }
    }

    /** Adds up lanes: the upper half to the lower, again and again, and the last four from left to right. */
    private float fold(float[] sums) {
        int count = lanes;
        for (; count > 4; count /= 2) {
            for (int lane = 0; lane < count / 2; lane++) {
                sums[lane] += sums[lane + count / 2];
            }
        }
        float sum = sums[0];
        for (int lane = 1; lane < count; lane++) {
            sum += sums[lane];
        }
        return sum;
    }

    @Override
    public void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                       Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch) {
        for (int query = fromQuery; query < toQuery; query++) {
            int row = sequence.firstRow() + query;
            int position = sequence.firstPosition() + query;
            int firstPage = shape.firstVisible(position) / PAGE;
            int pages = position / PAGE + 1 - firstPage;
            float[] scores = scratch.rows(pages * PAGE);
            for (int head = fromHead; head < toHead; head++) {
                int keyHead = head / shape.group();
                int keys = keyOffset + keyHead * shape.keySize() * PAGE;
                int values = valueOffset + keyHead * shape.valueSize() * PAGE;
                int q = queries.at(row) + queryColumn + head * shape.keySize();
                int o = out.at(row) + outColumn + head * shape.valueSize();
                Arrays.fill(scores, 0, pages * PAGE, 0f);
                for (int page = 0; page < pages; page++) {
                    scores(queries.values(), q, sequence.pages()[firstPage + page], keys, shape.keySize(), scores, page * PAGE);
                }
                float factor = softmax(shape, head, position, firstPage * PAGE, pages * PAGE, scores, scratch.tile(lanes));
                Arrays.fill(out.values(), o, o + shape.valueSize(), 0f);
                float[] chain = scratch.panel(shape.valueSize());
                for (int page = 0; page < pages; page++) {
                    int steps = Math.min(PAGE, position + 1 - (firstPage + page) * PAGE);
                    mix(scores, page * PAGE, sequence.pages()[firstPage + page], values, shape.valueSize(), steps, chain, out.values(), o);
                }
                multiply(out.values(), o, shape.valueSize(), factor);
            }
        }
    }

    /** Dot products of one query with the keys of a page, {@code [keySize][PAGE]}. */
    private static void scores(float[] queries, int q, float[] page, int keys, int keySize, float[] scores, int at) {
        for (int i = 0; i < keySize; i++) {
            float factor = queries[q + i];
            int from = keys + i * PAGE;
            for (int j = 0; j < PAGE; j++) {
                scores[at + j] = Elementary.multiplyAdd(factor, page[from + j], scores[at + j]);
            }
        }
    }

    /** Scores become {@code e^(score − max)}, 0 where a key is not visible; returns the factor that makes them probabilities. */
    private float softmax(AttentionShape shape, int head, int position, int first, int count, float[] scores, float[] sums) {
        int visible = shape.firstVisible(position);
        float slope = shape.slopes() == null ? 0f : shape.slopes()[head];
        float sink = shape.sinks() == null ? Float.NEGATIVE_INFINITY : shape.sinks()[head];
        float largest = sink;
        for (int k = 0; k < count; k++) {
            float score = scores[k] * shape.scale();
            if (shape.softcap() != 0f) {
                score = Elementary.tanh(score / shape.softcap()) * shape.softcap();
            }
            int key = first + k;
            score = Elementary.multiplyAdd(slope, key - position, score);
            scores[k] = key > position || key < visible ? Float.NEGATIVE_INFINITY : score;
            largest = Math.max(largest, scores[k]);
        }
        Arrays.fill(sums, 0, lanes, 0f);
        for (int k = 0; k < count; k++) {
            scores[k] = Elementary.exp(scores[k] - largest);
            sums[k % lanes] += scores[k];
        }
        return 1f / (fold(sums) + Elementary.exp(sink - largest));
    }

    /** Adds the values of a page, {@code [PAGE][valueSize]}, weighted by the probabilities. */
    private static void mix(float[] scores, int at, float[] page, int values, int size, int steps, float[] chain, float[] out, int o) {
        Arrays.fill(chain, 0, size, 0f);
        for (int step = 0; step < steps; step++) {
            float weight = scores[at + step];
            int from = values + step * size;
            for (int c = 0; c < size; c++) {
                chain[c] = Elementary.multiplyAdd(weight, page[from + c], chain[c]);
            }
        }
        for (int c = 0; c < size; c++) {
            out[o + c] += chain[c];
        }
    }

    private static void multiply(float[] x, int from, int count, float factor) {
        for (int i = from; i < from + count; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                          Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        float[] sums = scratch.tile(lanes);
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float mean = sum(x.values(), from, width, sums) / width;
                float variance = squares(x.values(), from, width, mean, sums) / width;
                shiftAndScale(x.values(), from, mean, 1f / (float) Math.sqrt(variance + epsilon), y.values(), to, width);
                weigh(y.values(), to, weight, bias, group, width);
            }
        }
    }

    @Override
    public void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                        Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        float[] sums = scratch.tile(lanes);
        for (int row = fromRow; row < toRow; row++) {
            for (int group = 0; group < groups; group++) {
                int from = x.at(row) + column + group * width;
                int to = y.at(row) + yColumn + group * width;
                float square = squares(x.values(), from, width, 0f, sums) / width;
                shiftAndScale(x.values(), from, 0f, 1f / (float) Math.sqrt(square + epsilon), y.values(), to, width);
                weigh(y.values(), to, weight, null, group, width);
            }
        }
    }

    private float sum(float[] x, int from, int width, float[] sums) {
        Arrays.fill(sums, 0, lanes, 0f);
        int whole = width - width % lanes;
        for (int i = 0; i < whole; i++) {
            sums[i % lanes] += x[from + i];
        }
        float sum = fold(sums);
        for (int i = whole; i < width; i++) {
            sum += x[from + i];
        }
        return sum;
    }

    private float squares(float[] x, int from, int width, float mean, float[] sums) {
        Arrays.fill(sums, 0, lanes, 0f);
        int whole = width - width % lanes;
        for (int i = 0; i < whole; i++) {
            float difference = x[from + i] - mean;
            sums[i % lanes] = Elementary.multiplyAdd(difference, difference, sums[i % lanes]);
        }
        float sum = fold(sums);
        for (int i = whole; i < width; i++) {
            float difference = x[from + i] - mean;
            sum = Elementary.multiplyAdd(difference, difference, sum);
        }
        return sum;
    }

    private static void shiftAndScale(float[] x, int from, float mean, float factor, float[] y, int to, int width) {
        for (int i = 0; i < width; i++) {
            y[to + i] = (x[from + i] - mean) * factor;
        }
    }

    private static void weigh(float[] y, int to, float[] weight, float[] bias, int group, int width) {
        int w = weight == null ? 0 : ScalarKernels.groupAt(weight, group, width);
        int b = bias == null ? 0 : ScalarKernels.groupAt(bias, group, width);
        for (int i = 0; i < width; i++) {
            float value = weight == null ? y[to + i] : y[to + i] * weight[w + i];
            y[to + i] = bias == null ? value : value + bias[b + i];
        }
    }

    @Override
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow, Scratch scratch) {
        elementwise.activate(activation, x, column, width, fromRow, toRow, scratch);
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow, Scratch scratch) {
        elementwise.gate(activation, gate, gateColumn, up, upColumn, y, yColumn, width, fromRow, toRow, scratch);
    }

    @Override
    public void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                       int tableWidth, int[] tableRows, int fromRow, int toRow) {
        elementwise.rotate(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, fromRow, toRow);
    }

    @Override
    public void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int fromRow, int toRow) {
        elementwise.add(x, xColumn, scale, into, intoColumn, width, fromRow, toRow);
    }

    @Override
    public void scale(Activations x, int column, float scale, int width, int fromRow, int toRow) {
        elementwise.scale(x, column, scale, width, fromRow, toRow);
    }

    @Override
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow, Scratch scratch) {
        elementwise.softcap(x, column, cap, width, fromRow, toRow, scratch);
    }

    /**
     * Codes as 32-bit words, a vector of them in a block: word {@code l} is lane {@code l}, and its codes come lowest bits first. The last
     * block of a row ends where the row ends; of the words that the block before it holds too, the activations are 0.
     */
    static final class Words {
        /** What a code of 8 bits adds to the one after it, where that is moved to the highest bits of the word. */
        static final float CARRIED = 0x1p-8f;

        private Words() {
        }

        /** Codes in a word. */
        static int codes(WeightFormat.Coded format) {
            return Integer.SIZE / format.bits();
        }

        /** What a code comes multiplied by where it is not shifted to the lowest bits; the activations are divided by it. */
        static float factor(WeightFormat.Coded format, int code) {
            if (format.bits() == 8) {
                return 0x1p24f;
            }
            return format.counting() && code < 7 ? 1 << 4 * code : 1f;
        }

        /** Blocks of a row of so many bytes. */
        static int blocks(int rowBytes, int lanes) {
            return (rowBytes + Integer.BYTES * lanes - 1) / (Integer.BYTES * lanes);
        }

        /** First byte of a block within its row. */
        static int firstByte(int block, int rowBytes, int lanes) {
            return Math.min(block * Integer.BYTES * lanes, rowBytes - Integer.BYTES * lanes);
        }

        /** Vectors of activations for a block: one for each code of a word, and their sum where there are minimums. */
        static int vectors(WeightFormat.Coded format) {
            return codes(format) + (format.minimum() ? 1 : 0);
        }

        /** Floats that a row of activations takes when it is spread. */
        static int floats(WeightFormat.Coded format, int inputs, int lanes) {
            return blocks(format.rowBytes(inputs), lanes) * vectors(format) * lanes;
        }

        /**
         * Lays out a row of activations, divided by the factors, as {@code [block][code][lane]}; where there are minimums, each block ends
         * with the sums of what its lanes hold, as it was before it was divided.
         *
         * <p>With codes of 8 bits, {@code c₀ … c₃} of a word, a shift leaves {@code cₖ + cₖ₋₁/256 + …} of the word's sum. So {@code Σ cₖxₖ}
         * is {@code Σ (cₖ + cₖ₋₁/256 + …) yₖ} with {@code yₖ = xₖ − xₖ₊₁/256}, and that is what is laid out.
         */
        static void spread(WeightFormat.Coded format, float[] x, int from, int inputs, int lanes, float[] to, int at) {
            int bytes = format.rowBytes(inputs);
            int each = codes(format);
            int vectors = vectors(format);
            for (int block = 0; block < blocks(bytes, lanes); block++) {
                int first = firstByte(block, bytes, lanes);
                int missing = (block * Integer.BYTES * lanes - first) / Integer.BYTES;
                int sums = at + (block * vectors + each) * lanes;
                for (int k = 0; k < each; k++) {
                    int start = at + (block * vectors + k) * lanes;
                    Arrays.fill(to, start, start + missing, 0f);
                    if (each == 4) {
                        spreadBytes(x, from, inputs, first + k, missing, lanes, to, start);
                    } else {
                        spreadNibbles(x, from, inputs, first * 2, k, missing, lanes, to, start);
                    }
                    if (format.minimum()) {
                        addInto(to, start, lanes, sums, k == 0);
                    }
                    multiply(to, start, lanes, 1f / factor(format, k));
                }
                if (each == 4) {
                    takeCarried(to, at + block * vectors * lanes, 3 * lanes, lanes);
                }
            }
        }

        private static void spreadBytes(float[] x, int from, int inputs, int first, int missing, int lanes, float[] to, int start) {
            if (first + Integer.BYTES * (lanes - 1) < inputs) {
                for (int lane = missing; lane < lanes; lane++) {
                    to[start + lane] = x[from + first + Integer.BYTES * lane];
                }
            } else {
                for (int lane = missing; lane < lanes; lane++) {
                    int input = first + Integer.BYTES * lane;
                    to[start + lane] = input < inputs ? x[from + input] : 0f;
                }
            }
        }

        /** Four words hold a group, and a word four inputs of its lower half and four of its upper half. */
        private static void spreadNibbles(float[] x, int from, int inputs, int first, int k, int missing, int lanes, float[] to,
                                          int start) {
            int within = (k & 1) * (GROUP / 2) + (k >> 1);
            for (int lane = missing; lane < lanes; lane += 4) {
                int input = first + lane / 4 * GROUP + within;
                int place = start + lane;
                if (input + 12 < inputs) {
                    to[place] = x[from + input];
                    to[place + 1] = x[from + input + 4];
                    to[place + 2] = x[from + input + 8];
                    to[place + 3] = x[from + input + 12];
                } else {
                    for (int j = 0; j < 4; j++) {
                        to[place + j] = input + 4 * j < inputs ? x[from + input + 4 * j] : 0f;
                    }
                }
            }
        }

        private static void takeCarried(float[] values, int at, int count, int lanes) {
            for (int i = at; i < at + count; i++) {
                values[i] -= values[i + lanes] * CARRIED;
            }
        }

        private static void addInto(float[] values, int at, int count, int to, boolean first) {
            for (int i = 0; i < count; i++) {
                values[to + i] = first ? values[at + i] : values[to + i] + values[at + i];
            }
        }
    }
}
