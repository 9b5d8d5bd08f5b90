package jot.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

import jot.json.Json;
import jot.loading.Families;
import jot.loading.WeightSizes;
import jot.model.Architecture;
import jot.model.CacheLayout;
import jot.model.FeedForwardPlan;
import jot.model.family.Config;
import jot.tensor.WeightFormat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The figures of docs/models.md are those that the models' configurations give. */
class ModelsPageTest {

    private static final Path PAGE = Path.of("docs", "models.md");
    private static final Path CONFIGURATIONS = Path.of("src/test/resources/published");
    private static final Path BUNDLED = Path.of("weights/tales/config.json");
    private static final int TOKENS = 1_000;
    private static final int PROMPT_ROWS = 512;
    /** What a tokenizer takes for each token of its vocabulary. */
    private static final int TOKENIZER_BYTES = 400;

    static List<Path> configurations() throws IOException {
        try (Stream<Path> files = Files.list(CONFIGURATIONS)) {
            return Stream.concat(Stream.of(BUNDLED), files.filter(file -> file.toString().endsWith(".json")).sorted()).toList();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("configurations")
    void figuresFollowFromTheConfiguration(Path file) throws IOException {
        Config config = new Config(file, Json.parse(Files.readAllBytes(file)).asObject("document"));
        Architecture architecture = Families.of(config).architecture(config);
        String name = file.equals(BUNDLED) ? "tales" : file.getFileName().toString().replaceFirst("\\.json$", "");
        WeightFormat.Plain stored = switch (config.text("torch_dtype", "dtype")) {
            case "float32" -> WeightFormat.Plain.F32;
            case "float16" -> WeightFormat.Plain.F16;
            default -> WeightFormat.Plain.BF16;
        };
        WeightSizes sizes = new WeightSizes(architecture, stored, config.has("quantization_config"));
        String expected = String.join(" | ", millions(sizes.elements()), size(sizes.bytes(stored)), size(sizes.bytes(WeightFormat.Q8)),
                size(sizes.bytes(WeightFormat.Q4)), size(heap(architecture)));
        String row = Files.readAllLines(PAGE).stream().filter(line -> line.startsWith("| ") && line.contains("`" + name + "`")).findFirst()
                .orElseThrow(() -> new AssertionError("no row for " + name + ": " + expected));
        assertTrue(row.contains("| " + expected + " |"), () -> name + ": expected " + expected + " in\n" + row);
    }

    @Test
    void tenModelsAreListedAndEachIsMarked() throws IOException {
        List<String> rows = Files.readAllLines(PAGE).stream().filter(line -> line.matches("\\| .*`[^`]+`.* [MG]B .*")).toList();
        assertTrue(rows.size() > 10, "only " + rows.size());
        assertEquals(configurations().size(), rows.size());
        assertTrue(rows.stream().allMatch(row -> row.endsWith("| real weights |") || row.endsWith("| tiny fixtures only |")));
        assertEquals(1, rows.stream().filter(row -> row.endsWith("| real weights |")).count());
    }

    /** A cache of so many tokens, the buffers of a prompt, a row of logits, and the tokenizer. */
    private static long heap(Architecture architecture) {
        long row = 4L * architecture.width() + architecture.embedding().width() + widest(architecture);
        return TOKENS * new CacheLayout(architecture).bytesPerPosition() + 4L * PROMPT_ROWS * row + 4L * architecture.vocabulary()
                + (long) TOKENIZER_BYTES * architecture.vocabulary();
    }

    private static long widest(Architecture architecture) {
        return architecture.blocks().stream().mapToLong(block -> 2L * block.attention().queryWidth() + 2L * block.attention().keyWidth()
                + inner(block.feedForward())).max().orElseThrow();
    }

    private static long inner(FeedForwardPlan plan) {
        return switch (plan) {
            case FeedForwardPlan.Dense dense -> channels(dense);
            case FeedForwardPlan.Experts experts -> channels(experts.expert());
        };
    }

    private static long channels(FeedForwardPlan.Dense plan) {
        return plan.form() instanceof FeedForwardPlan.Form.Gated ? 2L * plan.width() : plan.width();
    }

    private static String millions(long count) {
        return String.format(Locale.ROOT, "%,d M", Math.round(count / 1e6));
    }

    private static String size(long bytes) {
        return bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%d MB", Math.round(bytes / 1e6))
                : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
