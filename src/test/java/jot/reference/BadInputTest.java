package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import jot.GenerationOptions;
import jot.Gpt;
import jot.LoadOptions;
import jot.ModelInfo;
import jot.Session;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.SafetensorsWriter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is wrong with files, options or calls: an error of the promised type that says where, what was expected and what was found. */
class BadInputTest {

    private static final Path GPT2 = LoadedFixture.MODELS.resolve("gpt2");
    private static final Path TALES = Path.of("weights/tales");
    private static final Duration AT_ONCE = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    /** What a damage does to a sound model in a folder. */
    @FunctionalInterface
    private interface Damage {
        void to(Path folder) throws IOException;
    }

    /** A damage, what the message about it must contain, and whether only who reads the weights can see it. */
    private record DamagedFile(String name, Damage damage, List<String> parts, boolean inValues) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static DamagedFile file(String name, Damage damage, String... parts) {
        return new DamagedFile(name, damage, List.of(parts), false);
    }

    private static DamagedFile values(String name, Damage damage, String... parts) {
        return new DamagedFile(name, damage, List.of(parts), true);
    }

    static Stream<DamagedFile> weightsFiles() {
        return Stream.of(
                file("empty", bytes(_ -> new byte[0]), "at least 8 bytes", "0 bytes"),
                file("shorter than a header's length", bytes(all -> Arrays.copyOf(all, 5)), "at least 8 bytes", "5 bytes"),
                file("cut in the header", bytes(all -> Arrays.copyOf(all, 100)), "header length", "100 bytes"),
                file("cut in the data", bytes(all -> Arrays.copyOf(all, all.length - 1)), "data_offsets", "bytes of data",
                        "the file may be cut short"),
                file("too long", bytes(all -> Arrays.copyOf(all, all.length + 4)), "as many as the tensors cover"),
                file("header longer than the file", bytes(all -> withLength(all, all.length)), "header length", "found"),
                file("header of 2^63 bytes", bytes(all -> withLength(all, Long.MIN_VALUE)), "header length", "9223372036854775808"),
                file("header no JSON", header(json -> json.replace(':', ';')), "header"),
                file("header no object", bytes(_ -> join("[1, 2, 3]", new byte[0])), "'{'"),
                file("header nested too deep", bytes(_ -> join("{\"a\":".repeat(100_000) + "1" + "}".repeat(100_000), new byte[0])),
                        "header", "nesting"),
                file("header not UTF-8", bytes(all -> replaceByte(all, 12, (byte) 0xFF)), "header"),
                file("overlap", offsets("h.0.ln_1.bias", from -> from - 4), "ln_1.bias", "overlap"),
                file("gap", offsets("h.0.ln_1.bias", from -> from + 4), "ln_1.bias"),
                file("offsets out of the file", offsets("h.0.ln_1.bias", from -> from + 100_000_000), "ln_1.bias", "within the"),
                file("offsets near 2^63", offsets("h.0.ln_1.bias", from -> Long.MAX_VALUE - 500), "ln_1.bias"),
                file("negative offsets", offsets("h.0.ln_1.bias", from -> -from), "ln_1.bias"),
                file("a type that nobody knows", tensor("wpe.weight", "\"dtype\":\"F32\"", "\"dtype\":\"F33\""), "wpe.weight", "F33"),
                file("a type that is no weight", tensor("wpe.weight", "\"dtype\":\"F32\"", "\"dtype\":\"I32\""), "wpe.weight",
                        "F32, F16 or BF16", "I32"),
                file("a type of another size", tensor("wpe.weight", "\"dtype\":\"F32\"", "\"dtype\":\"F64\""), "wpe.weight", "bytes"),
                file("a shape of as many elements", tensor("h.0.attn.c_attn.weight", "[32,96]", "[96,32]"), "c_attn.weight",
                        "[32, 96]", "[96, 32]"),
                file("a shape of other size", tensor("wpe.weight", "[64,32]", "[64,33]"), "wpe.weight", "[64, 33]"),
                file("a shape beyond 2^63 elements", tensor("wpe.weight", "[64,32]", "[4611686018427387904,8,32]"), "wpe.weight"),
                file("a negative shape", tensor("wpe.weight", "[64,32]", "[-64,-32]"), "wpe.weight", "-64"),
                file("a shape with a fraction", tensor("wpe.weight", "[64,32]", "[64.5,32]"), "wpe.weight", "64.5"),
                file("a name twice", header(json -> json.replace("h.1.ln_2.bias", "h.0.ln_2.bias")), "h.0.ln_2.bias"),
                file("a tensor too few", header(json -> json.replace("h.1.ln_2.bias", "h.1.ln_9.bias")), "h.1.ln_2.bias", "[32]"),
                file("a tensor too many", copy(c -> c.addBuffer("transformer.h.2.ln_1.bias", "F32", 4, 32)), "h.2.ln_1.bias", "[32]"),
                file("no embedding", header(json -> json.replace("wte.weight", "wtf.weight")), "wte.weight"),
                values("an F16 weight that is infinite", halves((short) 0x7C00), "wpe.weight", "infinit"),
                values("an F16 weight that is no number", halves((short) 0x7E01), "wpe.weight"),
                file("no weights", folder -> Files.delete(folder.resolve("model.safetensors")), "model.safetensors"),
                file("an index without its shards", folder -> {
                    Files.delete(folder.resolve("model.safetensors"));
                    Files.writeString(folder.resolve("model.safetensors.index.json"),
                            "{\"weight_map\": {\"wte.weight\": \"model-00001-of-00002.safetensors\"}}");
                }, "model-00001-of-00002.safetensors"),
                file("an index that leads out of its folder", folder -> {
                    Files.delete(folder.resolve("model.safetensors"));
                    Files.writeString(folder.resolve("model.safetensors.index.json"),
                            "{\"weight_map\": {\"wte.weight\": \"../model.safetensors\"}}");
                }, "../model.safetensors"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("weightsFiles")
    void aDamagedFileOfWeightsIsRefusedWithItsPlace(DamagedFile damaged) throws IOException {
        FixtureCopy.of(GPT2).writeTo(folder);
        damaged.damage.to(folder);
        assertRefused(damaged);
    }

    static Stream<DamagedFile> configurations() {
        return Stream.of(
                file("none", folder -> Files.delete(folder.resolve("config.json")), "config.json", "no such file"),
                file("empty", text("config.json", ""), "config.json"),
                file("no JSON", text("config.json", "n_embd = 32"), "config.json", "line 1"),
                file("no object", text("config.json", "[]"), "config.json", "object"),
                file("nested too deep", text("config.json", "[".repeat(1_000_000)), "config.json", "nesting"),
                file("a key twice", text("config.json", "{\"model_type\": \"gpt2\", \"model_type\": \"gpt2\"}"), "model_type"),
                file("no family", copy(c -> c.remove("model_type")), "model_type"),
                file("no width", copy(c -> c.remove("n_embd")), "n_embd", "found nothing"),
                file("no heads", copy(c -> c.remove("n_head")), "n_head"),
                file("no layers", copy(c -> c.remove("n_layer")), "n_layer"),
                file("no vocabulary", copy(c -> c.remove("vocab_size")), "vocab_size"),
                file("no positions", copy(c -> c.remove("n_positions")), "n_positions"),
                file("heads that do not divide the width", copy(c -> c.set("n_head", "5")), "heads", "32", "5"),
                file("more heads than channels", copy(c -> c.set("n_head", "64")), "heads"),
                file("2^31 layers", copy(c -> c.set("n_layer", "2147483648")), "n_layer", "2,147,483,648"),
                file("a layer more than there are", copy(c -> c.set("n_layer", "3")), "h.2."),
                file("a layer fewer than there are", copy(c -> c.set("n_layer", "1")), "h.1."),
                file("-1 layers", copy(c -> c.set("n_layer", "-1")), "n_layer", "-1"),
                file("no channels", copy(c -> c.set("n_embd", "0")), "n_embd", "0"),
                file("a width of text", copy(c -> c.set("n_embd", "\"wide\"")), "n_embd", "wide"),
                file("a width with a fraction", copy(c -> c.set("n_embd", "32.5")), "n_embd", "32.5"),
                file("a width of 10^400", copy(c -> c.set("n_embd", "1e400")), "n_embd", "1e400"),
                file("a vocabulary of 2^40", copy(c -> c.set("vocab_size", "1099511627776")), "vocab_size", "1,099,511,627,776"),
                file("a vocabulary of one more", copy(c -> c.set("vocab_size", "132")), "wte.weight", "132", "131"),
                file("positions of one more", copy(c -> c.set("n_positions", "65")), "wpe.weight", "65", "64"),
                file("epsilon 0", copy(c -> c.set("layer_norm_epsilon", "0")), "layer_norm_epsilon"),
                file("a flag that is a number", copy(c -> c.set("scale_attn_weights", "1")), "scale_attn_weights"),
                file("defaults no JSON", text("generation_config.json", "{"), "generation_config.json"),
                file("defaults of the wrong type", text("generation_config.json", "{\"top_k\": \"many\"}"),
                        "generation_config.json", "top_k"),
                file("a tokenizer no JSON", text("tokenizer.json", "{"), "tokenizer.json"),
                file("a tokenizer of an unknown model", text("tokenizer.json", "{\"model\": {\"type\": \"Runes\"}}"), "tokenizer.json",
                        "Runes"),
                file("an embedding with fewer rows than the vocabulary has ids", folder -> Files.copy(TALES.resolve("tokenizer.json"),
                        folder.resolve("tokenizer.json")), "4096", "131"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("configurations")
    void aDamagedConfigurationIsRefusedWithItsPlace(DamagedFile damaged) throws IOException {
        FixtureCopy.of(GPT2).writeTo(folder);
        damaged.damage.to(folder);
        assertRefused(damaged);
    }

    @Test
    void aFolderWithoutAModelIsRefused() {
        assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder));
        CheckpointFormatException e = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder.resolve("nowhere")));
        assertTrue(e.getMessage().contains("nowhere"), e.getMessage());
        assertThrows(CheckpointFormatException.class, () -> Gpt.inspect(folder));
    }

    /** Converted to a format that cannot hold it, a number is refused like other damage, be its matrix stored as it is or transposed. */
    @ParameterizedTest
    @CsvSource({"h.1.mlp.c_fc.weight, 1e6, F16", "wte.weight, 1e6, F16", "wte.weight, NaN, Q8", "h.0.attn.c_attn.weight, Infinity, Q4"})
    void whatTheChosenFormatCannotHoldIsRefusedWithItsPlace(String name, float value, LoadOptions.Weights weights) throws IOException {
        Files.copy(GPT2.resolve("config.json"), folder.resolve("config.json"));
        try (Checkpoint checkpoint = Checkpoint.open(GPT2)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String each : checkpoint.names()) {
                float[] values = checkpoint.floats(each);
                values[values.length - 1] = each.endsWith(name) ? value : values[values.length - 1];
                writer.add(each, values, checkpoint.shape(each));
            }
            writer.write(folder.resolve("model.safetensors"));
        }
        String message = assertThrows(CheckpointFormatException.class,
                () -> Gpt.load(folder, LoadOptions.defaults().withWeights(weights))).getMessage();
        assertTrue(message.contains("model.safetensors") && message.contains(name) && message.contains(weights.toString())
                && message.contains(Float.toString(value)), message);
    }

    /** A shard that is cut off while another is read: the error names the one that changed, be it first missed in a vector or a matrix. */
    @ParameterizedTest
    @CsvSource({"model-00004-of-00006.safetensors, true", "model-00005-of-00006.safetensors, true",
        "model-00006-of-00006.safetensors, true", "model-00006-of-00006.safetensors, false"})
    void aFileThatIsCutWhileLoadingIsNamed(String name, boolean mapped) throws IOException {
        try (Stream<Path> files = Files.list(LoadedFixture.MODELS.resolve("gpt2-sharded"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path shard = folder.resolve(name);
        LoadOptions options = LoadOptions.defaults().withMapping(mapped).withProgress(share -> cut(shard));
        String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder, options)).getMessage();
        assertTrue(message.startsWith(shard + ": ") && message.contains("do not change"), message);
    }

    /** What a listener throws is its own affair, whatever it looks like. */
    @Test
    void whatAListenerThrowsReachesTheCaller() {
        IllegalStateException own = new IllegalStateException("the progress could not be shown", new IOException("no terminal"));
        LoadOptions options = LoadOptions.defaults().withProgress(share -> {
            throw own;
        });
        assertSame(own, assertThrows(IllegalStateException.class, () -> Gpt.load(GPT2, options)));
    }

    private static void cut(Path file) {
        try {
            Files.write(file, new byte[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatAFolderIsInPlaceOfAModelIsTold() throws IOException {
        Files.createDirectories(folder.resolve("cache/snapshots/0123"));
        for (Path wrong : List.of(folder.resolve("cache"), Path.of("src/test/resources/adapters/llama-rslora"))) {
            String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(wrong)).getMessage();
            assertTrue(message.contains("config.json") && message.contains(wrong.endsWith("cache") ? "snapshots" : "an adapter"), message);
        }
    }

    /** No threads and no mapping remain of a load that failed: the file can be replaced, and the sound one loads. */
    @Test
    void aFailedLoadLeavesNothingBehind() throws IOException {
        FixtureCopy.of(GPT2).set("n_layer", "3").writeTo(folder);
        for (int i = 0; i < 20; i++) {
            assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder));
        }
        assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("jot-"))
                .filter(Thread::isAlive).toList());
        FixtureCopy.of(GPT2).writeTo(folder);
        try (Gpt gpt = Gpt.load(folder)) {
            assertEquals(131, gpt.logits(1)[0].length);
        }
    }

    private void assertRefused(DamagedFile damaged) {
        CheckpointFormatException e = assertTimeoutPreemptively(AT_ONCE,
                () -> assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder).close()));
        assertTrue(e.getMessage().contains(folder.toString()), e.getMessage());
        assertTrue(e.getMessage().contains("expected ") && e.getMessage().contains(", found "), e.getMessage());
        assertTrue(e.getMessage().length() < 1_000, e.getMessage());
        for (String part : damaged.parts) {
            assertTrue(e.getMessage().contains(part), "'" + part + "' is not in: " + e.getMessage());
        }
        assertEquals(damaged.inValues ? Optional.empty() : Optional.of(e.getMessage()), refusalOfInspect());
    }

    /** Why Jot cannot run the model, as {@code inspect} sees it from headers alone. */
    private Optional<String> refusalOfInspect() {
        try {
            ModelInfo info = Gpt.inspect(folder);
            assertEquals(info.refusal().isEmpty(), info.runs());
            return info.refusal();
        } catch (IOException e) {
            assertEquals(CheckpointFormatException.class, e.getClass());
            return Optional.of(e.getMessage());
        }
    }

    @Test
    void promptsThatCannotBeRead() throws IOException {
        try (Gpt gpt = Gpt.load(TALES)) {
            GenerationOptions options = GenerationOptions.greedy().withMaxTokens(1);
            assertArgument(() -> gpt.generate("", options), "empty");
            assertArgument(() -> gpt.generate(new int[0], options), "empty");
            assertArgument(() -> gpt.logits(), "no tokens");
            assertArgument(() -> gpt.generate(new int[] {1, 2, -1}, options), "-1", "index 2", "4096");
            assertArgument(() -> gpt.generate(new int[] {4_096}, options), "4096", "index 0");
            assertArgument(() -> gpt.logits(0, Integer.MAX_VALUE), "2147483647", "index 1");
            assertArgument(() -> gpt.generate(new int[513], options), "513 tokens", "context of 512");
            assertArgument(() -> gpt.generate("word ".repeat(2_000), options), "tokens, context of 512");
            assertArgument(() -> gpt.logits(new int[1_312]), "1,312 tokens", "512");
            assertArgument(() -> gpt.generate("half \uD83D of a pair", options), "surrogate");
            assertArgument(() -> gpt.stream("", options), "empty");
            assertArgument(() -> gpt.generateAll("", options), "empty");
            assertArgument(() -> gpt.score(1, 5_000), "5000", "index 1");
            assertEquals(599, gpt.score(new int[600]).tokens().length);
            assertArgument(() -> gpt.choose("Once"), "option");
            Session session = gpt.session();
            assertArgument(() -> session.generate(options), "empty");
            assertArgument(() -> session.append(4_096), "4096");
            assertArgument(() -> session.append(new int[513]), "513", "512");
            assertArgument(() -> session.rewind(1), "1");
            assertEquals(0, session.position());
            assertEquals("", gpt.tokenizer().decode(4_096, -1, Integer.MAX_VALUE));
        }
    }

    @Test
    void theLongestPromptFitsAndOneMoreDoesNot() throws IOException {
        try (Gpt gpt = Gpt.load(GPT2)) {
            assertEquals(64, gpt.logits(new int[64]).length);
            assertArgument(() -> gpt.logits(new int[65]), "65", "64");
            assertEquals("CONTEXT_FULL", gpt.generate(new int[64], GenerationOptions.greedy()).stopReason().name());
        }
    }

    static Stream<Executable> options() {
        GenerationOptions options = GenerationOptions.defaults();
        return Stream.of(
                () -> options.withTemperature(-0.1), () -> options.withTemperature(Double.NaN),
                () -> options.withTemperature(Double.POSITIVE_INFINITY), () -> options.withTopP(-0.1), () -> options.withTopP(1.1),
                () -> options.withTopP(Double.NaN), () -> options.withMinP(-1), () -> options.withTopK(-1), () -> options.withMaxTokens(-1),
                () -> options.withMinTokens(-1), () -> options.withRepetitionPenalty(0), () -> options.withRepetitionPenalty(Double.NaN),
                () -> options.withNoRepeatNgram(-1), () -> options.withStop(""), () -> options.withLogprobs(-1),
                () -> options.withDeadline(Duration.ofSeconds(-1)), () -> options.withTypicalP(2), () -> options.withCount(0),
                () -> options.withBeams(0), () -> options.withBadWords(List.of(new int[0])),
                () -> LoadOptions.defaults().withThreads(0), () -> LoadOptions.defaults().withThreads(1_000_000),
                () -> LoadOptions.defaults().withContext(0));
    }

    @ParameterizedTest
    @MethodSource("options")
    void optionsOutOfRange(Executable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
        assertTrue(e.getMessage().length() > 15, e.getMessage());
    }

    @Test
    void optionsThatDoNotFitTheModel() throws IOException {
        assertArgument(() -> Gpt.load(GPT2, LoadOptions.defaults().withContext(65)), "65", "64");
        try (Gpt gpt = Gpt.load(GPT2)) {
            int[] prompt = {1, 2, 3};
            assertArgument(() -> gpt.generate(prompt, GenerationOptions.defaults().withEndTokens(131)), "131");
            assertArgument(() -> gpt.generate(prompt, GenerationOptions.defaults().withSuppressTokens(-1)), "-1");
            assertArgument(() -> gpt.generate(prompt, GenerationOptions.greedy().withMinTokens(5).withMaxTokens(4)), "5", "4");
        }
    }

    @Test
    void weightsThatAreNoNumbersAreMetWhileSampling() throws IOException {
        FixtureCopy.of(GPT2).writeTo(folder);
        replaceInData(folder, "ln_f.weight", ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(Float.NaN).array());
        try (Gpt gpt = Gpt.load(folder)) {
            for (GenerationOptions options : List.of(GenerationOptions.greedy(), GenerationOptions.defaults().withTemperature(1),
                    GenerationOptions.defaults().withTopP(0.5), GenerationOptions.greedy().withBeams(3))) {
                IllegalStateException e = assertThrows(IllegalStateException.class,
                        () -> gpt.generate(new int[] {1, 2}, options.withMaxTokens(3)));
                assertTrue(e.getMessage().contains("NaN"), e.getMessage());
            }
            assertTrue(Float.isNaN(gpt.logits(1)[0][0]));
        }
    }

    @Test
    void nothingRunsAfterClose() throws IOException {
        Gpt gpt = Gpt.load(TALES);
        Session session = gpt.session();
        session.append("Once");
        Stream<String> stream = gpt.stream("Once", GenerationOptions.greedy());
        gpt.close();
        gpt.close();
        GenerationOptions options = GenerationOptions.greedy();
        List<Executable> calls = List.of(() -> gpt.generate("Once"), () -> gpt.generate(new int[] {1}, options),
                () -> gpt.generate("Once", options, _ -> { }), () -> gpt.logits(1), gpt::session, () -> session.append(1),
                () -> session.generate(options), () -> gpt.score("Once upon"), () -> gpt.generateAll("Once", options),
                () -> gpt.choose("a", "b", "c"), () -> gpt.stream("Once", options).toList());
        for (Executable call : calls) {
            IllegalStateException e = assertThrows(IllegalStateException.class, call);
            assertTrue(e.getMessage().contains("closed"), e.getMessage());
        }
        assertEquals(List.of(), stream.toList());
        assertEquals("Once", gpt.tokenizer().decode(gpt.tokenizer().encode("Once")));
        assertEquals("gpt2", gpt.info().family());
    }

    @Test
    void whatNeedsATokenizerSaysSo() throws IOException {
        try (Gpt gpt = Gpt.load(GPT2)) {
            GenerationOptions options = GenerationOptions.greedy().withMaxTokens(2);
            List<Executable> calls = List.of(() -> gpt.generate("Once"), gpt::tokenizer, () -> gpt.score("Once"),
                    () -> gpt.session().append("Once"), () -> gpt.generate(new int[] {1}, options).text(),
                    () -> gpt.generate(new int[] {1}, options.withStop("x")));
            for (Executable call : calls) {
                IllegalStateException e = assertThrows(IllegalStateException.class, call);
                assertTrue(e.getMessage().contains("tokenizer"), e.getMessage());
            }
            assertEquals(2, gpt.generate(new int[] {1}, options).tokens().length);
        }
    }

    private static void assertArgument(Executable call, String... parts) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), "'" + part + "' is not in: " + e.getMessage());
        }
    }

    private static Damage text(String file, String content) {
        return folder -> Files.writeString(folder.resolve(file), content);
    }

    private static Damage copy(UnaryOperator<FixtureCopy> change) {
        return folder -> change.apply(FixtureCopy.of(GPT2)).writeTo(folder);
    }

    private static Damage bytes(UnaryOperator<byte[]> change) {
        return folder -> {
            Path file = folder.resolve("model.safetensors");
            Files.write(file, change.apply(Files.readAllBytes(file)));
        };
    }

    private static Damage header(UnaryOperator<String> change) {
        return bytes(all -> {
            int length = Math.toIntExact(ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong());
            String json = new String(all, 8, length, StandardCharsets.UTF_8);
            String changed = change.apply(json);
            assertTrue(!changed.equals(json), "nothing was damaged");
            return join(changed, Arrays.copyOfRange(all, 8 + length, all.length));
        });
    }

    /** Changes the entry of a tensor. */
    private static Damage tensor(String name, String from, String to) {
        return header(json -> {
            int at = json.indexOf(name + "\"");
            int end = json.indexOf('}', at);
            return json.substring(0, at) + json.substring(at, end).replace(", ", ",").replace(from, to) + json.substring(end);
        });
    }

    /** Moves a tensor's data. */
    private static Damage offsets(String name, LongUnaryOperator move) {
        return header(json -> {
            int at = json.indexOf("data_offsets", json.indexOf(name + "\""));
            int open = json.indexOf('[', at);
            int close = json.indexOf(']', open);
            String[] ends = json.substring(open + 1, close).split(",");
            long begin = move.applyAsLong(Long.parseLong(ends[0].strip()));
            long length = Long.parseLong(ends[1].strip()) - Long.parseLong(ends[0].strip());
            return json.substring(0, open + 1) + begin + "," + (begin + length) + json.substring(close);
        });
    }

    /** A model in F16 with one number changed. */
    private static Damage halves(short bits) {
        return folder -> {
            Files.copy(LoadedFixture.MODELS.resolve("gpt2-f16/model.safetensors"), folder.resolve("model.safetensors"),
                    StandardCopyOption.REPLACE_EXISTING);
            replaceInData(folder, "wpe.weight", ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort(bits).array());
        };
    }

    /** Writes bytes over the beginning of a tensor. */
    private static void replaceInData(Path folder, String name, byte[] bytes) throws IOException {
        Path file = folder.resolve("model.safetensors");
        byte[] all = Files.readAllBytes(file);
        int length = Math.toIntExact(ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong());
        String json = new String(all, 8, length, StandardCharsets.UTF_8);
        int at = json.indexOf('[', json.indexOf("data_offsets", json.indexOf(name + "\"")));
        int begin = Integer.parseInt(json.substring(at + 1, json.indexOf(',', at)).strip());
        System.arraycopy(bytes, 0, all, 8 + length + begin + bytes.length * 3, bytes.length);
        Files.write(file, all);
    }

    private static byte[] withLength(byte[] all, long length) {
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        return all;
    }

    private static byte[] replaceByte(byte[] all, int at, byte value) {
        all[at] = value;
        return all;
    }

    private static byte[] join(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text).put(data)
                .array();
    }
}
