package jot.tensor;

import static jdk.incubator.vector.VectorOperators.FMA;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention over paged keys and values.
 *
 * <p>A page of keys is a panel as the {@link RegisterTile} wants it, {@code [keySize][PAGE]}, and so is a page of values,
 * {@code [PAGE][valueSize]}: scores are queries times keys, outputs are probabilities times values. A tile's rows are consecutive
 * queries of one head, or at decode the heads at one position that share a key head. Each row's scores are kept whole, so that maximum
 * and sum are taken in the order of the key positions, whatever else is in the tile.
 *
 * <p>At decode reading bounds the speed. The heads of a page lie one after the other, so a thread that has several goes page by page
 * through all of them, which is a long stream for the hardware to run ahead of. A tile of few rows asks for too few lines at a time, so
 * the part of a page that is needed is fetched before, as the kernels for few rows do it.
 */
final class VectorAttention {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final int PAGE = AttentionRows.PAGE;
    private static final int WIDTH = RegisterTile.WIDTH;
    private static final boolean FUSED = Elementary.FUSED;
    private static final int LINE = 16;
    private static final FloatVector NUMBERS = FloatVector.broadcast(LANES, 0f).addIndex(1);

    private VectorAttention() {
    }

    static void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                       Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch) {
        if (sequence.decode()) {
            for (int query = fromQuery; query < toQuery; query++) {
                int row = sequence.firstRow() + query;
                heads(shape, queries.values(), queries.at(row) + queryColumn, sequence.pages(), keyOffset, valueOffset, out.values(),
                    out.at(row) + outColumn, fromHead, toHead, sequence.firstPosition() + query, scratch);
            }
        } else {
            for (int head = fromHead; head < toHead; head++) {
                for (int query = fromQuery; query < toQuery; query += RegisterTile.ROWS) {
                    int rows = Math.min(RegisterTile.ROWS, toQuery - query);
                    int row = sequence.firstRow() + query;
                    tile(shape, queries.values(), queries.at(row) + queryColumn + head * shape.keySize(), queries.stride(),
                        sequence.pages(), keyOffset, valueOffset, out.values(), out.at(row) + outColumn + head * shape.valueSize(),
                        out.stride(), rows, head, sequence.firstPosition() + query, scratch);
                }
            }
        }
    }

    /** Some heads at one position. Each page of keys is read for all of them before the next, and so is each page of values. */
    private static void heads(AttentionShape shape, float[] queries, int q, float[][] pages, int keyOffset, int valueOffset, float[] out,
                              int o, int fromHead, int toHead, int position, Scratch scratch) {
        int firstPage = shape.firstVisible(position) / PAGE;
        int lastPage = position / PAGE;
        int count = (lastPage + 1 - firstPage) * PAGE;
        int stride = count + LINE;
        float[] scores = scratch.rows((toHead - fromHead) * stride + LINE);
        int firstKey = fromHead / shape.group();
        int keyHeads = (toHead - 1) / shape.group() + 1 - firstKey;
        for (int page = firstPage; page <= lastPage; page++) {
            fetch(pages[page], keyOffset + firstKey * shape.keySize() * PAGE, shape.keySize(), keyHeads, PAGE, scratch);
            for (int head = fromHead, end; head < toHead; head = end) {
                int keyHead = head / shape.group();
                end = Math.min(toHead, (keyHead + 1) * shape.group());
                scores(queries, q + head * shape.keySize(), shape.keySize(), end - head, pages[page],
                    keyOffset + keyHead * shape.keySize() * PAGE, shape.keySize(), scores,
                    (head - fromHead) * stride + (page - firstPage) * PAGE, stride);
            }
        }
        Arrays.fill(out, o + fromHead * shape.valueSize(), o + toHead * shape.valueSize(), 0f);
        float[] lanes = scratch.tile(VectorFunctions.CHUNK + toHead - fromHead);
        for (int head = fromHead; head < toHead; head++) {
            lanes[VectorFunctions.CHUNK + head - fromHead] = softmax(shape, head, position, firstPage * PAGE, count, scores,
                (head - fromHead) * stride, lanes);
        }
        for (int page = firstPage; page <= lastPage; page++) {
            int steps = Math.min(PAGE, position + 1 - page * PAGE);
            fetch(pages[page], valueOffset + firstKey * shape.valueSize() * PAGE, shape.valueSize(), keyHeads, steps, scratch);
            for (int head = fromHead, end; head < toHead; head = end) {
                int keyHead = head / shape.group();
                end = Math.min(toHead, (keyHead + 1) * shape.group());
                mix(scores, (head - fromHead) * stride + (page - firstPage) * PAGE, stride, end - head, pages[page],
                    valueOffset + keyHead * shape.valueSize() * PAGE, shape.valueSize(), steps, out, o + head * shape.valueSize(),
                    shape.valueSize(), scratch);
            }
        }
        for (int head = fromHead; head < toHead; head++) {
            multiply(out, o + head * shape.valueSize(), shape.valueSize(), lanes[VectorFunctions.CHUNK + head - fromHead]);
        }
    }

    /** Brings the first positions of some heads of a page into the nearest caches; the sum makes the compiler read them. */
    private static void fetch(float[] page, int at, int size, int heads, int positions, Scratch scratch) {
        int sum = 0;
        for (int head = 0; head < heads; head++) {
            int from = at + head * size * PAGE;
            for (int i = from; i < from + size * positions; i += LINE) {
                sum += Float.floatToRawIntBits(page[i]);
            }
        }
        scratch.touched(sum);
    }

    /** A few consecutive queries of one head; row {@code r} is at {@code position + r}. */
    private static void tile(AttentionShape shape, float[] queries, int q, int queryStride, float[][] pages, int keyOffset,
                             int valueOffset, float[] out, int o, int outStride, int rows, int head, int position, Scratch scratch) {
        int keyHead = head / shape.group();
        int keys = keyOffset + keyHead * shape.keySize() * PAGE;
        int values = valueOffset + keyHead * shape.valueSize() * PAGE;
        int firstPage = shape.firstVisible(position) / PAGE;
        int lastPage = (position + rows - 1) / PAGE;
        int stride = (lastPage + 1 - firstPage) * PAGE + LINE;
        float[] scores = scratch.rows(rows * stride + LINE);
        for (int page = firstPage; page <= lastPage; page++) {
            int skipped = rowsBefore(page, rows, position);
            int at = skipped * stride + (page - firstPage) * PAGE;
            scores(queries, q + skipped * queryStride, queryStride, rows - skipped, pages[page], keys, shape.keySize(), scores, at, stride);
        }
        for (int r = 0; r < rows; r++) {
            int at = o + r * outStride;
            Arrays.fill(out, at, at + shape.valueSize(), 0f);
        }
        float[] lanes = scratch.tile(VectorFunctions.CHUNK + rows);
        for (int r = 0; r < rows; r++) {
            int end = (position + r) / PAGE + 1 - firstPage;
            lanes[VectorFunctions.CHUNK + r] = softmax(shape, head, position + r, firstPage * PAGE, end * PAGE, scores, r * stride, lanes);
        }
        for (int page = firstPage; page <= lastPage; page++) {
            int skipped = rowsBefore(page, rows, position);
            int steps = Math.min(PAGE, position + rows - page * PAGE);
            mix(scores, skipped * stride + (page - firstPage) * PAGE, stride, rows - skipped, pages[page], values, shape.valueSize(), steps,
                out, o + skipped * outStride, outStride, scratch);
        }
        for (int r = 0; r < rows; r++) {
            multiply(out, o + r * outStride, shape.valueSize(), lanes[VectorFunctions.CHUNK + r]);
        }
    }

    /** Rows of a tile whose positions lie before a page. */
    private static int rowsBefore(int page, int rows, int position) {
        return Math.clamp(page * PAGE - position, 0, rows - 1);
    }

    /** Dot products of some queries with the keys of a page. */
    private static void scores(float[] queries, int q, int queryStride, int rows, float[] page, int keys, int keySize,
                               float[] scores, int at, int stride) {
        for (int r = 0; r < rows; r++) {
            Arrays.fill(scores, at + r * stride, at + r * stride + PAGE, 0f);
        }
        for (int c = 0; c < PAGE; c += WIDTH) {
            RegisterTile.multiplyAddInto(queries, q, queryStride, rows, page, keys + c, PAGE, keySize, scores, at + c, stride);
        }
    }

    /**
     * Scores become {@code e^(score − max)}, 0 where a key is not visible.
     *
     * @param first position of the first score
     * @param count scores, whole pages up to the row's own position
     * @param lanes room for {@link VectorFunctions#CHUNK} numbers; overwritten
     * @return what the sum over the values must be multiplied by
     */
    static float softmax(AttentionShape shape, int head, int position, int first, int count, float[] scores, int at, float[] lanes) {
        if (count == 0) {
            return exponentials(scores, at, count, 0f, lanes);
        }
        float scale = shape.scale();
        if (shape.softcap() != 0f) {
            multiply(scores, at, count, scale);
            VectorFunctions.softcap(scores, at, count, shape.softcap(), lanes);
            scale = 1f;
        }
        FloatVector max = FloatVector.broadcast(LANES, Float.NEGATIVE_INFINITY);
        int visible = shape.firstVisible(position);
        float slope = shape.slopes() == null ? 0f : shape.slopes()[head];
        for (int k = 0; k < count; k += COUNT) {
            FloatVector score = FloatVector.fromArray(LANES, scores, at + k).mul(scale);
            FloatVector distance = NUMBERS.add(first + k - position);
            (FUSED ? distance.lanewise(FMA, slope, score) : distance.mul(slope).add(score)).intoArray(scores, at + k);
            if (first + k < visible || first + k + COUNT - 1 > position) {
                hide(visible - first - k, position + 1 - first - k, scores, at + k);
            }
            max = max.max(FloatVector.fromArray(LANES, scores, at + k));
        }
        max.intoArray(lanes, 0);
        float largest = VectorFunctions.largest(lanes, 0);
        float sink = shape.sinks() == null ? Float.NEGATIVE_INFINITY : shape.sinks()[head];
        largest = Math.max(largest, sink);
        return 1f / (exponentials(scores, at, count, largest, lanes) + Elementary.exp(sink - largest));
    }

    /** Puts {@code e^(score − largest)} in place of each score and returns their sum. */
    static float exponentials(float[] scores, int at, int count, float largest, float[] lanes) {
        VectorFunctions.exponentials(scores, at, count, largest, lanes);
        return VectorFunctions.fold(lanes, 0);
    }

    /** Scores of the keys {@code [0, visible)} and from {@code hidden} on, of the {@link #COUNT} from {@code at} on, become −∞. */
    private static void hide(int visible, int hidden, float[] scores, int at) {
        for (int i = 0; i < COUNT; i++) {
            if (i < visible || i >= hidden) {
                scores[at + i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /** Adds the values of a page, weighted by the probabilities. */
    private static void mix(float[] scores, int at, int stride, int rows, float[] page, int values, int valueSize, int steps,
                            float[] out, int o, int outStride, Scratch scratch) {
        int whole = valueSize - valueSize % WIDTH;
        for (int c = 0; c < whole; c += WIDTH) {
            RegisterTile.multiplyAddInto(scores, at, stride, rows, page, values + c, valueSize, steps, out, o + c, outStride);
        }
        if (whole < valueSize) {
            mixLast(scores, at, stride, rows, page, values + whole, valueSize, steps, out, o + whole, outStride, scratch);
        }
    }

    /** The last columns, fewer than a panel's: by way of a panel padded with zeros. */
    private static void mixLast(float[] scores, int at, int stride, int rows, float[] page, int values, int valueSize, int steps,
                                float[] out, int o, int outStride, Scratch scratch) {
        int columns = valueSize % WIDTH;
        float[] panel = scratch.panel((PAGE + rows) * WIDTH);
        int sums = PAGE * WIDTH;
        Arrays.fill(panel, 0, sums + rows * WIDTH, 0f);
        for (int step = 0; step < steps; step++) {
            System.arraycopy(page, values + step * valueSize, panel, step * WIDTH, columns);
        }
        for (int r = 0; r < rows; r++) {
            System.arraycopy(out, o + r * outStride, panel, sums + r * WIDTH, columns);
        }
        RegisterTile.multiplyAddInto(scores, at, stride, rows, panel, 0, WIDTH, steps, panel, sums, WIDTH);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(panel, sums + r * WIDTH, out, o + r * outStride, columns);
        }
    }

    private static void multiply(float[] x, int from, int count, float factor) {
        for (int i = from; i < from + count; i++) {
            x[i] *= factor;
        }
    }
}
