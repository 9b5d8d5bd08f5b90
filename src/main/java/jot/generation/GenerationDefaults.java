package jot.generation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonBoolean;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonNumber;
import jot.json.JsonObject;

/**
 * How a model wants to be run where the caller says nothing: its {@code generation_config.json}.
 *
 * <p>The rules are those of Hugging Face transformers: a file that exists decides alone on end, begin and pad tokens, without one
 * {@code config.json} does; an absent value or null is no default. Keys of steps that Jot lacks are remembered unless they stand at the
 * value that does nothing, so that a generation can refuse them by name. Immutable and thread-safe.
 */
public final class GenerationDefaults {
    private static final GenerationDefaults NONE = new GenerationDefaults(new LinkedHashMap<>(), Map.of(), false);

    /** What a value is read as. */
    private enum Kind { FLAG, INTEGER, NUMBER, TOKENS, WORDS, TEXTS, BIASES, EARLY }

    private static final Map<String, Kind> KINDS = Map.ofEntries(
            Map.entry("do_sample", Kind.FLAG), Map.entry("num_beams", Kind.INTEGER), Map.entry("num_return_sequences", Kind.INTEGER),
            Map.entry("temperature", Kind.NUMBER), Map.entry("top_k", Kind.INTEGER), Map.entry("top_p", Kind.NUMBER),
            Map.entry("min_p", Kind.NUMBER), Map.entry("typical_p", Kind.NUMBER), Map.entry("epsilon_cutoff", Kind.NUMBER),
            Map.entry("eta_cutoff", Kind.NUMBER), Map.entry("repetition_penalty", Kind.NUMBER),
            Map.entry("no_repeat_ngram_size", Kind.INTEGER), Map.entry("length_penalty", Kind.NUMBER),
            Map.entry("early_stopping", Kind.EARLY), Map.entry("max_new_tokens", Kind.INTEGER), Map.entry("max_length", Kind.INTEGER),
            Map.entry("min_new_tokens", Kind.INTEGER), Map.entry("min_length", Kind.INTEGER), Map.entry("max_time", Kind.NUMBER),
            Map.entry("suppress_tokens", Kind.TOKENS), Map.entry("begin_suppress_tokens", Kind.TOKENS),
            Map.entry("bad_words_ids", Kind.WORDS), Map.entry("stop_strings", Kind.TEXTS), Map.entry("sequence_bias", Kind.BIASES),
            Map.entry("eos_token_id", Kind.TOKENS), Map.entry("bos_token_id", Kind.TOKENS), Map.entry("pad_token_id", Kind.TOKENS));

    private static final List<String> TOKEN_KEYS = List.of("eos_token_id", "bos_token_id", "pad_token_id");

    /** Keys that change the text by a step that Jot lacks → the value, beside null, that does nothing. */
    private static final Map<String, String> LACKING = Map.ofEntries(
            Map.entry("guidance_scale", "1"), Map.entry("num_beam_groups", "1"), Map.entry("diversity_penalty", "0"),
            Map.entry("penalty_alpha", "0"), Map.entry("encoder_repetition_penalty", "1"), Map.entry("encoder_no_repeat_ngram_size", "0"),
            Map.entry("exponential_decay_length_penalty", "null"), Map.entry("forced_bos_token_id", "null"),
            Map.entry("forced_eos_token_id", "null"), Map.entry("forced_decoder_ids", "null"), Map.entry("force_words_ids", "null"),
            Map.entry("constraints", "null"), Map.entry("watermarking_config", "null"), Map.entry("dola_layers", "null"),
            Map.entry("token_healing", "false"), Map.entry("top_h", "null"), Map.entry("custom_generate", "null"));

    private final Map<String, Object> values;
    private final Map<String, String> lacking;
    private final boolean fileExists;

    private GenerationDefaults(Map<String, Object> values, Map<String, String> lacking, boolean fileExists) {
        this.values = values;
        this.lacking = lacking;
        this.fileExists = fileExists;
    }

    /**
     * No defaults at all.
     *
     * @return defaults in which nothing is set
     */
    public static GenerationDefaults none() {
        return NONE;
    }

