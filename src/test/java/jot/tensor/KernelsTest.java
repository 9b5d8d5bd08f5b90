package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kernel, scalar, vector and what stands in for it until it is compiled, against formulas in double precision. */
class KernelsTest {
    private static final int[] SIZES = {1, 3, 4, 7, 8, 13, 16, 17, 31, 33, 64, 96, 128, 130, 256};
    private static final int PAGE = AttentionRows.PAGE;

    private final Random random = new Random(5);

    static List<Kernels> kernels() {
        List<Kernels> kernels = new ArrayList<>(List.of(new ScalarKernels()));
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            kernels.add(KernelSelection.choose(Backend.VECTOR).kernels());
            kernels.add(new VectorKernels());
        }
        return kernels;
    }

    static Stream<Arguments> kernelsAndFormats() {
        return kernels().stream().flatMap(kernels -> Stream.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8,
            WeightFormat.Q4).map(format -> Arguments.of(kernels, format)));
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private Activations rows(int rows, int width) {
        Activations x = new Activations(rows, width);
        System.arraycopy(floats(x.values().length), 0, x.values(), 0, x.values().length);
        return x;
    }

    private static float at(Activations x, int row, int column) {
        return x.values()[x.at(row) + column];
    }

    /** As models may hold it for these kernels. */
    private Matrix matrix(Kernels kernels, WeightFormat format, int outputs, int inputs) {
        return matrix(floats(outputs * inputs), format, outputs, inputs, 1 + random.nextInt(kernels.outputsSideBySide(format)));
    }

    private static Matrix matrix(float[] values, WeightFormat format, int outputs, int inputs, int sideBySide) {
        Quantizer quantizer = new Quantizer(format, outputs, inputs, sideBySide, Arena.ofAuto());
        for (int output = 0; output < outputs; output++) {
            quantizer.row(output, values, output * inputs, new Quantizer.Buffer());
        }
        for (int tile = 0; tile < quantizer.tiles(); tile++) {
            quantizer.turn(tile, new Quantizer.Buffer());
        }
        return quantizer.matrix();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernelsAndFormats")
    void slicesHaveTheBitsOfTheWhole(Kernels kernels, WeightFormat format) {
        Matrix w = matrix(kernels, format, 300, 100);
        Activations x = rows(9, 100);
        Activations whole = new Activations(9, 300);
        Activations part = new Activations(9, 300);
        try (Workers workers = new Workers(2, "slices")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            for (int[] range : new int[][] {{0, 1}, {1, 150}, {128, 256}, {150, 300}, {299, 300}}) {
                workers.run(() -> {
                    parallel.multiply(w, null, x, 0, whole, 0, 3, 9);
                    parallel.multiply(w.slice(range[0], range[1]), null, x, 0, part, 0, 3, 9);
                });
                for (int row = 0; row < 9; row++) {
                    for (int output = range[0]; output < range[1]; output++) {
                        assertEquals(Float.floatToRawIntBits(at(whole, row, output)),
                            Float.floatToRawIntBits(at(part, row, output - range[0])), format + " row " + row + " output " + output);
                    }
                }
            }
        }
    }

    @Test
    void sumsHaveTheSameBitsHoweverManyOutputsLieSideBySide() {
        Kernels kernels = new ScalarKernels();
        int most = kernels.outputsSideBySide(WeightFormat.Q8);
        int outputs = 2 * most + 5;
        float[] values = floats(outputs * 100);
        Activations x = rows(9, 100);
        Activations expected = new Activations(9, outputs);
        Activations found = new Activations(9, outputs);
        try (Workers workers = new Workers(2, "widths")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            Matrix whole = matrix(values, WeightFormat.Q8, outputs, 100, most);
            workers.run(() -> parallel.multiply(whole, null, x, 0, expected, 0, 4, 9));
            for (int sideBySide : new int[] {2, 16, 100, 128, most - 1}) {
                Matrix w = matrix(values, WeightFormat.Q8, outputs, 100, sideBySide);
                workers.run(() -> parallel.multiply(w, null, x, 0, found, 0, 4, 9));
                assertArrayEquals(expected.values(), found.values(), sideBySide + " side by side");
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void outputsSideBySideAreForKernelsThatWantThem(Kernels kernels) {
        int tooMany = kernels.outputsSideBySide(WeightFormat.Q8) + 1;
        Matrix w = new Quantizer(WeightFormat.Q8, 64, 32, tooMany, Arena.ofAuto()).matrix();
        try (Workers workers = new Workers(1, "refusal")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            assertThrows(IllegalArgumentException.class,
                () -> parallel.multiply(w, null, new Activations(1, 32), 0, new Activations(1, 64), 0, 1, 1));
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernelsAndFormats")
    void productsOfAwkwardSizes(Kernels kernels, WeightFormat format) {
        for (int inputs : SIZES) {
            for (int outputs : SIZES) {
                product(kernels, format, outputs, inputs, 1 + random.nextInt(15));
            }
        }
        product(kernels, format, 5, 4098, 14);
        product(kernels, format, 4098, 5, 3);
        product(kernels, format, 70, 1024, 25);
        product(kernels, format, 70, 1056, 8);
        for (int outputs : new int[] {127, 128, 383, 900}) {
            product(kernels, format, outputs, 33, 9);
            product(kernels, format, outputs, 100, 6);
        }
    }

    private void product(Kernels kernels, WeightFormat format, int outputs, int inputs, int rows) {
        Matrix w = matrix(kernels, format, outputs, inputs);
        float[] bias = random.nextBoolean() ? floats(outputs) : null;
        Activations x = rows(rows, inputs + 3);
        Activations y = rows(rows, outputs + 2);
        float before = at(y, rows - 1, 0);
        float after = at(y, rows - 1, outputs + 1);
        int decodeRows = random.nextInt(rows + 1);
        try (Workers workers = new Workers(1, "product")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            workers.run(() -> parallel.multiply(w, bias, x, 2, y, 1, decodeRows, rows));
        }
        float[] weights = new float[inputs];
        for (int output = 0; output < outputs; output++) {
            w.row(output, weights, 0);
            for (int row = 0; row < rows; row++) {
                double sum = bias == null ? 0 : bias[output];
                double size = 1;
                for (int i = 0; i < inputs; i++) {
                    double term = (double) at(x, row, 2 + i) * weights[i];
                    sum += term;
                    size += Math.abs(term);
                }
                assertEquals(sum, at(y, row, 1 + output), 1e-6 * size, format + " " + outputs + "×" + inputs + " row " + row + " of "
                    + rows + ", " + decodeRows + " to decode, output " + output);
            }
        }
        assertEquals(before, at(y, rows - 1, 0));
        assertEquals(after, at(y, rows - 1, outputs + 1));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernelsAndFormats")
    void productsHaveTheSameBitsForAnyThreadsAndNeighbours(Kernels kernels, WeightFormat format) {
        for (int inputs : new int[] {7, 96, 1100}) {
            int outputs = 203;
            Matrix w = matrix(kernels, format, outputs, inputs);
            Activations x = rows(17, inputs);
            Activations together = new Activations(17, outputs);
            try (Workers workers = new Workers(3, "together")) {
                ParallelKernels parallel = new ParallelKernels(kernels, workers);
                workers.run(() -> parallel.multiply(w, null, x, 0, together, 0, 8, 17));
            }
            for (int row = 0; row < 17; row++) {
                Activations alone = new Activations(1, inputs);
                System.arraycopy(x.values(), x.at(row), alone.values(), 0, inputs);
                Activations y = new Activations(1, outputs);
                int decodeRows = row < 8 ? 1 : 0;
                try (Workers workers = new Workers(1, "alone")) {
                    ParallelKernels parallel = new ParallelKernels(kernels, workers);
                    workers.run(() -> parallel.multiply(w, null, alone, 0, y, 0, decodeRows, 1));
                }
                for (int output = 0; output < outputs; output++) {
                    assertEquals(Float.floatToRawIntBits(at(y, 0, output)), Float.floatToRawIntBits(at(together, row, output)),
                        format + " row " + row + " output " + output);
                }
            }
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernelsAndFormats")
    void whatFollowsAProductHasTheBitsOfItsOwnPass(Kernels kernels, WeightFormat format) {
        Matrix w = matrix(kernels, format, 203, 96);
        Activations x = rows(17, 96);
        GatedActivation silu = new GatedActivation.Product(new Activation.Silu());
        Activations product = new Activations(17, 210);
        Activations up = rows(17, 210);
        Activations activated = new Activations(17, 210);
        Activations gated = new Activations(17, 210);
        System.arraycopy(up.values(), 0, gated.values(), 0, up.values().length);
        try (Workers workers = new Workers(3, "follow")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            workers.run(() -> parallel.multiply(w, null, x, 0, product, 3, 8, 17));
            workers.run(() -> parallel.multiplyAndActivate(w, null, x, 0, Activation.Gelu.TANH, activated, 3, 8, 17));
            workers.run(() -> parallel.multiplyAndGate(w, null, x, 0, new Activations(17, 203), 0, silu, gated, 5, 8, 17));
        }
        for (int row = 0; row < 17; row++) {
            for (int i = 0; i < 203; i++) {
                float value = at(product, row, 3 + i);
                assertEquals(Elementary.apply(Activation.Gelu.TANH, value), at(activated, row, 3 + i));
                assertEquals(ScalarKernels.join(silu, value, at(up, row, 5 + i)), at(gated, row, 5 + i));
            }
            assertEquals(0f, at(activated, row, 2));
            assertEquals(0f, at(activated, row, 206));
            assertEquals(at(up, row, 4), at(gated, row, 4));
            assertEquals(at(up, row, 208), at(gated, row, 208));
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void halvesKeepTheirSubnormalsAndRange(Kernels kernels) {
        float[] values = new float[64];
        for (int i = 0; i < 64; i++) {
            values[i] = i % 3 == 0 ? i * 0x1p-24f : i % 3 == 1 ? -65504f : 0x1p-14f * i;
        }
        Matrix w = Quantizer.convert(Matrix.of(values, 1, 64), WeightFormat.F16, Arena.ofAuto());
        Activations x = new Activations(64, 64);
        for (int i = 0; i < 64; i++) {
            x.values()[x.at(i) + i] = 3f;
        }
        for (int decodeRows : new int[] {0, 64}) {
            Activations y = new Activations(64, 1);
            kernels.prefill(w, null, x, 0, y, 0, decodeRows, 64, 0, 1, new Scratch());
            kernels.decode(w, null, x, 0, y, 0, 0, decodeRows, 0, 1, new Scratch());
            for (int i = 0; i < 64; i++) {
                assertEquals(3f * values[i], at(y, i, 0));
            }
        }
    }

    static Stream<Arguments> kernelsAndShapes() {
        return kernels().stream().flatMap(kernels -> Stream.of(
            new AttentionShape(4, 4, 16, 16, 0.25f, 0, 0f, null, null),
            new AttentionShape(6, 2, 64, 64, 0.125f, 0, 0f, null, null),
            new AttentionShape(4, 1, 8, 8, 1f, 5, 0f, null, null),
            new AttentionShape(16, 1, 8, 40, 0.3f, 33, 20f, null, null),
            new AttentionShape(3, 3, 13, 7, 0.2f, 0, 0f, new float[] {0.5f, 0.25f, 0.125f}, null),
            new AttentionShape(2, 1, 80, 96, 0.1f, 40, 0f, new float[] {0.5f, 0.1f}, new float[] {0.5f, -1f}),
            new AttentionShape(24, 1, 8, 41, 0.3f, 0, 0f, null, null),
            new AttentionShape(5, 5, 16, 16, 0.25f, 0, 0f, null, null))
            .map(shape -> Arguments.of(kernels, shape)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernelsAndShapes")
    void attentionEqualsItsFormulaAndDoesNotDependOnChunks(Kernels kernels, AttentionShape shape) {
        int tokens = 101;
        int keyOffset = 7;
        int valueOffset = keyOffset + shape.keyFloats() + 3;
        Activations queries = rows(tokens, shape.heads() * shape.keySize() + 1);
        Activations keys = rows(tokens, shape.keyHeads() * shape.keySize());
        Activations values = rows(tokens, shape.keyHeads() * shape.valueSize());
        float[][] pages = new float[(tokens + PAGE - 1) / PAGE][valueOffset + shape.valueFloats()];
        Activations whole = new Activations(tokens, shape.heads() * shape.valueSize() + 2);
        Activations chunks = new Activations(tokens, shape.heads() * shape.valueSize() + 2);
        Activations single = new Activations(tokens, shape.heads() * shape.valueSize() + 2);
        Activations joined = joined(queries, keys, values);
        Activations stepwise = new Activations(tokens, shape.heads() * shape.valueSize() + 2);
        float[][] fresh = new float[pages.length][valueOffset + shape.valueFloats()];
        try (Workers workers = new Workers(shape.heads() == 24 ? 1 : 2, "attention")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            AttentionRows[] sequences = {new AttentionRows().set(pages, 0, tokens, 0, false)};
            workers.run(() -> {
                parallel.store(shape, keys, 0, values, 0, sequences, 1, keyOffset, valueOffset);
                parallel.attend(shape, queries, 1, sequences, 1, keyOffset, valueOffset, whole, 2);
                for (int from = 0, size = 1; from < tokens; from += size, size = Math.min(size * 3, tokens - from)) {
                    sequences[0].set(pages, from, size, from, false);
                    parallel.attend(shape, queries, 1, sequences, 1, keyOffset, valueOffset, chunks, 2);
                }
                sequences[0].set(pages, 0, tokens, 0, true);
                parallel.attend(shape, queries, 1, sequences, 1, keyOffset, valueOffset, single, 2);
                for (int row = 0; row < tokens; row++) {
                    sequences[0].set(fresh, row, 1, row, true);
                    parallel.storeAndAttend(shape, joined, 1, queries.width(), queries.width() + keys.width(), sequences, 1, keyOffset,
                        valueOffset, stepwise, 2);
                }
            });
        }
        for (int row = 0; row < tokens; row++) {
            for (int head = 0; head < shape.heads(); head++) {
                double[] expected = attention(shape, queries, keys, values, row, head);
                for (int c = 0; c < shape.valueSize(); c++) {
                    int column = 2 + head * shape.valueSize() + c;
                    String where = "row " + row + " head " + head + " column " + c;
                    assertEquals(expected[c], at(whole, row, column), 1e-5, where);
                    assertEquals(expected[c], at(single, row, column), 1e-5, where);
                    assertEquals(at(whole, row, column), at(chunks, row, column), where);
                    assertEquals(at(single, row, column), at(stepwise, row, column), where);
                }
            }
        }
    }

    /** Rows side by side. */
    private static Activations joined(Activations... parts) {
        Activations joined = new Activations(parts[0].rows(), Stream.of(parts).mapToInt(Activations::width).sum());
        int column = 0;
        for (Activations part : parts) {
            for (int row = 0; row < part.rows(); row++) {
                System.arraycopy(part.values(), part.at(row), joined.values(), joined.at(row) + column, part.width());
            }
            column += part.width();
        }
        return joined;
    }

    private static double[] attention(AttentionShape shape, Activations queries, Activations keys, Activations values, int row, int head) {
        int keyHead = head / shape.group();
        int first = shape.window() == 0 ? 0 : Math.max(0, row - shape.window() + 1);
        double[] weights = new double[row + 1];
        double total = shape.sinks() == null ? 0 : StrictMath.exp(shape.sinks()[head]);
        for (int key = first; key <= row; key++) {
            double score = 0;
            for (int i = 0; i < shape.keySize(); i++) {
                score += (double) at(queries, row, 1 + head * shape.keySize() + i) * at(keys, key, keyHead * shape.keySize() + i);
            }
            score *= shape.scale();
            score = shape.softcap() == 0 ? score : shape.softcap() * StrictMath.tanh(score / shape.softcap());
            score += shape.slopes() == null ? 0 : shape.slopes()[head] * (key - row);
            weights[key] = StrictMath.exp(score);
            total += weights[key];
        }
        double[] out = new double[shape.valueSize()];
        for (int key = first; key <= row; key++) {
            for (int c = 0; c < out.length; c++) {
                out[c] += weights[key] / total * at(values, key, keyHead * shape.valueSize() + c);
            }
        }
        return out;
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void normsEqualTheirFormulas(Kernels kernels) {
        for (int width : SIZES) {
            for (int groups : new int[] {1, 3}) {
                Activations x = rows(5, groups * width + 1);
                Activations layer = new Activations(5, groups * width);
                Activations rms = new Activations(5, groups * width);
                float[] weight = floats(random.nextBoolean() ? width : groups * width);
                float[] bias = floats(width);
                Scratch scratch = new Scratch();
                kernels.layerNorm(x, 1, groups, width, weight, bias, 1e-5f, layer, 0, 0, 5, scratch);
                kernels.rmsNorm(x, 1, groups, width, weight, 1e-6f, rms, 0, 0, 5, scratch);
                for (int row = 0; row < 5; row++) {
                    for (int group = 0; group < groups; group++) {
                        checkNorms(x, layer, rms, row, group, width, weight, bias);
                    }
                }
            }
        }
    }

    private static void checkNorms(Activations x, Activations layer, Activations rms, int row, int group, int width, float[] weight,
                                   float[] bias) {
        double mean = 0;
        double square = 0;
        for (int i = 0; i < width; i++) {
            double value = at(x, row, 1 + group * width + i);
            mean += value / width;
            square += value * value / width;
        }
        double variance = 0;
        for (int i = 0; i < width; i++) {
            double difference = at(x, row, 1 + group * width + i) - mean;
            variance += difference * difference / width;
        }
        for (int i = 0; i < width; i++) {
            double value = at(x, row, 1 + group * width + i);
            double factor = weight[weight.length == width ? i : group * width + i];
            double expected = (value - mean) / Math.sqrt(variance + 1e-5) * factor + bias[i];
            assertEquals(expected, at(layer, row, group * width + i), 1e-5 * Math.max(1, Math.abs(expected)));
            assertEquals(value / Math.sqrt(square + 1e-6) * factor, at(rms, row, group * width + i), 2e-5);
        }
    }

    static Stream<Activation> activations() {
        return Stream.of(Activation.Gelu.TANH, Activation.Gelu.ERF, new Activation.QuickGelu(), new Activation.Relu(),
            new Activation.ReluSquared(), new Activation.Silu(), new Activation.Tanh(), new Activation.Sigmoid(),
            new Activation.Identity(), new Activation.XIelu(0.8f, 0.7f, 0.5f, -1e-6f));
    }

    @ParameterizedTest
    @MethodSource("activations")
    void activationsHaveTheBitsOfTheirDefinition(Activation activation) {
        float[] special = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_VALUE, 1e30f, -1e30f, 88.5f, -88.5f};
        for (Kernels kernels : kernels()) {
            Activations x = rows(40, 257);
            for (int i = 0; i < x.values().length; i++) {
                x.values()[i] = i % 17 == 0 ? special[i / 17 % special.length] : x.values()[i] * 4;
            }
            Activations y = new Activations(40, 257);
            System.arraycopy(x.values(), 0, y.values(), 0, x.values().length);
            kernels.activate(activation, y, 1, 256, 0, 40, new Scratch());
            sameBits(x, y, 1, 256, value -> Elementary.apply(activation, (float) value.doubleValue()), kernels + " " + activation);
        }
    }

    private static void sameBits(Activations x, Activations y, int column, int width, ToDoubleFunction<Float> definition, String what) {
        for (int row = 0; row < 40; row++) {
            for (int i = column; i < column + width; i++) {
                float expected = (float) definition.applyAsDouble(at(x, row, i));
                assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(at(y, row, i)), what + "(" + at(x, row, i) + ")");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void otherRowOperationsHaveTheBitsOfTheirDefinition(Kernels kernels) {
        Activations x = rows(40, 103);
        Activations up = rows(40, 103);
        Activations y = new Activations(40, 103);
        GatedActivation.ClampedSwiglu clamped = new GatedActivation.ClampedSwiglu(1.702f, 0.9f);
        for (GatedActivation activation : List.of(clamped, new GatedActivation.Product(new Activation.Silu()))) {
            Activations gate = new Activations(40, 103);
            System.arraycopy(x.values(), 0, gate.values(), 0, x.values().length);
            kernels.gate(activation, gate, 2, up, 2, y, 2, 101, 0, 40, new Scratch());
            for (int row = 0; row < 40; row++) {
                for (int i = 2; i < 103; i++) {
                    assertEquals(ScalarKernels.join(activation, at(x, row, i), at(up, row, i)), at(y, row, i));
                }
            }
        }
        System.arraycopy(up.values(), 0, y.values(), 0, y.values().length);
        kernels.add(x, 1, 0.3f, y, 1, 102, 0, 40);
        for (int row = 0; row < 40; row++) {
            for (int i = 1; i < 103; i++) {
                assertEquals(Elementary.multiplyAdd(0.3f, at(x, row, i), at(up, row, i)), at(y, row, i));
            }
        }
        System.arraycopy(x.values(), 0, y.values(), 0, y.values().length);
        kernels.softcap(y, 0, 1.5f, 103, 0, 40, new Scratch());
        sameBits(x, y, 0, 103, value -> Elementary.tanh(value / 1.5f) * 1.5f, "softcap");
        System.arraycopy(x.values(), 0, y.values(), 0, y.values().length);
        kernels.scale(y, 0, 1.5f, 103, 0, 40);
        sameBits(x, y, 0, 103, value -> value * 1.5f, "scale");
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void rotaryTurnsPairs(Kernels kernels) {
        for (int rotated : new int[] {4, 16, 32, 64}) {
            for (boolean interleaved : new boolean[] {false, true}) {
                Activations x = rows(3, 1 + 2 * 72);
                Activations y = new Activations(3, 1 + 2 * 72);
                System.arraycopy(x.values(), 0, y.values(), 0, x.values().length);
                float[] cos = floats(5 * 40);
                float[] sin = floats(5 * 40);
                int[] positions = {4, 0, 2};
                kernels.rotate(y, 1, 2, 72, rotated, interleaved, cos, sin, 40, positions, 0, 3);
                for (int row = 0; row < 3; row++) {
                    for (int head = 0; head < 2; head++) {
                        for (int j = 0; j < 72; j++) {
                            int pair = interleaved ? j / 2 : j % (rotated / 2);
                            boolean second = interleaved ? j % 2 == 1 : j >= rotated / 2;
                            int other = interleaved ? second ? j - 1 : j + 1 : second ? j - rotated / 2 : j + rotated / 2;
                            double a = at(x, row, 1 + head * 72 + j);
                            double expected = a;
                            if (j < rotated) {
                                double b = at(x, row, 1 + head * 72 + other);
                                double c = cos[positions[row] * 40 + pair];
                                double s = sin[positions[row] * 40 + pair];
                                expected = second ? a * c + b * s : a * c - b * s;
                            }
                            assertEquals(expected, at(y, row, 1 + head * 72 + j), 1e-5);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void wrongRangesAreRefused(Kernels kernels) {
        Activations x = rows(2, 8);
        Activations y = rows(2, 8);
        Matrix w = matrix(new ScalarKernels(), WeightFormat.F32, 4, 8);
        try (Workers workers = new Workers(1, "ranges")) {
            ParallelKernels parallel = new ParallelKernels(kernels, workers);
            refused(workers, () -> parallel.multiply(w, null, x, 1, y, 0, 0, 2));
            refused(workers, () -> parallel.multiply(w, null, x, 0, y, 5, 0, 2));
            refused(workers, () -> parallel.multiply(w, new float[3], x, 0, y, 0, 0, 2));
            refused(workers, () -> parallel.multiply(w, null, x, 0, y, 0, 3, 2));
            refused(workers, () -> parallel.multiply(w, null, x, 0, y, 0, 0, 3));
            refused(workers, () -> parallel.layerNorm(x, 0, 3, 3, null, null, 0, y, 0, 2));
            refused(workers, () -> parallel.rmsNorm(x, 0, 1, 8, new float[7], 0, y, 0, 2));
            refused(workers, () -> parallel.rotate(x, 0, 1, 8, 3, false, new float[8], new float[8], 4, new int[2], 2));
            refused(workers, () -> parallel.activate(new Activation.Relu(), x, -1, 2, 2));
            refused(workers, () -> parallel.multiplyAndActivate(w, null, x, 0, new Activation.Relu(), y, 5, 0, 2));
            refused(workers, () -> parallel.multiplyAndGate(w, null, x, 0, y, 0, new GatedActivation.Product(new Activation.Silu()), x, 5,
                0, 2));
        }
        assertThrows(IllegalArgumentException.class, () -> new AttentionShape(3, 2, 8, 8, 1, 0, 0, null, null));
        assertThrows(IllegalArgumentException.class, () -> new AttentionShape(2, 2, 8, 8, 1, 0, 0, new float[3], null));
    }

    private static void refused(Workers workers, Workers.Pass pass) {
        String message = assertThrows(IllegalArgumentException.class, () -> workers.run(pass)).getMessage();
        assertTrue(message.matches(".*\\d.*"), message);
    }
}
