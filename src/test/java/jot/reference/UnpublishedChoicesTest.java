package jot.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import jot.checkpoint.Checkpoint;
import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Choices of a configuration that no fixture makes, against a second witness, block by block.
 *
 * <p>The witness is held against the fixture as it is first, whose states come from the reference implementation.
 */
class UnpublishedChoicesTest {

    /** Relative to max(1, |expected|). */
    private static final double TOLERANCE = 2e-5;
    /** What a choice must change, or it would show nothing. */
    private static final double EFFECT = 1e-2;

    @TempDir
    private Path folder;

    /** What makes another model of a fixture. */
    private interface Change {
        FixtureCopy to(FixtureCopy fixture) throws IOException;
    }

    private record Choice(String name, Path fixture, Change change) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Choice> choices() {
        Path olmoe = LoadedFixture.MORE_MODELS.resolve("olmoe");
        Path mpt = LoadedFixture.MODELS.resolve("mpt");
        return Stream.of(
                new Choice("qwen2_moe, norm_topk_prob", LoadedFixture.MODELS.resolve("qwen2_moe"), c -> c.set("norm_topk_prob", "true")),
                new Choice("olmoe, norm_topk_prob", olmoe, c -> c.set("norm_topk_prob", "true")),
                new Choice("olmoe, clip_qkv", olmoe, c -> c.set("clip_qkv", "0.75")),
                new Choice("olmoe, both", olmoe, c -> c.set("norm_topk_prob", "true").set("clip_qkv", "0.5")),
                new Choice("olmo, clip_qkv", LoadedFixture.MODELS.resolve("olmo"), c -> c.set("clip_qkv", "0.5")),
                new Choice("mpt, clip_qkv", mpt, c -> c.setWithin("attn_config", "clip_qkv", "0.5")),
                new Choice("mpt, alibi_bias_max", mpt, c -> c.setWithin("attn_config", "alibi_bias_max", "3")),
                new Choice("cohere, use_qk_norm", LoadedFixture.MODELS.resolve("cohere"), UnpublishedChoicesTest::withHeadNorms));
    }

    private static FixtureCopy withHeadNorms(FixtureCopy cohere) {
        Random random = new Random(6);
        for (int layer = 0; layer < 2; layer++) {
            cohere.add("model.layers." + layer + ".self_attn.q_norm.weight", aroundOne(random, 32), 4, 8);
            cohere.add("model.layers." + layer + ".self_attn.k_norm.weight", aroundOne(random, 16), 2, 8);
        }
        return cohere.set("use_qk_norm", "true");
    }

    private static float[] aroundOne(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (1 + 0.5 * random.nextGaussian());
        }
        return values;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("choices")
    void aWholePassAgreesBlockByBlock(Choice choice) throws IOException {
        int[] tokens;
        List<double[][]> published;
        try (Expected expected = Expected.of(choice.fixture.resolve("expected.safetensors"))) {
            tokens = expected.prompt();
            published = states(choice.fixture, tokens);
            for (int i = 0; i < published.size() - 1; i++) {
                assertClose("the witness, hidden." + i, published.get(i), expected.rows("hidden." + i));
            }
            assertClose("the witness, logits", published.getLast(), expected.rows("logits"));
        }
        choice.change.to(FixtureCopy.of(choice.fixture)).writeTo(folder);
        List<double[][]> witnessed = states(folder, tokens);
        double effect = error(witnessed.getLast(), narrowed(published.getLast()));
        assertTrue(effect > EFFECT, "the choice changes logits by " + effect + " only");
        for (Backend backend : Backends.runnable()) {
            try (LoadedFixture model = LoadedFixture.of(folder, 2, backend)) {
                float[][] logits = new float[tokens.length][];
                float[][][] found = Logits.hiddenStates(model.inference(), tokens, logits);
                for (int i = 0; i < found.length; i++) {
                    assertClose(backend + ", hidden." + i, witnessed.get(i), found[i]);
                }
                assertClose(backend + ", logits", witnessed.getLast(), logits);
            }
        }
    }

    /** What the witness says of a model: all states, and the logits. */
    private static List<double[][]> states(Path folder, int[] tokens) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve("model.safetensors"))) {
            DoubleFamily witness = DoubleFamily.of(folder, checkpoint);
            List<double[][]> states = witness.states(tokens);
            states.add(witness.logits(states.getLast()));
            return states;
        }
    }

    private static float[][] narrowed(double[][] rows) {
        return Stream.of(rows).map(row -> {
            float[] narrow = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                narrow[i] = (float) row[i];
            }
            return narrow;
        }).toArray(float[][]::new);
    }

    private static void assertClose(String what, double[][] expected, float[][] found) {
        double error = error(expected, found);
        assertTrue(error <= TOLERANCE, what + " is off by " + error);
    }

    private static double error(double[][] expected, float[][] found) {
        return Expected.error(narrowed(expected), found);
    }
}
