package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.floats;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumpyFileTest {

    @TempDir
    private Path folder;

    /** An array of that format version and header. */
    static byte[] array(int version, String header, byte... data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        byte[] length = version == 1 ? new byte[] {(byte) text.length, (byte) (text.length >> 8)}
                : new byte[] {(byte) text.length, (byte) (text.length >> 8), (byte) (text.length >> 16), (byte) (text.length >> 24)};
        return PickleBytes.concatenated(NumpyFile.MAGIC, new byte[] {(byte) version, 0}, length, text, data);
    }

    static String header(String type, boolean fortranOrder, String shape) {
        return "{'descr': '" + type + "', 'fortran_order': " + (fortranOrder ? "True" : "False") + ", 'shape': " + shape + ", }        \n";
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("logits.npy"), bytes);
    }

    private CheckpointFormatException refusal(byte[] bytes) throws IOException {
        Path file = write(bytes);
        return assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close());
    }

    // ---- sound files ----

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void readsAnArrayUnderTheNameOfItsFile(int version) throws IOException {
        for (boolean mapped : new boolean[] {true, false}) {
            Path file = write(array(version, header("<f4", false, "(2, 3)"), floats(1, 2, 3, 4, 5, 6)));
            try (Checkpoint checkpoint = Checkpoint.open(file, mapped)) {
                assertEquals(List.of("logits"), List.copyOf(checkpoint.names()));
                assertArrayEquals(new long[] {2, 3}, checkpoint.shape("logits"));
                assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, checkpoint.floats("logits"));
            }
        }
    }

    @Test
    void convertsFortranOrder() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header("<f4", true, "(2, 3)"), floats(1, 4, 2, 5, 3, 6))))) {
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, checkpoint.floats("logits"));
        }
        float[] cube = new float[24];
        float[] expected = new float[24];
        for (int i = 0; i < 24; i++) {
            cube[i] = i;
            int a = i / 12;
            int b = i / 4 % 3;
            int c = i % 4;
            expected[i] = a + 2 * b + 6 * c;
        }
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header("<f4", true, "(2, 3, 4)"), floats(cube))))) {
            assertArrayEquals(expected, checkpoint.floats("logits"));
        }
    }

    @ParameterizedTest
    @CsvSource({"i2, I16, 2", "u2, U16, 2", "i4, I32, 4", "u4, U32, 4", "i8, I64, 8", "u8, U64, 8"})
    void convertsByteOrder(String code, DataType type, int size) throws IOException {
        byte[] data = new byte[2 * size];
        data[size - 2] = 1;
        data[2 * size - 1] = 7;
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header(">" + code, false, "(2,)"), data)))) {
            assertEquals(type, checkpoint.tensor("logits").dataType());
            assertArrayEquals(new long[] {256, 7}, checkpoint.longs("logits"));
        }
        byte[] reversed = new byte[2 * size];
        reversed[1] = 1;
        reversed[size] = 7;
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header("<" + code, false, "(2,)"), reversed)))) {
            assertArrayEquals(new long[] {256, 7}, checkpoint.longs("logits"));
        }
    }

    @Test
    void convertsBothOrdersAtOnce() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(32).putDouble(1).putDouble(3).putDouble(2).putDouble(4);
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header(">f8", true, "(2, 2)"), data.array())))) {
            assertArrayEquals(new float[] {1, 2, 3, 4}, checkpoint.floats("logits"));
        }
        ByteBuffer complex = ByteBuffer.allocate(16).putFloat(1).putFloat(2).putFloat(3).putFloat(4);
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header(">c8", false, "(2,)"), complex.array())))) {
            assertArrayEquals(floats(1, 2, 3, 4), checkpoint.tensor("logits").data().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @ParameterizedTest
    @CsvSource({"|b1, BOOL", "|i1, I8", "|u1, U8", ">u1, U8", "<f2, F16", "=f4, F32", "<f8, F64", "<c8, C64", "f4, F32"})
    void knowsTypes(String code, DataType type) throws IOException {
        byte[] file = array(1, header(code, false, "(3, 0)"));
        try (Checkpoint checkpoint = Checkpoint.open(write(file))) {
            assertEquals(type, checkpoint.tensor("logits").dataType());
            assertEquals(0, checkpoint.tensor("logits").elements());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"shape\":(),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{ 'descr' : '<f4' , 'fortran_order' : True , 'shape' : ( ) }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }"})
    void readsOtherSpellings(String header) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(write(array(1, header, floats(7))))) {
            assertArrayEquals(new float[] {7}, checkpoint.floats("logits"));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsArchives(boolean mapped) throws IOException {
        byte[] a = array(1, header("<f4", false, "(2,)"), floats(1, 2));
        byte[] b = array(1, header("<f4", true, "(2, 2)"), floats(1, 2, 3, 4));
        byte[] archive = new ZipBytes().stored("a.npy", a).deflated("deep/b.npy", b).bytes();
        try (Checkpoint checkpoint = Checkpoint.open(Files.write(folder.resolve("x.npz"), archive), mapped)) {
            assertEquals(List.of("a", "deep/b"), List.copyOf(checkpoint.names()));
            assertArrayEquals(new float[] {1, 2}, checkpoint.floats("a"));
            assertArrayEquals(new float[] {1, 3, 2, 4}, checkpoint.floats("deep/b"));
        }
    }

    // ---- refusals ----

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "|O    ; Python objects",
        "O     ; Python objects",
        "<U5   ; the type \"<U5\"",
        "|S5   ; the type \"|S5\"",
        "<c16  ; the type \"<c16\"",
        "<f16  ; the type \"<f16\"",
        "<M8[s] ; the type \"<M8[s]\"",
        "|V2   ; the type \"|V2\"",
        "~~    ; the type \"\""}, quoteCharacter = '~')
    void refusesOtherTypes(String type, String found) throws IOException {
        assertEquals(found, refusal(array(1, header(type, false, "(1,)"), floats(1))).found());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}", "[]", "{'descr': D}", "{'descr': D, 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': D, F, 'shape': 1}",
        "{'descr': D, F, 'shape': (1}", "{'descr': D, F, 'shape': (-1,)}", "{'descr': D, F, 'shape': (9223372036854775808,)}",
        "{'descr': D, F, 'shape': (9223372036854775807, 2)}", "{'descr': D, F, 'shape': (1,)", "{'descr': D, F, 'shape': (1,)} x",
        "{'descr': D, 'descr': D, F, 'shape': (1,)}", "{'descr': D, F, 'shape': (1,), 'more': 1}",
        "{'descr': [('a', D)], F, 'shape': (1,)}",
        "{'descr': '<f4, F, 'shape': (1,)}", "{descr: D, F, 'shape': (1,)}", "{'descr': D, F, 'shape': (1,2)}",
        "{'descr': D, F, 'shape': ()} '"})
    void refusesDamagedHeaders(String shortened) throws IOException {
        String header = shortened.replace("D", "'<f4'").replace("F", "'fortran_order': False");
        assertTrue(refusal(array(1, header, floats(1))).getMessage().contains("logits.npy: header: expected "));
    }

    @Test
    void refusesOtherSizesAndDimensions() throws IOException {
        assertEquals("5 bytes", refusal(array(1, header("<f4", false, "(1,)"), new byte[5])).found());
        assertEquals("3 bytes", refusal(array(1, header("<f4", false, "(1,)"), new byte[3])).found());
        assertEquals("more", refusal(array(1, header("<f4", false, "(" + "1,".repeat(65) + ")"), new byte[4])).found());
    }

    @Test
    void everyCutOfAFileIsRefused() throws IOException {
        byte[] whole = array(2, header("<f4", false, "(2,)"), floats(1, 2));
        for (int length = 0; length < whole.length; length++) {
            refusal(Arrays.copyOf(whole, length));
        }
        byte[] version = whole.clone();
        version[6] = 4;
        assertEquals("4", refusal(version).found());
        byte[] long2 = whole.clone();
        Arrays.fill(long2, 8, 12, (byte) 0xFF);
        refusal(long2);
    }
}
