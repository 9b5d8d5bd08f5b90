package jot.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import jot.Generation;
import jot.GenerationOptions;
import jot.Gpt;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.SafetensorsWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command as a shell meets it: what goes to standard output, what to standard error, and the exit code. */
class CommandLineTest {
    private static final String TALES = "weights/tales";
    private static final Path GPT2 = Path.of("src/test/resources/models/gpt2");
    private static final String PROMPT = "Once upon a time";
    private static String story;

    @BeforeAll
    static void tell() throws IOException {
        try (Gpt gpt = Gpt.load(Path.of(TALES))) {
            Generation generation = gpt.generate(PROMPT, GenerationOptions.greedy().withMaxTokens(12));
            story = PROMPT + generation.text() + System.lineSeparator();
        }
    }

    /** What a command left. */
    private record Outcome(int code, String out, String err) {
    }

    private static Outcome run(String... words) {
        return run("", false, words);
    }

    private static Outcome run(String input, boolean terminal, String... words) {
        return run(input.getBytes(StandardCharsets.UTF_8), terminal, words);
    }

    private static Outcome run(byte[] input, boolean terminal, String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(words, new Console(new ByteArrayInputStream(input), new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8), terminal));
        return new Outcome(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Outcome done(Outcome outcome) {
        assertEquals(0, outcome.code, outcome.toString());
        assertEquals("", outcome.err);
        return outcome;
    }

    // ---- the whole

    @Test
    void helpShowsEveryCommandWithExamples() {
        Outcome overview = done(run("--help"));
        assertEquals(overview, run("-h"));
        for (String command : List.of("generate", "tokenize", "logits", "inspect", "verify", "bench")) {
            assertTrue(overview.out.contains("  " + command + " "), overview.out);
            Outcome help = done(run(command, "--help"));
            assertTrue(help.out.startsWith("jot " + command), help.out);
            assertTrue(help.out.contains("usage: jot " + command) && help.out.contains("examples:"), help.out);
            assertTrue(help.out.contains("  jot " + command), help.out);
            assertEquals(help, run(command, "-h"));
            assertEquals(help, run("help", command));
            assertTrue(help.out.lines().allMatch(line -> line.length() <= 140), help.out);
        }
    }

    @Test
    void theVersionIsShown() {
        assertTrue(done(run("--version")).out.matches("jot \\S+\\R"));
    }

    @Test
    void wrongUseIsAnsweredWithTwoAndAPointer() {
        assertWrong("usage: jot COMMAND");
        assertWrong("no command 'sing'", "sing");
        assertWrong("no option --louder", "generate", "--louder", TALES);
        assertWrong("missing argument", "generate");
        assertWrong("missing argument", "verify", TALES);
        assertWrong("one argument too many: 'upon'", "generate", TALES, "Once", "upon");
        assertWrong("--max-tokens needs a value", "generate", TALES, "Once", "--max-tokens");
        assertWrong("--max-tokens: expected a whole number, found 'ten'", "generate", "--max-tokens", "ten", TALES, PROMPT);
        assertWrong("--temperature: expected a number, found 'hot'", "generate", "--temperature=hot", TALES, PROMPT);
        assertWrong("--greedy takes no value", "generate", "--greedy=yes", TALES, PROMPT);
        assertWrong(": --greedy always takes the likeliest token, so --top-p 0.5 has no effect", "generate", "--greedy", "--top-p", "0.5",
                TALES, PROMPT);
        assertWrong("temperature", "generate", "--temperature", "-1", TALES, PROMPT);
        assertWrong("top-p", "generate", "--top-p", "1.5", TALES, PROMPT);
        assertWrong("threads", "generate", "--threads", "0", TALES, PROMPT);
        assertWrong("context", "logits", "--context", "0", TALES, PROMPT);
        assertWrong("--backend: expected auto, scalar or vector", "logits", "--backend", "gpu", TALES, PROMPT);
        assertWrong("--top", "logits", "--top", "0", TALES, PROMPT);
        assertWrong("--tolerance", "verify", "--tolerance", "-1", TALES, "x");
        assertWrong("--tolerance", "verify", "--tolerance", "NaN", TALES, "x");
        assertWrong("expected a path, found an empty text", "inspect", "");
    }

    @Test
    void numbersAreReadAsPeopleWriteThem() {
        for (String value : List.of("NaN", "Infinity", "0x1p3", "10d", "", " 1")) {
            assertWrong("--deadline: expected a number, found '" + value + "'", "generate", "--deadline", value, TALES, PROMPT);
            assertWrong("--top-p: expected a number, found '" + value + "'", "generate", "--top-p", value, TALES, PROMPT);
        }
        assertWrong("--max-tokens: expected a whole number from -2147483648 to 2147483647, found '99999999999'", "generate", "--max-tokens",
                "99999999999", TALES, PROMPT);
        assertWrong("--seed: expected a whole number, found '1e3'", "generate", "--seed", "1e3", TALES, PROMPT);
        assertWrong("--deadline: expected 0 or more seconds, found -1", "generate", "--deadline", "-1", TALES, PROMPT);
        assertEquals(story, done(run("generate", "--greedy", "--max-tokens", "12", "--deadline", "1e300", TALES, PROMPT)).out);
    }

    /** Errors of the Java methods behind the options name what was typed. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--top-p must be between|--top-p 1.5", "--min-tokens 10 is more than --max-tokens 5|--min-tokens 10 --max-tokens 5",
        "so --top-k 5 has no effect|--temperature 0 --top-k 5", "--count must be|--count 0",
        "so --temperature 1.0 has no effect|--beams 2 --temperature 1", "--threads: expected|--threads 0",
        "--length-penalty is for a search with beams|--length-penalty 1"})
    void errorsNameOptionsAsTheyWereTyped(String part, String options) {
        Outcome outcome = run(Stream.of("generate " + options + " " + TALES + " Once").flatMap(line -> Stream.of(line.split(" ")))
                .toArray(String[]::new));
        assertTrue(outcome.code != 0 && outcome.err.contains(part), outcome.toString());
    }

    @Test
    void smallSlipsAreRecognisedAndOthersAreNot() {
        assertWrong("no option --max-token; did you mean --max-tokens?", "generate", "--max-token", "3", TALES);
        assertWrong("no option -seed; did you mean --seed?", "generate", "-seed", "3", TALES);
        assertWrong("no command 'generat'; did you mean generate?", "generat");
        assertFalse(run("generate", "--colour", TALES).err.contains("did you mean"));
        assertWrong("no option -5 degrees (a text that begins with a dash goes behind --)", "tokenize", TALES, "-5 degrees");
        assertEquals("-", done(run("tokenize", TALES, "--", "-5 degrees")).out.lines().findFirst().orElseThrow().split("\t")[1]);
        assertFalse(run("sing").err.contains("did you mean"));
    }

    /** What Java makes of bytes that the locale cannot read must not pass for a prompt. */
    @Test
    void argumentsThatTheLocaleSpoiltAreRefused() {
        assertWrong("cannot read", "generate", TALES, "Ol\uFFFD\uFFFD");
        assertWrong("cannot read", "inspect", "mod\uFFFDl");
    }

    private static void assertWrong(String part, String... words) {
        Outcome outcome = run(words);
        assertEquals(2, outcome.code, Arrays.toString(words) + " " + outcome);
        assertTrue(outcome.err.contains(part), outcome.err);
        assertEquals("", outcome.out);
    }

    /** Windows of the text, each read anew; what the window before did not hold is scored. */
    private static double perplexity(Gpt gpt, int[] tokens, int window, int stride) {
        double total = 0;
        int count = 0;
        boolean[] scored = new boolean[tokens.length];
        for (int from = 0; !scored[tokens.length - 1]; from += stride) {
            int to = Math.min(tokens.length, from + window);
            double[] logprobs = gpt.score(Arrays.copyOfRange(tokens, from, to)).logprobs();
            for (int i = from + 1; i < to; i++) {
                total += scored[i] ? 0 : logprobs[i - from - 1];
                count += scored[i] ? 0 : 1;
                scored[i] = true;
            }
        }
        return Math.exp(-total / count);
    }

    @ParameterizedTest
    @CsvSource({"512, 512", "100, 100", "100, 30", "64, 1"})
    void scorePrintsThePerplexityOfAFile(int window, int stride, @TempDir Path folder) throws IOException {
        String text = Files.readString(Path.of("src/test/resources/tales/validation.txt")).substring(0, window == 64 ? 500 : 3_000);
        Path file = Files.writeString(folder.resolve("text.txt"), text);
        double expected;
        int tokens;
        try (Gpt gpt = Gpt.load(Path.of(TALES))) {
            int[] ids = gpt.tokenizer().encode(text);
            tokens = ids.length;
            expected = perplexity(gpt, ids, window, stride);
        }
        String[] words = window == 512 ? new String[] {"score", TALES, file.toString()}
                : new String[] {"score", "--window", "" + window, "--stride", "" + stride, TALES, file.toString()};
        List<String> lines = done(run(words)).out.lines().toList();
        assertEquals("tokens      " + tokens, lines.getFirst());
        String last = lines.getLast();
        assertTrue(last.startsWith("perplexity  "), last);
        assertEquals(expected, Double.parseDouble(last.substring(12)), 1e-5 * expected);
        Outcome watched = run("", true, words);
        assertEquals(String.join("", lines), String.join("", watched.out.lines().toList()));
        assertTrue(watched.err.contains("\rscoring [") && watched.err.contains("##] 100 %") && watched.err.endsWith("\r"), watched.err);
    }

    @Test
    void failuresAreAnsweredWithOneAndTheReason() {
        assertFailed("nowhere", "generate", "nowhere", PROMPT);
        assertFailed("config.json", "inspect", "src");
        assertFailed("nowhere", "tokenize", "nowhere", PROMPT);
        assertFailed("nowhere.txt: no such file", "score", TALES, "nowhere.txt");
        assertFailed("src: expected a text file, found a folder", "score", TALES, "src");
        assertFailed("generate: weights: expected a model folder", "generate", "weights", PROMPT);
        assertFailed("generate: weights: expected a text file, found a folder", "generate", "--prompt-file", "weights", TALES);
        assertFailed("tokens, context of 512", "generate", TALES, "word ".repeat(1_000));
        assertFailed("empty", "generate", TALES, "");
        assertFailed("tokenizer", "generate", GPT2.toString(), PROMPT);
        assertFailed("no-such-file", "verify", TALES, "no-such-file");
        assertFailed("expected input_ids, found 76 tensors", "verify", TALES, TALES + "/model.safetensors");
    }

    private static void assertFailed(String part, String... words) {
        Outcome outcome = run(words);
        assertEquals(1, outcome.code, Arrays.toString(words) + " " + outcome);
        assertTrue(outcome.err.startsWith("jot " + words[0] + ": "), outcome.err);
        assertTrue(outcome.err.contains(part), outcome.err);
        assertFalse(outcome.err.contains("\tat "), outcome.err);
    }

    // ---- generate

    @Test
    void generateWritesPromptAndTextAlone() {
        assertEquals(story, done(run("generate", "--greedy", "--max-tokens", "12", TALES, PROMPT)).out);
        assertEquals(story, done(run("generate", "--max-tokens=12", "--temperature=0", TALES, PROMPT)).out);
        assertEquals(story, done(run("generate", TALES, "--greedy", PROMPT, "--max-tokens", "12", "--threads", "1", "--no-mapping")).out);
        assertEquals(story, done(run("generate", "--greedy", "--max-tokens", "12", "--", TALES, PROMPT)).out);
    }

    @Test
    void generateReadsThePromptFromAPipe() {
        for (String end : List.of("", "\n", "\r\n")) {
            assertEquals(story, done(run(PROMPT + end, false, "generate", "--greedy", "--max-tokens", "12", TALES)).out);
        }
        String accents = done(run("Ol\u00e9 \ud83d\ude42\n", false, "generate", "--max-tokens", "3", TALES)).out;
        assertTrue(accents.startsWith("Ol\u00e9 \ud83d\ude42"), accents);
    }

    @Test
    void textComesFromAFileToo(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("prompt.txt"), PROMPT + "\n");
        assertEquals(story, done(run("generate", "--greedy", "--max-tokens", "12", "--prompt-file", file.toString(), TALES)).out);
        assertEquals(run("tokenize", TALES, PROMPT), done(run("tokenize", "--text-file", file.toString(), TALES)));
        assertEquals(run("logits", TALES, PROMPT), done(run("logits", "--text-file", file.toString(), TALES)));
        assertWrong("PROMPT and --prompt-file contradict each other", "generate", "--prompt-file", file.toString(), TALES, PROMPT);
        assertFailed("expected a text file, found a folder", "generate", "--prompt-file", folder.toString(), TALES);
        assertFailed("prompt.md: no such file", "generate", "--prompt-file", folder.resolve("prompt.md").toString(), TALES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"generate", "tokenize", "logits", "classify"})
    void textThatIsNotUtf8Fails(String command, @TempDir Path folder) throws IOException {
        byte[] bytes = {'a', (byte) 0xFF};
        Outcome piped = run(bytes, false, command, TALES);
        assertEquals(1, piped.code);
        assertTrue(piped.err.contains("standard input: expected UTF-8 text"), piped.err);
        Path file = Files.write(folder.resolve("text"), bytes);
        String option = command.equals("generate") ? "--prompt-file" : "--text-file";
        assertFailed(file + ": expected UTF-8 text", command, option, file.toString(), TALES);
        assertFailed(file + ": expected UTF-8 text", "score", TALES, file.toString());
    }

