package jot;

import java.util.Arrays;
import java.util.List;
import jot.generation.Scoring;

/**
 * How likely a model finds a text: the log-probability of each of its tokens, given all before it.
 *
 * <p>A first token without anything before it is not scored. Natural logarithms. Immutable and thread-safe.
 */
public final class Score {
    private final int[] tokens;
    private final double[] logprobs;
    private final List<List<TokenLogprob>> alternatives;

    private Score(Scoring.Scores scores) {
        this.tokens = scores.tokens().clone();
        this.logprobs = scores.logprobs().clone();
        this.alternatives = scores.alternatives().stream().map(Generation::list).toList();
    }

    static Score of(Scoring.Scores scores) {
        return new Score(scores);
    }

    /**
     * The scored tokens.
     *
     * @return a new array, one token for each of {@link #logprobs}
     */
    public int[] tokens() {
        return tokens.clone();
    }

    /**
     * The log-probability of each scored token.
     *
     * @return a new array; −∞ where the model rules a token out
     */
    public double[] logprobs() {
        return logprobs.clone();
    }

    /**
     * The log-probability of the whole.
     *
     * @return the sum of {@link #logprobs}
     */
    public double total() {
        return Arrays.stream(logprobs).sum();
    }

    /**
     * The perplexity e^(−total / number of scored tokens).
     *
     * @return 1 or more; infinite beyond the range of a double
     */
    public double perplexity() {
        return StrictMath.exp(-total() / logprobs.length);
    }

    /**
     * The likeliest tokens in the place of each scored one, as many as {@link ScoreOptions#withLogprobs} asks for.
     *
     * @return in descending order; empty if none were asked for
     */
    public List<List<TokenLogprob>> alternatives() {
        return alternatives;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Score that && Arrays.equals(tokens, that.tokens) && Arrays.equals(logprobs, that.logprobs)
                && alternatives.equals(that.alternatives);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(logprobs);
    }

    @Override
    public String toString() {
        return "Score[" + tokens.length + " tokens, total " + total() + ", perplexity " + perplexity() + "]";
    }
}
