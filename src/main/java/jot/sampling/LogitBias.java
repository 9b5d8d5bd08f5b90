package jot.sampling;

import java.util.Map;
import java.util.TreeMap;

/**
 * Adds a bias to single tokens: x_i ← x_i + b_i, where b_i ≤ −100 forbids token i whatever its logit.
 *
 * <p>Source: the parameter logit_bias of OpenAI's API ("values like −100 … should result in a ban").
 */
final class LogitBias implements LogitStep {
    private static final double BAN = -100;

    private final int[] tokens;
    private final double[] biases;

    LogitBias(Map<Integer, Double> biases) {
        Map<Integer, Double> sorted = new TreeMap<>(biases);
        this.tokens = sorted.keySet().stream().mapToInt(Integer::intValue).toArray();
        this.biases = sorted.values().stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public void apply(Logits logits, Context context) {
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] >= logits.size()) {
                continue;
            }
            if (biases[i] <= BAN) {
                logits.forbid(tokens[i]);
            } else {
                logits.add(tokens[i], biases[i]);
            }
        }
    }
}
