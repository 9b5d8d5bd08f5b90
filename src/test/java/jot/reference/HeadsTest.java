package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import jot.Classification;
import jot.GenerationOptions;
import jot.Gpt;
import jot.Pooling;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.SafetensorsWriter;
import jot.generation.Logits;
import jot.generation.TextReadings;
import jot.tensor.Backend;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Heads for tasks give the scores of the reference implementation; every head refuses what belongs to another. */
class HeadsTest {

    private static final Path HEADS = Path.of("src/test/resources/heads");
    private static final Path LANGUAGE_MODEL = LoadedFixture.MODELS.resolve("gpt2");
    /** As the reference's pipeline takes them from a score, by the name of the fixture. */
    private static final Map<String, String> RULES = Map.of("gpt_neox-multilabel", "sigmoid", "llama-reward", "sigmoid",
            "llama-reward-nopad", "sigmoid");

    static List<Path> folders() throws IOException {
        try (Stream<Path> heads = Files.list(HEADS)) {
            return Stream.concat(heads.sorted(), Stream.of(LoadedFixture.MODELS.resolve("gpt2-classifier"))).toList();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void equalsTheReference(Path folder) throws IOException {
        try (Gpt gpt = Gpt.load(folder); Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            if (expected.has("mc_logits")) {
                doubleHeads(gpt, expected);
            } else if (expected.has("token_logits")) {
                float[][] scores = gpt.classifyTokens(expected.prompt());
                assertWithin("token_logits", Expected.error(expected.rows("token_logits"), scores));
                assertEquals(scores[0].length, gpt.info().labels().size());
            } else {
                for (String kind : List.of("", "padded_", "inner_")) {
                    if (expected.has(kind + "class_logits")) {
                        float[] wanted = expected.floats(kind + "class_logits");
                        Classification found = gpt.classify(expected.ints(kind + "input_ids"));
                        assertWithin(kind + "class_logits", Expected.error(wanted, found.logits()));
                        assertProbabilities(RULES.getOrDefault(folder.getFileName().toString(), "softmax"), found);
                    }
                }
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void hiddenStatesEqualTheReference(Path folder) throws IOException {
        try (LoadedFixture fixture = LoadedFixture.of(folder, 2, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            if (expected.has("mc_logits") || !expected.has("hidden.0")) {
                return;
            }
            int[] prompt = expected.prompt();
            float[][][] states = Logits.hiddenStates(fixture.inference(), prompt, new float[prompt.length][]);
            for (int i = 0; i < states.length; i++) {
                assertWithin("hidden." + i, Expected.error(expected.rows("hidden." + i), states[i]));
            }
        }
    }

    private static void doubleHeads(Gpt gpt, Expected expected) {
        int[][] choices = Arrays.stream(expected.rows("input_ids")).map(HeadsTest::ints).toArray(int[][]::new);
        assertWithin("mc_logits", Expected.error(expected.floats("mc_logits"), gpt.choiceLogits(choices, expected.ints("mc_token_ids"))));
        float[] logits = expected.floats("logits");
        for (int c = 0; c < choices.length; c++) {
            float[][] found = gpt.logits(choices[c]);
            int size = found.length * found[0].length;
            float[] wanted = Arrays.copyOfRange(logits, c * size, (c + 1) * size);
            float[] flat = new float[size];
            for (int t = 0; t < found.length; t++) {
                System.arraycopy(found[t], 0, flat, t * found[0].length, found[0].length);
            }
            assertWithin("logits of choice " + c, Expected.error(wanted, flat));
        }
    }

    private static int[] ints(float[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }

    private static void assertProbabilities(String rule, Classification found) {
        double sum = 0;
        for (Classification.Label label : found.labels()) {
            sum += Math.exp(label.score());
        }
        for (Classification.Label label : found.labels()) {
            double wanted = rule.equals("sigmoid") ? 1 / (1 + Math.exp(-label.score())) : Math.exp(label.score()) / sum;
            assertEquals(wanted, label.probability(), 1e-6, label.name());
        }
    }

    @Test
    void namesTheLabels() throws IOException {
        try (Gpt gpt = Gpt.load(HEADS.resolve("gpt2-classifier"))) {
            List<String> names = List.of("contradiction", "neutral", "entailment");
            assertEquals(names, gpt.info().labels());
            Classification classification = gpt.classify(1, 2, 3);
            assertEquals(names, classification.labels().stream().map(Classification.Label::name).toList());
            assertTrue(classification.labels().stream().allMatch(label -> label.score() <= classification.best().score()));
            assertEquals(classification, gpt.classify(1, 2, 3));
        }
    }

    @Test
    void nothingButPaddingReadsTheFirstToken() throws IOException {
        try (Gpt gpt = Gpt.load(HEADS.resolve("gpt2-classifier"))) {
            assertArrayEquals(gpt.classify(130).logits(), gpt.classify(130, 130, 130).logits());
        }
    }

    @Test
    void longTextsGoThroughInPieces(@TempDir Path temporary) throws IOException {
        Path fixture = LoadedFixture.MODELS.resolve("llama");
        String config = Files.readString(fixture.resolve("config.json"))
                .replaceAll("\"max_position_embeddings\": \\d+", "\"max_position_embeddings\": 2048");
        int[] tokens = new int[1_100];
        Arrays.setAll(tokens, i -> 2 + i * 7 % 101);
        try (LoadedFixture model = LoadedFixture.of(copy(fixture, temporary, config), 2, Backend.AUTO)) {
            float[][] states = Logits.hiddenStates(model.inference(), tokens, new float[tokens.length][])
                    [model.inference().architecture().blocks().size()];
            float[] mean = new float[states[0].length];
            for (int i = 0; i < mean.length; i++) {
                int column = i;
                mean[i] = (float) Arrays.stream(states).mapToDouble(state -> state[column]).average().orElseThrow();
            }
            assertWithin("mean", Expected.error(mean, TextReadings.mean(model.inference(), tokens)));
            assertWithin("last", Expected.error(states[tokens.length - 1], TextReadings.last(model.inference(), tokens)));
        }
    }

    static Stream<Path> embedding() {
        return Stream.of(HEADS.resolve("llama-token-classifier"), LANGUAGE_MODEL, LoadedFixture.MODELS.resolve("openai-gpt"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void embedding(Path folder) throws IOException {
        try (Gpt gpt = Gpt.load(folder); Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int last = gpt.info().layers();
            float[][] states = expected.rows("hidden." + last);
            float[] mean = new float[states[0].length];
            for (float[] state : states) {
                for (int i = 0; i < mean.length; i++) {
                    mean[i] += state[i] / states.length;
                }
            }
            int[] prompt = expected.prompt();
            assertWithin("mean", Expected.error(mean, gpt.embed(prompt, Pooling.MEAN, false)));
            assertWithin("last", Expected.error(states[states.length - 1], gpt.embed(prompt, Pooling.LAST, false)));
            float[] unit = gpt.embed(prompt);
            assertEquals(1, length(unit), 1e-6);
            double length = length(mean);
            for (int i = 0; i < unit.length; i++) {
                assertEquals(mean[i] / length, unit[i], 1e-4);
            }
            assertArrayEquals(unit, gpt.embed(prompt, Pooling.MEAN, true));
        }
    }

    private static double length(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    @Test
    void missingHeadsAreNamed() throws IOException {
        try (Gpt classifier = Gpt.load(HEADS.resolve("gpt2-classifier")); Gpt language = Gpt.load(LANGUAGE_MODEL)) {
            assertNames("language-model head", () -> classifier.logits(1, 2));
            assertNames("language-model head", () -> classifier.score(1, 2));
            assertNames("language-model head", () -> classifier.generate(new int[] {1}, GenerationOptions.defaults()));
            assertNames("classifies tokens", () -> classifier.classifyTokens(1, 2));
            assertNames("second head", () -> classifier.choiceLogits(new int[][] {{1}}, new int[] {0}));
            assertNames("classifies sequences", () -> language.classify(1, 2));
            assertNames("classifies tokens", () -> language.classifyTokens(1, 2));
            assertNames("tokenizer", () -> classifier.classify("text"));
        }
    }

    private static void assertNames(String what, org.junit.jupiter.api.function.Executable call) {
        String message = assertThrows(IllegalStateException.class, call).getMessage();
        assertTrue(message.contains(what), message);
    }

    @Test
    void wrongArgumentsAreRefused() throws IOException {
        try (Gpt classifier = Gpt.load(HEADS.resolve("llama-reward")); Gpt twoHeads = Gpt.load(HEADS.resolve("gpt2-double-heads"))) {
            assertThrows(IllegalArgumentException.class, classifier::classify);
            assertThrows(IllegalArgumentException.class, () -> classifier.classify(131));
            assertThrows(IllegalArgumentException.class, () -> classifier.classify(new int[65]));
            assertThrows(IllegalArgumentException.class, classifier::embed);
            int[][] choices = {{1, 2}, {3}};
            assertThrows(IllegalArgumentException.class, () -> twoHeads.choiceLogits(choices, new int[] {0}));
            assertThrows(IllegalArgumentException.class, () -> twoHeads.choiceLogits(choices, new int[] {0, 1}));
            assertThrows(IllegalArgumentException.class, () -> twoHeads.choiceLogits(choices, new int[] {-1, 0}));
            assertThrows(IllegalArgumentException.class, () -> twoHeads.choiceLogits(new int[][] {{}}, new int[] {0}));
            assertEquals(0, twoHeads.choiceLogits(new int[0][], new int[0]).length);
        }
    }

    @ParameterizedTest(name = "{1} for {0}")
    @CsvSource(delimiter = '|', textBlock = """
            gpt2-classifier | "GPT2ForQuestionAnswering" | "GPT2ForSequenceClassification" | architectures
            gpt2-classifier | "problem_type": "ordinal" | "problem_type": null | problem_type
            gpt2-classifier | "5": "entailment" | "2": "entailment" | id2label
            gpt2-classifier | "id2label": {} | | id2label
            gpt2-double-heads | "summary_type": "mean" | "summary_type": "cls_index" | summary_type
            gpt2-double-heads | "summary_use_proj": false | "summary_use_proj": true | summary_use_proj
            gpt2-double-heads | "summary_activation": "mish" | "summary_activation": null | summary_activation
            """)
    void whatNoHeadDoesIsRefusedByName(String fixture, String changed, String original, String named, @TempDir Path temporary)
            throws IOException {
        String config = Files.readString(HEADS.resolve(fixture).resolve("config.json"));
        String other = original == null ? config.replaceAll("\"id2label\": \\{[^}]*}", changed)
                : config.contains(original) ? config.replace(original, changed) : config.replaceFirst("\\{", "{" + changed + ",");
        Path folder = copy(HEADS.resolve(fixture), temporary, other);
        CheckpointFormatException refused = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder));
        assertTrue(refused.place().startsWith(named), refused.getMessage());
        assertEquals(refused.getMessage(), Gpt.inspect(folder).refusal().orElseThrow());
    }

    @Test
    void labelsDefaultToTwoWithNumbers(@TempDir Path temporary) throws IOException {
        Path fixture = HEADS.resolve("openai-gpt-classifier");
        String config = Files.readString(fixture.resolve("config.json")).replaceAll("\"(id2label|label2id)\": \\{[^}]*},", "");
        try (Gpt gpt = Gpt.load(copy(fixture, temporary, config))) {
            assertEquals(List.of("LABEL_0", "LABEL_1"), gpt.info().labels());
        }
    }

    @Test
    void aRegressionGivesItsScores(@TempDir Path temporary) throws IOException {
        Path fixture = HEADS.resolve("llama-reward");
        String config = Files.readString(fixture.resolve("config.json")).replaceFirst("\\{", "{\"problem_type\": \"regression\",");
        try (Gpt gpt = Gpt.load(copy(fixture, temporary, config))) {
            Classification.Label label = gpt.classify(5, 6, 7).labels().getFirst();
            assertEquals(label.score(), label.probability());
        }
    }

    @Test
    void anotherNumberOfLabelsNamesTheTensorAndBothShapes(@TempDir Path temporary) throws IOException {
        Path fixture = HEADS.resolve("gpt2-classifier");
        String config = Files.readString(fixture.resolve("config.json")).replaceAll("\"id2label\": \\{[^}]*}", "\"num_labels\": 7");
        Path folder = copy(fixture, temporary, config);
        String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder)).getMessage();
        assertTrue(message.contains("score.weight") && message.contains("[7, 32]") && message.contains("[3, 32]"), message);
    }

    @Test
    void aModelWithoutAnyHeadEmbeds(@TempDir Path temporary) throws IOException {
        Path fixture = HEADS.resolve("llama-reward-nopad");
        String config = Files.readString(fixture.resolve("config.json")).replace("LlamaForSequenceClassification", "LlamaModel");
        Path folder = copy(fixture, temporary, config);
        String message = assertThrows(CheckpointFormatException.class, () -> Gpt.load(folder)).getMessage();
        assertTrue(message.contains("score.weight"), message);

        Path language = LoadedFixture.MODELS.resolve("llama");
        try (Gpt bare = Gpt.load(withoutHead(language, temporary.resolve("bare"))); Gpt whole = Gpt.load(language)) {
            assertArrayEquals(whole.embed(3, 4, 5), bare.embed(3, 4, 5));
            assertNames("language-model head", () -> bare.logits(1));
            assertNames("language-model head", () -> bare.generate(new int[] {1}, GenerationOptions.defaults()));
        }
    }

    private static Path withoutHead(Path fixture, Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"),
                Files.readString(fixture.resolve("config.json")).replace("LlamaForCausalLM", "LlamaModel"));
        try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : checkpoint.names()) {
                if (!name.startsWith("lm_head")) {
                    writer.add(name, checkpoint.floats(name), checkpoint.shape(name));
                }
            }
            writer.write(folder.resolve("model.safetensors"));
        }
        return folder;
    }

    private static Path copy(Path fixture, Path folder, String config) throws IOException {
        Files.copy(fixture.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
