package jot.model;

import java.util.Arrays;

import jot.tensor.AttentionRows;

/**
 * The keys and values of one sequence, in pages that grow as it grows.
 *
 * <p>A fork shares the pages of its origin; a page is copied when either of them writes to it. Not thread-safe: one sequence
 * belongs to one caller at a time.
 */
public final class KvCache {

    private final CacheLayout layout;
    private float[][] pages = new float[4][];
    private boolean[] shared = new boolean[4];
    private int pageCount;
    private int length;
    private int contextLength;

    /** An empty cache. */
    public KvCache(CacheLayout layout) {
        this.layout = layout;
    }

    /**
     * A cache with contents that were saved.
     *
     * @param length positions held
     * @param contextLength tokens of the context that they were computed for
     * @param pages as {@link #page} gave them; taken over
     * @throws IllegalArgumentException if they are not as many, or not as large, as the layout says
     */
    public static KvCache restored(CacheLayout layout, int length, int contextLength, float[][] pages) {
        if (pages.length != pagesOf(length)) {
            throw new IllegalArgumentException(pages.length + " pages for " + length + " positions, expected " + pagesOf(length));
        }
        for (float[] page : pages) {
            if (page.length != layout.pageFloats()) {
                throw new IllegalArgumentException("a page of " + page.length + " numbers, expected " + layout.pageFloats());
            }
        }
        KvCache cache = new KvCache(layout);
        cache.pages = Arrays.copyOf(pages, Math.max(4, pages.length));
        cache.shared = new boolean[cache.pages.length];
        cache.pageCount = pages.length;
        cache.length = length;
        cache.contextLength = contextLength;
        return cache;
    }

    /** Pages that so many positions take. */
    public static int pagesOf(int positions) {
        return Math.ceilDiv(positions, AttentionRows.PAGE);
    }

    /** One of the pages that hold the positions so far; to read only. */
    public float[] page(int index) {
        return pages[index];
    }

    /** The pages held, shared ones included, in a new array; to read only. */
    public float[][] heldPages() {
        return Arrays.copyOf(pages, pageCount);
    }

    /** Tokens of the context that the keys were computed for. */
    public int contextLength() {
        return contextLength;
    }

    /** Positions held. */
    public int length() {
        return length;
    }

    /** Bytes of the pages held, shared ones included. */
    public long bytes() {
        return 4L * pageCount * layout.pageFloats();
    }

    /** A second cache with the same contents, which shares all pages until one of the two writes. */
    public KvCache fork() {
        KvCache copy = new KvCache(layout);
        Arrays.fill(shared, 0, pageCount, true);
        copy.pages = pages.clone();
        copy.shared = shared.clone();
        copy.pageCount = pageCount;
        copy.length = length;
        copy.contextLength = contextLength;
        return copy;
    }

    /**
     * Forgets every position from {@code position} on.
     *
     * @throws IllegalArgumentException if the position lies outside 0 … {@link #length()}
     */
    public void rewind(int position) {
        restart(position);
        trim();
    }

    /**
     * Forgets every position from {@code position} on, and keeps the pages for those that come next.
     *
     * @throws IllegalArgumentException if the position lies outside 0 … {@link #length()}
     */
    public void restart(int position) {
        if (position < 0 || position > length) {
            throw new IllegalArgumentException("position " + position + ", expected 0 to " + length);
        }
        length = position;
    }

    /** Gives back pages that were reserved and not written. */
    public void trim() {
        int needed = pagesOf(length);
        Arrays.fill(pages, needed, pageCount, null);
        pageCount = needed;
    }

    /**
     * Whether the keys held serve a context of so many tokens; if not, all of them have to be computed anew (LongRoPE).
     *
     * @param length tokens of the context, those that come next counted
     */
    public boolean serves(int length) {
        return this.length == 0 || layout.serves(contextLength, length);
    }

    /**
     * Says how long the context is going to be once the next tokens are in, all of their chunks counted: some rotary positions depend
     * on it.
     *
     * @param length tokens of the context
     * @throws IllegalArgumentException if the keys held do not serve such a context
     */
    public void expect(int length) {
        if (!serves(length)) {
            throw new IllegalArgumentException("keys of a context of " + contextLength + " tokens do not serve one of " + length);
        }
        contextLength = length;
    }

    /** Tokens of the context that rotary positions follow, with {@code count} more tokens in. */
    int contextLength(int count) {
        return Math.max(contextLength, length + count);
    }

    /**
     * Makes room to write the positions {@code length() … length() + count − 1}.
     *
     * @throws OutOfMemoryError if there is too little memory; what was held before is still there, and no more than that
     */
    public void reserve(int count) {
        int needed = pagesOf(length + count);
        if (needed > pages.length) {
            int capacity = Math.max(needed, 2 * pages.length);
            shared = Arrays.copyOf(shared, capacity);
            pages = Arrays.copyOf(pages, capacity);
        }
        try {
            for (int page = length / AttentionRows.PAGE; page < needed; page++) {
                makeWritable(page);
            }
        } catch (OutOfMemoryError e) {
            trim();
            throw e;
        }
    }

    private void makeWritable(int page) {
        if (page >= pageCount) {
            pages[page] = new float[layout.pageFloats()];
            pageCount = page + 1;
        } else if (shared[page]) {
            pages[page] = pages[page].clone();
        }
        shared[page] = false;
    }

    /** Counts positions in that have been written. */
    void advance(int count) {
        length += count;
    }

    float[][] pages() {
        return pages;
    }

    CacheLayout layout() {
        return layout;
    }
}
