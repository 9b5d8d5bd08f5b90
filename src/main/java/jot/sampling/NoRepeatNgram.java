package jot.sampling;

/**
 * Forbids every token that would complete an n-gram which the context, prompt and generated together, holds already.
 *
 * <p>Source: Paulus et al. 2017 (arXiv 1705.04304), section 2.5. n = 1 forbids every token seen; a context shorter than n forbids
 * nothing.
 */
final class NoRepeatNgram implements LogitStep {
    private final int n;

    NoRepeatNgram(int n) {
        this.n = n;
    }

    @Override
    public void apply(Logits logits, Context context) {
        int tail = context.length() - (n - 1);
        for (int start = 0; start + n <= context.length(); start++) {
            int next = context.token(start + n - 1);
            if (next < logits.size() && matches(context, start, tail)) {
                logits.forbid(next);
            }
        }
    }

    private boolean matches(Context context, int start, int tail) {
        for (int i = 0; i < n - 1; i++) {
            if (context.token(start + i) != context.token(tail + i)) {
                return false;
            }
        }
        return true;
    }
}
