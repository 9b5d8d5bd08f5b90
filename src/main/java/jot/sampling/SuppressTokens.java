package jot.sampling;

/**
 * Forbids tokens while fewer than m tokens are generated.
 *
 * <p>With end tokens this is the minimum length (min_new_tokens), with m = 1 it concerns the first token only
 * (begin_suppress_tokens), and without a limit it holds throughout (suppress_tokens). Source: Hugging Face transformers.
 */
final class SuppressTokens implements LogitStep {
    private final int[] tokens;
    private final int whileFewerThan;

    private SuppressTokens(int[] tokens, int whileFewerThan) {
        this.tokens = tokens.clone();
        this.whileFewerThan = whileFewerThan;
    }

    static SuppressTokens always(int[] tokens) {
        return new SuppressTokens(tokens, Integer.MAX_VALUE);
    }

    static SuppressTokens before(int generated, int[] tokens) {
        return new SuppressTokens(tokens, generated);
    }

    @Override
    public void apply(Logits logits, Context context) {
        if (context.generatedLength() < whileFewerThan) {
            logits.forbidAll(tokens);
        }
    }
}
