package jot.loading.adapter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

import jot.tensor.Matrix;
import jot.tensor.Workers;

/**
 * Computes what adapters make of matrices and vectors: the arithmetic alone, on all workers.
 *
 * <p>A strength other than 1 leads only that part of the way from the model's own numbers to the adapter's. Results do not depend on the
 * number of threads.
 */
final class LowRankMerge {

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Workers workers;

    LowRankMerge(Workers workers) {
        this.workers = workers;
    }

    /**
     * A matrix with an update.
     *
     * @param own the model's matrix as it is stored, {@code [outputs][inputs]}, or {@code [inputs][outputs]} if transposed
     * @param memory receives the result, 32-bit floats in the same layout
     */
    MemorySegment merge(Matrix own, LowRankUpdate update, boolean transposed, double strength, SegmentAllocator memory) {
        int rows = own.outputs();
        int columns = own.inputs();
        float[] a = update.a().floats();                                          // [rank][inputs]
        float[] b = scaled(update.b().floats(), update.scale());                  // [outputs][rank]
        int rank = (int) update.a().shape()[0];
        float[] left = transposed ? turned(a, rank) : b;                          // [rows][rank]
        float[] right = transposed ? turned(b, b.length / rank) : a;              // [rank][columns]
        MemorySegment sum = memory.allocate(4L * rows * columns, 64);
        float[] lengths = update.magnitude() == null ? null : update.magnitude().floats();
        double share = lengths == null ? strength : 1;
        forEachRow(rows, columns, (row, values, change) -> {
            Arrays.fill(change, 0);
            for (int k = 0; k < rank; k++) {
                add(change, right, k * columns, left[row * rank + k]);
            }
            own.row(row, values, 0);
            add(values, change, 0, (float) share);
            write(values, sum, row);
        });
        if (lengths != null) {
            stretch(sum, rows, columns, lengths, transposed);
            leadTowards(own, sum, strength);
        }
        return sum;
    }

    /** Gives the outputs of a matrix these lengths: rows, or columns if it is transposed. */
    private void stretch(MemorySegment matrix, int rows, int columns, float[] lengths, boolean transposed) {
        float[] factors = transposed ? columnFactors(matrix, rows, columns, lengths) : null;
        forEachRow(rows, columns, (row, values, _) -> {
            read(matrix, row, values);
            float factor = transposed ? 0 : (float) (lengths[row] / Math.sqrt(squares(values)));
            for (int i = 0; i < columns; i++) {
                values[i] *= transposed ? factors[i] : factor;
            }
            write(values, matrix, row);
        });
    }

    private static double squares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    private static float[] columnFactors(MemorySegment matrix, int rows, int columns, float[] lengths) {
        double[] sums = new double[columns];
        float[] values = new float[columns];
        for (int row = 0; row < rows; row++) {
            read(matrix, row, values);
            for (int i = 0; i < columns; i++) {
                sums[i] += (double) values[i] * values[i];
            }
        }
        float[] factors = new float[columns];
        for (int i = 0; i < columns; i++) {
            factors[i] = (float) (lengths[i] / Math.sqrt(sums[i]));
        }
        return factors;
    }

    /**
     * A parameter that an adapter brings whole, led towards from the model's own.
     *
     * @param memory receives the result, 32-bit floats
     */
    MemorySegment replace(Matrix own, Matrix other, double strength, SegmentAllocator memory) {
        MemorySegment result = memory.allocate(4L * own.outputs() * own.inputs(), 64);
        forEachRow(own.outputs(), own.inputs(), (row, values, _) -> {
            other.row(row, values, 0);
            write(values, result, row);
        });
        leadTowards(own, result, strength);
        return result;
    }

    /** own + strength · (result − own), in place. */
    private void leadTowards(Matrix own, MemorySegment result, double strength) {
        if (strength == 1) {
            return;
        }
        forEachRow(own.outputs(), own.inputs(), (row, values, from) -> {
            own.row(row, from, 0);
            read(result, row, values);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (from[i] + strength * ((double) values[i] - from[i]));
            }
            write(values, result, row);
        });
    }

    private static float[] scaled(float[] values, double scale) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * scale);
        }
        return values;
    }

    /** Transposes {@code [rows][length / rows]}. */
    private static float[] turned(float[] values, int rows) {
        int columns = values.length / rows;
        float[] turned = new float[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                turned[column * rows + row] = values[row * columns + column];
            }
        }
        return turned;
    }

    private static void add(float[] to, float[] from, int at, float factor) {
        for (int i = 0; i < to.length; i++) {
            to[i] += factor * from[at + i];
        }
    }

    private static void read(MemorySegment matrix, int row, float[] values) {
        MemorySegment.copy(matrix, FLOAT, 4L * row * values.length, values, 0, values.length);
    }

    private static void write(float[] values, MemorySegment matrix, int row) {
        MemorySegment.copy(values, 0, matrix, FLOAT, 4L * row * values.length, values.length);
    }

    private interface RowTask {
        void run(int row, float[] values, float[] others);
    }

    /** Runs a task for each row, with two arrays of its size to use, whose numbers are those of the row before. */
    private void forEachRow(int rows, int columns, RowTask task) {
        workers.run(() -> workers.forEach((worker, from, to) -> {
            float[] values = new float[columns];
            float[] others = new float[columns];
            for (int row = from; row < to; row++) {
                task.run(row, values, others);
            }
        }, rows, 8));
    }
}
