package jot.sampling;

/**
 * Makes every token of the context less likely, once: x_i ← x_i · r if x_i &lt; 0, else x_i / r.
 *
 * <p>Source: Keskar et al. 2019, CTRL (arXiv 1909.05858 divides whatever the sign; the rule for negative logits is the one in use since).
 * r below 1 rewards repetition.
 */
final class RepetitionPenalty implements LogitStep {
    private final double penalty;

    RepetitionPenalty(double penalty) {
        this.penalty = penalty;
    }

    @Override
    public void apply(Logits logits, Context context) {
        for (int i = 0; i < context.distinctLength(); i++) {
            int token = context.distinct(i);
            if (token < logits.size()) {
                double x = logits.get(token);
                logits.set(token, x < 0 ? x * penalty : x / penalty);
            }
        }
    }
}
