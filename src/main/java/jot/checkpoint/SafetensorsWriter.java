package jot.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Writes named F32 tensors as a safetensors file, one after the other.
 *
 * <p>The values of a tensor are asked for when it is written, so a file may be larger than memory. Not thread-safe. Source: the format
 * page of the safetensors project.
 */
public final class SafetensorsWriter {

    private static final int BUFFER_FLOATS = 1 << 18;
    /** Bytes of a line of the processor's cache. */
    private static final int LINE = 64;

    private final List<Entry> entries = new ArrayList<>();

    /** A file without tensors yet. */
    public SafetensorsWriter() {
    }

    /**
     * Adds a tensor.
     *
     * @param name its name, not used before
     * @param values gives its elements in row-major order
     * @param shape its dimensions
     * @return this
     * @throws IllegalArgumentException if the name was used before, or a dimension is negative
     */
    public SafetensorsWriter add(String name, Values values, long... shape) {
        Checkpoint.present(name, "name");
        Checkpoint.present(values, "values");
        long elements = 1;
        for (long dimension : Checkpoint.present(shape, "shape")) {
            if (dimension < 0) {
                throw new IllegalArgumentException("tensor " + name + " has a dimension of " + dimension);
            }
            elements = Math.multiplyExact(elements, dimension);
        }
        if (entries.stream().anyMatch(entry -> entry.name.equals(name))) {
            throw new IllegalArgumentException("tensor " + name + " twice");
        }
        entries.add(new Entry(name, values, shape.clone(), elements));
        return this;
    }

    /**
     * Adds a tensor that is in memory.
     *
     * @param name its name, not used before
     * @param values its elements in row-major order
     * @param shape its dimensions
     * @return this
     * @throws IllegalArgumentException if the shape does not fit the elements, or the name was used before
     */
    public SafetensorsWriter add(String name, float[] values, long... shape) {
        Checkpoint.present(values, "values");
        add(name, index -> values[(int) index], shape);
        if (entries.getLast().elements != values.length) {
            throw new IllegalArgumentException("tensor " + name + " has " + values.length + " values for a shape of "
                    + entries.getLast().elements);
        }
        return this;
    }

    /**
     * Writes the file.
     *
     * @param file where; replaced if it is there
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        Checkpoint.present(file, "file");
        byte[] header = header().getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            out.write(header);
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (Entry entry : entries) {
                write(entry, out, buffer);
            }
        }
    }

    private static void write(Entry entry, OutputStream out, ByteBuffer buffer) throws IOException {
        for (long from = 0; from < entry.elements; from += BUFFER_FLOATS) {
            int count = (int) Math.min(BUFFER_FLOATS, entry.elements - from);
            for (int i = 0; i < count; i++) {
                buffer.putFloat(i * Float.BYTES, entry.values.at(from + i));
            }
            out.write(buffer.array(), 0, count * Float.BYTES);
        }
    }

    /** The header, padded so that the data begin at a line of the cache, as a mapped file is read faster so. */
    private String header() {
        StringBuilder json = new StringBuilder("{");
        long offset = 0;
        for (Entry entry : entries) {
            json.append(offset == 0 && json.length() == 1 ? "" : ",").append(quoted(entry.name)).append(":{\"dtype\":\"F32\",\"shape\":[");
            for (int i = 0; i < entry.shape.length; i++) {
                json.append(i == 0 ? "" : ",").append(entry.shape[i]);
            }
            long end = Math.addExact(offset, Math.multiplyExact(entry.elements, Float.BYTES));
            json.append("],\"data_offsets\":[").append(offset).append(',').append(end).append("]}");
            offset = end;
        }
        json.append('}');
        int bytes = Long.BYTES + json.toString().getBytes(StandardCharsets.UTF_8).length;
        return json.append(" ".repeat(Math.ceilDiv(bytes, LINE) * LINE - bytes)).toString();
    }

    private static String quoted(String name) {
        StringBuilder text = new StringBuilder("\"");
        for (char c : name.toCharArray()) {
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ') {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        return text.append('"').toString();
    }

    private record Entry(String name, Values values, long[] shape, long elements) {
    }

    /** The elements of a tensor. */
    @FunctionalInterface
    public interface Values {

        /**
         * An element.
         *
         * @param index its place in row-major order
         * @return its value
         */
        float at(long index);
    }
}
