package jot.generation;

import jot.sampling.LogProbabilities;

/**
 * The likeliest tokens at one position, in descending order.
 *
 * @param tokens their ids
 * @param logprobs natural logarithms of their probabilities in the model
 */
public record Alternatives(int[] tokens, double[] logprobs) {

    /** The k likeliest of a row of logits. */
    static Alternatives of(LogProbabilities row, int k) {
        int[] tokens = row.top(k);
        double[] logprobs = new double[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            logprobs[i] = row.logProbability(tokens[i]);
        }
        return new Alternatives(tokens, logprobs);
    }
}
