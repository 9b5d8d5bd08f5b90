package jot.reference;

import static jot.reference.DoubleArithmetic.columns;
import static jot.reference.DoubleArithmetic.layerNorm;
import static jot.reference.DoubleArithmetic.map;
import static jot.reference.DoubleArithmetic.rmsNorm;
import static jot.reference.DoubleArithmetic.rotated;
import static jot.reference.DoubleArithmetic.sum;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import jot.checkpoint.Checkpoint;
import jot.json.Json;
import jot.json.JsonNull;
import jot.json.JsonObject;

/**
 * A second witness for choices that hardly any published model makes: some families as their papers and published code have them, in
 * double precision, whole sequences at once, and without anything of the code under test but the readers of JSON and of weights.
 */
abstract class DoubleFamily {

    /** The values of {@code config.json}. */
    final JsonObject config;
    final DoubleWeights weights;
    final int heads;

    private DoubleFamily(JsonObject config, Checkpoint checkpoint, String heads) throws IOException {
        this.config = config;
        this.weights = new DoubleWeights(checkpoint);
        this.heads = config.integer(heads);
    }

    /** The family of a folder. */
    static DoubleFamily of(Path folder, Checkpoint checkpoint) throws IOException {
        JsonObject config = Json.parse(Files.readAllBytes(folder.resolve("config.json"))).asObject("document");
        return switch (config.string("model_type")) {
            case "qwen2_moe" -> new Qwen2Moe(config, checkpoint);
            case "olmoe" -> new Olmoe(config, checkpoint);
            case "olmo" -> new Olmo(config, checkpoint);
            case "mpt" -> new Mpt(config, checkpoint);
            case "cohere" -> new Cohere(config, checkpoint);
            default -> throw new IOException("no second witness for " + config.string("model_type"));
        };
    }

    /** One block over the residual stream {@code [tokens][width]}. */
    abstract double[][] block(double[][] x, int layer) throws IOException;

    abstract double[][] finalNorm(double[][] x) throws IOException;

    String embedding() {
        return "model.embed_tokens";
    }

    int layers() throws IOException {
        return config.integer("num_hidden_layers");
    }

    /** The residual stream before each block and after the final norm, {@code [layers + 1][tokens][width]}. */
    List<double[][]> states(int[] tokens) throws IOException {
        double[][] x = weights.rows(embedding() + ".weight", tokens);
        List<double[][]> states = new ArrayList<>();
        states.add(x);
        for (int layer = 0; layer < layers(); layer++) {
            x = block(x, layer);
            states.add(x);
        }
        states.set(layers(), finalNorm(x));
        return states;
    }

    /** Logits of final states, {@code [tokens][vocabulary]}. */
    double[][] logits(double[][] x) throws IOException {
        return weights.linear(x, weights.has("lm_head.weight") ? "lm_head" : embedding());
    }

    static double number(JsonObject from, String key, double absent) throws IOException {
        return from.has(key) && !(from.get(key) instanceof JsonNull) ? from.get(key).asDouble(key) : absent;
    }

    /** What happens to the queries, keys or values of {@code q_proj}, {@code k_proj} and {@code v_proj} before the rotation. */
    interface Preparation {
        double[][] of(double[][] rows, char projection) throws IOException;
    }

    /** Attention in Llama's layout, from a norm's output {@code n} back to the width of the model. */
    double[][] attention(double[][] n, String name, boolean neighbours, Preparation preparation) throws IOException {
        int size = n[0].length / heads;
        double theta = number(config, "rope_theta", 0);
        double[][] q = preparation.of(weights.linear(n, name + "q_proj"), 'q');
        double[][] k = preparation.of(weights.linear(n, name + "k_proj"), 'k');
        double[][] v = preparation.of(weights.linear(n, name + "v_proj"), 'v');
        double[][] attended = DoubleArithmetic.attention(rotated(q, size, theta, neighbours), rotated(k, size, theta, neighbours), v, size,
                new double[heads]);
        return weights.linear(attended, name + "o_proj");
    }

    double[][] rms(double[][] x, String name) throws IOException {
        return rmsNorm(x, weights.vector(name + ".weight"), number(config, "rms_norm_eps", 0));
    }

    /** Bounded to [−clip, clip] if {@code clip_qkv} says so. */
    static double[][] clipped(double[][] x, JsonObject config) throws IOException {
        double clip = number(config, "clip_qkv", Double.POSITIVE_INFINITY);
        return map(x, z -> Math.min(Math.max(z, -clip), clip));
    }

