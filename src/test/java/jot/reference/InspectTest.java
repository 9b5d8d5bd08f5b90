package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