    /**
     * Reads the defaults of a model.
     *
     * @param generationConfig the content of {@code generation_config.json}; absent if there is no such file
     * @param config the content of {@code config.json}
     * @param file the path of {@code generation_config.json}, for messages
     * @return the defaults
     * @throws CheckpointFormatException if a value has the wrong type or is out of range
     */
    public static GenerationDefaults read(Optional<JsonObject> generationConfig, JsonObject config, Path file)
            throws CheckpointFormatException {
        try {
            Map<String, Object> values = new LinkedHashMap<>();
            Map<String, String> lacking = new LinkedHashMap<>();
            if (generationConfig.isEmpty()) {
                for (String key : TOKEN_KEYS) {
                    readValue(config, key, values);
                }
                return new GenerationDefaults(values, lacking, false);
            }
            for (String key : generationConfig.get().names()) {
                readValue(generationConfig.get(), key, values);
                noteLacking(generationConfig.get(), key, lacking);
            }
            return new GenerationDefaults(values, lacking, true);
        } catch (JsonException e) {
            Path culprit = generationConfig.isPresent() ? file : file.resolveSibling("config.json");
            throw e.in(culprit, CheckpointFormatException::new);
        }
    }

    /**
     * Whether sampling is the default.
     *
     * @return {@code do_sample}, false where it is absent
     */
    public boolean doSample() {
        return this.<Boolean>value("do_sample").orElse(false);
    }

    /**
     * A whole number such as {@code top_k}, {@code num_beams} or {@code max_new_tokens}.
     *
     * @param key a key of the file
     * @return its value, if set
     */
    public Optional<Integer> integer(String key) {
        return value(key);
    }

    /**
     * A number such as {@code temperature} or {@code top_p}.
     *
     * @param key a key of the file
     * @return its value, if set
     */
    public Optional<Double> number(String key) {
        return value(key);
    }

    /**
     * Token ids such as {@code suppress_tokens}.
     *
     * @param key a key of the file
     * @return its value, if set
     */
    public Optional<List<Integer>> tokens(String key) {
        return value(key);
    }

    /**
     * The forbidden words, {@code bad_words_ids}.
     *
     * @return each as token ids; transformers leaves out a word that is just an end token, and so does this
     */
    public Optional<List<List<Integer>>> badWords() {
        Optional<List<List<Integer>>> words = value("bad_words_ids");
        return words.map(all -> all.stream().filter(word -> word.size() > 1 || !endTokens().contains(word.getFirst())).toList());
    }

    /**
     * The stop strings.
     *
     * @return {@code stop_strings}, if set
     */
    public Optional<List<String>> stopStrings() {
        return value("stop_strings");
    }

    /**
     * The biases of single tokens, {@code sequence_bias}.
     *
     * @return token id → bias, if set
     */
    public Optional<Map<Integer, Double>> logitBias() {
        return value("sequence_bias");
    }

    /**
     * When beam search ends.
     *
     * @return {@code early_stopping}, if set
     */
    public Optional<BeamSettings.EarlyStopping> earlyStopping() {
        return value("early_stopping");
    }

    /**
     * The tokens that end a text.
     *
     * @return ids, perhaps none
     */
    public List<Integer> endTokens() {
        return tokens("eos_token_id").orElse(List.of());
    }

    /**
     * The token that fills up shorter rows of a batch.
     *
     * @return the pad token, else the first end token, if there is one
     */
    public Optional<Integer> padToken() {
        return tokens("pad_token_id").map(List::getFirst).or(() -> endTokens().stream().findFirst());
    }

    /**
     * The token that begins a text.
     *
     * @return its id, if set
     */
    public Optional<Integer> beginToken() {
        return tokens("bos_token_id").map(List::getFirst);
    }

    /**
     * The keys whose step Jot lacks, at a value that is not the one that does nothing.
     *
     * @return key → value as in the file
     */
    public Map<String, String> lacking() {
        return Map.copyOf(lacking);
    }

    /**
     * Whether the model has a {@code generation_config.json}.
     *
     * @return true if it has
     */
    public boolean fileExists() {
        return fileExists;
    }

    @SuppressWarnings("unchecked") // Each key is read as the type that its accessor names.
    private <T> Optional<T> value(String key) {
        return Optional.ofNullable((T) values.get(key));
    }

