package jot.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds safetensors files, sound and hostile ones, for tests. */
final class SafetensorsBytes {

    private SafetensorsBytes() {
    }

    /** A file of that header and data. */
    static byte[] file(String header, byte... data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return file(text.length, text, data);
    }

    /** A file that states that header length, true or not. */
    static byte[] file(long headerLength, byte[] header, byte... data) {
        return ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(headerLength).put(header).put(data).array();
    }

    /** One entry of a header. */
    static String entry(String name, String type, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}".formatted(name, type, shape, begin, end);
    }

    /** A whole header of those entries. */
    static String header(String... entries) {
        return "{" + String.join(",", entries) + "}";
    }

    /** A file of one tensor. */
    static byte[] single(String name, String type, String shape, byte... data) {
        return file(header(entry(name, type, shape, 0, data.length)), data);
    }

    /** Little-endian bytes of floats. */
    static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }
}
