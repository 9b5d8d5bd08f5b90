package jot.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.SafetensorsWriter;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.CacheLayout;
import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.model.Transformer;
import jot.tensor.Activations;
import jot.tensor.AttentionRows;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two layers of the shapes of real models, in each format that weights are held in, by all kernels, as a prompt and token by token, against
 * a forward pass in double precision over the same weights; some channels a thousand times as loud, rotary positions near 131,072.
 */
@Tag("module-path")
class RealSizesTest {

    /** Greatest difference of a logit, relative to the greatest logit of its row. */
    private static final double TOLERANCE = 1e-5;
    private static final int VOCABULARY = 96;
    private static final int[] TOKENS = {5, 90, 17, 3, 64, 41, 8, 77, 30, 1, 86, 52, 19, 70};
    /** Tokens of the prompt, enough for the plain loops of many rows; those that follow come one by one. */
    private static final int PROMPT = 12;
    private static final Set<Integer> LOUD = Set.of(13, 400, 767);
    /** Positions before the first token of the rotary shape: whole pages of the cache. */
    private static final int FAR = 131_072 - AttentionRows.PAGE;
    private static final int WINDOW = 24;

    @TempDir
    private Path folder;

    private enum Shape {
        GPT2(768, 12, 12, 3072),
        GPT2_MEDIUM(1024, 16, 16, 4096),
        GPT2_XL(1600, 25, 25, 6400),
        LLAMA_1B(2048, 32, 4, 5632);

        private final int width;
        private final int heads;
        private final int keyHeads;
        private final int inner;

        Shape(int width, int heads, int keyHeads, int inner) {
            this.width = width;
            this.heads = heads;
            this.keyHeads = keyHeads;
            this.inner = inner;
        }

        boolean rotary() {
            return this == LLAMA_1B;
        }

        int first() {
            return rotary() ? FAR : 0;
        }

        DoubleTransformer.Plan plan() {
            return rotary() ? new DoubleTransformer.Plan(2, width, heads, keyHeads, 1e-5, 500_000, FAR, WINDOW)
                    : new DoubleTransformer.Plan(2, width, heads, keyHeads, 1e-5, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void logitsAgreeInEveryFormat(Shape shape) throws IOException {
        write(shape);
        for (WeightFormat format : List.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4)) {
            double[][] expected;
            try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                DoubleTransformer witness = new DoubleTransformer(new DoubleWeights(checkpoint, format), shape.plan());
                expected = witness.logits(witness.states(TOKENS).getLast());
            }
            for (Backend backend : Backends.runnable()) {
                LoadSettings settings = new LoadSettings(2, OptionalInt.empty(), backend, true, (done, all) -> { }, Optional.of(format));
                try (LoadedModel model = ModelLoader.load(folder, settings)) {
                    compare(shape + " " + format.label() + " " + backend, expected, logits(model, shape.first()));
                }
            }
        }
    }

    /** Logits after each token: a prompt, then one token after the other. */
    private static float[][] logits(LoadedModel model, int first) {
        Transformer transformer = model.transformer();
        CacheLayout layout = new CacheLayout(transformer.architecture());
        float[][] pages = new float[KvCache.pagesOf(first)][];
        Arrays.fill(pages, new float[layout.pageFloats()]);
        KvCache cache = KvCache.restored(layout, first, first, pages);
        List<float[]> logits = new ArrayList<>();
        ForwardPass pass = new ForwardPass(transformer, model.kernels());
        for (int from = 0, to = PROMPT; from < TOKENS.length; from = to, to++) {
            Segment segment = new Segment(cache, TOKENS, from, to, Segment.Wanted.ALL);
            model.workers().run(() -> {
                transformer.forward(List.of(segment), pass);
                Activations rows = pass.logits();
                for (int k = 0; k < segment.count(); k++) {
                    int at = rows.at(pass.firstLogitRow(0) + k);
                    logits.add(Arrays.copyOfRange(rows.values(), at, at + VOCABULARY));
                }
            });
        }
        return logits.toArray(float[][]::new);
    }

    private static void compare(String what, double[][] expected, float[][] found) {
        double prompt = worst(expected, found, 0, PROMPT);
        double tokens = worst(expected, found, PROMPT, TOKENS.length);
        String message = String.format(Locale.ROOT, "%s: relative error %.1e as a prompt, %.1e token by token", what, prompt, tokens);
        System.getLogger("jot.reference").log(System.Logger.Level.INFO, message);
        assertTrue(Math.max(prompt, tokens) <= TOLERANCE, message);
    }

    private static double worst(double[][] expected, float[][] found, int from, int to) {
        double worst = 0;
        for (int t = from; t < to; t++) {
            double most = Arrays.stream(expected[t]).map(Math::abs).max().orElseThrow();
            for (int i = 0; i < VOCABULARY; i++) {
                double error = Math.abs(expected[t][i] - found[t][i]) / most;
                worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
            }
        }
        return worst;
    }

