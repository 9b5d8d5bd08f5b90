package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stand-in gives the bits of the vector kernels, so that nobody sees when they take over. */
@Tag("vector")
class LaneKernelsTest {
    private static final int ROWS = 27;

    private final Kernels vector = new VectorKernels();
    private final Kernels plain = new LaneKernels(vector, Integer.parseInt(vector.description().replaceAll("\\D", "")) / Float.SIZE);
    private final Random random = new Random(5);
    private final Scratch scratch = new Scratch();

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 7, 8, 13, 16, 17, 31, 32, 33, 64, 96, 257, 768, 1025, 2100})
    void productsAreTheSame(int inputs) {
        for (WeightFormat format : new WeightFormat[] {WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8,
            WeightFormat.Q4}) {
            int outputs = 2 * vector.panel() + 5;
            Matrix w = Quantizer.convert(Matrix.of(numbers(outputs * inputs), outputs, inputs), format, Arena.ofAuto());
            float[] bias = numbers(outputs);
            Activations x = rows(inputs + 3);
            Activations y = new Activations(ROWS, outputs + 2);
            Activations z = new Activations(ROWS, outputs + 2);
            vector.prefill(w, bias, x, 3, y, 2, 0, ROWS, 0, outputs, scratch);
            plain.prefill(w, bias, x, 3, z, 2, 0, ROWS, 0, outputs, scratch);
            assertSame(y, z, "prefill " + format.label());
            for (int rows : new int[] {1, 2, 3, 4, 6, 7, 8, 15, 23}) {
                vector.decode(w, null, x, 3, y, 2, 0, rows, 0, outputs, scratch);
                plain.decode(w, null, x, 3, z, 2, 0, rows, 0, outputs, scratch);
                assertSame(y, z, "decode " + format.label() + ", rows " + rows);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 10, 16, 24, 64, 80})
    void attentionIsTheSame(int size) {
        int heads = 4;
        float[] slopes = {0.5f, 0.25f, 0.1f, 0.01f};
        for (int window : new int[] {0, 5, 40}) {
            for (float cap : new float[] {0f, 3f}) {
                AttentionShape shape = new AttentionShape(heads, 2, size, size, 0.3f, window, cap, window == 5 ? slopes : null,
                    cap == 0f ? null : slopes);
                float[][] pages = new float[4][];
                for (int page = 0; page < pages.length; page++) {
                    pages[page] = numbers(4 * size * AttentionRows.PAGE);
                }
                int values = 2 * size * AttentionRows.PAGE;
                Activations x = rows(heads * size);
                for (boolean decode : new boolean[] {false, true}) {
                    AttentionRows sequence = new AttentionRows().set(pages, 0, ROWS, 55, decode);
                    Activations y = new Activations(ROWS, heads * size);
                    Activations z = new Activations(ROWS, heads * size);
                    vector.attend(shape, x, 0, sequence, 0, values, y, 0, 0, 2, 0, ROWS, scratch);
                    vector.attend(shape, x, 0, sequence, 0, values, y, 0, 2, heads, 0, ROWS, scratch);
                    plain.attend(shape, x, 0, sequence, 0, values, z, 0, 0, heads, 0, ROWS, scratch);
                    assertSame(y, z, "window " + window + ", cap " + cap + ", decode " + decode);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 13, 16, 17, 31, 33, 64, 768, 1041, 2100})
    void operationsOnRowsAreTheSame(int width) {
        Activations y = rows(width);
        Activations z = new Activations(ROWS, width);
        System.arraycopy(y.values(), 0, z.values(), 0, y.values().length);
        float[] weight = numbers(width);
        float[] bias = numbers(width);
        for (Kernels kernels : new Kernels[] {vector, plain}) {
            Activations x = kernels == vector ? y : z;
            kernels.layerNorm(x, 0, 1, width, weight, bias, 1e-5f, x, 0, 0, ROWS, scratch);
            kernels.rmsNorm(x, 0, 1, width, weight, 1e-6f, x, 0, 0, ROWS, scratch);
            for (Activation activation : new Activation[] {Activation.Gelu.TANH, Activation.Gelu.ERF, new Activation.Silu(),
                new Activation.QuickGelu(), new Activation.Tanh(), new Activation.XIelu(0.8f, 0.7f, 0.5f, -1e-6f)}) {
                kernels.activate(activation, x, 0, width, 0, ROWS, scratch);
            }
            kernels.gate(new GatedActivation.ClampedSwiglu(1.7f, 7f), x, 0, x, 0, x, 0, width, 0, ROWS, scratch);
            kernels.softcap(x, 0, 2f, width, 0, ROWS, scratch);
            kernels.add(x, 0, 0.7f, x, 0, width, 0, ROWS);
            kernels.scale(x, 0, 1.3f, width, 0, ROWS);
        }
        assertSame(y, z, "rows of " + width);
    }

    @Test
    void rotationIsTheSame() {
        Activations y = rows(4 * 64);
        Activations z = new Activations(ROWS, 4 * 64);
        System.arraycopy(y.values(), 0, z.values(), 0, y.values().length);
        float[] cos = numbers(ROWS * 32);
        float[] sin = numbers(ROWS * 32);
        int[] table = new int[ROWS];
        for (int r = 0; r < ROWS; r++) {
            table[r] = ROWS - 1 - r;
        }
        vector.rotate(y, 0, 4, 64, 64, false, cos, sin, 32, table, 0, ROWS);
        plain.rotate(z, 0, 4, 64, 64, false, cos, sin, 32, table, 0, ROWS);
        assertSame(y, z, "rotation");
    }

    private void assertSame(Activations expected, Activations found, String what) {
        for (int row = 0; row < ROWS; row++) {
            int[] a = new int[expected.width()];
            int[] b = new int[expected.width()];
            for (int i = 0; i < a.length; i++) {
                a[i] = Float.floatToIntBits(expected.values()[expected.at(row) + i] + 0f);
                b[i] = Float.floatToIntBits(found.values()[found.at(row) + i] + 0f);
            }
            assertArrayEquals(a, b, what + ", row " + row);
        }
    }

    private Activations rows(int width) {
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
