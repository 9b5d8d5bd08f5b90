package jot.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Activations on rows of floats, a loop of its own for each function.
 *
 * <p>A choice among functions inside a loop would make the compiler keep vectors in memory. The last numbers, fewer than a vector's, go
 * through {@link Elementary}, which gives the same bits.
 */
final class VectorActivations {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();

    private VectorActivations() {
    }

    static void apply(Activation activation, float[] x, int from, int width) {
        int to = from + width - width % COUNT;
        switch (activation) {
            case Activation.Gelu.TANH -> geluTanh(x, from, to);
            case Activation.Gelu.ERF -> geluErf(x, from, to);
            case Activation.QuickGelu _ -> quickGelu(x, from, to);
            case Activation.Relu _ -> relu(x, from, to);
            case Activation.ReluSquared _ -> reluSquared(x, from, to);
            case Activation.Silu _ -> silu(x, from, to);
            case Activation.Tanh _ -> tanh(x, from, to);
            case Activation.Sigmoid _ -> sigmoid(x, from, to);
            case Activation.Identity _ -> { }
            case Activation.XIelu shape -> xielu(shape, x, from, to);
        }
        for (int i = to; i < from + width; i++) {
            x[i] = Elementary.apply(activation, x[i]);
        }
    }

    private static void geluTanh(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.geluTanh(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void geluErf(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.geluErf(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void quickGelu(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.quickGelu(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void relu(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            FloatVector.fromArray(LANES, x, i).max(0f).intoArray(x, i);
        }
    }

    private static void reluSquared(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            FloatVector positive = FloatVector.fromArray(LANES, x, i).max(0f);
            positive.mul(positive).intoArray(x, i);
        }
    }

    private static void silu(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.silu(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void tanh(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.tanh(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void sigmoid(float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.sigmoid(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void xielu(Activation.XIelu shape, float[] x, int from, int to) {
        for (int i = from; i < to; i += COUNT) {
            VectorFunctions.xielu(shape, FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    static void gate(GatedActivation activation, float[] gate, int gateFrom, float[] up, int upFrom, float[] y, int yFrom, int width) {
        switch (activation) {
            case GatedActivation.Product product -> {
                apply(product.activation(), gate, gateFrom, width);
                multiply(gate, gateFrom, up, upFrom, y, yFrom, width);
            }
            case GatedActivation.ClampedSwiglu shape -> clampedSwiglu(shape, gate, gateFrom, up, upFrom, y, yFrom, width);
        }
    }

    private static void multiply(float[] gate, int gateFrom, float[] up, int upFrom, float[] y, int yFrom, int width) {
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(LANES, gate, gateFrom + i).mul(FloatVector.fromArray(LANES, up, upFrom + i)).intoArray(y, yFrom + i);
        }
        for (int i = whole; i < width; i++) {
            y[yFrom + i] = gate[gateFrom + i] * up[upFrom + i];
        }
    }

    private static void clampedSwiglu(GatedActivation.ClampedSwiglu shape, float[] gate, int gateFrom, float[] up, int upFrom,
                                      float[] y, int yFrom, int width) {
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector g = FloatVector.fromArray(LANES, gate, gateFrom + i);
            FloatVector u = FloatVector.fromArray(LANES, up, upFrom + i);
            VectorFunctions.clampedSwiglu(shape, g, u).intoArray(y, yFrom + i);
        }
        for (int i = whole; i < width; i++) {
            y[yFrom + i] = Elementary.clampedSwiglu(shape, gate[gateFrom + i], up[upFrom + i]);
        }
    }
}
