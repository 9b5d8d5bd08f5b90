package jot.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that describe, check and use models with heads and adapters. */
class ModelCommandsTest {

    private static final String RESOURCES = "src/test/resources/";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(boolean terminal, String... arguments) {
        Console console = new Console(new ByteArrayInputStream(new byte[0]), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), terminal);
        return Main.run(arguments, console);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void inspectIsPlainTextInAPipe() {
        assertEquals(0, run(false, "inspect", "weights/tales"));
        List<String> lines = output().lines().toList();
        assertTrue(lines.contains("family      gpt2"), output());
        assertTrue(lines.contains("head        language model"), output());
        assertTrue(lines.contains("parameters  5,918,720"), output());
        assertTrue(lines.contains("runs        yes"), output());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("F16, BF16") && line.endsWith("as in the files")), output());
        assertTrue(lines.stream().noneMatch(line -> line.contains("\u001b") || line.endsWith(" ")), output());
    }

    @Test
    void inspectNamesLabels() {
        assertEquals(0, run(false, "inspect", RESOURCES + "heads/gpt2-classifier"));
        assertTrue(output().contains("labels      contradiction, neutral, entailment"), output());
    }

    @Test
    void inspectSaysWhyAModelDoesNotRun() {
        assertEquals(1, run(false, "inspect", RESOURCES + "models-more/deepseek_v2"));
        assertTrue(output().contains("runs        no: "), output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"n_layer\": 2 -> \"n_layer\": 3 -> h.2.", "\"n_positions\": 64 -> \"n_positions\": 65 -> [65, 32]"})
    void inspectSeesWhatLoadingWouldRefuse(String change, @TempDir Path folder) throws IOException {
        String[] parts = change.split(" -> ");
        Path fixture = Path.of(RESOURCES, "models/gpt2");
        String config = Files.readString(fixture.resolve("config.json"));
        assertTrue(config.contains(parts[0]), config);
        Files.writeString(folder.resolve("config.json"), config.replace(parts[0], parts[1]));
        Files.copy(fixture.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        assertEquals(1, run(false, "inspect", folder.toString()));
        assertTrue(output().contains("runs        no: ") && output().contains(parts[2]), output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-classifier", "llama-reward", "qwen2-classifier", "gpt2-token-classifier", "gpt_neox-multilabel"})
    void verifyHoldsClassifiers(String name) {
        String folder = RESOURCES + "heads/" + name;
        assertEquals(0, run(false, "verify", folder, folder + "/expected.safetensors"), output() + err);
        assertTrue(output().contains("_logits"), output());
    }

    @Test
    void verifySeesScoresThatDiffer() {
        assertEquals(1, run(false, "verify", "--tolerance", "1e-12", RESOURCES + "heads/gpt2-classifier",
                RESOURCES + "heads/gpt2-classifier/expected.safetensors"));
        assertTrue(output().contains("DIFFERS"), output());
    }

    @Test
    void classifyPrintsTheLikeliestFirst(@TempDir Path folder) throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Path.of(RESOURCES + "heads/gpt2-classifier", file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": null, "decoder": null,
                 "model": {"type": "WordLevel", "vocab": {"a": 3, "b": 4, "[UNK]": 5}, "unk_token": "[UNK]"}}
                """);
        assertEquals(0, run(false, "classify", folder.toString(), "a b b a"), err.toString(StandardCharsets.UTF_8));
        List<String> lines = output().lines().toList();
        assertEquals(3, lines.size());
        double first = Double.parseDouble(lines.get(0).split(" ")[0]);
        assertTrue(first >= Double.parseDouble(lines.get(1).split(" ")[0]), output());
    }

    @Test
    void aModelWithoutTheHeadIsNamed() {
        assertEquals(1, run(false, "classify", "weights/tales", "Once"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("head"), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void adaptersOfTheWrongModelAndScalesThatAreNoneFail() {
        String adapter = RESOURCES + "adapters/llama-rslora";
        assertEquals(1, run(false, "generate", "--adapter", adapter, "weights/tales", "Once"));
        assertEquals(2, run(false, "generate", "--adapter", adapter + "=much", "weights/tales", "Once"));
        assertFalse(err.toString(StandardCharsets.UTF_8).isEmpty());
    }
}
