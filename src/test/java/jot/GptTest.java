package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jot.json.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first steps of a user: load, generate, stream, ask for logits, with the bundled model. */
@Timeout(60)
class GptTest {
    private static final Path TALES = Path.of("weights/tales");
    private static final Path GPT2 = Path.of("src/test/resources/models/gpt2");
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(TALES);
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"story", "instruction"})
    void theLikeliestTextIsTheReferences(String name) throws IOException {
        JsonObject text = SamplingFixtures.read("tales/texts.json").asObject("texts").object(name);
        Generation generation = gpt.generate(text.string("prompt"), GenerationOptions.greedy().withMaxTokens(120).withEndTokens());
        assertEquals(text.string("greedy"), generation.text());
        assertEquals(120, generation.tokens().length);
        assertEquals(StopReason.MAX_TOKENS, generation.stopReason());
    }

    @Test
    void theModelsOwnSettingsSample() {
        Generation first = gpt.generate("Once upon a time");
        Generation again = gpt.generate("Once upon a time", GenerationOptions.defaults().withSeed(first.seed()));
        assertEquals(first.text(), again.text());
        assertArrayEquals(first.tokens(), again.tokens());
        assertEquals(first.text(), first.toString());
        assertTrue(first.tokens().length <= 300);
        List<String> texts = IntStream.range(0, 4).mapToObj(seed -> gpt.generate("The", GenerationOptions.defaults().withSeed(seed)
                .withMaxTokens(20)).text()).distinct().toList();
        assertTrue(texts.size() > 1, texts.toString());
    }

    /** The text is what the tokens add to the decoded prompt, wherever the prompt ends. */
    @ParameterizedTest
    @ValueSource(strings = {"Once upon a time", "Once upon a time ", "Once upon a ti", " leading", "tab\t", "line\n",
        "caf\u00e9 \ud83d\ude42", "<|im_start|>user\nHi<|im_end|>\n", "\u0645\u0631\u062d\u0628\u0627"})
    void promptAndTextReadOn(String prompt) {
        for (int seed = 0; seed < 3; seed++) {
            Generation generation = gpt.generate(prompt, GenerationOptions.defaults().withSeed(seed).withMaxTokens(12).withEndTokens()
                    .withSuppressTokens(0, 1, 2));
            int[] read = gpt.tokenizer().encodePrompt(prompt);
            int[] all = IntStream.concat(Arrays.stream(read), Arrays.stream(generation.tokens())).toArray();
            assertEquals(gpt.tokenizer().decode(all), prompt + generation.text());
            assertEquals(read.length, generation.promptTokens());
            assertFalse(generation.timings().total().isNegative());
        }
    }

    /** Tokens drawn almost evenly, so that bytes of characters come in any order. */
    @Test
    void piecesAreWholeCharactersAndMakeTheText() {
        GenerationOptions wild = GenerationOptions.defaults().withTemperature(4).withTopP(1).withTopK(0).withMaxTokens(100).withEndTokens();
        for (int seed = 0; seed < 4; seed++) {
            List<String> pieces = new ArrayList<>();
            Generation generation = gpt.generate("One \ud83d\ude42 day", wild.withSeed(seed), pieces::add);
            assertEquals(generation.text(), String.join("", pieces));
            for (String piece : pieces) {
                assertFalse(piece.isEmpty());
                assertFalse(Character.isLowSurrogate(piece.charAt(0)), piece);
                assertFalse(Character.isHighSurrogate(piece.charAt(piece.length() - 1)), piece);
            }
            try (Stream<String> stream = gpt.stream("One \ud83d\ude42 day", wild.withSeed(seed))) {
                assertEquals(pieces, stream.toList());
            }
        }
    }

    @Test
    void manyThreadsGetEachTheirOwn() throws Exception {
        List<GenerationOptions> options = IntStream.range(0, 12).mapToObj(i -> i % 3 == 0 ? GenerationOptions.greedy().withMaxTokens(5 + i)
                : GenerationOptions.defaults().withSeed(i).withMaxTokens(5 + i)).toList();
        List<String> alone = options.stream().map(o -> gpt.generate("Once upon " + o.maxTokens(), o).text()).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(12)) {
            List<Future<String>> together = new ArrayList<>();
            for (int round = 0; round < 2; round++) {
                options.forEach(o -> together.add(threads.submit(() -> gpt.generate("Once upon " + o.maxTokens(), o).text())));
            }
            for (int i = 0; i < together.size(); i++) {
                assertEquals(alone.get(i % alone.size()), together.get(i).get());
            }
        }
    }

    @Test
    void whatAListenerThrowsReachesTheCallerAndTheModelStaysUsable() {
        IllegalArgumentException own = new IllegalArgumentException("the listener's own");
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(5);
        assertEquals(own, assertThrows(IllegalArgumentException.class, () -> gpt.generate("Once", options, _ -> {
            throw own;
        })));
        StackOverflowError error = new StackOverflowError();
        assertEquals(error, assertThrows(StackOverflowError.class, () -> gpt.generate("Once", options, _ -> {
            throw error;
        })));
        assertEquals(5, gpt.generate("Once", options).tokens().length);
    }

    @Test
    void closeFromAListenerIsRefusedAndHarmsNothing() throws IOException {
        try (Gpt own = Gpt.load(TALES)) {
            GenerationOptions options = GenerationOptions.greedy().withMaxTokens(10);
            List<Exception> refusals = new ArrayList<>();
            Generation generation = own.generate("Once upon", options, _ -> refusals.add(assertThrows(IllegalStateException.class,
                    own::close)));
            assertEquals(StopReason.MAX_TOKENS, generation.stopReason());
            assertFalse(refusals.isEmpty());
            assertTrue(refusals.getFirst().getMessage().contains("close"), refusals.getFirst().getMessage());
            assertEquals(generation.text(), own.generate("Once upon", options).text());
        }
    }

    @Test
    void endTokensEndTheTextAndAreNotInIt() {
        int[] tokens = gpt.generate("Once upon a time", GenerationOptions.greedy().withMaxTokens(8).withEndTokens()).tokens();
        Generation ended = gpt.generate("Once upon a time", GenerationOptions.greedy().withMaxTokens(8).withEndTokens(tokens[4]));
        int first = IntStream.range(0, 8).filter(i -> tokens[i] == tokens[4]).findFirst().orElseThrow();
        assertEquals(StopReason.END_OF_TEXT, ended.stopReason());
        assertArrayEquals(Arrays.copyOf(tokens, first + 1), ended.tokens());
        assertEquals(gpt.tokenizer().decode(Arrays.copyOf(tokens, first)), ended.text());
    }

    @Test
    void aFullContextEndsTheText() throws IOException {
        try (Gpt small = Gpt.load(TALES, LoadOptions.defaults().withContext(20).withThreads(1))) {
            int[] prompt = small.tokenizer().encode("Once upon a time there was");
            Generation generation = small.generate(prompt, GenerationOptions.greedy().withEndTokens());
            assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
            assertEquals(20, prompt.length + generation.tokens().length);
        }
    }

    /** What is far too long is refused by its beginning: encoding all of it would take longer than anybody waits. */
    @Test
    void aTextThatIsFarTooLongIsRefusedByItsBeginning() {
        String sentence = "One day a \ud83d\ude42 dog saw the sea. ";
        String few = sentence.repeat(400_000 / sentence.length());
        String exact = assertThrows(IllegalArgumentException.class, () -> gpt.generate(few)).getMessage();
        assertEquals(String.format(Locale.ROOT, "prompt of %,d tokens, context of 512", gpt.tokenizer().encodePrompt(few).length), exact);
        String many = sentence.repeat(30_000_000 / sentence.length());
        for (Executable call : List.<Executable>of(() -> gpt.generate(many), () -> gpt.stream(many, GenerationOptions.greedy()),
                () -> gpt.generateAll(many, GenerationOptions.greedy()), () -> gpt.embed(many), () -> gpt.session().append(many),
                () -> gpt.session().append(3).append(many))) {
            String message = assertThrows(IllegalArgumentException.class, call).getMessage();
            assertTrue(message.matches("text of more than [0-9,]+ tokens, which the first 262,14[34] of its [0-9,]+ characters have, "
                    + "context of 512"), message);
        }
    }

    @Test
    void tokensAloneWorkWithoutATokenizer() throws IOException {
        try (Gpt bare = Gpt.load(GPT2)) {
            Generation generation = bare.generate(new int[] {5, 6, 7}, GenerationOptions.greedy().withMaxTokens(4).withLogprobs(3));
            assertEquals(4, generation.tokens().length);
            assertEquals(4, generation.logprobs().length);
            assertEquals(3, generation.alternatives().get(2).size());
            assertEquals(generation.tokens()[2], generation.alternatives().get(2).getFirst().token());
            assertEquals(generation.logprobs()[2], generation.alternatives().get(2).getFirst().logprob());
            assertEquals(Arrays.toString(generation.tokens()), generation.toString());
            Generation all = bare.generate(new int[] {5, 6, 7}, GenerationOptions.greedy().withMaxTokens(1).withLogprobs(1_000_000));
            assertEquals(131, all.alternatives().getFirst().size());
            assertEquals(1, all.alternatives().getFirst().stream().mapToDouble(each -> Math.exp(each.logprob())).sum(), 1e-6);
        }
    }

    @Test
    void infoComesFromTheHeaders() throws IOException {
        ModelInfo info = Gpt.inspect(TALES);
        assertEquals(info.toString(), gpt.info().toString());
        assertEquals("gpt2", info.family());
        assertTrue(info.runs());
        assertTrue(info.refusal().isEmpty());
        assertEquals(6, info.layers());
        assertEquals(256, info.width());
        assertEquals(4, info.heads());
        assertEquals(4_096, info.vocabulary());
        assertEquals(512, info.context().orElseThrow());
        assertEquals(List.of("F16"), info.formats());
        assertEquals(2 * info.parameters(), info.weightBytes());
        assertEquals(2 * 4 * 6 * 256, info.cacheBytesPerToken());
        assertTrue(info.hasTokenizer());
        assertFalse(Gpt.inspect(GPT2).hasTokenizer());
    }

    @Test
    void aModelThatJotCannotRunIsDescribedWithTheReason(@TempDir Path folder) throws IOException {
        Files.copy(GPT2.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), Files.readString(GPT2.resolve("config.json")).replace("\"gpt2\"", "\"rwkv\""));
        ModelInfo info = Gpt.inspect(folder);
        assertFalse(info.runs());
        assertEquals("rwkv", info.family());
        assertTrue(info.refusal().orElseThrow().contains("rwkv"), info.refusal().toString());
        assertTrue(info.parameters() > 0);
    }

    @Test
    void theBackendIsNamed() throws IOException {
        try (Gpt scalar = Gpt.load(GPT2, LoadOptions.defaults().withBackend(LoadOptions.Backend.SCALAR).withThreads(1))) {
            assertEquals("scalar, 1 thread", scalar.backend());
            assertEquals("Gpt[gpt2 of 31,712 parameters in F32; scalar, 1 thread]", scalar.toString());
        }
        assertTrue(gpt.backend().matches("(vector \\d+-bit|scalar \\(.*\\)), \\d+ threads?"), gpt.backend());
    }

    @Test
    void progressRisesToOne() throws IOException {
        List<Double> shares = new ArrayList<>();
        Gpt.load(TALES, LoadOptions.defaults().withProgress(shares::add)).close();
        assertEquals(shares.stream().sorted().toList(), shares);
        assertEquals(1.0, shares.getLast());
        assertTrue(shares.size() >= 6);
    }

    @Test
    void whereverTheFilesAreTheNumbersAreTheSame(@TempDir Path folder) throws IOException {
        float[][] expected = gpt.logits(1, 2, 3);
        try (Gpt copied = Gpt.load(TALES, LoadOptions.defaults().withMapping(false))) {
            assertArrayEquals(expected, copied.logits(1, 2, 3));
        }
        try (Gpt file = Gpt.load(TALES.resolve("model.safetensors"))) {
            assertArrayEquals(expected, file.logits(1, 2, 3));
            assertEquals(gpt.tokenizer().size(), file.tokenizer().size());
        }
        try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("model.jar"), Map.of("create", "true"))) {
            Path inside = Files.createDirectories(zip.getPath("/models/tales"));
            try (Stream<Path> files = Files.list(TALES)) {
                for (Path file : files.toList()) {
                    Files.copy(file, inside.resolve(file.getFileName().toString()));
                }
            }
            try (Gpt zipped = Gpt.load(inside)) {
                assertArrayEquals(expected, zipped.logits(1, 2, 3));
                assertEquals("Once", zipped.tokenizer().decode(zipped.tokenizer().encode("Once")));
            }
            assertEquals(gpt.info().toString(), Gpt.inspect(inside).toString());
        }
    }

    @Test
    void arraysAreCopiedInAndOut() {
        int[] prompt = gpt.tokenizer().encode("Once upon a");
        int[] original = prompt.clone();
        Generation generation = gpt.generate(prompt, GenerationOptions.greedy().withMaxTokens(3));
        assertArrayEquals(original, prompt);
        generation.tokens()[0] = -1;
        generation.logprobs()[0] = 1;
        assertTrue(generation.tokens()[0] >= 0 && generation.logprobs()[0] <= 0);
        float[][] logits = gpt.logits(prompt);
        logits[0][0] += 1;
        assertArrayEquals(gpt.logits(prompt)[1], logits[1]);
    }
}
