package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import jot.checkpoint.CheckpointFormatException;
import jot.generation.BeamSettings;
import jot.generation.GenerationDefaults;
import jot.generation.GenerationSettings;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationDefaultsTest {
    private static final Path FILE = Path.of("model", "generation_config.json");
    private static final int VOCABULARY = 100;

    static Stream<Arguments> cases() throws IOException {
        JsonArray all = SamplingFixtures.read("generation_configs.json").asArray("cases");
        List<Arguments> cases = new ArrayList<>();
        for (Json c : all) {
            cases.add(Arguments.of(c.asObject("case").string("name"), c));
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void defaultsAreThoseOfTheReference(String name, JsonObject c) throws IOException {
        JsonObject implied = c.object("implies");
        GenerationDefaults defaults = read(c.get("generation_config"), c.object("config"));
        int prompt = c.integer("prompt_tokens");
        GenerationSettings settings = GenerationOptions.defaults().resolve(defaults, VOCABULARY, prompt);

        assertEquals(implied.get("do_sample").asBoolean("do_sample"), !settings.chain().isGreedy());
        assertEquals(implied.integer("num_beams"), settings.beams().map(BeamSettings::beams).orElse(1));
        assertEquals(steps(implied.array("steps"), implied.integer("min_new_tokens")), settings.chain().descriptions());
        assertEquals(integers(implied.get("eos_token_ids")), settings.endTokens());
        assertEquals(optional(implied.get("pad_token_id")), defaults.padToken());
        assertEquals(optional(implied.get("bos_token_id")), defaults.beginToken());
        assertEquals(length(c, implied), settings.maxTokens());
    }

    /** Where the file sets no length, Jot, unlike transformers, goes on to the end of the context. */
    private static OptionalInt length(JsonObject c, JsonObject implied) throws IOException {
        boolean set = c.get("generation_config") instanceof JsonObject config && (config.has("max_new_tokens") || config.has("max_length"));
        return set ? OptionalInt.of(implied.integer("max_new_tokens")) : OptionalInt.empty();
    }

    /** The reference's steps in Jot's words; the minimum length has its place before the suppressed tokens. */
    private static List<String> steps(JsonArray steps, int minTokens) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Json step : steps) {
            JsonArray pair = step.asArray("step");
            String step0 = pair.get(0).asString("name");
            lines.add(step0 + " " + (pair.get(1) instanceof JsonArray ids ? integers(ids).toString() : pair.get(1).toString()));
        }
        if (minTokens > 0) {
            List<String> before = List.of("repetition_penalty", "no_repeat_ngram_size", "bad_words_ids");
            int place = (int) lines.stream().takeWhile(line -> before.contains(line.split(" ")[0])).count();
            lines.add(place, "min_new_tokens " + minTokens);
        }
        return lines;
    }

    @Test
    void theCallersOptionsWin() throws IOException {
        GenerationDefaults defaults = read("""
                {"do_sample": true, "temperature": 0.6, "top_p": 0.9, "top_k": 7, "eos_token_id": 3, "max_new_tokens": 9,
                 "repetition_penalty": 1.1, "stop_strings": "END", "max_time": 2.5, "begin_suppress_tokens": [4, 5]}""");
        GenerationSettings own = GenerationOptions.defaults().withTopP(0.5).withEndTokens(8).withMaxTokens(4).withRepetitionPenalty(1)
                .withBeginSuppressTokens(6).resolve(defaults, VOCABULARY, 5);
        assertEquals(List.of("begin_suppress_tokens [6]", "temperature 0.6", "top_k 7", "top_p 0.5"), own.chain().descriptions());
        assertEquals(List.of(8), own.endTokens());
        assertEquals(OptionalInt.of(4), own.maxTokens());
        GenerationSettings greedy = GenerationOptions.greedy().resolve(defaults, VOCABULARY, 5);
        assertEquals(List.of("repetition_penalty 1.1", "begin_suppress_tokens [4, 5]"), greedy.chain().descriptions());
        assertTrue(greedy.chain().isGreedy());
        assertEquals(2500, greedy.deadline().orElseThrow().toMillis());
        GenerationSettings mirostat = GenerationOptions.defaults().withMirostat(3, 0.1).resolve(defaults, VOCABULARY, 5);
        assertEquals("mirostat 3.0 0.1", mirostat.chain().descriptions().getLast());
    }

    /** What a call did before, such as encoding its prompt, is part of the time it has. */
    @Test
    void aDeadlineComesNearer() {
        GenerationDefaults none = GenerationDefaults.none();
        assertEquals(Optional.empty(), GenerationOptions.defaults().resolve(none, VOCABULARY, 1).after(Duration.ofHours(1)).deadline());
        GenerationSettings hurried = GenerationOptions.defaults().withDeadline(Duration.ofSeconds(3)).resolve(none, VOCABULARY, 1);
        assertEquals(Optional.of(Duration.ofSeconds(1)), hurried.after(Duration.ofSeconds(2)).deadline());
        assertEquals(Optional.of(Duration.ZERO), hurried.after(Duration.ofSeconds(4)).deadline());
    }

    @Test
    void whatTheCallerSetsDecidesWhetherToSample() throws IOException {
        GenerationDefaults none = GenerationDefaults.none();
        assertTrue(GenerationOptions.defaults().resolve(none, VOCABULARY, 1).chain().isGreedy());
        assertEquals(List.of("top_k 50"),
                GenerationOptions.defaults().withTemperature(1).resolve(none, VOCABULARY, 1).chain().descriptions());
        assertEquals(List.of("top_k 50", "min_p 0.1"),
                GenerationOptions.defaults().withMinP(0.1).resolve(none, VOCABULARY, 1).chain().descriptions());
        assertTrue(GenerationOptions.defaults().withTopP(1).resolve(none, VOCABULARY, 1).chain().isGreedy());
        assertFalse(GenerationOptions.defaults().withCount(2).resolve(none, VOCABULARY, 1).chain().isGreedy());
        GenerationDefaults sampling = read("{\"do_sample\": true, \"temperature\": 0.5, \"top_k\": 0}");
        assertEquals(List.of(), GenerationOptions.greedy().resolve(sampling, VOCABULARY, 1).chain().descriptions());
        GenerationSettings beams = GenerationOptions.defaults().withBeams(3).resolve(sampling, VOCABULARY, 1);
        assertEquals(Optional.of(new BeamSettings(3, 1, BeamSettings.EarlyStopping.HEURISTIC)), beams.beams());
        assertEquals(3, beams.count());
    }

    @Test
    void beamsOfTheModelHoldUnlessTheCallerSamples() throws IOException {
        GenerationDefaults defaults = read("{\"num_beams\": 4, \"length_penalty\": 0.6, \"early_stopping\": \"never\"}");
        assertEquals(Optional.of(new BeamSettings(4, 0.6, BeamSettings.EarlyStopping.NEVER)),
                GenerationOptions.defaults().resolve(defaults, VOCABULARY, 1).beams());
        assertEquals(Optional.empty(), GenerationOptions.defaults().withTemperature(1).resolve(defaults, VOCABULARY, 1).beams());
        assertEquals(Optional.empty(), GenerationOptions.defaults().withBeams(1).resolve(defaults, VOCABULARY, 1).beams());
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> GenerationOptions.defaults().withLengthPenalty(2).resolve(GenerationDefaults.none(), VOCABULARY, 1));
        assertTrue(e.getMessage().contains("lengthPenalty"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"guidance_scale\": 1.5", "\"penalty_alpha\": 0.6", "\"num_beam_groups\": 2", "\"diversity_penalty\": 0.5",
        "\"forced_eos_token_id\": 5", "\"force_words_ids\": [[5]]", "\"watermarking_config\": {\"bias\": 2}",
        "\"exponential_decay_length_penalty\": [5, 1.1]", "\"encoder_repetition_penalty\": 2", "\"dola_layers\": \"high\"",
        "\"num_beams\": 3, \"do_sample\": true"})
    void aStepThatJotLacksIsRefusedByName(String member) throws IOException {
        GenerationDefaults defaults = read("{" + member + "}");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> GenerationOptions.defaults().resolve(defaults, VOCABULARY, 1));
        assertTrue(e.getMessage().contains(member.split("\"")[1]), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"guidance_scale\": null", "\"guidance_scale\": 1.0", "\"penalty_alpha\": null", "\"num_beam_groups\": 1",
        "\"diversity_penalty\": 0.0", "\"forced_eos_token_id\": null", "\"use_cache\": true", "\"transformers_version\": \"4.40.0\"",
        "\"chat_format\": \"chatml\"", "\"token_healing\": false", "\"constraints\": []", "\"temperature\": null"})
    void valuesThatDoNothingAreAccepted(String member) throws IOException {
        GenerationSettings settings = GenerationOptions.defaults().resolve(read("{" + member + "}"), VOCABULARY, 1);
        assertEquals(List.of(), settings.chain().descriptions());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"temperature\": \"hot\"", "\"top_k\": 1.5", "\"do_sample\": 1", "\"eos_token_id\": \"</s>\"",
        "\"bad_words_ids\": [5]", "\"bad_words_ids\": [[]]", "\"stop_strings\": [\"\"]", "\"early_stopping\": \"soon\"",
        "\"sequence_bias\": [[[1, 2], 1.0]]"})
    void aValueOfTheWrongTypeIsADamagedFile(String member) {
        CheckpointFormatException e = assertThrows(CheckpointFormatException.class, () -> read("{" + member + "}"));
        assertTrue(e.getMessage().contains("generation_config.json") && e.getMessage().contains(member.split("\"")[1]), e.getMessage());
    }

    @Test
    void aValueOutOfRangeIsToldWithItsKeyUnlessTheCallerSetsTheOption() throws IOException {
        GenerationDefaults defaults = read("{\"do_sample\": true, \"top_k\": -1}");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> GenerationOptions.defaults().resolve(defaults, VOCABULARY, 1));
        assertTrue(e.getMessage().contains("generation_config.json, top_k") && e.getMessage().contains("-1"), e.getMessage());
        assertEquals(List.of(), GenerationOptions.defaults().withTopK(0).resolve(defaults, VOCABULARY, 1).chain().descriptions());
    }

    @Test
    void aPromptBeyondMaxLengthIsRefusedWithBothNumbers() throws IOException {
        GenerationDefaults defaults = read("{\"max_length\": 40}");
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> GenerationOptions.defaults().resolve(defaults, VOCABULARY, 41));
        assertTrue(e.getMessage().contains("41") && e.getMessage().contains("40"), e.getMessage());
    }

    @Test
    void moreKeysOfTheFile() throws IOException {
        GenerationDefaults defaults = read("""
                {"sequence_bias": [[[5], -100.0]], "bad_words_ids": [[3], [4, 5]], "eos_token_id": [3, -1], "min_length": 8,
                 "suppress_tokens": []}""");
        assertEquals(Optional.of(Map.of(5, -100.0)), defaults.logitBias());
        assertEquals(Optional.of(List.of(List.of(4, 5))), defaults.badWords());
        assertEquals(List.of(3), defaults.endTokens());
        assertEquals(List.of("logit_bias of 1 tokens", "bad_words_ids of 1 words", "min_new_tokens 3"),
                GenerationOptions.defaults().resolve(defaults, VOCABULARY, 5).chain().descriptions());
    }

    private static GenerationDefaults read(String json) throws IOException {
        return read(Json.parse(json), Json.parse("{}").asObject("config"));
    }

    private static GenerationDefaults read(Json generationConfig, JsonObject config) throws IOException {
        Optional<JsonObject> file = generationConfig instanceof JsonObject object ? Optional.of(object) : Optional.empty();
        return GenerationDefaults.read(file, config, FILE);
    }

    private static List<Integer> integers(Json json) throws IOException {
        return StreamSupport.stream(json.asArray("ids").spliterator(), false).map(id -> Integer.parseInt(id.toString())).toList();
    }

    private static Optional<Integer> optional(Json json) throws IOException {
        return SamplingFixtures.isNull(json) ? Optional.empty() : Optional.of(json.asInt("id"));
    }
}
