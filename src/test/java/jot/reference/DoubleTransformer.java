package jot.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

import jot.checkpoint.Checkpoint;

/**
 * A second witness: GPT-2 and Llama as the papers write them down, in double precision, whole sequences at once, without a cache, and
 * without anything of the code under test but the reader of weights.
 */
final class DoubleTransformer {

    /** Rows that share one reading of a matrix. */
    private static final int TILE = 8;

    private final Checkpoint weights;
    private final Plan plan;

    DoubleTransformer(Checkpoint weights, Plan plan) {
        this.weights = weights;
        this.plan = plan;
    }

    /** Where a model differs from another; {@code theta} 0 means learned positions. */
    record Plan(int layers, int width, int heads, int keyHeads, double epsilon, double theta) {

        int size() {
            return width / heads;
        }
    }

    /** The residual stream before each block and after the final norm, {@code [layers + 1][tokens][width]}. */
    List<double[][]> states(int[] tokens) {
        double[][] x = plan.theta == 0 ? sum(rows("wte.weight", tokens), rows("wpe.weight", IntStream.range(0, tokens.length).toArray()))
                : rows("model.embed_tokens.weight", tokens);
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
        return multiply(x, transposed(plan.theta == 0 ? "wte.weight" : "model.embed_tokens.weight"), null);
    }

    private double[][] gpt2(double[][] x, String block) {
        double[][] qkv = multiply(layerNorm(x, block + "ln_1"), matrix(block + "attn.c_attn.weight"), vector(block + "attn.c_attn.bias"));
        double[][] attended = attention(columns(qkv, 0, plan.width), columns(qkv, plan.width, 2 * plan.width),
                columns(qkv, 2 * plan.width, 3 * plan.width));
        double[][] y = sum(x, multiply(attended, matrix(block + "attn.c_proj.weight"), vector(block + "attn.c_proj.bias")));
        double[][] inner = multiply(layerNorm(y, block + "ln_2"), matrix(block + "mlp.c_fc.weight"), vector(block + "mlp.c_fc.bias"));
        return sum(y, multiply(map(inner, DoubleTransformer::gelu), matrix(block + "mlp.c_proj.weight"),
                vector(block + "mlp.c_proj.bias")));
    }

    private double[][] llama(double[][] x, String block) {
        double[][] n = rmsNorm(x, block + "input_layernorm");
        double[][] attended = attention(rotated(multiply(n, transposed(block + "self_attn.q_proj.weight"), null)),
                rotated(multiply(n, transposed(block + "self_attn.k_proj.weight"), null)),
                multiply(n, transposed(block + "self_attn.v_proj.weight"), null));
        double[][] y = sum(x, multiply(attended, transposed(block + "self_attn.o_proj.weight"), null));
        double[][] m = rmsNorm(y, block + "post_attention_layernorm");
        double[][] gate = map(multiply(m, transposed(block + "mlp.gate_proj.weight"), null), z -> z / (1 + Math.exp(-z)));
        double[][] up = multiply(m, transposed(block + "mlp.up_proj.weight"), null);
        IntStream.range(0, up.length).forEach(t -> Arrays.setAll(up[t], i -> up[t][i] * gate[t][i]));
        return sum(y, multiply(up, transposed(block + "mlp.down_proj.weight"), null));
    }

