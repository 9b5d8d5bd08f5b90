package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;

import jot.Gpt;
import jot.generation.Inference;
import jot.generation.Sequence;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForward;
import jot.model.FeedForwardPlan;
import jot.tensor.Backend;
import jot.tensor.CountedKernels;
import jot.tensor.WeightFormat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A mixture of experts costs what its chosen experts cost, and packed experts stay packed. */
class ExpertsTest {

    private static final LoadSettings SETTINGS = new LoadSettings(2, OptionalInt.empty(), Backend.AUTO, true, (done, all) -> { });

    @ParameterizedTest
    @ValueSource(strings = {"models/mixtral", "models/qwen2_moe", "models/qwen3_moe", "models/gpt_oss", "models/gpt_oss-mxfp4",
        "models-more/olmoe", "models-more/granitemoe"})
    void onlyTheChosenExpertsAreComputed(String name) throws IOException {
        try (LoadedModel model = ModelLoader.load(Path.of("src/test/resources", name), SETTINGS)) {
            CountedKernels kernels = new CountedKernels();
            Inference inference = new Inference(model.transformer(), kernels.on(model.workers()), model.workers());
            Architecture architecture = inference.architecture();
            Sequence sequence = new Sequence(inference);
            for (int rows : new int[] {1, 1, 17, 2, 5}) {                  // decoded alone, a prompt, decoded together, a prompt
                assertTrue(sequence.append(new java.util.Random(rows).ints(rows, 0, architecture.vocabulary()).toArray(), () -> false));
                assertEquals(expected(architecture, rows), kernels.multiplications(), rows + " rows");
            }
        }
    }

    /** Multiplications of so many rows, with the head for the last of them. */
    private static long expected(Architecture architecture, int rows) {
        long width = architecture.width();
        long each = architecture.blocks().stream().mapToLong(block -> each(block, width)).sum();
        return rows * each + width * architecture.vocabulary();
    }

    private static long each(BlockPlan block, long width) {
        AttentionPlan attention = block.attention();
        FeedForwardPlan.Experts experts = (FeedForwardPlan.Experts) block.feedForward();
        long projections = width * (2L * attention.queryWidth() + 2L * attention.keyWidth());
        long mixture = width * experts.experts() + 3 * width * experts.expert().width() * experts.chosen();
        long shared = 3 * width * experts.sharedWidth().orElse(0) + (experts.sharedGate() ? width : 0);
        return projections + mixture + shared;
    }

    @Test
    void packedExpertsStayPacked() throws IOException {
        Path folder = LoadedFixture.MODELS.resolve("gpt_oss-mxfp4");
        try (LoadedModel model = ModelLoader.load(folder, SETTINGS)) {
            long packed = model.transformer().blocks().stream().flatMap(block -> block.feedForward().matrices())
                    .filter(matrix -> matrix.format().equals(WeightFormat.MXFP4)).count();
            FeedForward first = model.transformer().blocks().getFirst().feedForward();
            assertEquals(2 * 4 * 3, packed);
            assertEquals(1 + 4 * 3, first.matrices().count());
            assertEquals(1 + 2 * 3, first.matricesOfOneRow().count());
        }
        long plain = Gpt.inspect(LoadedFixture.MODELS.resolve("gpt_oss")).parameters();
        assertEquals(plain, Gpt.inspect(folder).parameters());
        assertTrue(Gpt.inspect(folder).formats().contains("MXFP4"));
    }
}
