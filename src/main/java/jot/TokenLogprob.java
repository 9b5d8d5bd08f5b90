package jot;

/**
 * A token and how likely the model found it.
 *
 * @param token its id
 * @param logprob natural logarithm of its probability
 */
public record TokenLogprob(int token, double logprob) {
}
