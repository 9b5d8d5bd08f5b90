package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import jot.json.Json;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GenerationOptionsTest {
    private static final double TOLERANCE = 1e-5;

    static Stream<Arguments> processorCases() throws IOException {
        return SamplingFixtures.cases("sampling/processors.json").stream().map(c -> Arguments.of(name(c), c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("processorCases")
    void distributionEqualsTheReference(String name, JsonObject c) throws IOException {
        float[] actual = fromJson(c.object("options")).probabilities(SamplingFixtures.floats(c.get("logits")),
                SamplingFixtures.ints(c.get("prompt")), SamplingFixtures.ints(c.get("generated")));
        float[] expected = SamplingFixtures.floats(c.get("probabilities"));
        if (c.string("compare").equals("sorted")) {
            Arrays.sort(actual);
            Arrays.sort(expected);
        }
        assertArrayEquals(expected, actual, (float) TOLERANCE, name);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i] == 0, actual[i] == 0, name + ": token " + i + " expected " + expected[i] + ", found " + actual[i]);
        }
    }

    static Stream<Arguments> dryAndXtcCases() throws IOException {
        return SamplingFixtures.cases("sampling/dry_xtc.json").stream().map(c -> Arguments.of(name(c), c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dryAndXtcCases")
    void dryAndXtcEqualTheReference(String name, JsonObject c) throws IOException {
        GenerationOptions options;
        int[] prompt = {};
        int[] generated = {};
        if (c.string("kind").equals("dry")) {
            options = GenerationOptions.defaults().withDry(SamplingFixtures.number(c.get("multiplier")),
                    SamplingFixtures.number(c.get("base")), c.integer("allowed_length"), c.integer("range"),
                    SamplingFixtures.ints(c.get("sequence_breakers")));
            prompt = SamplingFixtures.ints(c.get("prompt"));
            generated = SamplingFixtures.ints(c.get("generated"));
        } else {
            boolean acts = SamplingFixtures.number(c.get("u")) < SamplingFixtures.number(c.get("probability"));
            options = GenerationOptions.defaults().withXtc(SamplingFixtures.number(c.get("threshold")), acts ? 1 : 0,
                    SamplingFixtures.ints(c.get("protected")));
        }
        float[] actual = options.probabilities(SamplingFixtures.floats(c.get("logits")), prompt, generated);
        float[] expected = SamplingFixtures.floats(c.get("probabilities"));
        if (!SamplingFixtures.isNull(c.get("compare")) && c.string("compare").equals("sorted")) {
            Arrays.sort(actual);
            Arrays.sort(expected);
        }
        assertArrayEquals(expected, actual, (float) TOLERANCE, name);
    }

    @Test
    void xtcCountsWithItsProbability() {
        float[] logits = {2, 1, 0, -1};
        float[] plain = GenerationOptions.defaults().probabilities(logits, new int[0], new int[0]);
        float[] always = GenerationOptions.defaults().withXtc(0.1, 1).probabilities(logits, new int[0], new int[0]);
        float[] sometimes = GenerationOptions.defaults().withXtc(0.1, 0.25).probabilities(logits, new int[0], new int[0]);
        for (int i = 0; i < logits.length; i++) {
            assertEquals(0.75 * plain[i] + 0.25 * always[i], sometimes[i], 1e-6);
        }
    }

    @Test
    void greedyHasAllItsMassOnTheLowestOfTheGreatest() {
        float[] p = GenerationOptions.greedy().probabilities(new float[] {1, 3, 3, 2}, new int[0], new int[0]);
        assertArrayEquals(new float[] {0, 1, 0, 0}, p);
    }

    @Test
    void aStepOfTheCallerRunsBeforeTemperature() {
        float[] p = GenerationOptions.defaults().withTemperature(0.5).withStep((logits, context) -> {
            assertEquals(2, context.promptLength());
            assertEquals(1, context.generatedCount(3));
            logits.forbid(0);
            logits.set(1, 1);
        }).probabilities(new float[] {9, 0, 0, Float.NEGATIVE_INFINITY}, new int[] {1, 2}, new int[] {3});
        double e2 = Math.exp(2);
        assertArrayEquals(new float[] {0, (float) (e2 / (e2 + 1)), (float) (1 / (e2 + 1)), 0}, p, 1e-6f);
    }

    static Stream<UnaryOperator<GenerationOptions>> outOfRange() {
        return Stream.of(o -> o.withMaxTokens(0), o -> o.withMinTokens(-1), o -> o.withTemperature(-0.1),
                o -> o.withTemperature(Double.NaN),
                o -> o.withTemperature(Double.POSITIVE_INFINITY), o -> o.withTopK(-1), o -> o.withTopP(-0.1), o -> o.withTopP(1.01),
                o -> o.withTopP(Double.NaN), o -> o.withMinP(-0.1), o -> o.withMinP(1.1), o -> o.withTypicalP(0), o -> o.withTypicalP(1.1),
                o -> o.withEpsilonCutoff(-0.1), o -> o.withEpsilonCutoff(1.5), o -> o.withEtaCutoff(-1), o -> o.withEtaCutoff(2),
                o -> o.withRepetitionPenalty(0), o -> o.withRepetitionPenalty(-1), o -> o.withRepetitionPenalty(Double.NaN),
                o -> o.withFrequencyPenalty(Double.NaN), o -> o.withPresencePenalty(Double.POSITIVE_INFINITY), o -> o.withNoRepeatNgram(-1),
                o -> o.withLogitBias(Map.of(-1, 1.0)), o -> o.withLogitBias(Map.of(1, Double.NaN)), o -> o.withEndTokens(-1),
                o -> o.withSuppressTokens(3, -2), o -> o.withBeginSuppressTokens(-2), o -> o.withBadWords(List.of(new int[0])),
                o -> o.withBadWords(List.of(new int[] {-1})), o -> o.withStop(""), o -> o.withStop("ok", "\ud83d"),
                o -> o.withDeadline(Duration.ofMillis(-1)), o -> o.withLogprobs(-1), o -> o.withCount(0), o -> o.withBeams(0),
                o -> o.withLengthPenalty(Double.NaN), o -> o.withSliding(-1), o -> o.withXtc(0, 0.5), o -> o.withXtc(0.1, 1.5),
                o -> o.withXtc(0.1, 0.5, -1), o -> o.withMirostat(0, 0.1), o -> o.withMirostat(3, -0.1), o -> o.withDry(-1, 1.75, 2),
                o -> o.withDry(0.8, 0.5, 2), o -> o.withDry(0.8, 1.75, 0), o -> o.withDry(0.8, 1.75, 2, -1),
                o -> o.withDry(0.8, 1.75, 2, 0, -1));
    }

    @ParameterizedTest
    @MethodSource("outOfRange")
    void aValueOutOfRangeIsRefusedWithTheValueFound(UnaryOperator<GenerationOptions> setting) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> setting.apply(GenerationOptions.defaults()));
        assertTrue(e.getMessage().contains("found"), e.getMessage());
    }

    static Stream<UnaryOperator<GenerationOptions>> endless() {
        double most = Double.POSITIVE_INFINITY;
        return Stream.of(o -> o.withTemperature(most), o -> o.withRepetitionPenalty(most), o -> o.withFrequencyPenalty(most),
                o -> o.withPresencePenalty(most), o -> o.withMirostat(most, 0.1), o -> o.withMirostat(3, most),
                o -> o.withDry(most, 1.75, 2), o -> o.withDry(0.8, most, 2), o -> o.withLengthPenalty(most));
    }

    @ParameterizedTest
    @MethodSource("endless")
    void anInfiniteValueIsRefusedAsSuch(UnaryOperator<GenerationOptions> setting) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> setting.apply(GenerationOptions.defaults()));
        assertTrue(e.getMessage().contains("finite") && e.getMessage().endsWith("found Infinity"), e.getMessage());
    }

    static Stream<UnaryOperator<GenerationOptions>> contradictions() {
        return Stream.of(o -> o.withBeams(4).withTemperature(0.7), o -> o.withTopK(5).withBeams(2),
                o -> o.withBeams(2).withMirostat(3, 0.1),
                o -> o.withTemperature(0).withTopP(0.9), o -> o.withTopK(4).withTemperature(0), o -> o.withTemperature(0).withXtc(0.1, 0.5),
                o -> o.withTemperature(0).withMirostat(3, 0.1), o -> o.withTemperature(0).withCount(2),
                o -> o.withMirostat(3, 0.1).withMinP(0.1),
                o -> o.withXtc(0.1, 0.5).withMirostat(3, 0.1), o -> o.withBeams(2).withCount(3), o -> o.withBeams(2).withSliding(0),
                o -> o.withBeams(2).withLogprobs(1), o -> o.withMinTokens(5).withMaxTokens(4));
    }

    @ParameterizedTest
    @MethodSource("contradictions")
    void contradictionsAreRefusedWithTheReason(UnaryOperator<GenerationOptions> setting) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> setting.apply(GenerationOptions.defaults()));
        assertTrue(e.getMessage().startsWith("contradictory options: "), e.getMessage());
    }

    @Test
    void valuesThatSwitchAStepOffContradictNothing() {
        GenerationOptions options = GenerationOptions.greedy().withTopK(0).withTopP(1).withMinP(0).withTypicalP(1).withEpsilonCutoff(0)
                .withEtaCutoff(1).withXtc(0.1, 0).withBeams(1).withCount(1);
        assertEquals(0.0, options.temperature().orElseThrow());
    }

    @Test
    void unknownTokensAreRefused() {
        float[] logits = new float[10];
        for (GenerationOptions options : List.of(GenerationOptions.defaults().withLogitBias(Map.of(10, 1.0)),
                GenerationOptions.defaults().withSuppressTokens(11), GenerationOptions.defaults().withBadWords(List.of(new int[] {1, 10})),
                GenerationOptions.defaults().withEndTokens(99), GenerationOptions.defaults().withDry(1, 1.75, 2, 0, 10))) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> options.probabilities(logits, new int[0], new int[0]));
            assertTrue(e.getMessage().contains("outside the vocabulary of 10"), e.getMessage());
        }
        assertThrows(IllegalArgumentException.class,
                () -> GenerationOptions.defaults().probabilities(new float[0], new int[0], new int[0]));
        assertThrows(IllegalArgumentException.class, () -> GenerationOptions.defaults().probabilities(logits, new int[] {10}, new int[0]));
        assertThrows(IllegalArgumentException.class, () -> GenerationOptions.defaults().probabilities(logits, new int[0], new int[] {-1}));
    }

    @Test
    void unsoundLogitsAreRefused() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> GenerationOptions.defaults().probabilities(new float[] {0, bad}, new int[0], new int[0]));
            assertTrue(e.getMessage().contains("token 1"), e.getMessage());
        }
    }

    @Test
    void everyTokenForbiddenIsTold() {
        GenerationOptions options = GenerationOptions.defaults().withSuppressTokens(0, 1);
        assertThrows(IllegalStateException.class, () -> options.probabilities(new float[2], new int[0], new int[0]));
        assertThrows(IllegalStateException.class, () -> options.withTemperature(0).probabilities(new float[2], new int[0], new int[0]));
    }

    @Test
    void equalFieldsMakeEqualOptions() {
        List<int[]> words = List.of(new int[] {1});
        GenerationOptions a = GenerationOptions.defaults().withTopK(5).withStop("x").withEndTokens(1, 2).withBadWords(words);
        GenerationOptions b = GenerationOptions.defaults().withBadWords(words).withEndTokens(1, 2).withStop("x").withTopK(5);
        assertEquals(a, b);
        assertEquals(a.hashCode(), b.hashCode());
        assertNotEquals(a, b.withTopK(6));
        assertNotEquals(GenerationOptions.defaults(), GenerationOptions.defaults().withTopP(1));
        assertEquals("GenerationOptions[topK=5, badWords=[[1]], endTokens=[1, 2], stop=[x]]", a.toString());
    }

    @Test
    void optionsKeepCopiesOfWhatTheyWereGiven() {
        int[] ends = {1};
        Map<Integer, Double> bias = new LinkedHashMap<>(Map.of(1, 2.0));
        GenerationOptions options = GenerationOptions.defaults().withEndTokens(ends).withLogitBias(bias);
        ends[0] = 7;
        bias.clear();
        assertEquals(List.of(1), options.endTokens().orElseThrow());
        assertEquals(Map.of(1, 2.0), options.logitBias().orElseThrow());
    }

    private static String name(JsonObject c) {
        try {
            return c.string("name");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The options of a case, by the names of the reference. */
    private static GenerationOptions fromJson(JsonObject json) throws IOException {
        GenerationOptions options = GenerationOptions.defaults();
        for (String key : json.names()) {
            Json value = json.get(key);
            options = switch (key) {
                case "logit_bias" -> options.withLogitBias(biases(value.asObject(key)));
                case "repetition_penalty" -> options.withRepetitionPenalty(value.asDouble(key));
                case "no_repeat_ngram_size" -> options.withNoRepeatNgram(value.asInt(key));
                case "bad_words_ids" -> options.withBadWords(words(value));
                case "min_new_tokens" -> options.withMinTokens(value.asInt(key));
                case "eos_token_id" -> options.withEndTokens(SamplingFixtures.ints(value));
                case "suppress_tokens" -> options.withSuppressTokens(SamplingFixtures.ints(value));
                case "frequency_penalty" -> options.withFrequencyPenalty(value.asDouble(key));
                case "presence_penalty" -> options.withPresencePenalty(value.asDouble(key));
                case "temperature" -> options.withTemperature(value.asDouble(key));
                case "top_k" -> options.withTopK(value.asInt(key));
                case "top_p" -> options.withTopP(value.asDouble(key));
                case "min_p" -> options.withMinP(value.asDouble(key));
                case "typical_p" -> options.withTypicalP(value.asDouble(key));
                case "epsilon_cutoff" -> options.withEpsilonCutoff(value.asDouble(key));
                case "eta_cutoff" -> options.withEtaCutoff(value.asDouble(key));
                default -> throw new IOException("unknown option " + key);
            };
        }
        return options;
    }

    private static Map<Integer, Double> biases(JsonObject json) throws IOException {
        Map<Integer, Double> biases = new LinkedHashMap<>();
        for (String token : json.names()) {
            biases.put(Integer.parseInt(token), json.get(token).asDouble(token));
        }
        return biases;
    }

    private static List<int[]> words(Json json) throws IOException {
        List<int[]> words = new ArrayList<>();
        for (Json word : json.asArray("words")) {
            words.add(SamplingFixtures.ints(word));
        }
        return words;
    }
}
