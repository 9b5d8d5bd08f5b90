package jot.reference;

import java.util.Arrays;
import java.util.stream.IntStream;

import jot.checkpoint.Checkpoint;

/** The tensors of a checkpoint in double precision. */
record DoubleWeights(Checkpoint checkpoint) {

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

    /** Rows times a matrix stored as {@code [outputs][inputs]}, plus its bias if there is one. */
    double[][] linear(double[][] x, String name) {
        return DoubleArithmetic.multiply(x, transposed(name + ".weight"), vectorOrNull(name + ".bias"));
    }

    /** Rows times a matrix stored as {@code [inputs][outputs]}, plus its bias. */
    double[][] turnedLinear(double[][] x, String name) {
        return DoubleArithmetic.multiply(x, matrix(name + ".weight"), vector(name + ".bias"));
    }

    /** W₃(silu(W₁ x) · W₂ x). */
    double[][] gated(double[][] x, String name) {
        double[][] gate = DoubleArithmetic.map(linear(x, name + "gate_proj"), DoubleArithmetic::silu);
        return linear(DoubleArithmetic.product(gate, linear(x, name + "up_proj")), name + "down_proj");
    }
}
