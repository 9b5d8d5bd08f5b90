package jot.loading;

import jot.model.family.TensorTable.QueryKeyValueLayout;

/** Which stored row becomes which row of a matrix. */
final class RowOrder {

    private RowOrder() {
    }

    /**
     * Stored rows in the order queries, keys, values.
     *
     * @return {@code [(heads + 2 keyHeads) · size]}, the stored row of each, or nothing where the order is right already
     */
    static int[] queriesKeysValues(QueryKeyValueLayout layout, int heads, int keyHeads, int size) {
        return switch (layout) {
            case CONCATENATED -> new int[0];
            case BY_HEAD, BY_KEY_HEAD -> byKeyHead(heads, keyHeads, size);
            case CODEGEN -> codegen(heads, size);
        };
    }

    /**
     * Where each stored row goes.
     *
     * @param order the stored row that becomes row i; empty where their order is right
     * @param rows how many there are
     * @return {@code [rows]}, the row that stored row i becomes
     */
    static int[] places(int[] order, int rows) {
        int[] places = new int[rows];
        for (int i = 0; i < rows; i++) {
            places[order.length == 0 ? i : order[i]] = i;
        }
        return places;
    }

    /** Stored: for each key head its queries, its keys, its values. */
    private static int[] byKeyHead(int heads, int keyHeads, int size) {
        int group = heads / keyHeads;
        int[] order = new int[(heads + 2 * keyHeads) * size];
        for (int head = 0; head < heads; head++) {
            int stored = (head / group * (group + 2) + head % group) * size;
            fill(order, head * size, stored, size);
        }
        for (int head = 0; head < keyHeads; head++) {
            int stored = (head * (group + 2) + group) * size;
            fill(order, (heads + head) * size, stored, size);
            fill(order, (heads + keyHeads + head) * size, stored + size, size);
        }
        return order;
    }

    /** Stored: four parts, each with a quarter of the query heads, of the value heads, of the key heads. */
    private static int[] codegen(int heads, int size) {
        int part = heads / 4 * size;
        int width = heads * size;
        int[] order = new int[3 * width];
        for (int quarter = 0; quarter < 4; quarter++) {
            int stored = quarter * 3 * part;
            fill(order, quarter * part, stored, part);
            fill(order, 2 * width + quarter * part, stored + part, part);
            fill(order, width + quarter * part, stored + 2 * part, part);
        }
        return order;
    }

    private static void fill(int[] order, int at, int stored, int count) {
        for (int i = 0; i < count; i++) {
            order[at + i] = stored + i;
        }
    }
}
