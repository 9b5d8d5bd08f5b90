package jot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import jot.generation.Alternatives;
import jot.generation.Completion;

/**
 * What a model wrote, and how it came about.
 *
 * <p>Immutable and thread-safe.
 */
public final class Generation {

    private final String text;
    private final int[] tokens;
    private final int promptTokens;
    private final StopReason stopReason;
    private final long seed;
    private final double[] logprobs;
    private final List<List<TokenLogprob>> alternatives;
    private final Timings timings;

    private Generation(Completion completion, Duration total) {
        this.text = completion.text().orElse(null);
        this.tokens = completion.tokens().clone();
        this.promptTokens = completion.promptTokens();
        this.stopReason = StopReason.of(completion.cause());
        this.seed = completion.seed();
        this.logprobs = completion.logprobs().clone();
        this.alternatives = completion.alternatives().stream().map(Generation::list).toList();
        this.timings = new Timings(Duration.ofNanos(completion.promptNanos()), Duration.ofNanos(completion.decodeNanos()), total,
                completion.promptTokens(), completion.cachedTokens(), tokens.length);
    }

    static Generation of(Completion completion, Duration total) {
        return new Generation(completion, total);
    }

    static List<TokenLogprob> list(Alternatives alternatives) {
        List<TokenLogprob> list = new ArrayList<>();
        for (int i = 0; i < alternatives.tokens().length; i++) {
            list.add(new TokenLogprob(alternatives.tokens()[i], alternatives.logprobs()[i]));
        }
        return List.copyOf(list);
    }

    /**
     * What the generated tokens add to the decoded prompt.
     *
     * <p>Prompt and text read on without a lost or an added space. Special tokens are left out, and so is the end token.
     *
     * @return the text, without a stop string that ended it
     * @throws IllegalStateException if the model was loaded without tokenizer files
     */
    public String text() {
        if (text == null) {
            throw new IllegalStateException("no text: the model's folder has no tokenizer files; tokens() has the ids");
        }
        return text;
    }

    /**
     * The generated tokens, without the prompt; the end token is the last one if it ended the text.
     *
     * @return a new array
     */
    public int[] tokens() {
        return tokens.clone();
    }

    /**
     * The number of tokens in the prompt.
     *
     * @return tokens as the model saw them
     */
    public int promptTokens() {
        return promptTokens;
    }

    /**
     * Why the text ends where it does.
     *
     * @return the reason
     */
    public StopReason stopReason() {
        return stopReason;
    }

    /**
     * The seed that gives the same tokens again with the same model and options.
     *
     * @return the options' seed, or the one that was drawn
     */
    public long seed() {
        return seed;
    }

    /**
     * The natural logarithm of the probability that the model gave to each generated token, before any option acted on it.
     *
     * @return {@code [tokens]}, a new array
     */
    public double[] logprobs() {
        return logprobs.clone();
    }

    /**
     * The likeliest tokens at each position, as many as {@link GenerationOptions#withLogprobs} asks for.
     *
     * @return {@code [tokens][k]} in descending order; empty if none were asked for
     */
    public List<List<TokenLogprob>> alternatives() {
        return alternatives;
    }

    /**
     * How long it took.
     *
     * @return times of prompt and generation
     */
    public Timings timings() {
        return timings;
    }

    /**
     * Whether another generation came to the same: in all but its timings.
     *
     * @param other anything
     * @return true if so
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof Generation that && Objects.equals(text, that.text) && Arrays.equals(tokens, that.tokens)
                && promptTokens == that.promptTokens && stopReason == that.stopReason && seed == that.seed
                && Arrays.equals(logprobs, that.logprobs) && alternatives.equals(that.alternatives);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(tokens) + Long.hashCode(seed);
    }

    /**
     * The text, or the tokens of a model without tokenizer.
     *
     * @return {@link #text()} where there is one
     */
    @Override
    public String toString() {
        return text != null ? text : Arrays.toString(tokens);
    }
}
