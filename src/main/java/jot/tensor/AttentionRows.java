package jot.tensor;

/**
 * The rows of one sequence in a pass, and the pages of its key/value cache.
 *
 * <p>Mutable, so that a pass can reuse it. A page holds {@link #PAGE} consecutive positions of every layer: page {@code p} those from
 * {@code p · PAGE} on. Within a page a layer's keys lie at its key offset as {@code [keyHead][keySize][PAGE]} and its values at its value
 * offset as {@code [keyHead][PAGE][valueSize]}. Pages that no row's window reaches may be null.
 */
public final class AttentionRows {
    /** Positions in a page. */
    public static final int PAGE = 32;

    private float[][] pages;
    private int firstRow;
    private int rows;
    private int firstPosition;
    private boolean decode;

    /** Makes an empty holder. */
    public AttentionRows() {
    }

    /**
     * Sets all fields.
     *
     * @param newPages pages up to the last row's position at least
     * @param newFirstRow the sequence's first row among the rows of the pass
     * @param newRows how many rows, at least 1
     * @param newFirstPosition position of the first row; row {@code k} of the sequence is at {@code newFirstPosition + k}
     * @param newDecode whether the rows are computed by the decode kernels
     * @return this
     */
    public AttentionRows set(float[][] newPages, int newFirstRow, int newRows, int newFirstPosition, boolean newDecode) {
        this.pages = newPages;
        this.firstRow = newFirstRow;
        this.rows = newRows;
        this.firstPosition = newFirstPosition;
        this.decode = newDecode;
        return this;
    }

    /** Lets go of the pages, so that a holder kept for the next pass keeps no cache alive. */
    public void clear() {
        pages = null;
    }

    /**
     * The pages of the cache.
     *
     * @return the array itself
     */
    public float[][] pages() {
        return pages;
    }

    /**
     * The sequence's first row among the rows of the pass.
     *
     * @return a row
     */
    public int firstRow() {
        return firstRow;
    }

    /**
     * How many rows the sequence has in the pass.
     *
     * @return at least 1
     */
    public int rows() {
        return rows;
    }

    /**
     * Position of the first row.
     *
     * @return at least 0
     */
    public int firstPosition() {
        return firstPosition;
    }

    /**
     * Whether the rows are computed by the decode kernels.
     *
     * @return false for prefill
     */
    public boolean decode() {
        return decode;
    }
}
