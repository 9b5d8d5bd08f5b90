package jot.reference;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.IntStream;

import jot.checkpoint.Checkpoint;
import jot.tensor.Matrix;
import jot.tensor.Quantizer;
import jot.tensor.WeightFormat;

/**
 * The tensors of a checkpoint in double precision.
 *
 * @param format the format whose numbers the matrices of linear layers and the token embeddings have
 */
record DoubleWeights(Checkpoint checkpoint, WeightFormat format) {

    /** Outputs of a matrix that are brought to its format at a time. */
    private static final int ROWS = 64;

    DoubleWeights(Checkpoint checkpoint) {
        this(checkpoint, WeightFormat.F32);
    }

    boolean has(String name) {
        return checkpoint.names().contains(name);
    }

    /** The elements in their order, of a tensor of any shape. */
    double[] vector(String name) {
        float[] values = checkpoint.floats(name);
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    /** A vector, or null where the checkpoint has none of that name. */
    double[] vectorOrNull(String name) {
        return has(name) ? vector(name) : null;
    }

    double[][] matrix(String name) {
        return rows(name, IntStream.range(0, (int) checkpoint.shape(name)[0]).toArray());
    }

    double[][] rows(String name, int[] indexes) {
        double[] all = vector(name);
        int width = (int) checkpoint.shape(name)[1];
        return Arrays.stream(indexes).mapToObj(i -> Arrays.copyOfRange(all, i * width, (i + 1) * width)).toArray(double[][]::new);
    }

    double[][] transposed(String name) {
        double[][] w = matrix(name);
        return IntStream.range(0, w[0].length).mapToObj(i -> Arrays.stream(w).mapToDouble(row -> row[i]).toArray())
                .toArray(double[][]::new);
    }

    /** Some rows of a matrix in its format. */
    double[][] embeddings(String name, int[] tokens) {
        float[] values = checkpoint.floats(name);
        int width = (int) checkpoint.shape(name)[1];
        return Arrays.stream(tokens).mapToObj(token -> {
            float[] row = Arrays.copyOfRange(values, token * width, (token + 1) * width);
            inFormat(row, 1, width).row(0, row, 0);
            return IntStream.range(0, width).mapToDouble(i -> row[i]).toArray();
        }).toArray(double[][]::new);
    }

    /** A matrix in its format as {@code [inputs][outputs]}; the file has it so, or as {@code [outputs][inputs]}. */
    private double[][] held(String name, boolean byOutputs) {
        float[] values = checkpoint.floats(name);
        int inputs = (int) checkpoint.shape(name)[byOutputs ? 1 : 0];
        int outputs = (int) checkpoint.shape(name)[byOutputs ? 0 : 1];
        double[][] w = new double[inputs][outputs];
        IntStream.range(0, Math.ceilDiv(outputs, ROWS)).parallel().forEach(part -> {
            int from = part * ROWS;
            int count = Math.min(ROWS, outputs - from);
            float[] rows = new float[count * inputs];
            for (int i = 0; i < inputs; i++) {
                for (int o = 0; o < count; o++) {
                    rows[o * inputs + i] = byOutputs ? values[(from + o) * inputs + i] : values[i * outputs + from + o];
                }
            }
            Matrix matrix = inFormat(rows, count, inputs);
            for (int o = 0; o < count; o++) {
                matrix.row(o, rows, o * inputs);
                for (int i = 0; i < inputs; i++) {
                    w[i][from + o] = rows[o * inputs + i];
                }
            }
        });
        return w;
    }

    private Matrix inFormat(float[] values, int outputs, int inputs) {
        Matrix matrix = Matrix.of(values, outputs, inputs);
        return format.equals(WeightFormat.F32) ? matrix : Quantizer.convert(matrix, format, Arena.ofAuto());
    }

    /** Rows times a matrix stored as {@code [outputs][inputs]}, plus its bias if there is one. */
    double[][] linear(double[][] x, String name) {
        return DoubleArithmetic.multiply(x, held(name + ".weight", true), vectorOrNull(name + ".bias"));
    }

    /** Rows times a matrix stored as {@code [inputs][outputs]}, plus its bias. */
    double[][] turnedLinear(double[][] x, String name) {
        return DoubleArithmetic.multiply(x, held(name + ".weight", false), vector(name + ".bias"));
    }

    /** W₃(silu(W₁ x) · W₂ x). */
    double[][] gated(double[][] x, String name) {
        double[][] gate = DoubleArithmetic.map(linear(x, name + "gate_proj"), DoubleArithmetic::silu);
        return linear(DoubleArithmetic.product(gate, linear(x, name + "up_proj")), name + "down_proj");
    }
}
