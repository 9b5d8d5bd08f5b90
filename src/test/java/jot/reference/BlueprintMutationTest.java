package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import jot.checkpoint.CheckpointFormatException;
import jot.generation.Logits;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.family.Family;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every fixture notices every change of its blueprint: the model is refused for its tensors, or its logits are off
 * by more than rounding can be.
 *
 * <p>So no number of a configuration is read wrongly, or not at all, without a test that fails.
 */
@Tag("module-path")
class BlueprintMutationTest {

    /** YaRN's bounds, which leave a head of four pairs no choice. */
    private static final List<String> BOUNDS = List.of("scaling.beta", "scaling.truncated", "scaling.original");

    /** Parts of blueprints that mean the same for a text or a head as small as the fixture's, with all that is below them. */
    private static final Map<String, List<String>> TOO_SMALL_TO_SHOW = Map.of(
            "llama-dynamic-short", List.of("rotary.scaling"),                    // its text never outgrows the trained length
            "gpt_oss", List.of("scaling.betaFast"), "gpt_oss-mxfp4", List.of("scaling.betaFast"),  // no pair turns as fast as that
            "llama-yarn", BOUNDS, "olmo3", BOUNDS, "arcee", BOUNDS,
            "phi3-longrope-short", List.of("scaling.longFactors", "scaling.original"),
            "phi3-longrope-crossing", List.of("scaling.longFactors", "scaling.original"),           // its prompt is within the first length
            "phi3-longrope-long", List.of("scaling.shortFactors", "scaling.original"));

    static List<Path> folders() throws IOException {
        return ReferenceModelsTest.folders();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void everyChangeShows(Path folder) throws IOException {
        try (Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            float[][] logits = expected.rows("logits");
            Family family = FixtureFamily.of(folder);
            Architecture blueprint = FixtureFamily.blueprint(folder);
            List<BlueprintMutations.Mutation> mutations = BlueprintMutations.of(blueprint);
            assertTrue(mutations.size() > 20, "only " + mutations.size() + " changes of " + blueprint);
            List<String> unnoticed = new ArrayList<>();
            for (BlueprintMutations.Mutation mutation : mutations) {
                double error = error(FixtureFamily.with(family, mutation.architecture()), folder, expected.prompt(), logits);
                if (error <= Expected.TOLERANCE && canShow(folder, mutation)) {
                    unnoticed.add(mutation.change() + " (error " + error + ")");
                }
            }
            assertEquals(List.of(), unnoticed, folder.getFileName().toString());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void everyChangeOfTheTableShows(Path folder) throws IOException {
        try (Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            float[][] logits = expected.rows("logits");
            Family family = FixtureFamily.of(folder);
            BlockPlan block = FixtureFamily.blueprint(folder).blocks().getFirst();
            List<String> unnoticed = new ArrayList<>();
            for (TensorTableMutations.Mutation mutation : TensorTableMutations.of(FixtureFamily.table(folder), FixtureFamily.roles(folder),
                    block)) {
                double error = error(FixtureFamily.with(family, mutation.table()), folder, expected.prompt(), logits);
                if (error <= Expected.TOLERANCE) {
                    unnoticed.add(mutation.change() + " (error " + error + ")");
                }
            }
            assertEquals(List.of(), unnoticed, folder.getFileName().toString());
        }
    }

    private static boolean canShow(Path folder, BlueprintMutations.Mutation mutation) {
        return TOO_SMALL_TO_SHOW.getOrDefault(folder.getFileName().toString(), List.of()).stream()
                .noneMatch(part -> mutation.change().contains(part));
    }

    /** How far off the logits are, or infinity where the model is refused. */
    private static double error(Family family, Path folder, int[] prompt, float[][] expected) throws IOException {
        try (LoadedFixture fixture = LoadedFixture.as(family, folder)) {
            return Expected.error(expected, Logits.of(fixture.inference(), prompt));
        } catch (CheckpointFormatException | IllegalArgumentException | IllegalStateException e) {
            return Double.POSITIVE_INFINITY;
        }
    }
}
