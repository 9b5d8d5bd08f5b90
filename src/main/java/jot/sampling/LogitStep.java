package jot.sampling;

/**
 * One step that changes the logits before a token is chosen, such as a penalty or a mask.
 *
 * <p>A step of the caller runs after all penalties and before temperature and the cuts, for greedy choice too. One instance may be
 * used by many generations at once, so it should keep no state of its own: everything that it may need to know is in the context.
 * What it throws ends the generation and reaches the caller.
 */
@FunctionalInterface
public interface LogitStep {
    /**
     * Changes the logits of the next token.
     *
     * @param logits the logits, valid during this call only
     * @param context the tokens before it
     */
    void apply(Logits logits, Context context);
}
