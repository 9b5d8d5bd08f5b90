package jot.model.family;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonObject;
import jot.tensor.Activation;

/**
 * A model's {@code config.json}: typed values with their aliases, and errors that name the key.
 *
 * <p>Where several keys are given, they are spellings of one thing; the first that is there counts. A key whose value is
 * {@code null} counts as missing. Immutable and thread-safe.
 */
public final class Config {

    /** More channels, heads or experts than any model has. */
    private static final int MOST_CHANNELS = 1 << 20;
    private static final String[] HEADS = {"num_attention_heads", "n_head", "num_heads", "n_heads", "attention_heads"};
    private static final int MOST_LAYERS = 4_096;
    private static final int MOST_POSITIONS = 1 << 30;

    private final Path file;
    private final JsonObject values;

    /**
     * Wraps the values of a file.
     *
     * @param file where they come from, for messages
     */
    public Config(Path file, JsonObject values) {
        this.file = file;
        this.values = values;
    }

    /** Where the values come from. */
    public Path file() {
        return file;
    }

    /** The values. */
    public JsonObject values() {
        return values;
    }

    /** Whether one of the keys has a value. */
    public boolean has(String... keys) {
        return find(keys).isPresent();
    }

    /** The object under a key, for values that stand in groups. */
    public Optional<Config> group(String... keys) throws CheckpointFormatException {
        Optional<String> key = find(keys);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Config(file, read(key.get(), json -> json.asObject(key.get()))));
    }

    /** A text that must be there. */
    public String text(String... keys) throws CheckpointFormatException {
        String key = require(keys);
        return read(key, json -> json.asString(key));
    }

    /** A text, or a default. */
    public String textOr(String other, String... keys) throws CheckpointFormatException {
        return has(keys) ? text(keys) : other;
    }

    /** A flag, or a default. */
    public boolean flag(boolean other, String... keys) throws CheckpointFormatException {
        Optional<String> key = find(keys);
        return key.isEmpty() ? other : read(key.get(), json -> json.asBoolean(key.get()));
    }

    /** A number, or a default. */
    public double number(double other, String... keys) throws CheckpointFormatException {
        Optional<String> key = find(keys);
        if (key.isEmpty()) {
            return other;
        }
        double value = read(key.get(), json -> json.asDouble(key.get()));
        if (!Double.isFinite(value)) {
            throw refusal(key.get(), "a finite number", String.valueOf(value));
        }
        return value;
    }

    /** A number above a bound, or a default. */
    public double numberAbove(double bound, double other, String... keys) throws CheckpointFormatException {
        double value = number(other, keys);
        if (has(keys) && value <= bound) {
            throw refusal(find(keys).orElseThrow(), "a number above " + bound, String.valueOf(value));
        }
        return value;
    }

    /** A number above 0, or a default. */
    public float epsilon(double other, String... keys) throws CheckpointFormatException {
        double value = number(other, keys);
        if (value <= 0 || value >= 1) {
            throw refusal(spelling(keys), "a number between 0 and 1", String.valueOf(value));
        }
        return (float) value;
    }

    /** A whole number in a range that must be there. */
    public int integer(int least, int most, String... keys) throws CheckpointFormatException {
        String key = require(keys);
        long value = read(key, json -> {
            try {
                return json.asLong(key);
            } catch (JsonException e) {
                throw new JsonException(key, String.format(Locale.ROOT, "a whole number from %,d to %,d", least, most), json.describe());
            }
        });
        if (value < least || value > most) {
            throw refusal(key, String.format(Locale.ROOT, "%,d to %,d", least, most), String.format(Locale.ROOT, "%,d", value));
        }
        return (int) value;
    }

    /** A whole number in a range, if it is there. */
    public OptionalInt integerIfAny(int least, int most, String... keys) throws CheckpointFormatException {
        return has(keys) ? OptionalInt.of(integer(least, most, keys)) : OptionalInt.empty();
    }

    /** A list of texts, if it is there. */
    public Optional<List<String>> texts(String... keys) throws CheckpointFormatException {
        return list(Json::asString, keys);
    }

    /** A list of numbers, if it is there. */
    public Optional<List<Double>> numbers(String... keys) throws CheckpointFormatException {
        return list(Json::asDouble, keys);
    }

    private <T> Optional<List<T>> list(Element<T> element, String... keys) throws CheckpointFormatException {
        Optional<String> key = find(keys);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(read(key.get(), json -> {
            List<T> all = new ArrayList<>();
            for (Json each : json.asArray(key.get())) {
                all.add(element.of(each, key.get() + '[' + all.size() + ']'));
            }
            return List.copyOf(all);
        }));
    }

    private interface Element<T> {
        T of(Json json, String path) throws JsonException;
    }

    /** A number of channels, heads or experts that must be there. */
    public int channels(String... keys) throws CheckpointFormatException {
        return integer(1, MOST_CHANNELS, keys);
    }

    /** A number of channels, heads or experts, or a default. */
    public int channelsOr(int other, String... keys) throws CheckpointFormatException {
        return integerIfAny(1, MOST_CHANNELS, keys).orElse(other);
    }

    /** A number of blocks. */
    public int layers(String... keys) throws CheckpointFormatException {
        return integer(1, MOST_LAYERS, keys);
    }

    /** A number of positions. */
    public int positions(String... keys) throws CheckpointFormatException {
        return integer(1, MOST_POSITIONS, keys);
    }

    /** The number of tokens. */
    public int vocabulary() throws CheckpointFormatException {
        return integer(1, 1 << 26, "vocab_size");
    }

    /** Channels of a head: the width divided by the heads, which must divide it. */
    public int headSize(int width, int heads) throws CheckpointFormatException {
        if (width % heads != 0) {
            throw refusal(spelling(HEADS), "a number of heads that divides the width " + width, String.valueOf(heads));
        }
        return width / heads;
    }

    /** Heads of keys and values, a divisor of the query heads; as many as these where nothing is stated. */
    public int keyHeads(int heads) throws CheckpointFormatException {
        int keyHeads = channelsOr(heads, "num_key_value_heads");
        if (heads % keyHeads != 0) {
            throw refusal("num_key_value_heads", "a divisor of the " + heads + " heads", String.valueOf(keyHeads));
        }
        return keyHeads;
    }

    /** The activation under a key. */
    public Activation activation(String other, String... keys) throws CheckpointFormatException {
        String name = textOr(other, keys);
        return switch (name) {
            case "gelu" -> Activation.Gelu.ERF;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate" -> Activation.Gelu.TANH;
            case "quick_gelu" -> new Activation.QuickGelu();
            case "relu" -> new Activation.Relu();
            case "relu2" -> new Activation.ReluSquared();
            case "silu", "swish" -> new Activation.Silu();
            case "tanh" -> new Activation.Tanh();
            case "sigmoid" -> new Activation.Sigmoid();
            case "linear" -> new Activation.Identity();
            default -> throw refusal(spelling(keys), "an activation that Jot knows", '"' + name + '"');
        };
    }

    /** Refuses a flag that is set, since Jot does not do what it asks for. */
    public void refuseFlag(String key) throws CheckpointFormatException {
        if (flag(false, key)) {
            throw refusal(key, "false, since Jot does not do this", "true");
        }
    }

    /** Refuses a flag that is not set, since Jot does only what it asks for. */
    public void refuseFalse(String key) throws CheckpointFormatException {
        if (!flag(true, key)) {
            throw refusal(key, "true, since Jot does nothing else", "false");
        }
    }

    /** Refuses a key that has a value. */
    public void refuse(String key) throws CheckpointFormatException {
        if (has(key)) {
            throw refusal(key, "no value, since Jot does not do this", values.get(key).describe());
        }
    }

    /** An error about a value. */
    public CheckpointFormatException refusal(String key, String expected, String found) {
        return new CheckpointFormatException(file, key, expected, found);
    }

    /** Which of several spellings is there, or the first if none is. */
    public String spelling(String... keys) {
        return find(keys).orElse(keys[0]);
    }

    private Optional<String> find(String... keys) {
        return Arrays.stream(keys).filter(key -> values.has(key) && !(values.get(key) instanceof JsonNull)).findFirst();
    }

    private String require(String... keys) throws CheckpointFormatException {
        Optional<String> key = find(keys);
        if (key.isEmpty()) {
            throw refusal(keys[0], "a value", "nothing");
        }
        return key.get();
    }

    private <T> T read(String key, Reading<T> reading) throws CheckpointFormatException {
        try {
            return reading.of(values.get(key));
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }

    private interface Reading<T> {
        T of(Json json) throws JsonException;
    }
}
