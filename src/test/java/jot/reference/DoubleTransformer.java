package jot.reference;

import static jot.reference.DoubleArithmetic.columns;
import static jot.reference.DoubleArithmetic.map;
import static jot.reference.DoubleArithmetic.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import jot.checkpoint.Checkpoint;

/**
 * A second witness: GPT-2 and Llama as the papers write them down, in double precision, whole sequences at once, without a cache, and
 * without anything of the code under test but the reader of weights.
 */
final class DoubleTransformer {

    private final DoubleWeights weights;
    private final Plan plan;

    DoubleTransformer(Checkpoint weights, Plan plan) {
        this(new DoubleWeights(weights), plan);
    }

    DoubleTransformer(DoubleWeights weights, Plan plan) {
        this.weights = weights;
        this.plan = plan;
    }

    /**
     * Where a model differs from another; {@code theta} 0 means learned positions.
     *
     * @param first position of the first token
     * @param window positions that a token sees, those before the first token with keys and values of zeros; 0 for none before it
     */
    record Plan(int layers, int width, int heads, int keyHeads, double epsilon, double theta, int first, int window) {

        Plan(int layers, int width, int heads, int keyHeads, double epsilon, double theta) {
            this(layers, width, heads, keyHeads, epsilon, theta, 0, 0);
        }

        int size() {
            return width / heads;
        }
    }

    /** The residual stream before each block and after the final norm, {@code [layers + 1][tokens][width]}. */
    List<double[][]> states(int[] tokens) {
        double[][] x = weights.embeddings(plan.theta == 0 ? "wte.weight" : "model.embed_tokens.weight", tokens);
        if (plan.theta == 0) {
            x = sum(x, weights.rows("wpe.weight", IntStream.range(0, tokens.length).toArray()));
        }
        List<double[][]> states = new ArrayList<>();
        states.add(x);
        for (int layer = 0; layer < plan.layers; layer++) {
            x = plan.theta == 0 ? gpt2(x, "h." + layer + ".") : llama(x, "model.layers." + layer + ".");
            states.add(x);
        }
        states.set(plan.layers, plan.theta == 0 ? layerNorm(x, "ln_f") : rmsNorm(x, "model.norm"));
        return states;
    }

    /** Logits of final states with a tied embedding, {@code [tokens][vocabulary]}. */
    double[][] logits(double[][] x) {
        return weights.linear(x, plan.theta == 0 ? "wte" : "model.embed_tokens");
    }

    private double[][] gpt2(double[][] x, String block) {
        double[][] qkv = weights.turnedLinear(layerNorm(x, block + "ln_1"), block + "attn.c_attn");
        double[][] attended = attention(columns(qkv, 0, plan.width), columns(qkv, plan.width, 2 * plan.width),
                columns(qkv, 2 * plan.width, 3 * plan.width));
        double[][] y = sum(x, weights.turnedLinear(attended, block + "attn.c_proj"));
        double[][] inner = weights.turnedLinear(layerNorm(y, block + "ln_2"), block + "mlp.c_fc");
        return sum(y, weights.turnedLinear(map(inner, DoubleArithmetic::geluTanh), block + "mlp.c_proj"));
    }

    private double[][] llama(double[][] x, String block) {
        double[][] n = rmsNorm(x, block + "input_layernorm");
        double[][] attended = attention(rotated(weights.linear(n, block + "self_attn.q_proj")),
                rotated(weights.linear(n, block + "self_attn.k_proj")), weights.linear(n, block + "self_attn.v_proj"));
        double[][] y = sum(x, weights.linear(attended, block + "self_attn.o_proj"));
        double[][] m = rmsNorm(y, block + "post_attention_layernorm");
        return sum(y, weights.gated(m, block + "mlp."));
    }

    private double[][] attention(double[][] q, double[][] k, double[][] v) {
        return DoubleArithmetic.attention(q, k, v, plan.size(), new double[plan.heads], t -> Math.max(0, plan.window - 1 - t));
    }

    private double[][] rotated(double[][] x) {
        return DoubleArithmetic.rotated(x, plan.size(), plan.theta, false, plan.first);
    }

    private double[][] layerNorm(double[][] x, String name) {
        return DoubleArithmetic.layerNorm(x, plan.width, weights.vector(name + ".weight"), weights.vector(name + ".bias"), plan.epsilon);
    }

    private double[][] rmsNorm(double[][] x, String name) {
        return DoubleArithmetic.rmsNorm(x, weights.vector(name + ".weight"), plan.epsilon);
    }
}
