package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.single;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DataTypeTest {

    @TempDir
    private Path folder;

    private Checkpoint open(String type, int elements, byte[] data) throws IOException {
        return Checkpoint.open(Files.write(folder.resolve("x.safetensors"), single("x", type, "[" + elements + "]", data)));
    }

    private static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytesOf(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static Stream<Arguments> widened() {
        float nan = Float.NaN;
        float infinity = Float.POSITIVE_INFINITY;
        return Stream.of(
                Arguments.of("BOOL", bytesOf(0, 1), new float[] {0, 1}),
                Arguments.of("U8", bytesOf(0, 255, 128), new float[] {0, 255, 128}),
                Arguments.of("I8", bytesOf(127, 255, 128), new float[] {127, -1, -128}),
                Arguments.of("I16", bytes(4).putShort((short) -2).putShort((short) 32767).array(), new float[] {-2, 32767}),
                Arguments.of("U16", bytes(4).putShort((short) -2).putShort((short) 1).array(), new float[] {65534, 1}),
                Arguments.of("I32", bytes(8).putInt(-3).putInt(Integer.MAX_VALUE).array(), new float[] {-3, 2147483648f}),
                Arguments.of("U32", bytes(8).putInt(-1).putInt(5).array(), new float[] {4294967296f, 5}),
                Arguments.of("I64", bytes(16).putLong(-9).putLong(Long.MIN_VALUE).array(), new float[] {-9, -9223372036854775808f}),
                Arguments.of("U64", bytes(16).putLong(-1).putLong(7).array(), new float[] {18446744073709551616f, 7}),
                Arguments.of("F16", bytesOf(0x00, 0x3C, 0x01, 0x80, 0xFF, 0x7B, 0x00, 0xFC),
                        new float[] {1, -0x1p-24f, 65504, -infinity}),
                Arguments.of("BF16", bytes(6).putShort((short) 0x3FC0).putShort((short) 0xFF80).putShort((short) 0x0001).array(),
                        new float[] {1.5f, -infinity, 0x1p-133f}),
                Arguments.of("F32", bytes(8).putFloat(0.1f).putFloat(-0f).array(), new float[] {0.1f, -0f}),
                Arguments.of("F64", bytes(16).putDouble(0.1).putDouble(1e300).array(), new float[] {0.1f, infinity}),
                Arguments.of("F4", bytesOf(0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE),
                        new float[] {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6}),
                Arguments.of("F8_E5M2", bytesOf(0x3C, 0x01, 0x7B, 0x7C, 0xFC, 0x7D),
                        new float[] {1, 0x1p-16f, 57344, infinity, -infinity, nan}),
                Arguments.of("F8_E4M3", bytesOf(0x38, 0x01, 0x07, 0x7E, 0xFE, 0x7F, 0xFF, 0x80),
                        new float[] {1, 0x1p-9f, 0x1.cp-7f, 448, -448, nan, nan, -0f}),
                Arguments.of("F8_E8M0", bytesOf(0, 126, 127, 254, 255), new float[] {0x1p-127f, 0.5f, 1, 0x1p127f, nan}),
                Arguments.of("F8_E4M3FNUZ", bytesOf(0x40, 0x01, 0x7F, 0x80, 0xFF), new float[] {1, 0x1p-10f, 240, nan, -240}),
                Arguments.of("F8_E5M2FNUZ", bytesOf(0x40, 0x01, 0x7F, 0x80, 0xFF), new float[] {1, 0x1p-17f, 57344, nan, -57344}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("widened")
    void widensToFloats(String type, byte[] data, float[] expected) throws IOException {
        try (Checkpoint checkpoint = open(type, expected.length, data)) {
            assertArrayEquals(expected, checkpoint.floats("x"));
            assertEquals(data.length, checkpoint.tensor("x").bytes());
        }
    }

    static Stream<Arguments> integers() {
        return Stream.of(
                Arguments.of("BOOL", bytesOf(0, 1, 2), new long[] {0, 1, 1}),
                Arguments.of("U8", bytesOf(255), new long[] {255}),
                Arguments.of("I8", bytesOf(255), new long[] {-1}),
                Arguments.of("U16", bytesOf(255, 255), new long[] {65535}),
                Arguments.of("I16", bytesOf(255, 255), new long[] {-1}),
                Arguments.of("U32", bytesOf(255, 255, 255, 255), new long[] {4294967295L}),
                Arguments.of("I32", bytesOf(255, 255, 255, 255), new long[] {-1}),
                Arguments.of("U64", bytes(8).putLong(Long.MAX_VALUE).array(), new long[] {Long.MAX_VALUE}),
                Arguments.of("I64", bytes(8).putLong(Long.MIN_VALUE).array(), new long[] {Long.MIN_VALUE}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("integers")
    void readsIntegers(String type, byte[] data, long[] expected) throws IOException {
        try (Checkpoint checkpoint = open(type, expected.length, data)) {
            assertArrayEquals(expected, checkpoint.longs("x"));
        }
    }

    @Test
    void refusesLongsBeyondTheirRange() throws IOException {
        try (Checkpoint checkpoint = open("U64", 2, bytes(16).putLong(1).putLong(-1).array())) {
            String message = assertThrows(IllegalArgumentException.class, () -> checkpoint.longs("x")).getMessage();
            assertTrue(message.contains("element 1, 18446744073709551615"), message);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "F32", "F64", "BF16", "F4", "C64", "F8_E8M0"})
    void refusesLongsOfOtherTypes(DataType type) throws IOException {
        try (Checkpoint checkpoint = open(type.name(), 2, new byte[type.bits() / 4])) {
            assertThrows(IllegalArgumentException.class, () -> checkpoint.longs("x"));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C64", "F6_E2M3", "F6_E3M2"})
    void refusesFloatsOfTypesWithoutAny(DataType type) throws IOException {
        try (Checkpoint checkpoint = open(type.name(), 4, new byte[type.bits() / 2])) {
            assertThrows(IllegalArgumentException.class, () -> checkpoint.floats("x"));
            assertEquals(type.bits() / 2, checkpoint.tensor("x").data().byteSize());
        }
    }

    @ParameterizedTest
    @EnumSource
    void isNamedAsInTheFormat(DataType type) {
        assertEquals(Optional.of(type), DataType.named(type.name()));
        assertEquals(type.name().matches("[IU]\\d+|BOOL"), type.isInteger());
        assertEquals(type.name().matches("B?F\\d+.*"), type.isFloatingPoint());
        assertEquals(type == DataType.BOOL ? 8 : Integer.parseInt(type.name().replaceAll("^[A-Z]+(\\d+).*", "$1")), type.bits());
        assertEquals(type.bits(), type.bytes(8));
    }

    @Test
    void hasNoTypeOfAnotherName() {
        assertEquals(Optional.empty(), DataType.named("F128"));
    }
}
