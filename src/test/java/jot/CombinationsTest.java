package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import jot.sampling.LogitStep;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Options and uses that meet each other. */
@Tag("module-path")
@Timeout(120)
class CombinationsTest {
    private static final String PROMPT = "Once upon a time";
    private static final GenerationOptions GREEDY = GenerationOptions.greedy().withMaxTokens(24).withEndTokens();
    private static final GenerationOptions DRAWN = GenerationOptions.defaults().withSeed(11).withMaxTokens(24).withEndTokens();
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(Path.of("weights/tales"));
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    /** A step that leaves one token at each position: the text is known beforehand. */
    private static LogitStep script(int... tokens) {
        return (logits, context) -> {
            int wanted = tokens[context.generatedLength()];
            for (int token = 0; token < logits.size(); token++) {
                if (token != wanted) {
                    logits.forbid(token);
                }
            }
        };
    }

    // ---- stop strings

    static Stream<String> texts() {
        return Stream.of(" Tom said: \"Hello 🙂🙂 world!\" – naïve café, 日本語 and ☃️.\n\nThe END of it.", " aaaaaaaaaabaaaaaaab aab\n\n\n",
                " 👩‍👩‍👧‍👦 are here. 👩‍👩‍👧‍👦 are gone", " \uFEFFé e\u0301 \u0000 \uFFFD x");
    }

    /** The rules in their plainest form: after each token, look at all the text that is decided. */
    private static String expected(String[] decided, String[] stops) {
        for (String text : decided) {
            int start = Arrays.stream(stops).mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
            if (start >= 0) {
                return text.substring(0, start);
            }
        }
        return decided[decided.length - 1];
    }

