package jot.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import jot.json.Json;
import jot.json.JsonBoolean;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonNumber;
import jot.json.JsonObject;
import jot.tokenizer.Tokenizer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the benchmarks print, of models so small that nothing they say about speed matters. */
@Tag("module-path")
class BenchCommandTest {
    private static final String GPT2 = "src/test/resources/models/gpt2";
    private static final String TALES = "weights/tales";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String command) {
        out.reset();
        err.reset();
        String quick = command.contains(" --repetitions ") ? command + " --warm-up 0.1" : command;
        return Main.run(quick.split(" "), new Console(InputStream.nullInputStream(), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), false));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private List<JsonObject> lines(String command) throws JsonException {
        assertEquals(0, run(command), err::toString);
        List<JsonObject> lines = new ArrayList<>();
        for (String line : output().lines().toList()) {
            lines.add((JsonObject) Json.parse(line.getBytes(StandardCharsets.UTF_8)));
        }
        return lines;
    }

    private static double number(JsonObject line, String name) throws JsonException {
        return ((JsonNumber) line.require(name)).doubleValue(name);
    }

    @Test
    void aTableForPeople() {
        assertEquals(0, run("bench --model " + GPT2 + " -p 16 -n 8 --repetitions 2 --threads 1"), err::toString);
        for (String part : List.of("Java " + System.getProperty("java.version"), "tokens/s", "prefill 16", "decode 8", "GFLOP/s", "GB/s",
                "weights 0.1 MB", "medians of 2", "limits by ")) {
            assertTrue(output().contains(part), output());
        }
        assertTrue(output().lines().anyMatch(line -> line.matches("gpt2 +f32 +1 +decode 8 .* ± .* %")), output());
        assertTrue(output().lines().allMatch(line -> line.length() <= 140), output());
    }

    @Test
    void anObjectForPrograms() throws JsonException {
        JsonObject line = lines("bench --json --model " + GPT2 + " -p 16 -n 8 --repetitions 1 --batch 3 -d 5").getFirst();
        assertEquals("gpt2", line.string("shape"));
        assertEquals("f32", line.string("weights"));
        assertEquals(16, line.integer("prompt_tokens"));
        assertEquals(8, line.integer("generated_tokens"));
        assertEquals(3, line.integer("batch"));
        assertEquals(5, line.integer("position"));
        for (String name : List.of("threads", "prefill_tokens_per_second", "decode_tokens_per_second", "batch_gain", "weight_bytes",
                "peak_flops", "read_bandwidth")) {
            assertTrue(number(line, name) > 0, name);
        }
        assertTrue(number(line, "resident_bytes") >= 0);
        for (String name : List.of("cpu", "species", "jdk", "limit_loops")) {
            assertTrue(!line.string(name).isEmpty(), name);
        }
        assertEquals(number(line, "prefill_flops") / number(line, "peak_flops"), number(line, "prefill_share"),
                1e-3 * number(line, "prefill_share"));
        JsonObject repetition = (JsonObject) line.array("repetitions").get(0);
        assertEquals(1, line.array("repetitions").size());
        assertEquals(24 / number(repetition, "decode_seconds"), number(line, "decode_tokens_per_second"),
                1e-3 * number(line, "decode_tokens_per_second"));
        double withCache = number(line, "decode_bytes_per_second_with_cache") / number(line, "decode_bytes_per_second");
        double cache = 3 * 9 * 2 * 2 * 32 * Float.BYTES;
        assertEquals(1 + cache / number(line, "decode_bytes"), withCache, 1e-3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-p", "-n"})
    void whatIsZeroIsLeftOut(String option) throws JsonException {
        boolean prefill = option.equals("-n");
        JsonObject line = lines("bench --json --model " + GPT2 + " --repetitions 1 --threads 1 -p 4 -n 4 " + option + " 0").getFirst();
        assertEquals(prefill, line.get("prefill_tokens_per_second") instanceof JsonNumber);
        assertEquals(prefill, line.get("decode_share") instanceof JsonNull);
    }

    /** Each combination runs in JVMs of its own, as what one leaves in memory would count for the next. */
    @Test
    void severalFormatsAndStarts() throws JsonException {
        String command = "bench --json --model " + GPT2 + " -p 4 -n 0 --repetitions 2 --threads 1";
        List<JsonObject> lines = lines(command + " --weights f32,q8 --forks 2");
        assertEquals(List.of("f32", "q8"), List.of(lines.get(0).string("weights"), lines.get(1).string("weights")));
        for (JsonObject line : lines) {
            assertEquals(4, line.array("repetitions").size());
            assertEquals(2, line.integer("starts"));
        }
        assertTrue(number(lines.get(0), "weight_bytes") > number(lines.get(1), "weight_bytes"));
    }

    @Test
    void wrongUseIsRefusedBeforeAnythingIsMeasured() {
        for (String wrong : List.of("--shape gpt9", "--weights f32,q7", "--weights f32,", "--threads 0", "--threads 1,,2", "--threads 1025",
                "-p -1", "-n -1", "-p 0 -n 0", "--batch 0", "--batch 2 -n 0", "--position 3 -n 0", "-d 1 --position 1", "--forks 0",
                "--repetitions 0", "--shape gpt2 --model x", "--write x --json", "--write x --threads 2", "more")) {
            assertEquals(2, run("bench " + wrong), wrong + err);
            assertEquals("", output());
        }
        for (String wrong : List.of("tokenizer", "tokenizer --text README.md", "tokenizer weights/tales",
                "tokenizer --text README.md --model weights/tales weights/tales", "load", "load --model x --forks 0 --weights f32,q8",
                "load --model x -p 0", "load --model x --threads 1,2", "sampler --vocabulary 15", "sampler --repetitions 0",
                "sampler --warm-up -1", "sampler more")) {
            assertEquals(2, run("bench " + wrong), wrong + err);
            assertTrue(err.toString(StandardCharsets.UTF_8).startsWith("jot bench " + wrong.split(" ")[0] + ": "), err::toString);
            assertEquals("", output());
        }
    }

    @Test
    void whatDoesNotFitTheContextIsTold() {
        assertEquals(1, run("bench --json --model " + GPT2 + " -p 65 -n 1"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("a prompt of 65 tokens, context of 64"), err::toString);
        assertEquals(1, run("bench --json --model " + GPT2 + " -p 0 -n 5 --position 60"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("decoding up to token 65, context of 64"), err::toString);
        assertEquals(1, run("bench load --json --forks 0 --model " + GPT2 + " -p 65"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("a prompt of 65 tokens, context of 64"), err::toString);
        assertEquals(1, run("bench --json --model nowhere"));
    }

    @Test
    void eachPartHasItsHelp() {
        assertEquals(0, run("bench --help"));
        for (String part : List.of("tokenizer", "load", "sampler")) {
            assertTrue(output().contains("jot bench " + part + " "), output());
        }
        for (String part : List.of("tokenizer", "load", "sampler")) {
            assertEquals(0, run("bench " + part + " --help"));
            String help = output();
            assertTrue(help.startsWith("jot bench " + part + ": ") && help.contains("examples:\n  jot bench " + part), help);
            assertTrue(help.lines().allMatch(line -> line.length() <= 140), help);
            assertEquals(0, run("help bench " + part));
            assertEquals(help, output());
        }
    }

    @Test
    void tokenizer(@TempDir Path folder) throws IOException {
        String text = "Once upon a time there was a dog.\n\u00e9\u00e9 \ud83d\ude42 \n".repeat(50);
        Path file = folder.resolve("text.txt");
        Files.writeString(file, text);
        JsonObject line = lines("bench tokenizer --json --repetitions 2 --model " + TALES + " --text " + file).getFirst();
        assertEquals(Tokenizer.load(Path.of(TALES)).encode(text).length, line.integer("tokens"));
        assertEquals(text.getBytes(StandardCharsets.UTF_8).length, line.integer("text_bytes"));
        assertEquals(new JsonBoolean(true), line.get("decoded_equal"));
        assertTrue(number(line, "encode_megabytes_per_second") > 0 && number(line, "decode_megabytes_per_second") > 0);
        assertEquals(0, run("bench tokenizer --repetitions 1 --text " + file + " " + TALES + "/tokenizer.json"));
        assertTrue(output().contains("encode ") && output().contains(" MB/s"), output());
        Files.writeString(file, "");
        assertEquals(1, run("bench tokenizer --text " + file + " " + TALES));
    }

    @Test
    void load() throws JsonException {
        JsonObject line = lines("bench load --json --forks 0 --model " + GPT2 + " --weights q8 -p 3").getFirst();
        assertEquals("q8", line.string("weights"));
        for (String name : List.of("load_seconds", "first_token_seconds", "weight_bytes")) {
            assertTrue(number(line, name) > 0, name);
        }
        assertTrue(number(line, "resident_bytes") >= number(line, "loaded_bytes"));
        assertEquals(0, run("bench load --forks 0 --model " + GPT2));
        assertTrue(output().contains("first token") && output().contains(" ms"), output());
    }

    @Test
    void sampler() throws JsonException {
        List<JsonObject> lines = lines("bench sampler --json --vocabulary 100 --repetitions 2");
        Set<String> names = new HashSet<>();
        for (JsonObject line : lines) {
            names.add(line.string("chain"));
            assertTrue(number(line, "microseconds_per_token") > 0);
        }
        assertEquals(Set.of("usual", "all", "mirostat", "greedy"), names);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer.json", "tokenizer.model",
        "pytorch_model.bin", "generation_config.json"})
    void aShapeIsNotWrittenOverAnotherModel(String name, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve(name), "{}");
        assertEquals(1, run("bench --shape gpt2-xl --write " + folder));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains(folder + ": expected a new folder") && err.toString().contains(name),
                err::toString);
        assertEquals("{}", Files.readString(folder.resolve(name)));
        assertEquals(1, folder.toFile().list().length);
        assertEquals(1, run("bench --write " + folder.resolve(name)));
        assertEquals(1, run("bench --write " + folder.resolve(name).resolve("below")));
    }

    /** The folder of a shape takes text: each byte is a token. */
    @Test
    void aWrittenShapeHasATokenizer(@TempDir Path folder) throws IOException {
        BenchShape.writeTokenizer(folder, 50_257);
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertEquals(50_257, tokenizer.size());
        String text = "A \"quoted\" line\\\n\u00e9\ud83d\ude42";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i] & 0xFF;
        }
        assertArrayEquals(ids, tokenizer.encode(text));
        assertEquals(text, tokenizer.decode(ids));
        assertTrue(tokenizer.decode(50_255).matches(" [a-z]+"), tokenizer.decode(50_255));
        assertEquals(50_256, tokenizer.encode("<|endoftext|>")[0]);
    }
}
