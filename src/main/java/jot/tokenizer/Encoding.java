package jot.tokenizer;

import java.util.Arrays;

/**
 * A text, or a pair of texts, as tokens: ids, types and where in the text each token comes from.
 *
 * <p>Immutable and thread-safe: arrays are copied on the way out.
 */
public final class Encoding {
    private final int[] ids;
    private final int[] typeIds;
    private final int[][] offsets;
    private final String[] tokens;

    /** Takes the arrays over: nobody else may change them afterwards. */
    Encoding(int[] ids, int[] typeIds, int[][] offsets, String[] tokens) {
        this.ids = ids;
        this.typeIds = typeIds;
        this.offsets = offsets;
        this.tokens = tokens;
    }

    /**
     * Returns the number of tokens.
     *
     * @return 0 or more
     */
    public int size() {
        return ids.length;
    }

    /**
     * Returns the ids of the tokens.
     *
     * @return {@code [tokens]}
     */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * Returns which sequence each token counts as part of, as the post-processor says.
     *
     * @return {@code [tokens]}, usually 0 for the first text and 1 for the second
     */
    public int[] typeIds() {
        return typeIds.clone();
    }

    /**
     * Returns where in its text each token comes from.
     *
     * <p>A token that holds some bytes of a character stands for the whole character. Tokens that the post-processor adds have 0 and 0.
     *
     * @return {@code [tokens][2]}: start and end of each, as indexes into the Java string (the second text for tokens of the second)
     */
    public int[][] offsets() {
        return Arrays.stream(offsets).map(int[]::clone).toArray(int[][]::new);
    }

    /**
     * Returns what each token looks like in the vocabulary; of a token that was found in the text as a whole, that text.
     *
     * @return {@code [tokens]}
     */
    public String[] tokens() {
        return tokens.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Encoding that && Arrays.equals(ids, that.ids) && Arrays.equals(typeIds, that.typeIds)
                && Arrays.deepEquals(offsets, that.offsets) && Arrays.equals(tokens, that.tokens);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return "Encoding" + Arrays.toString(tokens);
    }
}
