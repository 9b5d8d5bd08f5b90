package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.entry;
import static jot.checkpoint.SafetensorsBytes.file;
import static jot.checkpoint.SafetensorsBytes.floats;
import static jot.checkpoint.SafetensorsBytes.header;
import static jot.checkpoint.SafetensorsBytes.single;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    private static final String CUT = ": the file may be cut short";

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("weights.safetensors"), bytes);
    }

    private CheckpointFormatException refusal(byte[] bytes) throws IOException {
        Path file = write(bytes);
        CheckpointFormatException refused = assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close());
        CheckpointFormatException unmapped = assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file, false).close());
        assertEquals(refused.getMessage(), unmapped.getMessage());
        assertEquals(file.toString(), refused.file());
        assertTrue(refused.getMessage().contains(refused.expected()) && refused.getMessage().contains(refused.found()));
        return refused;
    }

    // ---- sound files ----

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsTensorsInTheOrderOfTheHeader(boolean mapped) throws IOException {
        String header = header("\"__metadata__\":{\"format\":\"pt\",\"step\":\"7\"}",
                entry("z", "F32", "[2,1]", 4, 12), entry("a", "I32", "[]", 0, 4));
        byte[] data = {7, 0, 0, 0, 0, 0, (byte) 0x80, 0x3F, 0, 0, 0, (byte) 0xC0};
        try (Checkpoint checkpoint = Checkpoint.open(write(file(header, data)), mapped)) {
            assertEquals(List.of("z", "a"), List.copyOf(checkpoint.names()));
            assertArrayEquals(new long[] {2, 1}, checkpoint.shape("z"));
            assertArrayEquals(new long[0], checkpoint.shape("a"));
            assertArrayEquals(new float[] {1, -2}, checkpoint.floats("z"));
            assertArrayEquals(new float[] {7}, checkpoint.floats("a"));
            assertArrayEquals(new long[] {7}, checkpoint.longs("a"));
            assertEquals(Map.of("format", "pt", "step", "7"), checkpoint.metadata());
            assertEquals(List.of(folder.resolve("weights.safetensors")), checkpoint.files());
            Tensor tensor = checkpoint.tensor("z");
            assertEquals("z", tensor.name());
            assertEquals(DataType.F32, tensor.dataType());
            assertEquals(2, tensor.elements());
            assertEquals(8, tensor.bytes());
            assertEquals(8, tensor.data().byteSize());
            assertTrue(tensor.data().isReadOnly());
            assertEquals(folder.resolve("weights.safetensors"), tensor.file());
            assertEquals("z F32[2, 1]", tensor.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void readsDataAtAnyAlignment(int blanks) throws IOException {
        String header = header(entry("odd", "U8", "[3]", 0, 3), entry("f", "F32", "[2]", 3, 11), entry("d", "F64", "[1]", 11, 19))
                + " ".repeat(blanks);
        byte[] data = new byte[19];
        System.arraycopy(floats(1.5f, -3f), 0, data, 3, 8);
        data[17] = (byte) 0xF0;
        data[18] = 0x3F;
        try (Checkpoint checkpoint = Checkpoint.open(write(file(header, data)))) {
            assertArrayEquals(new float[] {1.5f, -3f}, checkpoint.floats("f"));
            assertArrayEquals(new float[] {1}, checkpoint.floats("d"));
        }
    }

    @Test
    void readsEmptyTensorsAndFilesWithoutAny() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(write(file(header(
                entry("none", "F32", "[0,5]", 4, 4), entry("one", "F32", "[1,1]", 0, 4),
                entry("huge", "F32", "[0,9223372036854775807]", 0, 0)), floats(2))))) {
            assertEquals(0, checkpoint.floats("none").length);
            assertEquals(0, checkpoint.floats("huge").length);
            assertArrayEquals(new float[] {2}, checkpoint.floats("one"));
        }
        try (Checkpoint checkpoint = Checkpoint.open(write(file("{}")))) {
            assertTrue(checkpoint.names().isEmpty());
            assertThrows(IllegalArgumentException.class, () -> checkpoint.floats("x"));
        }
    }

    @Test
    void readsNamesOutsideAscii() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(write(single("größe 😀 \\\"", "U8", "[1]", (byte) 200)))) {
            assertArrayEquals(new long[] {200}, checkpoint.longs("größe 😀 \""));
        }
    }

    @Test
    void readsMoreElementsThanAnArrayHolds() throws IOException {
        long elements = (1L << 31) + 5;
        String header = header(entry("large", "U8", "[" + elements + "]", 0, elements), entry("last", "U8", "[1]", elements, elements + 1));
        Path file = write(file(header));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(sparse.length() + elements + 1);
            sparse.seek(sparse.length() - 2);
            sparse.write(new byte[] {41, 42});
        }
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            Tensor large = checkpoint.tensor("large");
            assertEquals(elements, large.elements());
            assertEquals(41, large.data().get(ValueLayout.JAVA_BYTE, elements - 1));
            assertArrayEquals(new long[] {42}, checkpoint.longs("last"));
            assertTrue(assertThrows(IllegalArgumentException.class, large::floats).getMessage().contains(Long.toString(elements)));
            assertThrows(IllegalArgumentException.class, large::longs);
        }
    }

    // ---- damaged and hostile files ----

    static Stream<Arguments> damaged() {
        byte[] four = new byte[4];
        byte[] eight = new byte[8];
        return Stream.of(
                Arguments.of("empty", new byte[0], "0 bytes"),
                Arguments.of("shorter than the length", new byte[7], "7 bytes"),
                Arguments.of("header longer than the file", file(1000, "{}".getBytes(StandardCharsets.US_ASCII)), "1000"),
                Arguments.of("header of 2^63", file(Long.MIN_VALUE, "{}".getBytes(StandardCharsets.US_ASCII)), "9223372036854775808"),
                Arguments.of("header of 2^63 - 1", file(Long.MAX_VALUE, "{}".getBytes(StandardCharsets.US_ASCII)), "9223372036854775807"),
                Arguments.of("no header", file(0, new byte[0]), "0"),
                Arguments.of("not JSON", file("{\"a\":}"), "'}'"),
                Arguments.of("blank before the header", file(" {}"), "0x20"),
                Arguments.of("array as header", file("[]"), "0x5b"),
                Arguments.of("nested too deep", file("{\"a\":".repeat(5000)), "a deeper one"),
                Arguments.of("malformed UTF-8", file(8, new byte[] {'{', '"', (byte) 0xFF, '"', ':', '{', '}', '}'}),
                        "the malformed byte 0xFF"),
                Arguments.of("a name twice", file(header(entry("a", "F32", "[1]", 0, 4), entry("a", "F32", "[1]", 4, 8)), eight),
                        "\"a\" twice"),
                Arguments.of("metadata that is no text", file("{\"__metadata__\":{\"a\":1}}"), "the number 1"),
                Arguments.of("metadata that is no object", file("{\"__metadata__\":[]}"), "an array"),
                Arguments.of("entry that is no object", file("{\"a\":3}"), "the number 3"),
                Arguments.of("no type", file("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", four), "no such member"),
                Arguments.of("no shape", file("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", four), "no such member"),
                Arguments.of("no offsets", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", four), "no such member"),
                Arguments.of("unknown type", single("a", "F33", "[1]", four), "\"F33\""),
                Arguments.of("type in small letters", single("a", "f32", "[1]", four), "\"f32\""),
                Arguments.of("negative size", single("a", "F32", "[-1]", four), "the number -1"),
                Arguments.of("two negative sizes", single("a", "F32", "[-1,-1]", four), "the number -1"),
                Arguments.of("fractional size", single("a", "F32", "[1.5]", four), "the number 1.5"),
                Arguments.of("size beyond a long", single("a", "F32", "[9223372036854775808]", four), "the number 9223372036854775808"),
                Arguments.of("elements beyond a long", single("a", "F32", "[4294967296,4294967296]", four), "F32[4294967296, 4294967296]"),
                Arguments.of("bits beyond a long", single("a", "F64", "[288230376151711744]", four), "F64[288230376151711744]"),
                Arguments.of("shape too large", single("a", "F32", "[2]", four), "4 bytes"),
                Arguments.of("shape too small", single("a", "F16", "[1]", four), "4 bytes"),
                Arguments.of("half a byte", single("a", "F4", "[3]", (byte) 1, (byte) 2), "F4[3]"),
                Arguments.of("one offset", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", four), "1"),
                Arguments.of("three offsets", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", four), "3"),
                Arguments.of("negative offset", file(header(entry("a", "F32", "[1]", -4, 0)), four), "the number -4"),
                Arguments.of("offsets out of order", file(header(entry("a", "F32", "[1]", 4, 0)), four), "[4, 0]"),
                Arguments.of("offsets out of the file", file(header(entry("a", "F32", "[2]", 0, 8)), four),
                        "[0, 8]" + CUT),
                Arguments.of("offsets far out of the file", file(header(entry("a", "U8", "[1]", Long.MAX_VALUE - 1, Long.MAX_VALUE)), four),
                        "[9223372036854775806, 9223372036854775807]" + CUT),
                Arguments.of("overlap", file(header(entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 2, 6)), new byte[6]),
                        "an overlap from byte 2"),
                Arguments.of("one place for two", file(header(entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 0, 4)), four),
                        "an overlap from byte 0"),
                Arguments.of("gap", file(header(entry("a", "F32", "[1]", 0, 4), entry("b", "U8", "[1]", 5, 6)), new byte[6]),
                        "a gap up to byte 5"),
                Arguments.of("gap at the start", file(header(entry("a", "F32", "[1]", 4, 8)), eight), "a gap up to byte 4"),
                Arguments.of("data that no tensor covers", file(header(entry("a", "F32", "[1]", 0, 4)), eight), "8 bytes"),
                Arguments.of("missing data", file(header(entry("a", "F32", "[2]", 0, 8)), four), "[0, 8]" + CUT));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damaged")
    void refusesDamagedFiles(String what, byte[] bytes, String found) throws IOException {
        assertEquals(found, refusal(bytes).found());
    }

    @Test
    void saysWhere() throws IOException {
        assertEquals("tensor \"a\", shape", refusal(single("a", "F32", "[-1]", new byte[4])).place());
        assertEquals("header, line 1, column 6", refusal(file("{\"a\":}")).place());
        assertEquals("tensor \"b\"", refusal(file(header(entry("a", "U8", "[1]", 0, 1), entry("b", "U8", "[1]", 0, 1)), (byte) 1)).place());
    }

    @Test
    void refusesAHeaderBeyondTheFormatsBoundBeforeReadingIt() throws IOException {
        Path file = write(file(200_000_000, "{}".getBytes(StandardCharsets.US_ASCII)));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(300_000_000);
        }
        assertEquals("200000000", assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file)).found());
    }

    @Test
    void everyCutOfAFileIsRefused() throws IOException {
        byte[] whole = file(header(entry("a", "F32", "[2]", 0, 8), entry("b", "U8", "[3]", 8, 11)), new byte[11]);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertFalse(refusal(cut).getMessage().isEmpty());
        }
        Checkpoint.open(write(whole)).close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 9, 60})
    void numbersThatAreWrittenBeginAtALineOfTheCache(int nameLength, @TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        new SafetensorsWriter().add("ä".repeat(nameLength), new float[] {1, 2}, 2).write(file);
        byte[] bytes = Files.readAllBytes(file);
        long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertEquals(0, (Long.BYTES + header) % 64);
        assertEquals(Long.BYTES + header + 2 * Float.BYTES, bytes.length);
    }
}
