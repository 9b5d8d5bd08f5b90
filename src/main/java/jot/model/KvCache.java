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

    /** An empty cache. */
    public KvCache(CacheLayout layout) {
        this.layout = layout;
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
        return copy;
    }

    /**
     * Forgets every position from {@code position} on.
     *
     * @throws IllegalArgumentException if the position lies outside 0 … {@link #length()}
     */
    public void rewind(int position) {
        if (position < 0 || position > length) {
            throw new IllegalArgumentException("position " + position + ", expected 0 to " + length);
        }
        length = position;
        int needed = (position + AttentionRows.PAGE - 1) / AttentionRows.PAGE;
        Arrays.fill(pages, needed, pageCount, null);
        pageCount = needed;
    }

    /** Makes room to write the positions {@code length() … length() + count − 1}. */
    void reserve(int count) {
        int needed = (length + count + AttentionRows.PAGE - 1) / AttentionRows.PAGE;
        if (needed > pages.length) {
            int capacity = Math.max(needed, 2 * pages.length);
            pages = Arrays.copyOf(pages, capacity);
            shared = Arrays.copyOf(shared, capacity);
        }
        for (int page = length / AttentionRows.PAGE; page < needed; page++) {
            makeWritable(page);
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
