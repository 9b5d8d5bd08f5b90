package jot.sampling;

import java.util.Arrays;

/**
 * DRY ("don't repeat yourself"): lowers the logit of a token that would lengthen a repetition, the more the longer it is.
 *
 * <p>For each earlier place e of the last token, with n the number of tokens that agree going backwards from e and from the end
 * (at most 50, up to a sequence breaker), the token t after e gets x_t ← x_t − multiplier · base^(n − allowed) if n ≥ allowed, for the
 * largest n of that token. Breakers end a match and are never penalised. Source: text-generation-webui, pull request 5677.
 */
final class Dry implements LogitStep {
    private static final int LONGEST_MATCH = 50;

    private final double multiplier;
    private final double base;
    private final int allowedLength;
    private final int range;
    private final int[] breakers;

    /**
     * A step with its five parameters.
     *
     * @param range how many of the last tokens are looked at, 0 for all
     */
    Dry(double multiplier, double base, int allowedLength, int range, int[] breakers) {
        this.multiplier = multiplier;
        this.base = base;
        this.allowedLength = allowedLength;
        this.range = range;
        this.breakers = breakers.clone();
        Arrays.sort(this.breakers);
    }

    @Override
    public void apply(Logits logits, Context context) {
        int end = context.length();
        int start = range == 0 ? 0 : Math.max(0, end - range);
        if (end - start < 2 || isBreaker(context.token(end - 1))) {
            return;
        }
        int[] matchLengths = matchLengths(context, start, end);
        for (int i = 0; i < context.distinctLength(); i++) {
            int token = context.distinct(i);
            if (matchLengths[i] >= allowedLength && token < logits.size()) {
                logits.add(token, -multiplier * power(base, matchLengths[i] - allowedLength));
            }
        }
    }

    /** For each distinct token of the context, the longest match that it would lengthen. */
    int[] matchLengths(Context context, int start, int end) {
        int[] longest = context.zeroedScratch();
        for (int place = start; place < end - 1; place++) {
            if (context.distinctAt(place) == context.distinctAt(end - 1) && !isBreaker(context.token(place + 1))) {
                int following = context.distinctAt(place + 1);
                longest[following] = Math.max(longest[following], matchLength(context, start, end, place));
            }
        }
        return longest;
    }

    private int matchLength(Context context, int start, int end, int place) {
        int most = Math.min(LONGEST_MATCH, place - start + 1);
        int length = 1;
        while (length < most && context.distinctAt(place - length) == context.distinctAt(end - 1 - length)
                && !isBreaker(context.token(place - length))) {
            length++;
        }
        return length;
    }

    private boolean isBreaker(int token) {
        return Arrays.binarySearch(breakers, token) >= 0;
    }

    private static double power(double base, int exponent) {
        double product = 1;
        for (int i = 0; i < exponent; i++) {
            product *= base;
        }
        return product;
    }
}
