package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MatrixTest {
    private final Random random = new Random(7);

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.05f;
        }
        return values;
    }

    static Stream<WeightFormat> formats() {
        return Stream.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4);
    }

    /** Half a step of each format, relative to the largest weight of the group. */
    private static double step(WeightFormat format) {
        return switch (format.label()) {
            case "F32" -> 0;
            case "F16" -> 0x1p-11;
            case "BF16" -> 0x1p-8;
            case "Q8" -> 0.51 / 127;
            case "Q4" -> 1.01 / 15;
            default -> throw new IllegalArgumentException(format.label());
        };
    }

    @Test
    void memoryFromAnywhereIsOfOneClass(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("numbers"), new byte[] {0, 0, (byte) 0x80, 0x3f});
        try (FileChannel channel = FileChannel.open(file); Arena arena = Arena.ofConfined()) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, Float.BYTES, arena);
            for (MemorySegment memory : List.of(mapped, arena.allocate(Float.BYTES), MemorySegment.ofArray(new float[1]))) {
                assertTrue(Matrix.plain(WeightFormat.Plain.F32, memory, 1, 1).isOneClass(), memory.toString());
            }
            assertEquals(1f, Matrix.plain(WeightFormat.Plain.F32, mapped, 1, 1).codes().get(Matrix.FLOAT, 0));
        }
        assertTrue(Quantizer.convert(Matrix.of(floats(64), 2, 32), WeightFormat.Q4, Arena.ofAuto()).isOneClass());
    }

    @ParameterizedTest
    @MethodSource("formats")
    void rowsComeBackWithinHalfAStep(WeightFormat format) {
        for (int inputs : new int[] {1, 3, 31, 32, 33, 100, 769}) {
            float[] values = floats(5 * inputs);
            Matrix matrix = Quantizer.convert(Matrix.of(values, 5, inputs), format, Arena.ofAuto());
            assertEquals(format, matrix.format());
            assertEquals(format.bytes(5, inputs), matrix.bytes());
            float[] row = new float[inputs + 2];
            for (int output = 0; output < 5; output++) {
                matrix.row(output, row, 1);
                for (int i = 0; i < inputs; i++) {
                    double bound = step(format) * largest(values, output * inputs, inputs, i) + 1e-9;
                    assertEquals(values[output * inputs + i], row[i + 1], bound);
                }
            }
        }
    }

    private static double largest(float[] values, int from, int inputs, int i) {
        double largest = 0;
        for (int j = i / 32 * 32; j < Math.min(inputs, i / 32 * 32 + 32); j++) {
            largest = Math.max(largest, Math.abs(values[from + j]));
        }
        return largest;
    }

    @Test
    void roundsToNearestEven() {
        assertEquals((short) 0x3f80, Quantizer.brain(1f));
        assertEquals((short) 0x3f80, Quantizer.brain(Float.intBitsToFloat(0x3f808000)));
        assertEquals((short) 0x3f82, Quantizer.brain(Float.intBitsToFloat(0x3f818000)));
        assertEquals((short) 0x3f81, Quantizer.brain(Float.intBitsToFloat(0x3f808001)));
        assertEquals((short) 0x7f80, Quantizer.brain(Float.POSITIVE_INFINITY));
        assertTrue(Float.isNaN(Float.intBitsToFloat(Quantizer.brain(Float.intBitsToFloat(0x7f800001)) << 16)));
    }

    @Test
    void fourCodesOfAWordComeApartAgain() {
        byte[] edges = {-127, -126, -1, 0, 1, 126, 127};
        for (int n = 0; n < 7 * 7 * 7 * 7; n++) {
            byte[] codes = {edges[n % 7], edges[n / 7 % 7], edges[n / 49 % 7], edges[n / 343]};
            byte[] words = codes.clone();
            WeightFormat.Coded.join(words, 0, 4);
            int word = WeightFormat.Coded.word(words, 0);
            assertEquals(codes[0] + (codes[1] << 8) + (codes[2] << 16) + (codes[3] << 24), word);
            for (int k = 0; k < 4; k++) {
                assertEquals(codes[k], WeightFormat.Coded.code(word, k));
            }
            byte[] pair = Arrays.copyOf(words, 8);
            System.arraycopy(words, 0, pair, 4, 4);
            WeightFormat.Coded.split(pair, 8);
            assertArrayEquals(codes, Arrays.copyOf(pair, 4));
            assertArrayEquals(codes, Arrays.copyOfRange(pair, 4, 8));
        }
    }

    @Test
    void microscalingFloatsAreLookedUp() {
        MemorySegment codes = Arena.ofAuto().allocate(16);
        for (int j = 0; j < 16; j++) {
            codes.set(ValueLayout.JAVA_BYTE, j, (byte) (j | (15 - j) << 4));
        }
        MemorySegment scales = Arena.ofAuto().allocate(4);
        scales.set(Matrix.FLOAT, 0, 0.25f);
        WeightFormat.Coded format = (WeightFormat.Coded) WeightFormat.MXFP4;
        float[] row = new float[32];
        Matrix.coded(format, codes, scales, null, 1, 32).row(0, row, 0);
        assertEquals(0.125f, row[1]);
        assertEquals(1.5f, row[7]);
        assertEquals(-1.5f, row[15]);
        assertEquals(-1.5f, row[16]);
        assertEquals(0f, row[31]);
    }

    /** A group of weights below 2⁻¹²⁰ is zero in Q8, as its factor would have no inverse; in Q4 they are kept as well as larger ones. */
    @ParameterizedTest
    @CsvSource({"Q8, -118", "Q8, -120", "Q8, -121", "Q8, -149", "Q4, -118", "Q4, -121", "Q4, -140"})
    void weightsNextToNothing(String label, int exponent) {
        WeightFormat format = label.equals("Q8") ? WeightFormat.Q8 : WeightFormat.Q4;
        float largest = Math.scalb(1f, exponent);
        float[] values = new float[64];
        for (int i = 0; i < 32; i++) {
            values[i] = largest / 16 * (i - 16);
            values[32 + i] = 0.01f * (i - 16);
        }
        float[] row = new float[64];
        Quantizer.convert(Matrix.of(values, 1, 64), format, Arena.ofAuto()).row(0, row, 0);
        boolean lost = label.equals("Q8") && exponent < -120;
        for (int i = 0; i < 64; i++) {
            double bound = step(format) * (i < 32 ? largest : 0.16) * (label.equals("Q4") ? 2 : 1);
            assertEquals(lost && i < 32 ? 0 : values[i], row[i], lost && i < 32 ? 0 : bound, "weight " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void slicesShareTheRows(WeightFormat format) {
        Matrix matrix = Quantizer.convert(Matrix.of(floats(7 * 40), 7, 40), format, Arena.ofAuto());
        Matrix slice = matrix.slice(2, 5);
        assertEquals(3, slice.outputs());
        float[] expected = new float[40];
        float[] found = new float[40];
        matrix.row(4, expected, 0);
        slice.row(2, found, 0);
        assertArrayEquals(expected, found);
        assertThrows(IllegalArgumentException.class, () -> matrix.slice(3, 8));
        assertThrows(IllegalArgumentException.class, () -> matrix.slice(3, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> slice.row(3, found, 0));
    }

    @Test
    void wrongSizesAreRefused() {
        Matrix matrix = Matrix.of(floats(12), 3, 4);
        assertThrows(IllegalArgumentException.class, () -> Matrix.of(new float[11], 3, 4));
        assertThrows(IllegalArgumentException.class, () -> Matrix.of(new float[0], 0, 4));
        WeightFormat.Coded q4 = (WeightFormat.Coded) WeightFormat.Q4;
        MemorySegment plane = Arena.ofAuto().allocate(4);
        MemorySegment codes = Arena.ofAuto().allocate(16);
        assertThrows(IllegalArgumentException.class, () -> Matrix.coded(q4, codes, plane, null, 1, 32));
        assertThrows(IllegalArgumentException.class, () -> Matrix.coded(q4, codes, plane, plane, 1, 33));
        assertThrows(IllegalArgumentException.class, () -> new Quantizer(WeightFormat.MXFP4, 1, 32, Arena.ofAuto()));
        assertThrows(IllegalArgumentException.class, () -> new WeightFormat.Coded("Q5", 5, null, false));
        assertSame(matrix, Quantizer.convert(matrix, WeightFormat.F32, Arena.ofAuto()));
    }

    @Test
    void valuesThatAFormatCannotHoldAreRefused() {
        Matrix large = Matrix.of(new float[] {1, 70_000}, 1, 2);
        Matrix nan = Matrix.of(new float[] {1, Float.NaN}, 1, 2);
        assertThrows(IllegalArgumentException.class, () -> Quantizer.convert(large, WeightFormat.F16, Arena.ofAuto()));
        assertThrows(IllegalArgumentException.class, () -> Quantizer.convert(nan, WeightFormat.Q8, Arena.ofAuto()));
        assertThrows(IllegalArgumentException.class, () -> Quantizer.convert(nan, WeightFormat.Q4, Arena.ofAuto()));
    }

    @Test
    void strideAvoidsCacheConflicts() {
        for (int width : new int[] {1, 16, 17, 768, 1024, 2048, 3072, 4096, 5632}) {
            Activations x = new Activations(3, width);
            assertTrue(x.stride() >= width);
            assertTrue(x.stride() * 4L % 4096 != 0);
            assertEquals(2 * x.stride(), x.at(2));
        }
        Activations x = new Activations(1, 5);
        x.values()[3] = 7;
        x.ensureRows(9);
        assertTrue(x.rows() >= 9);
        assertEquals(7, x.values()[3]);
        assertThrows(IllegalArgumentException.class, () -> new Activations(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Activations(Integer.MAX_VALUE, 100));
    }

    @Test
    void anUnreadMatrixHasASizeAndNoNumbers() {
        Matrix matrix = Matrix.unread(WeightFormat.Plain.F16, 6, 5);
        assertEquals("F16[6][5]", matrix.toString());
        assertEquals(60, matrix.bytes());
        Matrix rows = matrix.slice(2, 5);
        assertEquals("F16[3][5]", rows.toString());
        for (Matrix each : List.of(matrix, rows)) {
            assertThrows(IndexOutOfBoundsException.class, () -> each.row(0, new float[5], 0));
        }
        assertThrows(IllegalArgumentException.class, () -> Matrix.unread(WeightFormat.Plain.F32, 0, 5));
    }

    @Test
    void outputsSideBySideHoldTheSameNumbers() {
        for (int outputs : new int[] {1, 99, 100, 101, 300}) {
            for (int inputs : new int[] {1, 31, 32, 33, 100}) {
                float[] values = floats(outputs * inputs);
                Matrix rows = Quantizer.convert(Matrix.of(values, outputs, inputs), WeightFormat.Q8, Arena.ofAuto());
                Matrix tiles = tiles(values, outputs, inputs);
                assertEquals(rows.bytes(), tiles.bytes());
                assertSameRows(rows, 0, tiles);
                int from = outputs / 3;
                assertSameRows(rows, from, tiles.slice(from, outputs));
                assertSameRows(rows, from, tiles.slice(from / 2, outputs).slice(from - from / 2, from - from / 2 + 1));
            }
        }
    }

    private static Matrix tiles(float[] values, int outputs, int inputs) {
        Quantizer quantizer = new Quantizer(WeightFormat.Q8, outputs, inputs, 100, Arena.ofAuto());
        for (int output = 0; output < outputs; output++) {
            quantizer.row(output, values, output * inputs, new Quantizer.Buffer());
        }
        for (int tile = 0; tile < quantizer.tiles(); tile++) {
            quantizer.turn(tile, new Quantizer.Buffer());
        }
        return quantizer.matrix();
    }

    private static void assertSameRows(Matrix rows, int first, Matrix tiles) {
        float[] expected = new float[rows.inputs()];
        float[] found = new float[rows.inputs()];
        for (int output = 0; output < tiles.outputs(); output++) {
            rows.row(first + output, expected, 0);
            tiles.row(output, found, 0);
            assertArrayEquals(expected, found, tiles + " row " + output);
        }
        int from = (rows.inputs() - 1) / 32 * 32;
        float[] end = new float[rows.inputs() - from];
        tiles.row(tiles.outputs() - 1, from, end.length, end, 0);
        assertArrayEquals(Arrays.copyOfRange(expected, from, expected.length), end);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 16", "1, 8, 16", "100, 1, 112", "768, 1, 384", "768, 2, 384", "768, 3, 256", "768, 8, 96", "1024, 2, 256",
        "2304, 2, 384", "50257, 2, 384", "50257, 5, 384", "4096, 6, 352"})
    void tilesAreSharedOutEvenly(int outputs, int threads, int sideBySide) {
        KernelSelection scalar = KernelSelection.choose(Backend.SCALAR);
        assertEquals(sideBySide, scalar.outputsSideBySide(WeightFormat.Q8, outputs, threads));
        assertEquals(1, scalar.outputsSideBySide(WeightFormat.Q4, outputs, threads));
    }

    @Test
    void onlyQ8LiesSideBySide() {
        assertThrows(IllegalArgumentException.class, () -> new Quantizer(WeightFormat.Q4, 1, 32, 128, Arena.ofAuto()));
        assertThrows(IllegalArgumentException.class, () -> new Quantizer(WeightFormat.Q8, 1, 32, 0, Arena.ofAuto()));
    }
}