    /** softmax(QKᵀ/√d)V for each head, masked to what came before; query heads share key heads in order. */
    private double[][] attention(double[][] q, double[][] k, double[][] v) {
        double[][] out = new double[q.length][plan.width];
        IntStream.range(0, q.length).parallel().forEach(t -> {
            for (int head = 0; head < plan.heads; head++) {
                int query = head * plan.size();
                int key = head / (plan.heads / plan.keyHeads) * plan.size();
                double[] p = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < plan.size(); i++) {
                        p[s] += q[t][query + i] * k[s][key + i];
                    }
                    p[s] /= Math.sqrt(plan.size());
                }
                double most = Arrays.stream(p).max().orElseThrow();
                Arrays.setAll(p, s -> Math.exp(p[s] - most));
                double total = Arrays.stream(p).sum();
                for (int s = 0; s <= t; s++) {
                    double share = p[s] / total;
                    for (int i = 0; i < plan.size(); i++) {
                        out[t][query + i] += share * v[s][key + i];
                    }
                }
            }
        });
        return out;
    }

    /** Channels j and j + d/2 of each head as a pair, turned by t·θ^(−2j/d). */
    private double[][] rotated(double[][] x) {
        double[][] y = new double[x.length][x[0].length];
        int half = plan.size() / 2;
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                int j = i % plan.size() % half;
                double angle = t * Math.pow(plan.theta, -2.0 * j / plan.size());
                boolean first = i % plan.size() < half;
                y[t][i] = x[t][i] * Math.cos(angle) + (first ? -x[t][i + half] : x[t][i - half]) * Math.sin(angle);
            }
        }
        return y;
    }

    private double[][] layerNorm(double[][] x, String name) {
        double[] weight = vector(name + ".weight");
        double[] bias = vector(name + ".bias");
        return Arrays.stream(x).map(row -> {
            double mean = Arrays.stream(row).average().orElseThrow();
            double variance = Arrays.stream(row).map(z -> (z - mean) * (z - mean)).average().orElseThrow();
            return IntStream.range(0, row.length)
                    .mapToDouble(i -> (row[i] - mean) / Math.sqrt(variance + plan.epsilon) * weight[i] + bias[i]).toArray();
        }).toArray(double[][]::new);
    }

    private double[][] rmsNorm(double[][] x, String name) {
        double[] weight = vector(name + ".weight");
        return Arrays.stream(x).map(row -> {
            double square = Arrays.stream(row).map(z -> z * z).average().orElseThrow();
            return IntStream.range(0, row.length).mapToDouble(i -> row[i] / Math.sqrt(square + plan.epsilon) * weight[i]).toArray();
        }).toArray(double[][]::new);
    }

    /** The approximation with tanh that GPT-2 uses. */
    private static double gelu(double z) {
        return 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
    }

    /** Rows {@code [tokens][inputs]} times a matrix {@code [inputs][outputs]}, four inputs at a time, plus a bias if there is one. */
    private static double[][] multiply(double[][] x, double[][] w, double[] bias) {
        double[][] y = new double[x.length][];
        Arrays.setAll(y, t -> bias == null ? new double[w[0].length] : bias.clone());
        IntStream.range(0, (x.length + TILE - 1) / TILE).parallel().forEach(tile -> {
            for (int i = 0; i < w.length; i += 4) {
                for (int t = tile * TILE; t < Math.min(x.length, (tile + 1) * TILE); t++) {
                    add(x[t][i], w[i], x[t][i + 1], w[i + 1], x[t][i + 2], w[i + 2], x[t][i + 3], w[i + 3], y[t]);
                }
            }
        });
        return y;
    }

    private static void add(double a, double[] wa, double b, double[] wb, double c, double[] wc, double d, double[] wd, double[] y) {
        for (int o = 0; o < y.length; o++) {
            y[o] += a * wa[o] + b * wb[o] + c * wc[o] + d * wd[o];
        }
    }

    private static double[][] sum(double[][] a, double[][] b) {
        return IntStream.range(0, a.length).mapToObj(t -> IntStream.range(0, a[t].length).mapToDouble(i -> a[t][i] + b[t][i]).toArray())
                .toArray(double[][]::new);
    }

    private static double[][] map(double[][] x, DoubleUnaryOperator function) {
        return Arrays.stream(x).parallel().map(row -> Arrays.stream(row).map(function).toArray()).toArray(double[][]::new);
    }

    private static double[][] columns(double[][] x, int from, int to) {
        return Arrays.stream(x).map(row -> Arrays.copyOfRange(row, from, to)).toArray(double[][]::new);
    }

    private double[] vector(String name) {
        float[] values = weights.floats(name);
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private double[][] matrix(String name) {
        return rows(name, IntStream.range(0, (int) weights.shape(name)[0]).toArray());
    }

    private double[][] rows(String name, int[] indexes) {
        double[] all = vector(name);
        int width = (int) weights.shape(name)[1];
        return Arrays.stream(indexes).mapToObj(i -> Arrays.copyOfRange(all, i * width, (i + 1) * width)).toArray(double[][]::new);
    }

    private double[][] transposed(String name) {
        double[][] w = matrix(name);
        return IntStream.range(0, w[0].length).mapToObj(i -> Arrays.stream(w).mapToDouble(row -> row[i]).toArray())
                .toArray(double[][]::new);
    }
}
