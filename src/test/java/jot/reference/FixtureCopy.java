package jot.reference;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.Tensor;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonBoolean;
import jot.json.JsonNull;
import jot.json.JsonNumber;
import jot.json.JsonObject;
import jot.json.JsonString;

/** A copy of a fixture with changes to its configuration and its tensors, as other software would have written it. */
final class FixtureCopy {

    private final Map<String, String> config = new LinkedHashMap<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private record StoredTensor(String dataType, long[] shape, byte[] bytes) {
    }

    private FixtureCopy() {
    }

    static FixtureCopy of(Path folder) throws IOException {
        FixtureCopy copy = new FixtureCopy();
        JsonObject values = Json.parse(Files.readAllBytes(folder.resolve("config.json"))).asObject("document");
        values.members().forEach((key, value) -> copy.config.put(key, text(value)));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            for (String name : checkpoint.names()) {
                Tensor tensor = checkpoint.tensor(name);
                copy.tensors.put(name, new StoredTensor(tensor.dataType().toString(), tensor.shape(),
                        tensor.data().toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return copy;
    }

    /** Sets a key to a value written as JSON. */
    FixtureCopy set(String key, String json) {
        config.put(key, json);
        return this;
    }

    /** Sets a key in the group that has it already, or else among the values outside of groups. */
    FixtureCopy setWithin(String group, String key, String json) throws IOException {
        if (!config.containsKey(group)) {
            return set(key, json);
        }
        JsonObject values = Json.parse(config.get(group).getBytes(StandardCharsets.UTF_8)).asObject(group);
        if (!values.has(key)) {
            return set(key, json);
        }
        StringJoiner all = new StringJoiner(", ", "{", "}");
        values.members().forEach((name, value) -> all.add(JsonString.quote(name) + ": " + (name.equals(key) ? json : text(value))));
        return set(group, all.toString());
    }

    FixtureCopy remove(String... keys) {
        config.keySet().removeAll(Arrays.asList(keys));
        return this;
    }

    /** Moves a value to another key. */
    FixtureCopy respell(String key, String other) {
        config.put(other, config.remove(key));
        return this;
    }

    FixtureCopy rename(UnaryOperator<String> naming) {
        Map<String, StoredTensor> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed.put(naming.apply(name), tensor));
        tensors.clear();
        tensors.putAll(renamed);
        return this;
    }

    /** Adds a buffer of zeros. */
    FixtureCopy addBuffer(String name, String dataType, int elementBytes, long... shape) {
        int elements = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        tensors.put(name, new StoredTensor(dataType, shape, new byte[elements * elementBytes]));
        return this;
    }

    /** The shape of a tensor. */
    long[] shape(String name) {
        return tensors.get(name).shape().clone();
    }

    /** Adds a tensor of 32-bit floats, or puts it in the place of another. */
    FixtureCopy add(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        tensors.put(name, new StoredTensor("F32", shape, bytes.array()));
        return this;
    }

    /** Stores a tensor a second time, as tied ones often are. */
    FixtureCopy duplicate(String name, String other) {
        tensors.put(other, tensors.get(name));
        return this;
    }

    /** The names of the tensors, in the order of the file. */
    List<String> names() {
        return List.copyOf(tensors.keySet());
    }

    /** Leaves a tensor out. */
    FixtureCopy drop(String name) {
        tensors.remove(name);
        return this;
    }

    /** Gives a tensor a last dimension of size 1. */
    FixtureCopy deepen(String name) {
        StoredTensor stored = tensors.get(name);
        long[] shape = Arrays.copyOf(stored.shape(), stored.shape().length + 1);
        shape[shape.length - 1] = 1;
        tensors.put(name, new StoredTensor(stored.dataType(), shape, stored.bytes()));
        return this;
    }

    Path writeTo(Path folder) throws IOException {
        StringJoiner json = new StringJoiner(",\n", "{\n", "\n}\n");
        config.forEach((key, value) -> json.add(JsonString.quote(key) + ": " + value));
        Files.writeString(folder.resolve("config.json"), json.toString());
        Files.write(folder.resolve("model.safetensors"), safetensors());
        return folder;
    }

    private byte[] safetensors() {
        StringJoiner header = new StringJoiner(",", "{", "}");
        int at = 0;
        for (Map.Entry<String, StoredTensor> entry : tensors.entrySet()) {
            StoredTensor tensor = entry.getValue();
            header.add(JsonString.quote(entry.getKey()) + ":{\"dtype\":\"" + tensor.dataType() + "\",\"shape\":"
                    + Arrays.toString(tensor.shape()) + ",\"data_offsets\":[" + at + "," + (at + tensor.bytes().length) + "]}");
            at += tensor.bytes().length;
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + at).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text);
        tensors.values().forEach(tensor -> file.put(tensor.bytes()));
        return file.array();
    }

    static String text(Json json) {
        return switch (json) {
            case JsonNull _ -> "null";
            case JsonBoolean flag -> Boolean.toString(flag.value());
            case JsonNumber number -> number.text();
            case JsonString string -> JsonString.quote(string.value());
            case JsonArray array -> {
                StringJoiner all = new StringJoiner(", ", "[", "]");
                array.elements().forEach(element -> all.add(text(element)));
                yield all.toString();
            }
            case JsonObject object -> {
                StringJoiner all = new StringJoiner(", ", "{", "}");
                object.members().forEach((key, value) -> all.add(JsonString.quote(key) + ": " + text(value)));
                yield all.toString();
            }
        };
    }
}
