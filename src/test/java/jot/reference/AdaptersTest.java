package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

import jot.GenerationOptions;
import jot.Gpt;
import jot.LoadOptions;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.SafetensorsWriter;
import jot.generation.Inference;
import jot.generation.Logits;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models with adapters equal the reference implementation; whatever is no adapter for a model is refused by name. */
class AdaptersTest {

    private static final Path ADAPTERS = Path.of("src/test/resources/adapters");
    private static final LoadOptions PLAIN = LoadOptions.defaults().withThreads(2);
    private static final float A = 0.25f;
    private static final float B = 0.5f;

    @TempDir
    private Path temporary;

    static List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(ADAPTERS)) {
            return folders.sorted().toList();
        }
    }

    private static Path base(Path adapter) {
        return LoadedFixture.MODELS.resolve(adapter.getFileName().toString().split("-")[0]);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void equalsTheReference(Path folder) throws IOException {
        try (Gpt gpt = Gpt.load(base(folder), PLAIN.withAdapter(folder, 1));
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int[] prompt = expected.prompt();
            if (expected.has("class_logits")) {
                float[] scores = gpt.classify(prompt).logits();
                assertWithin("class_logits", Expected.error(expected.floats("class_logits"), scores));
                assertEquals(scores.length, gpt.info().labels().size());
                return;
            }
            assertWithin(folder.getFileName().toString(), Expected.error(expected.rows("logits"), gpt.logits(prompt)));
            int[] greedy = expected.greedy();
            assertArrayEquals(greedy, gpt.generate(prompt, GenerationOptions.greedy().withMaxTokens(greedy.length)).tokens());
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"llama-embedding", "llama-lm-head", "qwen2-dora", "gpt2-dora", "gpt_neox-bias", "llama-lora-bias",
        "qwen2-lm-head"})
    void scaleNoughtLeavesTheModelAsItIs(String name) throws IOException {
        Path adapter = ADAPTERS.resolve(name);
        int[] prompt = {5, 9, 2, 77, 31};
        try (Gpt plain = Gpt.load(base(adapter), PLAIN); Gpt adapted = Gpt.load(base(adapter), PLAIN.withAdapter(adapter, 0))) {
            assertWithin(name, Expected.error(plain.logits(prompt), adapted.logits(prompt)));
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"llama-embedding", "llama-rslora", "gpt2-qkv", "llama-lora-bias"})
    void halfTheScaleIsHalfTheAlpha(String name) throws IOException {
        Path adapter = ADAPTERS.resolve(name);
        Map<String, String> changes = new HashMap<>();
        String config = Files.readString(adapter.resolve("adapter_config.json"));
        double alpha = Double.parseDouble(config.replaceAll("(?s).*\"lora_alpha\": (\\d+).*", "$1"));
        changes.put("\"lora_alpha\": \\d+", "\"lora_alpha\": " + alpha / 2);
        Path half = changed(adapter, changes);
        int[] prompt = {5, 9, 2, 77, 31};
        try (Gpt scaled = Gpt.load(base(adapter), PLAIN.withAdapter(adapter, 0.5)); Gpt other = Gpt.load(base(adapter),
                PLAIN.withAdapter(half, 1))) {
            assertWithin(name, Expected.error(other.logits(prompt), scaled.logits(prompt)));
        }
    }

    @Test
    void severalAdaptersAddUp() throws IOException {
        Path first = ADAPTERS.resolve("llama-rslora");
        Path second = ADAPTERS.resolve("llama-lm-head");
        Path model = LoadedFixture.MODELS.resolve("llama");
        int[] prompt = {5, 9, 2, 77, 31};
        LoadOptions both = PLAIN.withAdapter(first, 1).withAdapter(second, 1);
        assertEquals(List.of(new LoadOptions.Adapter(first, 1), new LoadOptions.Adapter(second, 1)), both.adapters());
        try (Gpt one = Gpt.load(model, PLAIN.withAdapter(second, 1)); Gpt two = Gpt.load(model, both);
                Gpt again = Gpt.load(model, both.withAdapter(first, -1))) {
            assertTrue(Expected.error(one.logits(prompt), two.logits(prompt)) > 0.1);
            assertWithin("taken back", Expected.error(one.logits(prompt), again.logits(prompt)));
        }
    }

    @Test
    void copiedFilesGiveTheSame() throws IOException {
        Path adapter = ADAPTERS.resolve("llama-lm-head");
        try (Gpt mapped = Gpt.load(base(adapter), PLAIN.withAdapter(adapter, 1));
                Gpt copied = Gpt.load(base(adapter), PLAIN.withAdapter(adapter, 1).withMapping(false))) {
            assertArrayEquals(mapped.logits(3, 4, 5)[2], copied.logits(3, 4, 5)[2]);
        }
    }

    /** What is merged is converted like any other matrix. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"llama-rslora", "gpt2-dora", "gpt_neox-bias", "qwen2-lm-head"})
    void aChosenFormatHoldsForMergedMatrices(String name) throws IOException {
        Path adapter = ADAPTERS.resolve(name);
        int[] prompt = {5, 9, 2, 77, 31};
        LoadSettings settings = new LoadSettings(2, OptionalInt.empty(), Backend.AUTO, true, (done, all) -> { },
                Optional.of(WeightFormat.F32), List.of(new LoadSettings.AdapterChoice(adapter, 1)));
        try (LoadedModel converted = ModelLoader.load(base(adapter), settings); Gpt plain = Gpt.load(base(adapter),
                PLAIN.withAdapter(adapter, 1))) {
            float[][] logits = Logits.of(new Inference(converted.transformer(), converted.kernels(), converted.workers()), prompt);
            assertWithin(name, Expected.error(plain.logits(prompt), logits));
        }
    }

    @Test
    void namesWithoutThePrefixOfTheModelAreFound() throws IOException {
        Path adapter = ADAPTERS.resolve("gpt2-qkv");
        Path model = LoadedFixture.MODELS.resolve("gpt2-hub-names");
        try (Gpt plain = Gpt.load(model); Gpt adapted = Gpt.load(model, PLAIN.withAdapter(adapter, 1))) {
            assertTrue(Expected.error(plain.logits(3, 4, 5), adapted.logits(3, 4, 5)) > 0.1);
        }
    }

    /** With tied matrices the embedding changes and the head keeps the model's own. */
    @Test
    void anUpdateOfATiedEmbeddingLeavesTheHead() throws IOException {
        Path tied = LoadedFixture.MODELS.resolve("qwen2");
        Path untied = folder("untied");
        Files.writeString(untied.resolve("config.json"), Files.readString(tied.resolve("config.json"))
                .replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));
        try (Checkpoint checkpoint = Checkpoint.open(tied)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : checkpoint.names()) {
                writer.add(name, checkpoint.floats(name), checkpoint.shape(name));
            }
            String embedding = "model.embed_tokens.weight";
            writer.add("lm_head.weight", checkpoint.floats(embedding), checkpoint.shape(embedding));
            writer.write(untied.resolve("model.safetensors"));
        }
        Path adapter = changed(ADAPTERS.resolve("llama-embedding"), Map.of("\"lm_head\"", "\"embed_tokens\"", "\"down_proj\"",
                "\"embed_tokens\""), name -> name.contains("embed_tokens"), Map.of());
        int[] prompt = {5, 9, 2, 77, 31};
        try (Gpt one = Gpt.load(tied, PLAIN.withAdapter(adapter, 1)); Gpt other = Gpt.load(untied, PLAIN.withAdapter(adapter, 1));
                Gpt plain = Gpt.load(tied)) {
            assertArrayEquals(other.logits(prompt), one.logits(prompt));
            assertTrue(Expected.error(plain.logits(prompt), one.logits(prompt)) > 0.1);
        }
    }

    @Test
    void aContextSavedWithoutAnAdapterIsNotOneWithIt() throws IOException {
        Path adapter = ADAPTERS.resolve("llama-rslora");
        Path file = temporary.resolve("context");
        try (Gpt plain = Gpt.load(base(adapter), PLAIN); Gpt adapted = Gpt.load(base(adapter), PLAIN.withAdapter(adapter, 1))) {
            adapted.session().append(3, 4, 5).save(file);
            assertThrows(CheckpointFormatException.class, () -> plain.session(file));
            assertEquals(3, adapted.session(file).position());
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
            peft_type | "IA3" | peft_type
            peft_type | null | peft_type
            use_qalora | true | use_qalora
            megatron_config | {"a": 1} | megatron_config
            layer_replication | [[0, 2]] | layer_replication
            target_parameters | ["mlp.experts"] | cannot adapt experts that lie in one tensor
            trainable_token_indices | [3] | trainable_token_indices
            alora_invocation_tokens | [3] | alora_invocation_tokens
            ensure_weight_tying | true | ensure_weight_tying
            arrow_config | {"a": 1} | arrow_config
            something_new | 3 | something_new
            init_lora_weights | "olora" | init_lora_weights
            init_lora_weights | "pissa_niter_16" | init_lora_weights
            init_lora_weights | "corda" | init_lora_weights
            init_lora_weights | "loftq" | init_lora_weights
            task_type | "SEQ_2_SEQ_LM" | task_type
            task_type | "SEQ_CLS" | task_type
            bias | "some" | bias
            r | 0 | r
            r | 1000000000 | r
            r | "8" | r
            lora_alpha | "much" | lora_alpha
            rank_pattern | {"(": 3} | rank_pattern
            rank_pattern | {"((((.*)*)*)*)*x": 3} | rank_pattern
            rank_pattern | {"q_proj": 3} | rank 3
            target_modules | ["v_proj"] | q_proj
            target_modules | ".*(v_proj" | target_modules
            layers_to_transform | [1] | layers.0
            layers_to_transform | [0.5] | layers_to_transform
            """)
    void otherKindsAreRefusedByName(String key, String value, String named) throws IOException {
        Path folder = changed(ADAPTERS.resolve("llama-rslora"), Map.of("\"" + key + "\": (\\[[^]]*]|\\{[^}]*}|[^,\\n]*)", "\"" + key
                + "\": " + value));
        String message = refusal("llama", folder);
        assertTrue(message.contains(named), message);
    }

    @Test
    void harmlessStartsAndExplicitAllLinearLoad() throws IOException {
        Path folder = changed(ADAPTERS.resolve("llama-rslora"), Map.of("\"init_lora_weights\": true", "\"init_lora_weights\": \"gaussian\"",
                "\"target_modules\": \\[[^]]*]", "\"target_modules\": \"all-linear\""));
        Gpt.load(LoadedFixture.MODELS.resolve("llama"), PLAIN.withAdapter(folder, 1)).close();
    }

    @Test
    void anAdapterForOtherShapesNamesTheTensorAndBothShapes() throws IOException {
        Path folder = changed(ADAPTERS.resolve("llama-rslora"), Map.of(), name -> true,
                Map.of("base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight", new long[] {8, 33}));
        String message = refusal("llama", folder);
        assertTrue(message.contains("layers.1.self_attn.v_proj.lora_A.weight") && message.contains("[8, 32]")
                && message.contains("[8, 33]"),
                message);
        Path head = changed(ADAPTERS.resolve("llama-lm-head"), Map.of(), name -> true,
                Map.of("base_model.model.lm_head.weight", new long[] {140, 32}));
        String resized = refusal("llama", head);
        assertTrue(resized.contains("lm_head.weight") && resized.contains("[131, 32]") && resized.contains("[140, 32]"), resized);
    }

    @ParameterizedTest(name = "{0} on {1}")
    @CsvSource({"gpt2-qkv,llama", "llama-rslora,gpt2", "gpt_neox-bias,qwen2"})
    void anAdapterOfAnotherFamilyIsRefused(String adapter, String model) {
        String message = refusal(model, ADAPTERS.resolve(adapter));
        assertTrue(message.contains("base_model.model."), message);
    }

    /** Where a file holds all experts of a block in one tensor there is no matrix to update, and the message says so. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "models-more/granitemoe, block_sparse_moe.input_linear, block_sparse_moe.input_linear.weight, '[5, 48, 32]'",
        "models/gpt_oss, mlp.experts, mlp.experts.down_proj, '[4, 32, 64]'",
        "models/gpt_oss, mlp.experts.gate_up_proj, mlp.experts.gate_up_proj, '[4, 64, 64]'",
        "models/gpt_oss-mxfp4, mlp.experts, mlp.experts.down_proj_blocks, '[4, 64, 1, 16]'"})
    void stackedAndPackedExpertsAreRefusedWithTheReason(String model, String module, String tensor, String shape) throws IOException {
        Path folder = small(module, 32, 32);
        Path base = Path.of("src/test/resources", model);
        String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(base, PLAIN.withAdapter(folder, 1))).getMessage();
        assertTrue(message.contains("model.layers.0." + module + ".lora_A")
                && message.contains("experts that lie together in model.layers.0." + tensor) && message.contains(shape)
                && message.contains("cannot adapt"), message);
    }

    @Test
    void anExpertWithTensorsOfItsOwnIsAdapted() throws IOException {
        String module = "block_sparse_moe.experts.1.w2";
        Path model = LoadedFixture.MODELS.resolve("mixtral");
        Path merged = folder("merged");
        Files.copy(model.resolve("config.json"), merged.resolve("config.json"));
        int inputs;
        int outputs;
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            String changed = "model.layers.0." + module + ".weight";
            outputs = (int) checkpoint.shape(changed)[0];
            inputs = (int) checkpoint.shape(changed)[1];
            for (String name : checkpoint.names()) {
                float[] values = checkpoint.floats(name);
                for (int i = 0; name.equals(changed) && i < values.length; i++) {
                    values[i] += 2 * A * B;
                }
                writer.add(name, values, checkpoint.shape(name));
            }
            writer.write(merged.resolve("model.safetensors"));
        }
        int[] prompt = {5, 9, 2, 77, 31};
        Path adapter = small(module, inputs, outputs);
        try (Gpt plain = Gpt.load(model, PLAIN); Gpt other = Gpt.load(merged, PLAIN);
                Gpt adapted = Gpt.load(model, PLAIN.withAdapter(adapter, 1))) {
            assertWithin("expert", Expected.error(other.logits(prompt), adapted.logits(prompt)));
            assertTrue(Expected.error(plain.logits(prompt), adapted.logits(prompt)) > 1e-2);
        }
    }

    /** Routers stay as they are stored in any format, also where an adapter changes them. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"mixtral, block_sparse_moe.gate", "qwen2_moe, mlp.gate", "qwen2_moe, mlp.shared_expert_gate"})
    void anAdaptedRouterOutlivesTheLoading(String name, String module) throws IOException {
        Path model = LoadedFixture.MODELS.resolve(name);
        long[] shape;
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            shape = checkpoint.shape("model.layers.0." + module + ".weight");
        }
        LoadOptions adapted = PLAIN.withAdapter(small(module, (int) shape[1], (int) shape[0]), 0.5);
        int[] prompt = {5, 9, 2, 77, 31};
        try (Gpt own = Gpt.load(model, adapted); Gpt converted = Gpt.load(model, adapted.withWeights(LoadOptions.Weights.F32))) {
            assertWithin(name, Expected.error(own.logits(prompt), converted.logits(prompt)));
        }
    }

    /** Names with and without the model's prefix mean the same module: none of two updates is dropped silently. */
    @Test
    void twoUpdatesOfOneMatrixAreRefused() throws IOException {
        Path adapter = small("self_attn.q_proj", 32, 32);
        Path file = adapter.resolve("adapter_model.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter();
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            for (String name : checkpoint.names()) {
                writer.add(name, checkpoint.floats(name), checkpoint.shape(name));
                writer.add(name.replace("model.model.", "model."), checkpoint.floats(name), checkpoint.shape(name));
            }
        }
        writer.write(file);
        String message = refusal("llama", adapter);
        assertTrue(message.contains("one change of model.layers.0.self_attn.q_proj.weight, found two"), message);
    }

    /** Single numbers may come whole too, as those of a learned activation do. */
    @Test
    void aNumberIsLedTowardsThatOfTheAdapter() throws IOException {
        Path model = Path.of("src/test/resources/models-more/apertus");
        String name = "model.layers.0.mlp.act_fn.beta";
        Path adapter = whole(name, new float[] {1.5f});
        Path merged = folder("merged");
        Files.copy(model.resolve("config.json"), merged.resolve("config.json"));
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String each : checkpoint.names()) {
                float[] values = checkpoint.floats(each);
                writer.add(each, each.equals(name) ? new float[] {(values[0] + 1.5f) / 2} : values, checkpoint.shape(each));
            }
            writer.write(merged.resolve("model.safetensors"));
        }
        try (Gpt adapted = Gpt.load(model, PLAIN.withAdapter(adapter, 0.5)); Gpt other = Gpt.load(merged, PLAIN)) {
            assertArrayEquals(other.logits(3, 4, 5), adapted.logits(3, 4, 5));
        }
    }

    @Test
    void aPackedTensorIsNotReplaced() throws IOException {
        Path model = LoadedFixture.MODELS.resolve("gpt_oss-mxfp4");
        String name = "model.layers.0.mlp.experts.down_proj_blocks";
        Path adapter = whole(name, new float[4 * 64 * 16], 4, 64, 1, 16);
        for (double scale : List.of(0.5, 1.0)) {
            String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(model, PLAIN.withAdapter(adapter, scale)))
                    .getMessage();
            assertTrue(message.contains(name) && message.contains("below an adapter") && message.contains("U8"), message);
        }
    }

    /** An adapter that brings one parameter of the model whole. */
    private Path whole(String parameter, float[] values, long... shape) throws IOException {
        Path folder = folder("whole");
        Files.writeString(folder.resolve("adapter_config.json"), """
                {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "task_type": "CAUSAL_LM", "target_modules": []}
                """);
        new SafetensorsWriter().add("base_model.model." + parameter, values, shape).write(folder.resolve("adapter_model.safetensors"));
        return folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {"models/gpt_oss", "models/gpt_oss-mxfp4", "models-more/granitemoe"})
    void besidePackedExpertsTheOtherModulesAreAdapted(String name) throws IOException {
        Path model = Path.of("src/test/resources", name);
        String module = "self_attn.o_proj";
        long[] shape;
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            shape = checkpoint.shape("model.layers.0." + module + ".weight");
        }
        Path adapter = small(module, (int) shape[1], (int) shape[0]);
        try (Gpt plain = Gpt.load(model, PLAIN); Gpt adapted = Gpt.load(model, PLAIN.withAdapter(adapter, 1))) {
            assertTrue(Expected.error(plain.logits(5, 9, 2), adapted.logits(5, 9, 2)) > 1e-2);
        }
    }

    /** An adapter of rank 2 of one module of the first block, all of whose numbers are {@link #A} and {@link #B}. */
    private Path small(String module, int inputs, int outputs) throws IOException {
        Path folder = folder("small");
        Files.writeString(folder.resolve("adapter_config.json"), """
                {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "task_type": "CAUSAL_LM", "target_modules": ["%s"]}
                """.formatted(module));
        float[] a = new float[2 * inputs];
        float[] b = new float[2 * outputs];
        Arrays.fill(a, A);
        Arrays.fill(b, B);
        String name = "base_model.model.model.layers.0." + module;
        new SafetensorsWriter().add(name + ".lora_A.weight", a, 2, inputs).add(name + ".lora_B.weight", b, outputs, 2)
                .write(folder.resolve("adapter_model.safetensors"));
        return folder;
    }

    @Test
    void missingPartsAreNamed() throws IOException {
        Path half = changed(ADAPTERS.resolve("llama-rslora"), Map.of(), name -> !name.endsWith("layers.0.self_attn.q_proj.lora_B.weight"),
                Map.of());
        assertTrue(refusal("llama", half).contains("layers.0.self_attn.q_proj"));
        assertTrue(refusal("llama", temporary).contains("adapter_config.json"));
        Path withoutWeights = changed(ADAPTERS.resolve("llama-rslora"), Map.of());
        Files.delete(withoutWeights.resolve("adapter_model.safetensors"));
        assertTrue(refusal("llama", withoutWeights).contains("adapter_model"));
        assertTrue(refusal("llama", temporary.resolve("nowhere")).contains("adapter_config.json"));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void scalesAreFinite(double scale) {
        assertThrows(IllegalArgumentException.class, () -> PLAIN.withAdapter(ADAPTERS, scale));
    }

    @Test
    void optionsAreValues() {
        assertEquals(PLAIN.withAdapter(ADAPTERS, 1), PLAIN.withAdapter(ADAPTERS, 1));
        assertNotEquals(PLAIN, PLAIN.withAdapter(ADAPTERS, 1));
        assertFalse(PLAIN.toString().contains("adapters"));
    }

    private static String refusal(String model, Path adapter) {
        return assertThrows(CheckpointFormatException.class,
                () -> Gpt.load(LoadedFixture.MODELS.resolve(model), PLAIN.withAdapter(adapter, 1))).getMessage();
    }

    private Path folder(String name) throws IOException {
        return Files.createDirectories(temporary.resolve(name));
    }

    private Path changed(Path adapter, Map<String, String> changes) throws IOException {
        return changed(adapter, changes, name -> true, Map.of());
    }

    /** A copy with other values in its configuration, some of its tensors, and others of these shapes. */
    private Path changed(Path adapter, Map<String, String> changes, java.util.function.Predicate<String> kept, Map<String, long[]> shapes)
            throws IOException {
        Path copy = Files.createTempDirectory(temporary, "adapter");
        String config = Files.readString(adapter.resolve("adapter_config.json"));
        for (Map.Entry<String, String> change : new LinkedHashMap<>(changes).entrySet()) {
            String other = config.replaceAll(change.getKey(), java.util.regex.Matcher.quoteReplacement(change.getValue()));
            config = other.equals(config) ? config.replaceFirst("\\{", java.util.regex.Matcher.quoteReplacement("{" + change.getValue()
                    + ","))
                    : other;
        }
        Files.writeString(copy.resolve("adapter_config.json"), config);
        try (Checkpoint checkpoint = Checkpoint.open(adapter.resolve("adapter_model.safetensors"))) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : checkpoint.names()) {
                if (kept.test(name)) {
                    long[] shape = shapes.getOrDefault(name, checkpoint.shape(name));
                    float[] values = shapes.containsKey(name) ? new float[(int) (shape[0] * shape[1])] : checkpoint.floats(name);
                    writer.add(name, values, shape);
                }
            }
            writer.write(copy.resolve("adapter_model.safetensors"));
        }
        return copy;
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
