package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Beam search and scoring on real models against the reference implementation. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GenerationReferencesTest {
    private static final Path MODELS = Path.of("src/test/resources/models");

    private final Map<String, Gpt> models = new HashMap<>();

    private Gpt model(String name) throws IOException {
        Gpt known = models.get(name);
        if (known == null) {
            known = Gpt.load(MODELS.resolve(name));
            models.put(name, known);
        }
        return known;
    }

    @AfterAll
    void closeModels() {
        models.values().forEach(Gpt::close);
    }

    static Stream<Arguments> beams() throws IOException {
        return cases("beam");
    }

    static Stream<Arguments> scores() throws IOException {
        return cases("score");
    }

    private static Stream<Arguments> cases(String part) throws IOException {
        JsonArray all = SamplingFixtures.read("generation.json").asObject("file").array(part);
        List<Arguments> cases = new ArrayList<>();
        for (Json c : all) {
            cases.add(Arguments.of(c.asObject("case").string("model") + " " + cases.size(), c));
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("beams")
    void beamsEqualTheReference(String name, JsonObject c) throws IOException {
        double penalty = SamplingFixtures.number(c.get("length_penalty"));
        GenerationOptions options = GenerationOptions.defaults().withBeams(c.integer("num_beams"))
                .withCount(c.integer("num_return_sequences")).withMaxTokens(c.integer("max_new_tokens")).withLengthPenalty(penalty)
                .withEarlyStopping(c.get("early_stopping").asBoolean("early_stopping"))
                .withEndTokens(SamplingFixtures.isNull(c.get("eos")) ? new int[0] : new int[] {c.integer("eos")});
        List<Generation> found = model(c.string("model")).generateAll(SamplingFixtures.ints(c.get("prompt")), options);
        JsonArray sequences = c.array("sequences");
        double[] scores = SamplingFixtures.doubles(c.get("scores"));
        assertEquals(sequences.size(), found.size());
        for (int i = 0; i < found.size(); i++) {
            int[] expected = SamplingFixtures.ints(sequences.get(i));
            assertArrayEquals(expected, found.get(i).tokens());
            double sum = Arrays.stream(found.get(i).logprobs()).sum();
            assertEquals(scores[i], sum / Math.pow(expected.length, penalty), 1e-4);
            boolean ended = !SamplingFixtures.isNull(c.get("eos")) && expected[expected.length - 1] == c.integer("eos");
            assertEquals(ended ? StopReason.END_OF_TEXT : StopReason.MAX_TOKENS, found.get(i).stopReason());
        }
        assertArrayEquals(found.getFirst().tokens(), model(c.string("model")).generate(SamplingFixtures.ints(c.get("prompt")),
                options.withCount(1)).tokens());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scores")
    void scoresEqualTheReference(String name, JsonObject c) throws IOException {
        int[] tokens = SamplingFixtures.ints(c.get("tokens"));
        Score score = model(c.string("model")).score(tokens);
        assertArrayEquals(SamplingFixtures.doubles(c.get("logprobs")), score.logprobs(), 1e-4);
        assertEquals(SamplingFixtures.number(c.get("total")), score.total(), 1e-3);
        double perplexity = SamplingFixtures.number(c.get("perplexity"));
        assertEquals(perplexity, score.perplexity(), 1e-4 * perplexity);
        assertArrayEquals(Arrays.copyOfRange(tokens, 1, tokens.length), score.tokens());

        // The same alternatives as a generation reports for the token after each beginning of the text.
        JsonArray top = c.array("top5");
        for (int t = 0; t < top.size(); t += 3) {
            Generation next = model(c.string("model")).generate(Arrays.copyOf(tokens, t + 1),
                    GenerationOptions.greedy().withMaxTokens(1).withLogprobs(5));
            int[] ids = SamplingFixtures.ints(top.get(t).asObject("top").get("ids"));
            double[] logprobs = SamplingFixtures.doubles(top.get(t).asObject("top").get("logprobs"));
            assertEquals(ids.length, next.alternatives().getFirst().size());
            for (int i = 0; i < ids.length; i++) {
                assertEquals(ids[i], next.alternatives().getFirst().get(i).token());
                assertEquals(logprobs[i], next.alternatives().getFirst().get(i).logprob(), 1e-4);
            }
            assertEquals(logprobs[0], next.logprobs()[0], 1e-4);
        }
    }
}
