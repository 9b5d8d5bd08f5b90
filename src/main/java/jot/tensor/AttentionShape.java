package jot.tensor;

/**
 * What attention does in one layer.
 *
 * @param heads query heads
 * @param keyHeads key and value heads; divides {@code heads}
 * @param keySize width of a query and key head
 * @param valueSize width of a value head
 * @param scale factor of the dot products
 * @param window positions that a position sees, itself included; 0 for all
 * @param softcap bound that scores approach as {@code cap · tanh(score / cap)}; 0 for none
 * @param slopes ALiBi: one slope a head, the score gains {@code slope · (key position − query position)}; or null
 * @param sinks one score a head that joins the denominator of the softmax only; or null
 */
public record AttentionShape(int heads, int keyHeads, int keySize, int valueSize, float scale, int window, float softcap,
                             float[] slopes, float[] sinks) {
    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if a size is below 1, heads do not divide, or a list has not one entry a head
     */
    public AttentionShape {
        if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0 || keySize < 1 || valueSize < 1 || window < 0 || softcap < 0) {
            throw new IllegalArgumentException("attention of " + heads + " heads on " + keyHeads + " key heads of " + keySize + " and "
                + valueSize + ", window " + window + ", soft cap " + softcap);
        }
        checkHeads("slopes", slopes, heads);
        checkHeads("sinks", sinks, heads);
    }

    private static void checkHeads(String list, float[] values, int heads) {
        if (values != null && values.length != heads) {
            throw new IllegalArgumentException(list + ": expected " + heads + ", one a head, found " + values.length);
        }
    }

    /**
     * Query heads that read one key head.
     *
     * @return the size of a group
     */
    public int group() {
        return heads / keyHeads;
    }

    /**
     * Floats that the keys of this layer take in a page.
     *
     * @return {@code keyHeads · keySize · PAGE}
     */
    public int keyFloats() {
        return keyHeads * keySize * AttentionRows.PAGE;
    }

    /**
     * Floats that the values of this layer take in a page.
     *
     * @return {@code keyHeads · valueSize · PAGE}
     */
    public int valueFloats() {
        return keyHeads * valueSize * AttentionRows.PAGE;
    }

    /** The first position that a position sees. */
    int firstVisible(int position) {
        return window == 0 ? 0 : Math.max(0, position - window + 1);
    }
}
