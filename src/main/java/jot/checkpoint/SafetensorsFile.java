package jot.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonException;
import jot.json.JsonObject;
import jot.json.JsonString;

/**
 * Reads the header of a safetensors file.
 *
 * <p>Eight bytes give the header's length, then comes the header, a JSON object from names to data type, shape and place, then the data,
 * which the tensors cover without gap or overlap. Source: the format's page in the safetensors repository.
 */
final class SafetensorsFile {

    private static final int LENGTH_BYTES = 8;
    /** The reference library's own bound. */
    private static final long LONGEST_HEADER = 100_000_000;
    private static final String METADATA = "__metadata__";

    private final FileContent content;
    private long dataStart;

    private SafetensorsFile(FileContent content) {
        this.content = content;
    }

    static TensorFile read(FileContent content) throws IOException {
        return new SafetensorsFile(content).read();
    }

    private TensorFile read() throws IOException {
        try {
            JsonObject header = header();
            Map<String, String> metadata = Map.of();
            List<Entry> entries = new ArrayList<>();
            for (Map.Entry<String, Json> member : header.members().entrySet()) {
                if (member.getKey().equals(METADATA)) {
                    metadata = metadata(member.getValue());
                } else {
                    entries.add(entry(member.getKey(), member.getValue()));
                }
            }
            checkTiling(entries);
            return new TensorFile(entries.stream().map(this::tensor).toList(), metadata);
        } catch (JsonException e) {
            throw new CheckpointFormatException(content.file(), "header, " + e.place(), e.expected(), e.found(), e);
        }
    }

    private JsonObject header() throws IOException {
        if (content.size() < LENGTH_BYTES) {
            throw error("", "a safetensors file, which has at least " + LENGTH_BYTES + " bytes", content.size() + " bytes");
        }
        byte[] prefix = content.read(0, LENGTH_BYTES, "header length");
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        long most = Math.min(LONGEST_HEADER, content.size() - LENGTH_BYTES);
        if (length < 2 || length > most) {
            throw error("header length", "a safetensors header of 2 to " + most + " bytes in this file of " + content.size() + " bytes",
                    Long.toUnsignedString(length));
        }
        byte[] header = content.read(LENGTH_BYTES, (int) length, "header");
        if (header[0] != '{') {
            throw error("header", "'{' as its first byte", "0x" + Integer.toHexString(header[0] & 0xFF));
        }
        dataStart = LENGTH_BYTES + length;
        return Json.parse(header).asObject("the whole");
    }

    private static Map<String, String> metadata(Json value) throws JsonException {
        Map<String, String> metadata = new LinkedHashMap<>();
        for (Map.Entry<String, Json> member : value.asObject(METADATA).members().entrySet()) {
            metadata.put(member.getKey(), member.getValue().asString(METADATA + ", member " + JsonString.quote(member.getKey())));
        }
        return metadata;
    }

    /** A tensor as the header describes it; the offsets count from the end of the header. */
    private record Entry(String name, DataType type, long[] shape, long begin, long end) {
    }

    private Entry entry(String name, Json value) throws IOException {
        String place = "tensor " + JsonString.quote(name);
        try {
            JsonObject description = value.asObject("the whole");
            String typeName = description.string("dtype");
            DataType type = DataType.named(typeName)
                    .orElseThrow(() -> error(place, "a data type of the safetensors format", JsonString.quote(typeName)));
            long[] shape = sizes(description.array("shape"), "shape");
            long[] offsets = sizes(description.array("data_offsets"), "data_offsets");
            if (offsets.length != 2) {
                throw error(place, "two data_offsets", Integer.toString(offsets.length));
            }
            Entry entry = new Entry(name, type, shape, offsets[0], offsets[1]);
            checkSize(entry, place);
            return entry;
        } catch (JsonException e) {
            throw new CheckpointFormatException(content.file(), place + ", " + e.place(), e.expected(), e.found(), e);
        }
    }

    private static long[] sizes(JsonArray array, String place) throws JsonException {
        long[] sizes = new long[array.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = array.get(i).asLong(place);
            if (sizes[i] < 0) {
                throw new JsonException(place, "numbers of 0 or more", array.get(i).describe());
            }
        }
        return sizes;
    }

    private void checkSize(Entry entry, String place) throws CheckpointFormatException {
        long dataBytes = content.size() - dataStart;
        if (entry.begin > entry.end || entry.end > dataBytes) {
            throw error(place, "data_offsets in order and within the " + dataBytes + " bytes of data",
                    "[" + entry.begin + ", " + entry.end + "]" + (entry.begin > entry.end ? "" : ": the file may be cut short"));
        }
        long needed;
        try {
            needed = entry.type.bytes(Shape.elements(entry.shape));
        } catch (ArithmeticException e) {
            throw new CheckpointFormatException(content.file(), place, "a shape that " + (entry.end - entry.begin) + " bytes can hold",
                    entry.type + Arrays.toString(entry.shape), e);
        }
        if (needed != entry.end - entry.begin) {
            throw error(place, needed + " bytes for " + entry.type + Arrays.toString(entry.shape), (entry.end - entry.begin) + " bytes");
        }
    }

    /** The format allows neither holes nor overlaps, so that a file has no hidden content. */
    private void checkTiling(List<Entry> entries) throws CheckpointFormatException {
        List<Entry> ordered = new ArrayList<>(entries);
        ordered.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long covered = 0;
        for (Entry entry : ordered) {
            if (entry.begin != covered) {
                throw error("tensor " + JsonString.quote(entry.name), "data from byte " + covered + " on, where the one before it ends",
                        (entry.begin < covered ? "an overlap from byte " : "a gap up to byte ") + entry.begin);
            }
            covered = entry.end;
        }
        long dataBytes = content.size() - dataStart;
        if (covered != dataBytes) {
            throw error("data", covered + " bytes, as many as the tensors cover", dataBytes + " bytes");
        }
    }

    private Tensor tensor(Entry entry) {
        long offset = dataStart + entry.begin;
        long length = entry.end - entry.begin;
        FileContent source = content;
        return new Tensor(entry.name, entry.type, entry.shape, source.file(), () -> source.slice(offset, length),
                () -> source.release(offset, length));
    }

    private CheckpointFormatException error(String place, String expected, String found) {
        return new CheckpointFormatException(content.file(), place, expected, found);
    }
}
