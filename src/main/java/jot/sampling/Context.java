package jot.sampling;

import java.util.Arrays;

/**
 * The tokens that come before the one to be chosen: the prompt, then what has been generated.
 *
 * <p>Positions count from 0 at the first token of the prompt. Not thread-safe; it grows by one token between two steps of a
 * generation, and nobody but the sampler can change it.
 */
public final class Context {
    private final int promptLength;
    private int[] tokens;
    /** Position → index among the distinct tokens. */
    private int[] distinctAt;
    private int length;

    private int[] distinct;
    private int[] generatedCounts;
    private int distinctLength;
    /** Open hash table of distinct index + 1; 0 is a free place. Its size is a power of two. */
    private int[] table;
    private int[] scratch = new int[0];

    /**
     * A context of a prompt and of tokens generated already.
     *
     * @param prompt the prompt's token ids
     * @param generated the token ids generated after it
     * @throws IllegalArgumentException if a token id is negative
     */
    public Context(int[] prompt, int... generated) {
        SamplingChain.present(prompt, "prompt");
        SamplingChain.present(generated, "generated");
        int capacity = Math.max(16, prompt.length + generated.length);
        tokens = new int[capacity];
        distinctAt = new int[capacity];
        distinct = new int[16];
        generatedCounts = new int[16];
        table = new int[64];
        promptLength = prompt.length;
        for (int token : prompt) {
            append(token);
        }
        for (int token : generated) {
            append(token);
        }
    }

    /**
     * The number of tokens, prompt and generated.
     *
     * @return the length
     */
    public int length() {
        return length;
    }

    /**
     * The number of tokens in the prompt.
     *
     * @return the prompt's length
     */
    public int promptLength() {
        return promptLength;
    }

    /**
     * The number of tokens generated so far.
     *
     * @return the length less the prompt's
     */
    public int generatedLength() {
        return length - promptLength;
    }

    /**
     * The token at a position.
     *
     * @param position 0 … length − 1
     * @return the token id
     * @throws IllegalArgumentException if the position is out of range
     */
    public int token(int position) {
        if (position < 0 || position >= length) {
            throw new IllegalArgumentException("position " + position + " of a context of " + length + " tokens");
        }
        return tokens[position];
    }

    /**
     * How often a token occurs among the generated ones.
     *
     * @param token a token id
     * @return its count; the prompt does not count
     */
    public int generatedCount(int token) {
        int index = table[place(token)] - 1;
        return index < 0 ? 0 : generatedCounts[index];
    }

    /**
     * Whether a token occurs at all, in the prompt or after it.
     *
     * @param token a token id
     * @return true if it occurs
     */
    public boolean contains(int token) {
        return table[place(token)] != 0;
    }

    /** The number of different tokens. */
    int distinctLength() {
        return distinctLength;
    }

    /** The different tokens, in order of first occurrence. */
    int distinct(int index) {
        return distinct[index];
    }

    /** How often distinct token {@code index} was generated. */
    int distinctGeneratedCount(int index) {
        return generatedCounts[index];
    }

    /** The index among the distinct tokens of the token at a position. */
    int distinctAt(int position) {
        return distinctAt[position];
    }

    /** Zeros, one for each distinct token, to be used within one step. */
    int[] zeroedScratch() {
        if (scratch.length < distinctLength) {
            scratch = new int[distinct.length];
        }
        Arrays.fill(scratch, 0, distinctLength, 0);
        return scratch;
    }

    /** Adds a generated token at the end (a token of the prompt while the prompt is not complete). */
    void append(int token) {
        if (token < 0) {
            throw new IllegalArgumentException("token id " + token + " is negative");
        }
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
            distinctAt = Arrays.copyOf(distinctAt, 2 * length);
        }
        int index = indexOf(token);
        tokens[length] = token;
        distinctAt[length] = index;
        if (length >= promptLength) {
            generatedCounts[index]++;
        }
        length++;
    }

    private int indexOf(int token) {
        int place = place(token);
        if (table[place] != 0) {
            return table[place] - 1;
        }
        if (distinctLength == distinct.length) {
            distinct = Arrays.copyOf(distinct, 2 * distinctLength);
            generatedCounts = Arrays.copyOf(generatedCounts, 2 * distinctLength);
        }
        distinct[distinctLength++] = token;
        table[place] = distinctLength;
        if (4 * distinctLength > table.length) {
            rehash();
        }
        return distinctLength - 1;
    }

    /** Where a token stands in the table, or the free place where it would. */
    private int place(int token) {
        int mask = table.length - 1;
        int place = (token * 0x9E3779B9 >>> 7) & mask;
        while (table[place] != 0 && distinct[table[place] - 1] != token) {
            place = (place + 1) & mask;
        }
        return place;
    }

    private void rehash() {
        table = new int[2 * table.length];
        for (int index = 0; index < distinctLength; index++) {
            table[place(distinct[index])] = index + 1;
        }
    }
}