    private void write(Shape shape) throws IOException {
        SafetensorsWriter tensors = new SafetensorsWriter();
        if (shape.rotary()) {
            addLlama(tensors, shape);
        } else {
            addGpt2(tensors, shape);
        }
        tensors.write(folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), shape.rotary() ? String.format(Locale.ROOT, """
                {"model_type": "mistral", "vocab_size": %d, "max_position_embeddings": 262144, "hidden_size": %d, "num_hidden_layers": 2,
                 "num_attention_heads": %d, "num_key_value_heads": %d, "intermediate_size": %d, "rms_norm_eps": 1e-5,
                 "rope_theta": 500000.0, "hidden_act": "silu", "sliding_window": %d, "tie_word_embeddings": true}""",
                VOCABULARY, shape.width, shape.heads, shape.keyHeads, shape.inner, WINDOW)
                : String.format(Locale.ROOT, """
                {"model_type": "gpt2", "vocab_size": %d, "n_positions": 64, "n_embd": %d, "n_layer": 2, "n_head": %d, "n_inner": %d}""",
                VOCABULARY, shape.width, shape.heads, shape.inner));
    }

    private static void addGpt2(SafetensorsWriter tensors, Shape shape) {
        int width = shape.width;
        embedding(tensors, "wte.weight", width);
        values(tensors, "wpe.weight", 0, 0.02f, 64, width);
        for (int layer = 0; layer < 2; layer++) {
            String block = "h." + layer + ".";
            norm(tensors, block + "ln_1", width);
            linear(tensors, block + "attn.c_attn", width, 3 * width);
            linear(tensors, block + "attn.c_proj", width, width);
            norm(tensors, block + "ln_2", width);
            linear(tensors, block + "mlp.c_fc", width, shape.inner);
            linear(tensors, block + "mlp.c_proj", shape.inner, width);
        }
        norm(tensors, "ln_f", width);
    }

    private static void addLlama(SafetensorsWriter tensors, Shape shape) {
        int width = shape.width;
        int keyWidth = width / shape.heads * shape.keyHeads;
        embedding(tensors, "model.embed_tokens.weight", width);
        for (int layer = 0; layer < 2; layer++) {
            String block = "model.layers." + layer + ".";
            values(tensors, block + "input_layernorm.weight", 1, 0.2f, width);
            values(tensors, block + "self_attn.q_proj.weight", 0, 0.05f, width, width);
            values(tensors, block + "self_attn.k_proj.weight", 0, 0.05f, keyWidth, width);
            values(tensors, block + "self_attn.v_proj.weight", 0, 0.05f, keyWidth, width);
            values(tensors, block + "self_attn.o_proj.weight", 0, 0.05f, width, width);
            values(tensors, block + "post_attention_layernorm.weight", 1, 0.2f, width);
            values(tensors, block + "mlp.gate_proj.weight", 0, 0.05f, shape.inner, width);
            values(tensors, block + "mlp.up_proj.weight", 0, 0.05f, shape.inner, width);
            values(tensors, block + "mlp.down_proj.weight", 0, 0.05f, width, shape.inner);
        }
        values(tensors, "model.norm.weight", 1, 0.2f, width);
    }

    private static void linear(SafetensorsWriter tensors, String name, int inputs, int outputs) {
        values(tensors, name + ".weight", 0, 0.05f, inputs, outputs);
        values(tensors, name + ".bias", 0, 0.1f, outputs);
    }

    private static void norm(SafetensorsWriter tensors, String name, int width) {
        values(tensors, name + ".weight", 1, 0.2f, width);
        values(tensors, name + ".bias", 0, 0.1f, width);
    }

    private static void embedding(SafetensorsWriter tensors, String name, int width) {
        SafetensorsWriter.Values even = spread(name, 0, 0.2f);
        tensors.add(name, index -> even.at(index) * (LOUD.contains((int) (index % width)) ? 1_000 : 1), VOCABULARY, width);
    }

    private static void values(SafetensorsWriter tensors, String name, float middle, float most, long... shape) {
        tensors.add(name, spread(name, middle, most), shape);
    }

    /** Numbers evenly spread around a middle, without a pattern; the same every time. */
    private static SafetensorsWriter.Values spread(String name, float middle, float most) {
        int seed = name.hashCode();
        return index -> {
            int bits = (int) index * 0x9E3779B9 ^ seed;
            bits = (bits ^ bits >>> 16) * 0x85EBCA6B;
            bits = (bits ^ bits >>> 13) * 0xC2B2AE35;
            return middle + (bits ^ bits >>> 16) * (most / Integer.MAX_VALUE);
        };
    }
}
