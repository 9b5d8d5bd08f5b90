package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import java.util.stream.Stream;

import jot.Gpt;
import jot.ModelInfo;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.SafetensorsWriter;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.loading.WeightSizes;
import jot.model.Linear;
import jot.model.Transformer;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the headers tell is what loading finds. */
class InspectTest {

    private static final Path HEADS = Path.of("src/test/resources/heads");

    static List<Path> folders() throws IOException {
        Stream<Path> all = Stream.empty();
        for (Path parent : List.of(LoadedFixture.MODELS, LoadedFixture.MORE_MODELS, HEADS)) {
            try (Stream<Path> found = Files.list(parent)) {
                all = Stream.concat(all, found.sorted().toList().stream());
            }
        }
        return all.toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void tellsWhetherAModelLoadsAndWhatItTakes(Path folder) throws IOException {
        ModelInfo info = Gpt.inspect(folder);
        if (!info.runs()) {
            String refusal = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder)).getMessage();
            assertEquals(refusal, info.refusal().orElseThrow());
            assertTrue(info.weightBytesByFormat().isEmpty() && info.head().isEmpty());
            return;
        }
        assertEquals(List.of("F32", "F16", "BF16", "Q8", "Q4"), List.copyOf(info.weightBytesByFormat().keySet()));
        for (WeightFormat format : List.of(WeightFormat.F16, WeightFormat.Q4)) {
            try (LoadedModel model = load(folder, Optional.of(format))) {
                long told = info.weightBytesByFormat().get(format.label());
                assertEquals(held(info, model.transformer()), told, format.label());
            }
        }
    }

    static List<Path> foldersOfOneFile() throws IOException {
        return folders().stream().filter(folder -> Files.exists(folder.resolve("model.safetensors"))).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("foldersOfOneFile")
    void aTensorThatIsMissingOrMisshapenIsToldAsLoadingTellsIt(Path fixture, @TempDir Path folder) throws IOException {
        if (!Gpt.inspect(fixture).runs()) {
            return;
        }
        List<String> names = FixtureCopy.of(fixture).names();
        String missing = names.get(names.size() / 2);
        FixtureCopy.of(fixture).drop(missing).writeTo(folder);
        assertRefusedAlike(folder, missing);
        String misshapen = names.get(names.size() / 3);
        FixtureCopy.of(fixture).deepen(misshapen).writeTo(folder);
        assertRefusedAlike(folder, misshapen);
    }

    private static void assertRefusedAlike(Path folder, String tensor) throws IOException {
        ModelInfo info = Gpt.inspect(folder);
        String refusal = info.refusal().orElseThrow();
        assertTrue(refusal.contains(tensor), refusal);
        assertFalse(info.runs());
        assertEquals(0, info.layers());
        assertEquals(assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder).close()).getMessage(), refusal);
    }

    /** A model of seven milliards of parameters, in a file of which only the header is there: the rest is a hole. */
    @Test
    void nothingButHeadersIsRead(@TempDir Path folder) throws IOException {
        int layers = 32;
        Files.writeString(folder.resolve("config.json"), """
            {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": %d, "num_attention_heads": 32,
             "vocab_size": 32000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
            """.formatted(layers));
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {32_000, 4_096});
        shapes.put("lm_head.weight", new long[] {32_000, 4_096});
        shapes.put("model.norm.weight", new long[] {4_096});
        for (int layer = 0; layer < layers; layer++) {
            for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
                shapes.put("model.layers." + layer + ".self_attn." + projection + ".weight", new long[] {4_096, 4_096});
            }
            shapes.put("model.layers." + layer + ".mlp.gate_proj.weight", new long[] {11_008, 4_096});
            shapes.put("model.layers." + layer + ".mlp.up_proj.weight", new long[] {11_008, 4_096});
            shapes.put("model.layers." + layer + ".mlp.down_proj.weight", new long[] {4_096, 11_008});
            shapes.put("model.layers." + layer + ".input_layernorm.weight", new long[] {4_096});
            shapes.put("model.layers." + layer + ".post_attention_layernorm.weight", new long[] {4_096});
        }
        writeHole(folder.resolve("model.safetensors"), shapes);
        ModelInfo info = assertTimeout(Duration.ofSeconds(20), () -> Gpt.inspect(folder));
        assertEquals(Optional.empty(), info.refusal());
        assertEquals(6_738_415_616L, info.parameters());
        assertEquals(2 * info.parameters(), info.weightBytes());
        shapes.remove("model.layers.31.mlp.down_proj.weight");
        writeHole(folder.resolve("model.safetensors"), shapes);
        assertTrue(Gpt.inspect(folder).refusal().orElseThrow().contains("model.layers.31.mlp.down_proj.weight"));
    }

    /** A file of F16 tensors all of which are zeros, as a hole takes no room. */
    private static void writeHole(Path file, Map<String, long[]> shapes) throws IOException {
        StringJoiner header = new StringJoiner(",", "{", "}");
        long at = 0;
        for (Map.Entry<String, long[]> tensor : shapes.entrySet()) {
            long end = at + 2 * Arrays.stream(tensor.getValue()).reduce(1, (a, b) -> a * b);
            header.add("\"" + tensor.getKey() + "\":{\"dtype\":\"F16\",\"shape\":" + Arrays.toString(tensor.getValue())
                    + ",\"data_offsets\":[" + at + "," + end + "]}");
            at = end;
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(0);
            sparse.writeLong(Long.reverseBytes(text.length));
            sparse.write(text);
            sparse.setLength(8 + text.length + at);
        }
    }

    /** Matrices as they are held, and 32-bit floats for all else. */
    private static long held(ModelInfo info, Transformer model) {
        long vectors = info.parameters() - new WeightSizes(model.architecture(), WeightFormat.Plain.F32, false).elements();
        Linear projection = model.embedding().projection();
        return model.weightBytes() + 4 * vectors + (projection == null ? 0 : projection.weight().bytes());
    }

    @Test
    void namesTheHeadAndItsLabels() throws IOException {
        ModelInfo classifier = Gpt.inspect(HEADS.resolve("gpt2-classifier"));
        assertEquals("sequence classification", classifier.head().orElseThrow());
        assertEquals(List.of("contradiction", "neutral", "entailment"), classifier.labels());
        assertEquals("sequence scoring", Gpt.inspect(HEADS.resolve("llama-reward")).head().orElseThrow());
        assertEquals("token classification", Gpt.inspect(HEADS.resolve("llama-token-classifier")).head().orElseThrow());
        assertEquals("language model and multiple choice", Gpt.inspect(HEADS.resolve("gpt2-double-heads")).head().orElseThrow());
        ModelInfo language = Gpt.inspect(LoadedFixture.MODELS.resolve("gpt2"));
        assertEquals("language model", language.head().orElseThrow());
        assertEquals(List.of(), language.labels());
    }

    @Test
    void aHeadStoredBesideItsEmbeddingCountsOnce(@TempDir Path folder) throws IOException {
        Path fixture = LoadedFixture.MODELS.resolve("qwen2");
        Files.copy(fixture.resolve("config.json"), folder.resolve("config.json"));
        try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : checkpoint.names()) {
                writer.add(name, checkpoint.floats(name), checkpoint.shape(name));
            }
            String embedding = "model.embed_tokens.weight";
            writer.add("lm_head.weight", checkpoint.floats(embedding), checkpoint.shape(embedding));
            writer.write(folder.resolve("model.safetensors"));
        }
        assertEquals(Gpt.inspect(fixture).parameters(), Gpt.inspect(folder).parameters());
    }

    @Test
    void anUnknownFamilyIsRefusedWithTheNearest(@TempDir Path folder) throws IOException {
        Path fixture = LoadedFixture.MODELS.resolve("llama");
        Files.copy(fixture.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"),
                Files.readString(fixture.resolve("config.json")).replace("\"model_type\": \"llama\"", "\"model_type\": \"lama\""));
        ModelInfo info = Gpt.inspect(folder);
        assertTrue(info.refusal().orElseThrow().contains("nearest: llama"), info.refusal().toString());
        assertEquals("lama", info.family());
        assertTrue(info.parameters() > 0);
    }

    @Test
    void anAdapterAloneIsNoModel() {
        String message = assertThrows(CheckpointFormatException.class,
                () -> Gpt.inspect(Path.of("src/test/resources/adapters/llama-rslora"))).getMessage();
        assertTrue(message.contains("adapter"), message);
    }

    private static LoadedModel load(Path folder, Optional<WeightFormat> format) throws IOException {
        return ModelLoader.load(folder, new LoadSettings(2, OptionalInt.empty(), Backend.AUTO, true, (done, all) -> { }, format));
    }
}
