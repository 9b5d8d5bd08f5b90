package jot.model;

import java.util.Objects;

/**
 * What one sequence brings to a forward pass: some tokens that follow what its cache holds.
 *
 * @param cache its keys and values so far
 * @param tokens holds the tokens
 * @param from index of the first one
 * @param to index after the last one
 * @param wanted which of its logits are wanted
 */
public record Segment(KvCache cache, int[] tokens, int from, int to, Wanted wanted) {

    /** Which logits of a segment are computed. */
    public enum Wanted {
        /** None: the tokens only fill the cache. */
        NONE,
        /** Those after its last token. */
        LAST,
        /** Those after each token. */
        ALL
    }

    /** Checks the range. */
    public Segment {
        Objects.checkFromToIndex(from, to, tokens.length);
        if (from == to) {
            throw new IllegalArgumentException("a segment without tokens");
        }
    }

    /** Number of tokens. */
    public int count() {
        return to - from;
    }

    /** Rows of logits that it wants. */
    int wantedRows() {
        return switch (wanted) {
            case NONE -> 0;
            case LAST -> 1;
            case ALL -> count();
        };
    }
}
