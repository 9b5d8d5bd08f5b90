package jot.loading;

import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;

import jot.tensor.KernelSelection;
import jot.tensor.Matrix;
import jot.tensor.Quantizer;
import jot.tensor.WeightFormat;
import jot.tensor.Workers;

/**
 * Holds matrices in another format than the file does, converted on all workers while loading, each straight from where it is stored.
 *
 * <p>It is given plain matrices. Experts that the file packs in MXFP4 do not come here: to round codes again would only lose.
 */
final class FormatConversion {

    /** Rows that a thread converts at a time; also the columns of a transposed matrix that it gathers, a cache line or two of each row. */
    private static final int ROWS = 32;
    /** Floats between gathered columns, so that they do not compete for the same places in the cache. */
    private static final int GAP = 16;

    private final WeightFormat format;
    private final KernelSelection kernels;
    private final Workers workers;
    private final SegmentAllocator memory;
    private final float[][] gathered;
    private final Quantizer.Buffer[] buffers;

    /**
     * Converts to a format.
     *
     * @param format F32, F16, BF16, Q8 or Q4
     * @param kernels what will multiply the matrices, so that they are laid out for it
     * @param memory gives the memory that the matrices will live in
     */
    FormatConversion(WeightFormat format, KernelSelection kernels, Workers workers, SegmentAllocator memory) {
        this.format = format;
        this.kernels = kernels;
        this.workers = workers;
        this.memory = memory;
        this.gathered = new float[workers.threads()][0];
        this.buffers = new Quantizer.Buffer[workers.threads()];
        Arrays.setAll(buffers, _ -> new Quantizer.Buffer());
    }

    /** What matrices are converted to. */
    WeightFormat format() {
        return format;
    }

    /**
     * The same numbers in the format, as near as it gets.
     *
     * @param passing whether its memory ends soon, so that it is copied even if it has the format
     */
    Matrix convert(Matrix source, boolean passing) {
        if (source.format().equals(format) && !passing) {
            return source;
        }
        return fill(source.outputs(), source.inputs(), (output, values, at) -> source.row(output, values, at));
    }

    /** The same of a plain matrix whose row i is the stored row {@code order[i]}. */
    Matrix reordered(Matrix stored, int[] order) {
        return fill(stored.outputs(), stored.inputs(), (output, values, at) -> stored.row(order[output], values, at));
    }

    /**
     * The same of a plain matrix that is stored {@code [inputs][outputs]}, straight from where it lies: no transposed copy is made.
     *
     * @param order the stored output that becomes output i; empty where their order is right
     */
    Matrix transposed(Matrix stored, int[] order) {
        int outputs = stored.inputs();
        int[] places = RowOrder.places(order, outputs);
        int inputs = stored.outputs();
        Quantizer quantizer = quantizer(outputs, inputs);
        return filled(quantizer, Math.ceilDiv(outputs, ROWS), 1, (worker, from, to) -> {
            int stride = inputs + GAP;
            float[] values = gathered(worker, ROWS * (stride + 1));
            for (int first = from * ROWS; first < Math.min(outputs, to * ROWS); first += ROWS) {
                int count = Math.min(ROWS, outputs - first);
                gather(stored, first, count, values, stride);
                for (int row = 0; row < count; row++) {
                    quantizer.row(places[first + row], values, row * stride, buffers[worker]);
                }
            }
        });
    }

    /** Columns {@code [first, first + count)}, {@code stride} apart, each of as many numbers as there are rows. */
    private static void gather(Matrix stored, int first, int count, float[] values, int stride) {
        int line = ROWS * stride;
        for (int input = 0; input < stored.outputs(); input++) {
            stored.row(input, first, count, values, line);
            scatter(values, line, count, input, stride);
        }
    }

    private static void scatter(float[] values, int from, int count, int to, int stride) {
        for (int i = 0; i < count; i++) {
            values[to + i * stride] = values[from + i];
        }
    }

    /** Gives the floats of a row of the result. */
    private interface Rows {
        void read(int output, float[] to, int offset);
    }

    private Matrix fill(int outputs, int inputs, Rows rows) {
        Quantizer quantizer = quantizer(outputs, inputs);
        return filled(quantizer, outputs, ROWS, (worker, from, to) -> {
            float[] row = gathered(worker, inputs);
            for (int output = from; output < to; output++) {
                rows.read(output, row, 0);
                quantizer.row(output, row, 0, buffers[worker]);
            }
        });
    }

    private Quantizer quantizer(int outputs, int inputs) {
        return new Quantizer(format, outputs, inputs, kernels.outputsSideBySide(format, outputs, workers.threads()), memory);
    }

    /** A matrix whose rows a loop stores, in the layout wanted. */
    private Matrix filled(Quantizer quantizer, int count, int grain, Workers.RangeTask rows) {
        workers.run(() -> {
            workers.forEach(rows, count, grain);
            workers.forEach((worker, from, to) -> {
                for (int tile = from; tile < to; tile++) {
                    quantizer.turn(tile, buffers[worker]);
                }
            }, quantizer.tiles(), 1);
        });
        return quantizer.matrix();
    }

    /** An array of a thread's own, used again from matrix to matrix. */
    private float[] gathered(int worker, int floats) {
        if (gathered[worker].length < floats) {
            gathered[worker] = new float[floats];
        }
        return gathered[worker];
    }
}
