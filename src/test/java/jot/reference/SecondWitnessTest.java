package jot.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.SafetensorsWriter;
import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** At the width of real models and over long contexts, where fast kernels go wrong, against a plain forward pass in double precision. */
@Tag("module-path")
class SecondWitnessTest {

    /** Greatest difference of an element, relative to the greatest element of its row. */
    private static final double TOLERANCE = 2e-5;
    private static final Set<Integer> LOUD = Set.of(13, 400, 767);
    private static final int VOCABULARY = 500;
    /** The scalar kernels see the beginning only: what comes before a token does not depend on what follows. */
    private static final int SCALAR_TOKENS = 150;

    @TempDir
    private Path folder;

    @Test
    void twoLayersOfTheSmallestGpt2Agree(TestInfo test) throws IOException {
        int width = 768;
        int tokens = 1_024;
        RandomWeights weights = new RandomWeights(1);
        weights.matrix("wte.weight", VOCABULARY, width, 0.1);
        weights.matrix("wpe.weight", tokens, width, 0.02);
        for (int layer = 0; layer < 2; layer++) {
            String block = "h." + layer + ".";
            weights.norm(block + "ln_1", width);
            weights.linear(block + "attn.c_attn", width, 3 * width);
            weights.linear(block + "attn.c_proj", width, width);
            weights.norm(block + "ln_2", width);
            weights.linear(block + "mlp.c_fc", width, 4 * width);
            weights.linear(block + "mlp.c_proj", 4 * width, width);
        }
        weights.norm("ln_f", width);
        weights.write(folder, """
                {"model_type": "gpt2", "vocab_size": %d, "n_positions": %d, "n_embd": %d, "n_layer": 2, "n_head": 12}"""
                .formatted(VOCABULARY, tokens, width));
        compare(test, tokens, new DoubleTransformer.Plan(2, width, 12, 12, 1e-5, 0));
    }

    @Test
    void twoLayersOfALlamaAgree(TestInfo test) throws IOException {
        int width = 768;
        int tokens = 500;
        RandomWeights weights = new RandomWeights(2);
        weights.matrix("model.embed_tokens.weight", VOCABULARY, width, 0.1);
        for (int layer = 0; layer < 2; layer++) {
            String block = "model.layers." + layer + ".";
            weights.matrix(block + "input_layernorm.weight", width);
            weights.matrix(block + "self_attn.q_proj.weight", width, width, 0.03);
            weights.matrix(block + "self_attn.k_proj.weight", width / 3, width, 0.03);
            weights.matrix(block + "self_attn.v_proj.weight", width / 3, width, 0.03);
            weights.matrix(block + "self_attn.o_proj.weight", width, width, 0.03);
            weights.matrix(block + "post_attention_layernorm.weight", width);
            weights.matrix(block + "mlp.gate_proj.weight", 2 * width, width, 0.03);
            weights.matrix(block + "mlp.up_proj.weight", 2 * width, width, 0.03);
            weights.matrix(block + "mlp.down_proj.weight", width, 2 * width, 0.03);
        }
        weights.matrix("model.norm.weight", width);
        weights.write(folder, """
                {"model_type": "llama", "vocab_size": %d, "max_position_embeddings": %d, "hidden_size": %d, "num_hidden_layers": 2,
                 "num_attention_heads": 12, "num_key_value_heads": 4, "intermediate_size": %d, "rms_norm_eps": 1e-6,
                 "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true}"""
                .formatted(VOCABULARY, tokens, width, 2 * width));
        compare(test, tokens, new DoubleTransformer.Plan(2, width, 12, 4, 1e-6, 10_000));
    }

    private void compare(TestInfo test, int count, DoubleTransformer.Plan plan) throws IOException {
        int[] tokens = new Random(3).ints(count, 0, VOCABULARY).toArray();
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            DoubleTransformer witness = new DoubleTransformer(checkpoint, plan);
            List<double[][]> states = witness.states(tokens);
            double[][] logits = witness.logits(states.getLast());
            for (Backend backend : Backends.runnable()) {
                int fewer = backend == Backend.SCALAR ? Math.min(SCALAR_TOKENS, count) : count;
                try (LoadedFixture fixture = LoadedFixture.of(folder, 2, backend)) {
                    float[][] foundLogits = new float[fewer][];
                    float[][][] found = Logits.hiddenStates(fixture.inference(), Arrays.copyOf(tokens, fewer), foundLogits);
                    for (int i = 0; i < found.length; i++) {
                        assertClose(test.getDisplayName() + " " + backend + " hidden." + i, states.get(i), found[i]);
                    }
                    assertClose(test.getDisplayName() + " " + backend + " logits", logits, foundLogits);
                }
            }
        }
    }

    private static void assertClose(String what, double[][] expected, float[][] found) {
        double worst = 0;
        for (int t = 0; t < found.length; t++) {
            double most = 0;
            double error = 0;
            for (int i = 0; i < expected[t].length; i++) {
                most = Math.max(most, Math.abs(expected[t][i]));
                double difference = Math.abs(expected[t][i] - found[t][i]);
                error = Math.max(error, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            }
            worst = Math.max(worst, error / most);
        }
        String message = String.format(Locale.ROOT, "%s: relative error %.1e", what, worst);
        System.getLogger("jot.reference").log(System.Logger.Level.INFO, message);
        assertTrue(worst <= TOLERANCE, message);
    }

    /** Normally distributed weights, some channels of the residual stream a thousand times as loud. */
    private static final class RandomWeights {

        private final SafetensorsWriter writer = new SafetensorsWriter();
        private final Random random;

        RandomWeights(long seed) {
            random = new Random(seed);
        }

        void matrix(String name, int rows, int columns, double scale) {
            boolean embedding = name.contains("wte") || name.contains("embed_tokens");
            float[] values = new float[rows * columns];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextGaussian() * scale * (embedding && LOUD.contains(i % columns) ? 1_000 : 1));
            }
            writer.add(name, values, rows, columns);
        }

        void matrix(String name, int size) {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = (float) (1 + 0.2 * random.nextGaussian());
            }
            writer.add(name, values, size);
        }

        void linear(String name, int inputs, int outputs) {
            matrix(name + ".weight", inputs, outputs, 0.03);
            bias(name + ".bias", outputs);
        }

        void norm(String name, int width) {
            matrix(name + ".weight", width);
            bias(name + ".bias", width);
        }

        private void bias(String name, int size) {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = (float) (0.1 * random.nextGaussian());
            }
            writer.add(name, values, size);
        }

        void write(Path folder, String config) throws IOException {
            writer.write(folder.resolve("model.safetensors"));
            Files.writeString(folder.resolve("config.json"), config);
        }
    }
}
