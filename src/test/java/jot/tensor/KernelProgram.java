package jot.tensor;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Chooses kernels and holds them against the scalar ones, in a JVM whose flags a test has chosen.
 *
 * <p>Prints the description of the automatic choice, that of the vector kernels or why there are none, and the greatest difference; with
 * an argument also what becomes of the automatic choice once the kernels have been tried.
 */
public final class KernelProgram {
    private static final int ROWS = 27;
    private static final int LONGEST_MILLIS = 60_000;
    private static final List<WeightFormat> FORMATS =
        List.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4);

    private final Random random = new Random(3);
    private final Scratch scratch = new Scratch();
    private double greatest;
    private boolean standInDiffers;

    private KernelProgram() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        KernelSelection automatic = KernelSelection.choose(Backend.AUTO);
        System.out.println(automatic.description());
        try (KernelSelection chosen = KernelSelection.choose(Backend.VECTOR)) {
            System.out.println(chosen.description());
            KernelProgram program = new KernelProgram();
            program.compare(chosen.kernels());
            System.out.println(program.greatest < 1e-5 ? "same numbers" : "greatest difference " + program.greatest);
            System.out.println(program.standInDiffers ? "other bits than the stand-in" : "same bits as the stand-in");
        } catch (IllegalStateException impossible) {
            System.out.println(impossible.getMessage());
        }
        if (arguments.length > 0) {
            System.out.println(afterTrial(automatic));
        }
        automatic.close();
    }

    /** The description once it is another; or the same after a long time. */
    private static String afterTrial(KernelSelection selection) throws InterruptedException {
        String before = selection.description();
        selection.warmUp(Set.of(WeightFormat.F32), false);
        for (int k = 0; k < LONGEST_MILLIS && selection.description().equals(before); k += 10) {
            Thread.sleep(10);
        }
        return selection.description();
    }

    private void compare(Kernels kernels) {
        for (WeightFormat format : FORMATS) {
            for (int inputs : new int[] {1, 7, 32, 33, 96, 260}) {
                products(kernels, format, inputs);
            }
        }
        for (int size : new int[] {8, 13, 64, 80}) {
            attention(kernels, size);
        }
        rows(kernels);
    }

    private void products(Kernels kernels, WeightFormat format, int inputs) {
        int outputs = kernels.panel() + 5;
        Matrix w = Quantizer.convert(Matrix.of(numbers(outputs * inputs), outputs, inputs), format, Arena.ofAuto());
        Kernels scalar = new ScalarKernels();
        Activations x = activations(inputs);
        Activations expected = new Activations(ROWS, outputs);
        Activations found = new Activations(ROWS, outputs);
        scalar.decode(w, null, x, 0, expected, 0, 0, ROWS, 0, outputs, scratch);
        kernels.prefill(w, null, x, 0, found, 0, 0, ROWS, 0, outputs, scratch);
        note(expected, found, Math.sqrt(inputs));
        Kernels standIn = new LaneKernels(kernels, kernels.panel() / 2);
        Activations stood = new Activations(ROWS, outputs);
        standIn.prefill(w, null, x, 0, stood, 0, 0, ROWS, 0, outputs, scratch);
        compareBits(found, stood);
        for (int rows : new int[] {1, 2, 7}) {
            kernels.decode(w, null, x, 0, found, 0, 0, rows, 0, outputs, scratch);
            note(expected, found, Math.sqrt(inputs));
            standIn.decode(w, null, x, 0, stood, 0, 0, rows, 0, outputs, scratch);
            compareBits(found, stood);
        }
        scalar.prefill(w, null, x, 0, found, 0, 0, ROWS, 0, outputs, scratch);
        note(expected, found, Math.sqrt(inputs));
    }

    private void attention(Kernels kernels, int size) {
        AttentionShape shape = new AttentionShape(4, 2, size, size, 0.2f, 40, 3f, new float[] {0.5f, 0.2f, 0.1f, 0.01f}, null);
        float[][] pages = {numbers(4 * size * AttentionRows.PAGE), numbers(4 * size * AttentionRows.PAGE)};
        Activations x = activations(4 * size);
        Activations expected = new Activations(ROWS, 4 * size);
        Activations found = new Activations(ROWS, 4 * size);
        int values = 2 * size * AttentionRows.PAGE;
        AttentionRows sequence = new AttentionRows().set(pages, 0, ROWS, 20, false);
        new ScalarKernels().attend(shape, x, 0, sequence, 0, values, expected, 0, 0, 4, 0, ROWS, scratch);
        kernels.attend(shape, x, 0, sequence, 0, values, found, 0, 0, 4, 0, ROWS, scratch);
        note(expected, found, 1);
        sequence.set(pages, 0, ROWS, 20, true);
        kernels.attend(shape, x, 0, sequence, 0, values, found, 0, 0, 2, 0, ROWS, scratch);
        kernels.attend(shape, x, 0, sequence, 0, values, found, 0, 2, 4, 0, ROWS, scratch);
        note(expected, found, 1);
    }

    private void rows(Kernels kernels) {
        for (int width : new int[] {1, 13, 31, 64}) {
            Activations expected = activations(width);
            Activations found = new Activations(ROWS, width);
            System.arraycopy(expected.values(), 0, found.values(), 0, found.values().length);
            rows(new ScalarKernels(), expected, width);
            rows(kernels, found, width);
            note(expected, found, 1);
        }
    }

    private void rows(Kernels kernels, Activations x, int width) {
        for (Activation activation : List.of(Activation.Gelu.TANH, Activation.Gelu.ERF, new Activation.Silu(), new Activation.Tanh())) {
            kernels.rmsNorm(x, 0, 1, width, null, 1e-5f, x, 0, 0, ROWS, scratch);
            kernels.activate(activation, x, 0, width, 0, ROWS, new Scratch());
        }
        kernels.add(x, 0, 0.5f, x, 0, width, 0, ROWS);
        kernels.softcap(x, 0, 2f, width, 0, ROWS, new Scratch());
    }

    private void note(Activations expected, Activations found, double scale) {
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < expected.width(); i++) {
                float wanted = expected.values()[expected.at(row) + i];
                float got = found.values()[found.at(row) + i];
                double difference = Math.abs(wanted - got) / Math.max(1, Math.abs(wanted)) / scale;
                greatest = difference <= greatest ? greatest : difference;
            }
        }
    }

    private void compareBits(Activations y, Activations z) {
        for (int row = 0; row < ROWS; row++) {
            for (int i = 0; i < y.width(); i++) {
                standInDiffers |= y.values()[y.at(row) + i] != z.values()[z.at(row) + i];
            }
        }
    }

    private Activations activations(int width) {
        Activations x = new Activations(ROWS, width);
        System.arraycopy(numbers(x.values().length), 0, x.values(), 0, x.values().length);
        return x;
    }

    private float[] numbers(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