    @Test
    void aPersonIsToldThatTheKeyboardIsRead() {
        Outcome outcome = run(PROMPT, true, "tokenize", "--ids", TALES);
        assertTrue(outcome.err.startsWith("reading TEXT from the keyboard"), outcome.err);
        assertEquals(run("tokenize", "--ids", TALES, PROMPT).out, outcome.out);
    }

    @Test
    void generationEndsWhenNobodyReads() {
        int[] written = new int[1];
        OutputStream closing = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                if (++written[0] > 30) {
                    throw new IOException("Broken pipe");
                }
            }
        };
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(closing, false, StandardCharsets.UTF_8);
        assertEquals(0, Main.run(new String[] {"generate", "--greedy", TALES, PROMPT},
                new Console(InputStream.nullInputStream(), out, new PrintStream(err, false, StandardCharsets.UTF_8), true)));
        assertTrue(out.checkError());
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("CANCELLED"), err::toString);
    }

    @Test
    void aPersonSeesFiguresBesideTheText() {
        Outcome outcome = run("", true, "generate", "--greedy", "--max-tokens", "12", TALES, PROMPT);
        assertEquals(0, outcome.code);
        assertEquals(story, outcome.out);
        assertTrue(outcome.err.strip().matches("(?s).*\\[12 tokens, [0-9.]+ tokens/s, first after .* s, MAX_TOKENS, seed -?\\d+, .*\\]"),
                outcome.err);
    }

    @Test
    void optionsReachTheGeneration() {
        String[] seeded = {"generate", "--seed", "7", "--temperature", "0.9", "--top-k", "40", "--top-p", "0.9", "--min-p", "0.01",
            "--repetition-penalty", "1.1", "--min-tokens", "3", "--deadline", "600", "--max-tokens", "9", TALES, PROMPT};
        assertEquals(done(run(seeded)).out, done(run(seeded)).out);
        seeded[2] = "8";
        assertFalse(done(run("generate", "--seed", "7", "--max-tokens", "9", TALES, PROMPT)).out.equals(done(run(seeded)).out));
        String word = story.substring(30, 34);
        String cut = done(run("generate", "--greedy", "--max-tokens", "12", "--stop", "zebra", "--stop", word, TALES, PROMPT)).out;
        assertEquals(story.substring(0, story.indexOf(word, PROMPT.length())) + System.lineSeparator(), cut);
        assertEquals(PROMPT + System.lineSeparator(), done(run("generate", "--deadline", "0", TALES, PROMPT)).out);
    }

    @Test
    void severalTextsHaveNumbers() {
        String out = done(run("generate", "--count", "2", "--seed", "3", "--max-tokens", "4", TALES, PROMPT)).out;
        assertTrue(out.matches("(?s)--- 1\\R" + PROMPT + ".*\\R--- 2\\R" + PROMPT + ".*"), out);
        assertTrue(done(run("generate", "--beams", "3", "--max-tokens", "4", TALES, PROMPT)).out.startsWith(PROMPT));
    }

    // ---- tokenize, logits, inspect

    @Test
    void tokenizeShowsIdsAndTokens() {
        String ids = done(run("tokenize", "--ids", TALES, PROMPT)).out.strip();
        assertTrue(ids.matches("\\d+( \\d+)+"), ids);
        String lines = done(run(PROMPT + "\n", false, "tokenize", TALES)).out;
        assertEquals(ids, String.join(" ", lines.lines().map(line -> line.split("\t")[0]).toList()));
        assertEquals(ids, done(run("tokenize", "--ids", TALES + "/tokenizer.json", PROMPT)).out.strip());
        assertEquals(1, done(run("tokenize", TALES, "<|im_start|>")).out.lines().count());
        assertTrue(done(run("tokenize", "--plain", TALES, "<|im_start|>")).out.lines().count() > 1);
        assertEquals("", done(run("tokenize", TALES, "")).out);
        String many = "Once upon a time ".repeat(2_000);
        assertEquals(List.of(done(run(many, false, "tokenize", "--ids", TALES)).out.strip().split(" ")),
                done(run(many, false, "tokenize", TALES)).out.lines().map(line -> line.split("\t")[0]).toList());
    }

    @Test
    void logitsShowsTheLikeliestFirst() {
        List<String> lines = done(run("logits", "--top", "3", TALES, "Once upon a")).out.lines().toList();
        assertEquals(3, lines.size());
        assertTrue(lines.getFirst().endsWith("\" time\""), lines.getFirst());
        assertTrue(lines.getFirst().matches("\\s*\\d+\\s+-?[0-9.]+\\s+[0-9.]+ % .*"), lines.getFirst());
        assertEquals(10, done(run("Once upon a\n", false, "logits", TALES)).out.lines().count());
    }

    @Test
    void inspectDescribes(@TempDir Path folder) throws IOException {
        String out = done(run("inspect", TALES)).out;
        for (String part : List.of("gpt2", "6 blocks", "4,096 tokens", "512 tokens", "F16", "yes")) {
            assertTrue(out.contains(part), out);
        }
        Files.copy(GPT2.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"rwkv\"}");
        Outcome foreign = run("inspect", folder.toString());
        assertEquals(1, foreign.code);
        assertTrue(foreign.out.contains("rwkv") && foreign.out.contains("no: "), foreign.out);
    }

    // ---- verify

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt2-f16", "gpt2-sharded"})
    void verifyFindsASoundModelSound(String name) {
        Path folder = GPT2.resolveSibling(name);
        Outcome outcome = done(run("verify", folder.toString(), folder.resolve("expected.safetensors").toString()));
        assertFalse(outcome.out.contains("DIFFERS"), outcome.out);
        for (String part : List.of("hidden.0", "hidden.2", "logits", "greatest error", "12 tokens equal")) {
            assertTrue(outcome.out.contains(part), outcome.out);
        }
    }

    @Test
    void verifyFindsAWrongNumberOfTheConfiguration(@TempDir Path folder) throws IOException {
        copyWith(folder, "\"layer_norm_epsilon\": 1e-05", "\"layer_norm_epsilon\": 0.1");
        Outcome outcome = run("verify", folder.toString(), GPT2.resolve("expected.safetensors").toString());
        assertEquals(1, outcome.code);
        assertTrue(outcome.out.contains("DIFFERS: block 1, first at token 0"), outcome.out);
        assertFalse(outcome.out.lines().filter(line -> line.startsWith("hidden.0")).findFirst().orElseThrow().contains("DIFFERS"));
        assertEquals(0, run("verify", "--tolerance", "100", folder.toString(), logitsAlone(folder)).code);
    }

    /** A mask that is off by one shows from the token on that it hides. */
    @Test
    void verifyNamesTheFirstTokenAndBlock(@TempDir Path folder) throws IOException {
        Path changed = folder.resolve("changed.safetensors");
        try (Checkpoint expected = Checkpoint.open(GPT2.resolve("expected.safetensors"))) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : List.of("hidden.0", "hidden.1", "hidden.2", "logits")) {
                float[] values = expected.floats(name);
                int width = (int) expected.shape(name)[1];
                if (name.equals("hidden.2") || name.equals("logits")) {
                    values[7 * width + 3] += 0.01f;
                    values[9 * width] = Float.NaN;
                }
                writer.add(name, values, expected.shape(name));
            }
            writer.write(changed);
        }
        Outcome outcome = run("verify", GPT2.toString(), withPrompt(changed));
        assertEquals(1, outcome.code);
        assertTrue(outcome.out.contains("DIFFERS: block 2, first at token 7"), outcome.out);
        assertTrue(outcome.out.lines().anyMatch(line -> line.startsWith("logits") && line.contains("first at token 7")), outcome.out);
        assertTrue(outcome.out.lines().filter(line -> line.startsWith("hidden.1")).noneMatch(line -> line.contains("DIFFERS")));
    }

    @Test
    void verifyRefusesALayoutThatDoesNotFit(@TempDir Path folder) throws IOException {
        Outcome outcome = run("verify", TALES, GPT2.resolve("expected.safetensors").toString());
        assertEquals(1, outcome.code);
        assertTrue(outcome.err.contains("hidden.0") && outcome.err.contains("[23, 256]") && outcome.err.contains("[23, 32]"), outcome.err);
        assertEquals(1, run("verify", GPT2.toString(), logitsAlone(folder).replace("logits", "nothing")).code);
    }

    private static void copyWith(Path folder, String from, String to) throws IOException {
        Files.copy(GPT2.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        String config = Files.readString(GPT2.resolve("config.json"));
        assertTrue(config.contains(from));
        Files.writeString(folder.resolve("config.json"), config.replace(from, to));
    }

    /** The reference's tokens and logits without anything else; the fixture's own file has them as whole numbers. */
    private static String logitsAlone(Path folder) throws IOException {
        Path file = folder.resolve("logits.safetensors");
        try (Checkpoint expected = Checkpoint.open(GPT2.resolve("expected.safetensors"))) {
            new SafetensorsWriter().add("logits", expected.floats("logits"), expected.shape("logits")).write(file);
        }
        return withPrompt(file);
    }

    /** Adds the fixture's prompt, as whole numbers, to a file of floats. */
    private static String withPrompt(Path floats) throws IOException {
        byte[] prompt;
        try (Checkpoint expected = Checkpoint.open(GPT2.resolve("expected.safetensors"))) {
            ByteBuffer bytes = ByteBuffer.allocate((int) (8 * expected.shape("input_ids")[0]))
                    .order(ByteOrder.LITTLE_ENDIAN);
            Arrays.stream(expected.longs("input_ids")).forEach(bytes::putLong);
            prompt = bytes.array();
        }
        byte[] all = Files.readAllBytes(floats);
        ByteBuffer source = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(source.getLong());
        int data = all.length - 8 - length;
        String header = new String(all, 8, length, StandardCharsets.UTF_8).strip();
        String entry = ",\"input_ids\":{\"dtype\":\"I64\",\"shape\":[" + prompt.length / 8 + "],\"data_offsets\":[" + data + ","
                + (data + prompt.length) + "]}}";
        byte[] text = (header.substring(0, header.length() - 1) + entry).getBytes(StandardCharsets.UTF_8);
        ByteBuffer joined = ByteBuffer.allocate(8 + text.length + data + prompt.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        joined.putLong(text.length).put(text).put(all, 8 + length, data).put(prompt);
        Files.write(floats, joined.array());
        return floats.toString();
    }

    /** A larger heap helps caches, and takes from weights. */
    @Test
    void whatIsSaidOfTooLittleMemoryFitsItsKindAndTheCommand() {
        OutOfMemoryError heap = new OutOfMemoryError("Java heap space");
        OutOfMemoryError outside = new OutOfMemoryError("Unable to allocate 9437232 bytes");
        assertEquals("a larger heap (-Xmx) or a shorter context (--context) helps", Main.cure(heap, new GenerateCommand()));
        assertEquals("a larger heap (-Xmx) helps", Main.cure(heap, new BenchSamplerCommand()));
        String cure = Main.cure(outside, new BenchCommand());
        assertTrue(cure.contains("a smaller heap (-Xmx)") && cure.contains("--weights"), cure);
        assertFalse(Main.cure(outside, new TokenizeCommand()).contains("--weights"));
    }
}
