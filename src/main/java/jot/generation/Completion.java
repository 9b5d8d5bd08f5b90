package jot.generation;

import java.util.List;
import java.util.Optional;

/**
 * What a generation came to.
 *
 * @param text what the tokens add to the decoded prompt; absent without a tokenizer
 * @param tokens the generated tokens
 * @param logprobs the model's log-probability of each
 * @param alternatives the likeliest tokens at each position, as far as asked for
 * @param cause why it ended
 * @param seed of its draws
 * @param promptTokens how many tokens there were before the first generated one
 * @param cachedTokens how many of them did not have to go through the model
 * @param promptNanos time that the others took
 * @param decodeNanos time that the generated tokens took in the model
 */
public record Completion(Optional<String> text, int[] tokens, double[] logprobs, List<Alternatives> alternatives, StopCause cause,
        long seed, int promptTokens, int cachedTokens, long promptNanos, long decodeNanos) {
    /** The same with another seed, for a text of which nothing has been drawn. */
    Completion withSeed(long other) {
        return new Completion(text, tokens, logprobs, alternatives, cause, other, promptTokens, cachedTokens, promptNanos, decodeNanos);
    }

    /** The same with the figures of the prompt from another one, which read it for both. */
    Completion withPrompt(Completion other) {
        return new Completion(text, tokens, logprobs, alternatives, cause, seed, other.promptTokens, other.cachedTokens,
                other.promptNanos, decodeNanos);
    }
}