    /** What the experts make of each row: the k most probable, weighed by their probabilities, which norm_topk_prob makes sum up to 1. */
    double[][] experts(double[][] x, String mlp) throws IOException {
        int chosen = config.integer("num_experts_per_tok");
        boolean normalised = config.get("norm_topk_prob").asBoolean("norm_topk_prob");
        double[][] scores = weights.linear(x, mlp + "gate");
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double[] p = scores[t];
            DoubleArithmetic.softmax(p);
            List<Integer> best = IntStream.range(0, p.length).boxed().sorted(Comparator.comparingDouble(e -> -p[e])).limit(chosen).toList();
            double total = normalised ? best.stream().mapToDouble(e -> p[e]).sum() : 1;
            double[] row = new double[x[t].length];
            for (int expert : best) {
                double[] out = weights.gated(new double[][] {x[t]}, mlp + "experts." + expert + ".")[0];
                Arrays.setAll(row, i -> row[i] + p[expert] / total * out[i]);
            }
            y[t] = row;
        }
        return y;
    }

    private static final class Qwen2Moe extends DoubleFamily {
        Qwen2Moe(JsonObject config, Checkpoint checkpoint) throws IOException {
            super(config, checkpoint, "num_attention_heads");
        }

        @Override
        double[][] block(double[][] x, int layer) throws IOException {
            String block = "model.layers." + layer + ".";
            double[][] y = sum(x, attention(rms(x, block + "input_layernorm"), block + "self_attn.", false, (rows, _) -> rows));
            double[][] m = rms(y, block + "post_attention_layernorm");
            double[][] share = map(weights.linear(m, block + "mlp.shared_expert_gate"), z -> 1 / (1 + Math.exp(-z)));
            double[][] shared = weights.gated(m, block + "mlp.shared_expert.");
            IntStream.range(0, m.length).forEach(t -> Arrays.setAll(shared[t], i -> share[t][0] * shared[t][i]));
            return sum(y, sum(experts(m, block + "mlp."), shared));
        }

        @Override
        double[][] finalNorm(double[][] x) throws IOException {
            return rms(x, "model.norm");
        }
    }

    private static final class Olmoe extends DoubleFamily {
        Olmoe(JsonObject config, Checkpoint checkpoint) throws IOException {
            super(config, checkpoint, "num_attention_heads");
        }

        /** Norms of queries and keys over their whole width, then the bound, then the rotation. */
        @Override
        double[][] block(double[][] x, int layer) throws IOException {
            String block = "model.layers." + layer + ".";
            String attention = block + "self_attn.";
            double[][] y = sum(x, attention(rms(x, block + "input_layernorm"), attention, false, (rows, projection) ->
                    clipped(projection == 'v' ? rows : rms(rows, attention + projection + "_norm"), config)));
            return sum(y, experts(rms(y, block + "post_attention_layernorm"), block + "mlp."));
        }

        @Override
        double[][] finalNorm(double[][] x) throws IOException {
            return rms(x, "model.norm");
        }
    }

    private static final class Olmo extends DoubleFamily {
        Olmo(JsonObject config, Checkpoint checkpoint) throws IOException {
            super(config, checkpoint, "num_attention_heads");
        }

        @Override
        double[][] block(double[][] x, int layer) throws IOException {
            String block = "model.layers." + layer + ".";
            double[][] y = sum(x, attention(finalNorm(x), block + "self_attn.", false, (rows, _) -> clipped(rows, config)));
            return sum(y, weights.gated(finalNorm(y), block + "mlp."));
        }

        /** The one norm of the family: nothing is learned. */
        @Override
        double[][] finalNorm(double[][] x) {
            return layerNorm(x, x[0].length, null, null, 1e-5);
        }
    }

    private static final class Mpt extends DoubleFamily {
        Mpt(JsonObject config, Checkpoint checkpoint) throws IOException {
            super(config, checkpoint, "n_heads");
        }

        @Override
        String embedding() {
            return "transformer.wte";
        }

        @Override
        int layers() throws IOException {
            return config.integer("n_layers");
        }

        /** ALiBi for a number of heads that is a power of two: slopes 2^(−8 h / heads). */
        @Override
        double[][] block(double[][] x, int layer) throws IOException {
            String block = "transformer.blocks." + layer + ".";
            int width = x[0].length;
            JsonObject attention = config.get("attn_config").asObject("attn_config");
            double[] slopes = new double[heads];
            double steepest = number(attention, "alibi_bias_max", 8);
            Arrays.setAll(slopes, head -> Math.pow(2, -steepest * (head + 1) / heads));
            double[][] qkv = clipped(weights.linear(norm(x, block + "norm_1"), block + "attn.Wqkv"), attention);
            double[][] attended = DoubleArithmetic.attention(columns(qkv, 0, width), columns(qkv, width, 2 * width),
                    columns(qkv, 2 * width, 3 * width), width / heads, slopes);
            double[][] y = sum(x, weights.linear(attended, block + "attn.out_proj"));
            return sum(y, weights.linear(map(weights.linear(norm(y, block + "norm_2"), block + "ffn.up_proj"), DoubleArithmetic::gelu),
                    block + "ffn.down_proj"));
        }

        private double[][] norm(double[][] x, String name) throws IOException {
            return layerNorm(x, x[0].length, weights.vector(name + ".weight"), null, number(config, "layer_norm_epsilon", 0));
        }

        @Override
        double[][] finalNorm(double[][] x) throws IOException {
            return norm(x, "transformer.norm_f");
        }
    }

    private static final class Cohere extends DoubleFamily {
        Cohere(JsonObject config, Checkpoint checkpoint) throws IOException {
            super(config, checkpoint, "num_attention_heads");
        }

        /** Both sublayers read the same norm; queries and keys have one with a weight for each channel of each head. */
        @Override
        double[][] block(double[][] x, int layer) throws IOException {
            String block = "model.layers." + layer + ".";
            String attention = block + "self_attn.";
            boolean normed = config.get("use_qk_norm").asBoolean("use_qk_norm");
            double[][] n = norm(x, x[0].length, block + "input_layernorm");
            double[][] attended = attention(n, attention, true, (rows, projection) -> normed && projection != 'v'
                    ? norm(rows, x[0].length / heads, attention + projection + "_norm") : rows);
            return sum(x, sum(attended, weights.gated(n, block + "mlp.")));
        }

        private double[][] norm(double[][] x, int size, String name) throws IOException {
            return layerNorm(x, size, weights.vector(name + ".weight"), null, number(config, "layer_norm_eps", 0));
        }

        @Override
        double[][] finalNorm(double[][] x) throws IOException {
            return norm(x, x[0].length, "model.norm");
        }

        @Override
        double[][] logits(double[][] x) throws IOException {
            double scale = number(config, "logit_scale", 1);
            return map(super.logits(x), z -> scale * z);
        }
    }
}