    private static void readValue(JsonObject object, String key, Map<String, Object> values) throws JsonException {
        Kind kind = KINDS.get(key);
        Json value = object.get(key);
        if (kind == null || value == null || value instanceof JsonNull) {
            return;
        }
        Object read = read(kind, key, value);
        if (!(read instanceof List<?> list && list.isEmpty() && TOKEN_KEYS.contains(key))) {
            values.put(key, read);
        }
    }

    private static Object read(Kind kind, String key, Json value) throws JsonException {
        return switch (kind) {
            case FLAG -> value.asBoolean(key);
            case INTEGER -> value.asInt(key);
            case NUMBER -> value.asDouble(key);
            case TOKENS -> tokens(key, value);
            case WORDS -> words(key, value.asArray(key));
            case TEXTS -> texts(key, value);
            case BIASES -> biases(key, value.asArray(key));
            case EARLY -> early(key, value);
        };
    }

    /** One id or several; negative ones, which some files have for "none", are left out. */
    private static List<Integer> tokens(String key, Json value) throws JsonException {
        List<Integer> ids = new ArrayList<>();
        if (value instanceof JsonArray array) {
            for (Json element : array) {
                ids.add(element.asInt(key));
            }
        } else {
            ids.add(value.asInt(key));
        }
        return ids.stream().filter(id -> id >= 0).toList();
    }

    private static List<List<Integer>> words(String key, JsonArray value) throws JsonException {
        List<List<Integer>> words = new ArrayList<>();
        for (Json element : value) {
            List<Integer> word = tokens(key, element.asArray(key));
            if (word.isEmpty()) {
                throw new JsonException(key, "words of at least one token", "an empty word");
            }
            words.add(word);
        }
        return List.copyOf(words);
    }

    private static List<String> texts(String key, Json value) throws JsonException {
        List<String> texts = new ArrayList<>();
        if (value instanceof JsonArray array) {
            for (Json element : array) {
                texts.add(element.asString(key));
            }
        } else {
            texts.add(value.asString(key));
        }
        if (texts.contains("")) {
            throw new JsonException(key, "stop strings that are not empty", "an empty one");
        }
        return List.copyOf(texts);
    }

    /** {@code [[[id], bias], …]}; sequences of several tokens have no place in Jot's chain. */
    private static Map<Integer, Double> biases(String key, JsonArray value) throws JsonException {
        Map<Integer, Double> biases = new LinkedHashMap<>();
        for (Json element : value) {
            JsonArray pair = element.asArray(key);
            if (pair.size() != 2 || tokens(key, pair.get(0)).size() != 1) {
                throw new JsonException(key, "pairs of one token and its bias", "something else");
            }
            biases.put(tokens(key, pair.get(0)).getFirst(), pair.get(1).asDouble(key));
        }
        return Map.copyOf(biases);
    }

    private static BeamSettings.EarlyStopping early(String key, Json value) throws JsonException {
        if (value instanceof JsonBoolean flag) {
            return flag.value() ? BeamSettings.EarlyStopping.ALWAYS : BeamSettings.EarlyStopping.HEURISTIC;
        }
        if (value.asString(key).equals("never")) {
            return BeamSettings.EarlyStopping.NEVER;
        }
        throw new JsonException(key, "true, false or \"never\"", value.describe());
    }

    private static void noteLacking(JsonObject object, String key, Map<String, String> lacking) throws JsonException {
        String harmless = LACKING.get(key);
        Json value = object.get(key);
        if (harmless == null || value instanceof JsonNull || isHarmless(value, harmless)) {
            return;
        }
        lacking.put(key, value.describe());
    }

    private static boolean isHarmless(Json value, String harmless) throws JsonException {
        return switch (value) {
            case JsonNumber number -> harmless.matches("[0-9]+") && number.doubleValue("") == Double.parseDouble(harmless);
            case JsonBoolean flag -> Boolean.toString(flag.value()).equals(harmless);
            case JsonArray array -> array.size() == 0;
            default -> false;
        };
    }

    @Override
    public String toString() {
        return "GenerationDefaults" + values;
    }
}
