package jot.reference;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** What papers write down of Transformers, in double precision, over whole sequences {@code [tokens][channels]}. */
final class DoubleArithmetic {

    /** Rows that share one reading of a matrix. */
    private static final int TILE = 8;

    private DoubleArithmetic() {
    }

    /**
     * softmax(QKᵀ/√d + slope · distance)V for each head of so many channels, masked to what came before; query heads share key heads in
     * order.
     *
     * @param slopes one for each head, 0 without ALiBi
     */
    static double[][] attention(double[][] q, double[][] k, double[][] v, int size, double[] slopes) {
        return attention(q, k, v, size, slopes, _ -> 0);
    }

    /** The same where each token also sees some keys and values that are zero. */
    static double[][] attention(double[][] q, double[][] k, double[][] v, int size, double[] slopes, IntUnaryOperator zeros) {
        int heads = q[0].length / size;
        int keyHeads = k[0].length / size;
        double[][] out = new double[q.length][q[0].length];
        IntStream.range(0, q.length).parallel().forEach(t -> {
            for (int head = 0; head < heads; head++) {
                int query = head * size;
                int key = head / (heads / keyHeads) * size;
                double[] p = new double[t + 1 + zeros.applyAsInt(t)];
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < size; i++) {
                        p[s] += q[t][query + i] * k[s][key + i];
                    }
                    p[s] = p[s] / Math.sqrt(size) + slopes[head] * (s - t);
                }
                softmax(p);
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < size; i++) {
                        out[t][query + i] += p[s] * v[s][key + i];
                    }
                }
            }
        });
        return out;
    }

    /** In place. */
    static void softmax(double[] x) {
        double most = Arrays.stream(x).max().orElseThrow();
        Arrays.setAll(x, i -> Math.exp(x[i] - most));
        double total = Arrays.stream(x).sum();
        Arrays.setAll(x, i -> x[i] / total);
    }

    /** Channels j and j + d/2 of each head of d channels, or neighbours 2j and 2j + 1, as a pair, turned by t·θ^(−2j/d) as float32. */
    static double[][] rotated(double[][] x, int size, double theta, boolean neighbours) {
        return rotated(x, size, theta, neighbours, 0);
    }

    /** The same where the first row is at another position. */
    static double[][] rotated(double[][] x, int size, double theta, boolean neighbours, int position) {
        double[][] y = new double[x.length][x[0].length];
        int half = size / 2;
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                int within = i % size;
                boolean first = neighbours ? within % 2 == 0 : within < half;
                int other = i + (first ? 1 : -1) * (neighbours ? 1 : half);
                float angle = (position + t) * (float) Math.pow(theta, -2.0 * (neighbours ? within / 2 : within % half) / size);
                y[t][i] = x[t][i] * Math.cos(angle) + (first ? -x[t][other] : x[t][other]) * Math.sin(angle);
            }
        }
        return y;
    }

    /** (x − mean)/√(variance + ε) · weight + bias, for each group of {@code size} channels; without weight or bias where they are null. */
    static double[][] layerNorm(double[][] x, int size, double[] weight, double[] bias, double epsilon) {
        return groups(x, size, group -> {
            double mean = Arrays.stream(group).average().orElseThrow();
            double variance = Arrays.stream(group).map(z -> (z - mean) * (z - mean)).average().orElseThrow();
            return Arrays.stream(group).map(z -> (z - mean) / Math.sqrt(variance + epsilon)).toArray();
        }, weight, bias);
    }

    /** x/√(mean of squares + ε) · weight. */
    static double[][] rmsNorm(double[][] x, double[] weight, double epsilon) {
        return groups(x, x[0].length, group -> {
            double square = Arrays.stream(group).map(z -> z * z).average().orElseThrow();
            return Arrays.stream(group).map(z -> z / Math.sqrt(square + epsilon)).toArray();
        }, weight, null);
    }

    private interface Norm {
        double[] of(double[] group);
    }

    private static double[][] groups(double[][] x, int size, Norm norm, double[] weight, double[] bias) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int from = 0; from < x[t].length; from += size) {
                System.arraycopy(norm.of(Arrays.copyOfRange(x[t], from, from + size)), 0, y[t], from, size);
            }
            for (int i = 0; i < y[t].length; i++) {
                y[t][i] = y[t][i] * (weight == null ? 1 : weight[i]) + (bias == null ? 0 : bias[i]);
            }
        }
        return y;
    }

    /** z/(1 + e⁻ᶻ). */
    static double silu(double z) {
        return z / (1 + Math.exp(-z));
    }

    /** The approximation with tanh that GPT-2 uses. */
    static double geluTanh(double z) {
        return 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));
    }

    /** z · Φ(z); the series of erf whose terms are all positive. */
    static double gelu(double z) {
        double x = z / Math.sqrt(2);
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        double erf = Math.abs(x) > 6 ? Math.signum(x) : 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
        return 0.5 * z * (1 + erf);
    }

    /** Rows {@code [tokens][inputs]} times a matrix {@code [inputs][outputs]}, four inputs at a time, plus a bias if there is one. */
    static double[][] multiply(double[][] x, double[][] w, double[] bias) {
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

    static double[][] sum(double[][] a, double[][] b) {
        return IntStream.range(0, a.length).mapToObj(t -> IntStream.range(0, a[t].length).mapToDouble(i -> a[t][i] + b[t][i]).toArray())
                .toArray(double[][]::new);
    }

    static double[][] product(double[][] a, double[][] b) {
        return IntStream.range(0, a.length).mapToObj(t -> IntStream.range(0, a[t].length).mapToDouble(i -> a[t][i] * b[t][i]).toArray())
                .toArray(double[][]::new);
    }

    static double[][] map(double[][] x, DoubleUnaryOperator function) {
        return Arrays.stream(x).parallel().map(row -> Arrays.stream(row).map(function).toArray()).toArray(double[][]::new);
    }

    static double[][] columns(double[][] x, int from, int to) {
        return Arrays.stream(x).map(row -> Arrays.copyOfRange(row, from, to)).toArray(double[][]::new);
    }
}
