package jot.model;

import jot.tensor.AttentionRows;

/**
 * Where the keys and values of each layer lie within a page of the key/value cache.
 *
 * <p>A page holds {@link AttentionRows#PAGE} positions of all layers in one array. For each layer first the keys, transposed so
 * that a page is a packed panel for the kernels, {@code [keyHeads][size][PAGE]}, then the values, {@code [keyHeads][PAGE][size]}.
 */
public final class CacheLayout {

    private final int[] keyOffsets;
    private final int[] keyHeads;
    private final int[] headSizes;
    private final int pageFloats;
    private final int[] boundaries;

    /** Lays out pages for the blocks of an architecture. */
    public CacheLayout(Architecture architecture) {
        int layers = architecture.blocks().size();
        keyOffsets = new int[layers];
        keyHeads = new int[layers];
        headSizes = new int[layers];
        int at = 0;
        for (int layer = 0; layer < layers; layer++) {
            AttentionPlan attention = architecture.blocks().get(layer).attention();
            keyOffsets[layer] = at;
            keyHeads[layer] = attention.keyHeads();
            headSizes[layer] = attention.headSize();
            at = Math.addExact(at, Math.multiplyExact(2 * AttentionRows.PAGE, attention.keyWidth()));
        }
        pageFloats = at;
        boundaries = architecture.blocks().stream().flatMap(block -> block.attention().rotary().stream())
                .mapToInt(rotary -> rotary.scaling().boundary()).distinct().toArray();
    }

    /** Floats of one page. */
    public int pageFloats() {
        return pageFloats;
    }

    /** Bytes that one position takes in all layers. */
    public long bytesPerPosition() {
        return 4L * pageFloats / AttentionRows.PAGE;
    }

    /** Whether keys that were computed for a context of one length serve a context of the other. */
    public boolean serves(int length, int other) {
        for (int boundary : boundaries) {
            if (length > boundary != other > boundary) {
                return false;
            }
        }
        return true;
    }

    int keyOffset(int layer) {
        return keyOffsets[layer];
    }

    int valueOffset(int layer) {
        return keyOffsets[layer] + keyHeads[layer] * headSizes[layer] * AttentionRows.PAGE;
    }
}
