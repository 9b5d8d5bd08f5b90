package jot.tensor;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * Runs every kernel once on a tiny input and holds the result against the scalar kernels.
 *
 * <p>This finds a JDK whose incubating module has changed (a {@link LinkageError}) or a machine on which some operation goes wrong.
 */
final class KernelCheck {
    private static final int ROWS = 3;
    private static final int INPUTS = 64;
    private static final int PAGE = AttentionRows.PAGE;
    private static final double TOLERANCE = 1e-3;
    private static final List<WeightFormat> FORMATS =
        List.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4);

    private final Kernels kernels;
    private final Kernels expected = new ScalarKernels();
    private final Scratch scratch = new Scratch();

    KernelCheck(Kernels kernels) {
        this.kernels = kernels;
    }

    /** The first operation whose result is wrong, or null. */
    String firstMismatch() {
        for (WeightFormat format : FORMATS) {
            if (!productsAgree(format)) {
                return "product with " + format.label() + " weights";
            }
        }
        if (!attentionAgrees()) {
            return "attention";
        }
        return rowsAgree() ? null : "an operation on rows";
    }

    private boolean productsAgree(WeightFormat format) {
        int outputs = kernels.panel() + 5;
        Matrix w = Quantizer.convert(Matrix.of(numbers(outputs * INPUTS), outputs, INPUTS), format, Arena.ofAuto());
        Activations x = rows(INPUTS);
        Activations y = new Activations(ROWS, outputs);
        Activations z = new Activations(ROWS, outputs);
        expected.decode(w, null, x, 0, z, 0, 0, ROWS, 0, outputs, scratch);
        kernels.prefill(w, null, x, 0, y, 0, 0, ROWS, 0, outputs, scratch);
        boolean prefill = agree(y, z);
        kernels.decode(w, null, x, 0, y, 0, 0, 1, 0, outputs, scratch);
        kernels.decode(w, null, x, 0, y, 0, 1, ROWS, 0, outputs, scratch);
        return prefill && agree(y, z);
    }

    private boolean attentionAgrees() {
        AttentionShape shape = new AttentionShape(2, 1, 16, 16, 0.25f, 0, 0f, new float[] {0.5f, 0.25f}, null);
        float[][] pages = {numbers(32 * PAGE), numbers(32 * PAGE)};
        AttentionRows sequence = new AttentionRows().set(pages, 0, ROWS, PAGE - 1, false);
        Activations y = new Activations(ROWS, 32);
        Activations z = new Activations(ROWS, 32);
        Activations queries = rows(32);
        expected.attend(shape, queries, 0, sequence, 0, 16 * PAGE, z, 0, 0, 2, 0, ROWS, scratch);
        kernels.attend(shape, queries, 0, sequence, 0, 16 * PAGE, y, 0, 0, 2, 0, ROWS, scratch);
        return agree(y, z);
    }

    private boolean rowsAgree() {
        Activations y = rows(INPUTS);
        Activations z = rows(INPUTS);
        inSequence(kernels, y);
        inSequence(expected, z);
        return agree(y, z);
    }

    private void inSequence(Kernels under, Activations x) {
        float[] ones = new float[INPUTS];
        Arrays.fill(ones, 0.5f);
        under.layerNorm(x, 0, 1, INPUTS, ones, ones, 1e-5f, x, 0, 0, ROWS, scratch);
        under.activate(Activation.Gelu.TANH, x, 0, INPUTS, 0, ROWS);
        under.rmsNorm(x, 0, 2, INPUTS / 2, null, 1e-5f, x, 0, 0, ROWS, scratch);
        under.activate(Activation.Gelu.ERF, x, 0, INPUTS, 0, ROWS);
        under.gate(new GatedActivation.Product(new Activation.Silu()), x, 0, rows(INPUTS), 0, x, 0, INPUTS, 0, ROWS);
        under.rotate(x, 0, 1, INPUTS, INPUTS, false, ones, ones, INPUTS / 2, new int[ROWS], 0, ROWS);
        under.add(x, 0, 0.5f, x, 0, INPUTS, 0, ROWS);
        under.softcap(x, 0, 2f, INPUTS, 0, ROWS);
    }

    private static boolean agree(Activations y, Activations z) {
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < y.width(); i++) {
                float expected = z.values()[z.at(row) + i];
                float found = y.values()[y.at(row) + i];
                if (!(Math.abs(found - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
                    return false;
                }
            }
        }
        return true;
    }

    private static Activations rows(int width) {
        Activations x = new Activations(ROWS, width);
        System.arraycopy(numbers(x.values().length), 0, x.values(), 0, x.values().length);
        return x;
    }

    /** Numbers from −1 to 1 without a pattern. */
    private static float[] numbers(int count) {
        float[] values = new float[count];
        int state = 1;
        for (int i = 0; i < count; i++) {
            state = state * 1_664_525 + 1_013_904_223;
            values[i] = state / 0x1p31f;
        }
        return values;
    }
}
