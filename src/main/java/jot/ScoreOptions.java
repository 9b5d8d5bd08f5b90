package jot;

import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.DoubleConsumer;

/**
 * How to score a text.
 *
 * <p>Immutable and thread-safe; each {@code withX} returns new options.
 */
public final class ScoreOptions {
    private static final ScoreOptions DEFAULTS = new ScoreOptions(OptionalInt.empty(), 0, null);

    private final OptionalInt stride;
    private final int logprobs;
    private final DoubleConsumer progress;

    private ScoreOptions(OptionalInt stride, int logprobs, DoubleConsumer progress) {
        this.stride = stride;
        this.logprobs = logprobs;
        this.progress = progress;
    }

    /**
     * A stride of half the context, no alternatives.
     *
     * @return the defaults
     */
    public static ScoreOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Sets how far windows move over a text that is longer than the context.
     *
     * <p>Each window holds as many tokens as the context; the first scores all of them, each later one the last {@code tokens}. A small
     * stride gives every token much to go on, and takes longer.
     *
     * @param tokens 1 or more; at most the context is used
     * @return new options
     * @throws IllegalArgumentException if it is below 1
     */
    public ScoreOptions withStride(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("stride must be 1 or more, found " + tokens);
        }
        return new ScoreOptions(OptionalInt.of(tokens), logprobs, progress);
    }

    /**
     * Reports the likeliest tokens in the place of each.
     *
     * @param k how many, 0 or more; 0 is off, and of more than the vocabulary has, all are reported
     * @return new options
     * @throws IllegalArgumentException if it is below 0
     */
    public ScoreOptions withLogprobs(int k) {
        if (k < 0) {
            throw new IllegalArgumentException("logprobs must be 0 or more, found " + k);
        }
        return new ScoreOptions(stride, k, progress);
    }

    /**
     * Lets somebody hear how far it has come.
     *
     * @param listener receives shares from 0 to 1, on the calling thread
     * @return new options
     */
    public ScoreOptions withProgress(DoubleConsumer listener) {
        return new ScoreOptions(stride, logprobs, Arguments.present(listener, "listener"));
    }

    /**
     * The stride, if set.
     *
     * @return tokens
     */
    public OptionalInt stride() {
        return stride;
    }

    /**
     * The number of alternatives.
     *
     * @return 0 for none
     */
    public int logprobs() {
        return logprobs;
    }

    DoubleConsumer progress() {
        return progress == null ? share -> { } : progress;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ScoreOptions that && stride.equals(that.stride) && logprobs == that.logprobs
                && Objects.equals(progress, that.progress);
    }

    @Override
    public int hashCode() {
        return Objects.hash(stride, logprobs, progress);
    }

    @Override
    public String toString() {
        return "ScoreOptions[stride=" + (stride.isPresent() ? stride.getAsInt() : "half the context") + ", logprobs=" + logprobs + "]";
    }
}
