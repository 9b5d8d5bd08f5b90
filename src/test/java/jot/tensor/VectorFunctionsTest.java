package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The functions on lanes have the bits of {@link Elementary}, whatever the numbers and however many. */
@Tag("vector")
class VectorFunctionsTest {
    private static final int COUNT = VectorFunctions.LANES.length();
    /** Several chunks and a rest that is no whole vector, between neighbours that stay as they are. */
    private static final int WIDTH = 2 * VectorFunctions.CHUNK + 5 * COUNT + 3;
    private static final int BEFORE = 3;
    private static final int SIZE = BEFORE + WIDTH + 2 * COUNT;
    private static final float[] SPECIAL = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE,
        -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, 1e30f, -1e30f, 88.5f, -88.5f, 89.5f, -104.5f, 20.5f, -20.5f};

    private final Random random = new Random(1);
    private final float[] between = new float[VectorFunctions.CHUNK];

    @FunctionalInterface
    private interface Definition {
        float of(float x);
    }

    /** Over all magnitudes, results below the normal floats and the ends included. */
    @Test
    void theShortExponentialHasTheBitsOfTheLongOne() {
        float[] x = new float[1 << 18];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i & 1) == 0 ? -120 * random.nextFloat() : -Float.intBitsToFloat(random.nextInt(0x7F80_0001));
        }
        float[] special = {0f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, -87.5f, -103.9f, -104f, -Float.MIN_VALUE};
        System.arraycopy(special, 0, x, 0, special.length);
        float[] found = x.clone();
        VectorFunctions.exponentials(found, 0, found.length, 0f, new float[COUNT]);
        for (int i = 0; i < x.length; i++) {
            float number = x[i];
            assertEquals(Float.floatToIntBits(Elementary.exp(number)), Float.floatToIntBits(found[i]), () -> "exp(" + number + ")");
        }
    }

    @ParameterizedTest
    @MethodSource("jot.tensor.KernelsTest#activations")
    void activationsHaveTheBitsOfTheirDefinition(Activation activation) {
        float[] x = numbers();
        float[] found = x.clone();
        VectorFunctions.activate(activation, found, BEFORE, WIDTH, between);
        assertSame(x, found, number -> Elementary.apply(activation, number));
    }

    @ParameterizedTest
    @ValueSource(floats = {0.03f, 1f, 50f})
    void softcapHasTheBitsOfItsDefinition(float cap) {
        float[] x = numbers();
        float[] found = x.clone();
        VectorFunctions.softcap(found, BEFORE, WIDTH, cap, between);
        assertSame(x, found, number -> Elementary.tanh(number / cap) * cap);
    }

    static GatedActivation[] gatedActivations() {
        return new GatedActivation[] {new GatedActivation.ClampedSwiglu(1.702f, 7f), new GatedActivation.ClampedSwiglu(0.5f, 1e30f),
            new GatedActivation.Product(new Activation.Silu()), new GatedActivation.Product(Activation.Gelu.TANH)};
    }

    /** Also where the result takes the place of one of the halves. */
    @ParameterizedTest
    @MethodSource("gatedActivations")
    void gatedActivationsHaveTheBitsOfTheirDefinition(GatedActivation activation) {
        float[] gate = numbers();
        float[] up = numbers();
        for (int place = 0; place < 3; place++) {
            float[] g = gate.clone();
            float[] u = up.clone();
            float[] found = place == 0 ? g : place == 1 ? u : new float[SIZE];
            VectorFunctions.gate(activation, g, BEFORE, u, BEFORE, found, BEFORE, WIDTH, between);
            for (int i = BEFORE; i < BEFORE + WIDTH; i++) {
                assertBits(ScalarKernels.join(activation, gate[i], up[i]), found[i], gate[i] + " and " + up[i]);
            }
            float[] outside = place == 0 ? gate : place == 1 ? up : new float[SIZE];
            assertArrayEquals(Arrays.copyOfRange(outside, BEFORE + WIDTH, SIZE),
                Arrays.copyOfRange(found, BEFORE + WIDTH, SIZE));
        }
    }

    /** Numbers of neighbours stay apart, also where sums of vectors before them have taken their place already. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 5, 15, 16, 17, 31, 127, 128, 129, 300})
    void manyVectorsAreFoldedAsEachAlone(int vectors) {
        float[] lanes = new float[(vectors + COUNT) * COUNT];
        for (int i = 0; i < lanes.length; i++) {
            double size = Math.exp(4 * random.nextGaussian());
            lanes[i] = i % 137 == 0 ? SPECIAL[i / 137 % SPECIAL.length] : (float) (random.nextGaussian() * size);
        }
        float[] found = lanes.clone();
        VectorFunctions.foldAll(found, 0, vectors);
        if (vectors == 0) {
            assertArrayEquals(lanes, found);
        }
        for (int v = 0; v < vectors; v++) {
            assertBits(inWrittenOrder(lanes, v * COUNT), found[v], "vector " + v);
            assertBits(VectorFunctions.fold(lanes, v * COUNT), found[v], "vector " + v + " alone");
        }
    }

    /** The upper half is added to the lower until four lanes are left. */
    private static float inWrittenOrder(float[] lanes, int at) {
        float[] sum = Arrays.copyOfRange(lanes, at, at + COUNT);
        for (int half = COUNT / 2; half >= 4; half /= 2) {
            for (int i = 0; i < half; i++) {
                sum[i] += sum[i + half];
            }
        }
        return sum[0] + sum[1] + sum[2] + sum[3];
    }

    /** Numbers of the size that activations have, special ones, and any. */
    private float[] numbers() {
        float[] x = new float[SIZE];
        for (int i = 0; i < x.length; i++) {
            x[i] = switch (random.nextInt(4)) {
                case 0 -> SPECIAL[random.nextInt(SPECIAL.length)];
                case 1 -> Float.intBitsToFloat(random.nextInt());
                default -> (float) random.nextGaussian() * 8;
            };
        }
        return x;
    }

    private static void assertSame(float[] x, float[] found, Definition definition) {
        for (int i = 0; i < x.length; i++) {
            boolean within = i >= BEFORE && i < BEFORE + WIDTH;
            assertBits(within ? definition.of(x[i]) : x[i], found[i], "number " + i + ", " + x[i]);
        }
    }

    /** All that are no numbers are the same. */
    private static void assertBits(float expected, float found, String what) {
        if (Float.floatToIntBits(expected) != Float.floatToIntBits(found)) {
            assertEquals(expected, found, what);
        }
    }
}
