package jot;

import java.util.List;

/**
 * One generated token, at the moment at which it was drawn.
 *
 * <p>The texts of all tokens concatenate to the generated text. Where a generation is ended from outside (cancelled, closed, out of time)
 * while some text is held back, the last token is shown a second time, with that text.
 *
 * @param index its number in the text, from 0
 * @param token its id
 * @param text what may be shown since the token before it: whole characters, no part of a stop string; often empty
 * @param logprob natural logarithm of the probability that the model gave to it
 * @param alternatives the likeliest tokens in its place, as many as {@link GenerationOptions#withLogprobs} asks for
 */
public record GeneratedToken(int index, int token, String text, double logprob, List<TokenLogprob> alternatives) {
    /**
     * A token as described above.
     */
    public GeneratedToken {
        Arguments.present(text, "text");
        Arguments.present(alternatives, "alternatives").forEach(alternative -> Arguments.present(alternative, "alternatives"));
        alternatives = List.copyOf(alternatives);
    }
}
