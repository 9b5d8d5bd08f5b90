package jot.sampling;

import java.util.List;

/**
 * Forbids the last token of a word w₁ … w_k if the context ends in w₁ … w_{k−1} (a word of one token: always).
 *
 * <p>Source: bad_words_ids of Hugging Face transformers.
 */
final class BadWords implements LogitStep {
    private final int[][] words;

    BadWords(List<int[]> words) {
        this.words = words.stream().map(int[]::clone).toArray(int[][]::new);
    }

    @Override
    public void apply(Logits logits, Context context) {
        for (int[] word : words) {
            int last = word[word.length - 1];
            if (last < logits.size() && begun(word, context)) {
                logits.forbid(last);
            }
        }
    }

    private static boolean begun(int[] word, Context context) {
        int start = context.length() - (word.length - 1);
        if (start < 0) {
            return false;
        }
        for (int i = 0; i < word.length - 1; i++) {
            if (context.token(start + i) != word[i]) {
                return false;
            }
        }
        return true;
    }
}