    private static String[] decided(int[] tokens) {
        String[] decided = new String[tokens.length];
        var stream = gpt.tokenizer().stream(gpt.tokenizer().encodePrompt(PROMPT));
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < tokens.length; i++) {
            decided[i] = text.append(stream.push(tokens[i])).toString();
        }
        decided[tokens.length - 1] = text.append(stream.finish()).toString();
        return decided;
    }

    @ParameterizedTest
    @MethodSource("texts")
    void stopStringsActOnBytesAsOnText(String text) {
        int[] tokens = gpt.tokenizer().encode(text);
        String[] decided = decided(tokens);
        assertEquals(text, decided[tokens.length - 1]);
        int[] characters = text.codePoints().toArray();
        Random random = new Random(5);
        int ended = 0;
        for (int round = 0; round < 12; round++) {
            String[] stops = new String[1 + random.nextInt(3)];
            for (int i = 0; i < stops.length; i++) {
                int from = random.nextInt(characters.length);
                int count = Math.min(characters.length - from, 1 + random.nextInt(6));
                stops[i] = new String(characters, from, count) + (random.nextInt(3) == 0 ? "§" : "");
            }
            GenerationOptions options = GREEDY.withStep(script(tokens)).withMaxTokens(tokens.length).withStop(stops);
            List<String> pieces = new ArrayList<>();
            Generation generation = gpt.generate(PROMPT, options, pieces::add);
            assertEquals(expected(decided, stops), generation.text(), Arrays.toString(stops));
            assertEquals(generation.text(), String.join("", pieces));
            pieces.forEach(CombinationsTest::assertWellFormed);
            boolean stopped = !generation.text().equals(text);
            assertEquals(stopped ? StopReason.STOP_STRING : StopReason.MAX_TOKENS, generation.stopReason());
            assertArrayEquals(Arrays.copyOf(tokens, generation.tokens().length), generation.tokens());
            try (Stream<String> stream = gpt.stream(PROMPT, options)) {
                assertEquals(pieces, stream.toList());
            }
            Generation kept = gpt.generate(PROMPT, options.withStopIncluded(true));
            assertTrue(!stopped || Arrays.stream(stops).anyMatch(kept.text()::endsWith));
            ended += stopped ? 1 : 0;
        }
        assertTrue(ended > 3 && ended < 12, ended + " stopped");
    }

    private static void assertWellFormed(String piece) {
        assertEquals(piece, new String(piece.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
    }

    @Test
    void theLastTokenThatIsAllowedMayStillEndTheText() {
        int[] tokens = gpt.tokenizer().encode(" there was.");
        GenerationOptions forced = GREEDY.withStep(script(tokens)).withMaxTokens(tokens.length);
        int last = tokens[tokens.length - 1];
        assertEquals(StopReason.MAX_TOKENS, gpt.generate(PROMPT, forced).stopReason());
        assertEquals(StopReason.STOP_STRING, gpt.generate(PROMPT, forced.withStop(".")).stopReason());
        assertEquals(StopReason.END_OF_TEXT, gpt.generate(PROMPT, forced.withEndTokens(last)).stopReason());
        assertEquals(StopReason.END_OF_TEXT, gpt.generate(PROMPT, forced.withEndTokens(last).withStop(".")).stopReason());
        assertEquals(" there was", gpt.generate(PROMPT, forced.withStop("was. And")).text().substring(0, 10));
        assertEquals(" there was.", gpt.generate(PROMPT, forced.withStop("was. And")).text());
    }

    // ---- several texts

    @Test
    void samplesThatEndInTheirOwnWaysEqualTheCallsWithTheirSeeds() throws IOException {
        int[] frequent = gpt.tokenizer().encode(". The");
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(20))) {
            List<GenerationOptions> all = List.of(DRAWN.withStop(".", " and"), DRAWN.withEndTokens(frequent).withMinTokens(3),
                    DRAWN.withTemperature(1.5).withLogprobs(1), DRAWN.withMirostat(4, 0.3),
                    DRAWN.withXtc(0.1, 0.5).withRepetitionPenalty(1.3), DRAWN.withMaxTokens(60).withSliding(3).withNoRepeatNgram(2));
            for (GenerationOptions options : all) {
                List<Generation> several = small.generateAll(PROMPT, options.withCount(17));
                for (int n = 0; n < 17; n++) {
                    assertEquals(small.generate(PROMPT, options.withSeed(11 + n)), several.get(n), "text " + n + " of " + options);
                }
                assertTrue(several.stream().map(Generation::text).distinct().count() > 1);
            }
        }
    }

    @Test
    void noTextEndsBeforeItsLeastLengthWhateverItsEndTokens() {
        int[] ends = gpt.tokenizer().encode(". the a and was to he she");
        GenerationOptions options = DRAWN.withEndTokens(ends).withMinTokens(7).withMaxTokens(90);
        GenerationOptions beams = GenerationOptions.defaults().withEndTokens(ends).withMinTokens(7).withMaxTokens(30).withBeams(3);
        List<Generation> all = new ArrayList<>(gpt.generateAll(PROMPT, options.withCount(20)));
        all.addAll(gpt.generateAll(PROMPT, beams));
        all.add(gpt.generate(PROMPT, options));
        all.add(gpt.session().generate(PROMPT, options));
        for (Generation generation : all) {
            int[] tokens = generation.tokens();
            assertEquals(StopReason.END_OF_TEXT, generation.stopReason());
            assertTrue(tokens.length > 7, tokens.length + " tokens");
            assertTrue(Arrays.stream(tokens).limit(tokens.length - 1).noneMatch(token -> Arrays.stream(ends).anyMatch(e -> e == token)));
            assertTrue(Arrays.stream(ends).anyMatch(end -> end == tokens[tokens.length - 1]));
            assertEquals(tokens.length, generation.logprobs().length);
        }
    }

    // ---- beams

    @Test
    void beamsEndAtStopStringsAndGoOnFromAKnownBeginning() throws IOException {
        String prompt = "Once upon a time there was a little girl who had a red ball and a";
        GenerationOptions beams = GenerationOptions.defaults().withSeed(1).withBeams(4).withMaxTokens(30).withStop(".", "\n");
        List<Generation> plain = gpt.generateAll(prompt, beams);
        for (Generation found : plain) {
            assertFalse(found.text().contains("."));
            String all = gpt.tokenizer().decodePlain(found.tokens());
            assertEquals(found.stopReason() == StopReason.STOP_STRING, all.contains(".") || all.contains("\n"));
        }
        assertTrue(plain.stream().anyMatch(found -> found.stopReason() == StopReason.STOP_STRING));
        assertEquals(List.of(plain.getFirst().text()), gpt.stream(prompt, beams).toList());
        try (Gpt caching = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withPrefixCacheBytes(8 << 20))) {
            assertEquals(plain, caching.generateAll(prompt, beams));
            List<Generation> again = caching.generateAll(prompt, beams);
            assertEquals(tokens(plain), tokens(again));
            assertTrue(again.getFirst().timings().cachedTokens() > 10);
            assertEquals(tokens(List.of(gpt.generate(prompt, GREEDY))), tokens(List.of(caching.generate(prompt, GREEDY))));
            assertEquals(tokens(gpt.generateAll(prompt, DRAWN.withCount(3))), tokens(caching.generateAll(prompt, DRAWN.withCount(3))));
        }
    }

    /** Tokens and texts; what is cached may change the last bits of log-probabilities. */
    private static List<String> tokens(List<Generation> generations) {
        return generations.stream().map(generation -> Arrays.toString(generation.tokens()) + generation).toList();
    }

    @Test
    void aStreamOfBeamsIsCancelledByItsClose() {
        int[] steps = new int[1];
        Stream<String>[] stream = newArray();
        stream[0] = gpt.stream(PROMPT, GenerationOptions.defaults().withBeams(3).withMaxTokens(200).withEndTokens()
                .withStep((logits, context) -> {
                    if (++steps[0] == 10) {
                        stream[0].close();
                    }
                }));
        assertEquals(0, steps[0]);
        assertTrue(stream[0].toList().size() <= 1);
        assertTrue(steps[0] < 20, steps[0] + " steps");
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Stream<String>[] newArray() {
        return new Stream[1];
    }

    // ---- sessions

    private static void assertGoesOnAsIfNew(Gpt model, Session session) {
        int[] tokens = session.tokens();
        Generation fresh = model.generate(tokens, GREEDY.withMaxTokens(4));
        assertArrayEquals(fresh.tokens(), session.generate(GREEDY.withMaxTokens(4)).tokens());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 17})
    void aSlidContextIsForkedRewoundAndSavedAsAnyOther(int keep, @TempDir Path folder) throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(72))) {
            Session session = small.session().append("Once upon a time there was a cat who had a friend and a house by the sea.");
            Session before = session.fork();
            int[] begin = before.tokens();
            Generation slid = session.generate(GREEDY.withMaxTokens(150).withSliding(keep));
            assertEquals(150, slid.tokens().length);
            assertArrayEquals(slid.tokens(), before.fork().generate(GREEDY.withMaxTokens(150).withSliding(keep)).tokens());
            assertArrayEquals(Arrays.copyOf(begin, keep), Arrays.copyOf(session.tokens(), keep));
            Path file = folder.resolve("session.jot");
            session.save(file);
            Session restored = small.session(file);
            assertArrayEquals(session.tokens(), restored.tokens());
            Session fork = session.fork();
            for (Session each : List.of(restored, fork, before)) {
                each.rewind(Math.min(each.position(), 60));
                assertGoesOnAsIfNew(small, each);
                each.rewind(Math.min(each.position(), keep + 5));
                assertGoesOnAsIfNew(small, each);
                assertEquals(70, each.generate(DRAWN.withMaxTokens(70).withSliding(keep)).tokens().length);
            }
            assertArrayEquals(Arrays.copyOfRange(slid.tokens(), 150 - 5, 150),
                    Arrays.copyOfRange(session.tokens(), session.position() - 5, session.position()));
        }
    }

    static Stream<String> tokenizersThatPutASpaceInFront() {
        return Stream.of("""
                "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
                "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}""", """
                "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false},
                "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}""", """
                "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
                "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}""");
    }

    /** Text at the beginning of a context gets the space that the tokenizer puts in front and the begin token; later text neither. */
    @ParameterizedTest
    @MethodSource("tokenizersThatPutASpaceInFront")
    void laterTextGetsNoPrefixOfABeginning(String parts, @TempDir Path folder) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/models/llama"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        StringBuilder vocabulary = new StringBuilder("{\"<s>\": 0, \"▁\": 1, \"ab\": 2, \"▁ab\": 3");
        for (char letter = 'a'; letter <= 'z'; letter++) {
            vocabulary.append(", \"").append(letter).append("\": ").append(letter - 'a' + 10);
        }
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true}], %s,
                "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                    {"Sequence": {"id": "B", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
                "model": {"type": "BPE", "vocab": %s}, "merges": ["a b", "▁ ab"]}}""".formatted(parts, vocabulary));
        int c = 'c' - 'a' + 10;
        try (Gpt llama = Gpt.load(folder)) {
            Session session = llama.session().append("ab");
            assertArrayEquals(new int[] {0, 3}, session.tokens());
            session.append("ab");
            assertArrayEquals(new int[] {0, 3, 2}, session.tokens());
            session.append(" ab");
            assertArrayEquals(new int[] {0, 3, 2, 3}, session.tokens());
            Generation generation = session.generate("c", GREEDY.withMaxTokens(1));
            assertEquals(5, generation.promptTokens());
            assertArrayEquals(new int[] {0, 3, 2, 3, c}, Arrays.copyOf(session.tokens(), 5));
            assertTrue(llama.tokenizer().decodePlain(session.tokens()).startsWith("abab abc" + generation.text()));
            session.rewind(0).append("ab");
            assertArrayEquals(new int[] {0, 3}, session.tokens());

            assertArrayEquals(new int[] {c}, llama.score("ab", "c").tokens());
            assertArrayEquals(new int[] {3, c}, llama.score("ab", " abc").tokens());
            assertArrayEquals(new int[] {3, c}, llama.score("", "abc").tokens());
            Choice choice = llama.choose("ab", "c", " abc");
            assertEquals(llama.score("ab", "c").total(), choice.scores()[0], 1e-6);
            assertEquals(llama.score("ab", " abc").total(), choice.scores()[1], 1e-6);
            GenerationOptions drawn = DRAWN.withMaxTokens(3).withTemperature(1);
            assertEquals(llama.generate(new int[] {0, 3, c}, drawn), llama.generateAll("abc", drawn.withCount(2)).getFirst());
        }
    }

    @Test
    void anEndedTextIsPartOfItsSession() {
        Session session = gpt.session();
        Generation first = session.generate(PROMPT, GREEDY.withStop(" was"));
        assertEquals(StopReason.STOP_STRING, first.stopReason());
        int[] tokens = session.tokens();
        assertArrayEquals(first.tokens(), Arrays.copyOfRange(tokens, first.promptTokens(), tokens.length));
        assertGoesOnAsIfNew(gpt, session);
        Generation more = session.generate(" and then", DRAWN.withCount(1).withLogprobs(2));
        assertEquals(24, more.alternatives().size());
        assertGoesOnAsIfNew(gpt, session);
    }
}
