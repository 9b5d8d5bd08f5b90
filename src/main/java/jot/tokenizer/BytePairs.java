package jot.tokenizer;

import java.util.Arrays;
import java.util.function.IntConsumer;
import jot.tokenizer.Vocabulary.IdIndex;

/**
 * Byte-pair encoding: merges neighbouring symbols, the pair of lowest rank first, of equals the leftmost, until no pair is left.
 *
 * <p>Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016). Short pieces are scanned; long
 * ones go through a heap over a linked list, in n log n time. One instance serves one call at a time.
 */
final class BytePairs {
    /** What {@link Merges#of} returns for a pair that does not merge; above every rank. */
    static final long NONE = Long.MAX_VALUE;

    private static final int SHORT = 40;

    /** Which pairs of symbols merge, in which order, and to what. */
    sealed interface Merges permits ListedMerges, RankedTokens {
        /** Returns {@code rank << 32 | merged symbol} of a pair, or {@link #NONE}. */
        long of(int left, int right);

        /** Names each symbol that some pair merges to. */
        void forEachMerged(IntConsumer symbols);
    }

    private final Merges merges;
    private int[] symbols = new int[64];
    /** How much of the text each symbol covers, in bytes. */
    private int[] lengths = new int[64];
    private int count;
    /** Merge of each symbol with the one behind it. */
    private long[] pairs = new long[64];
    private int[] next = new int[0];
    private int[] previous = new int[0];
    private long[] heap = new long[0];
    private int heapSize;

    BytePairs(Merges merges) {
        this.merges = merges;
    }

    /** Begins a new piece. */
    void clear() {
        count = 0;
    }

    /** Adds a symbol at the end of the piece. */
    void add(int symbol, int length) {
        if (count == symbols.length) {
            symbols = Arrays.copyOf(symbols, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        symbols[count] = symbol;
        lengths[count++] = length;
    }

    int count() {
        return count;
    }

    int symbol(int index) {
        return symbols[index];
    }

    int length(int index) {
        return lengths[index];
    }

    /** Merges the symbols of the piece as far as it goes. */
    void merge() {
        if (count < 2) {
            return;
        }
        if (pairs.length < count) {
            pairs = new long[symbols.length];
        }
        for (int i = 0; i + 1 < count; i++) {
            pairs[i] = merges.of(symbols[i], symbols[i + 1]);
        }
        pairs[count - 1] = NONE;
        if (count <= SHORT) {
            mergeShort();
        } else {
            mergeLong();
        }
    }

    private void mergeShort() {
        while (true) {
            int best = 0;
            for (int i = 1; i < count - 1; i++) {
                if (pairs[i] >>> 32 < pairs[best] >>> 32) {
                    best = i;
                }
            }
            if (pairs[best] == NONE) {
                return;
            }
            symbols[best] = (int) pairs[best];
            lengths[best] += lengths[best + 1];
            int behind = count - best - 2;
            System.arraycopy(symbols, best + 2, symbols, best + 1, behind);
            System.arraycopy(lengths, best + 2, lengths, best + 1, behind);
            System.arraycopy(pairs, best + 2, pairs, best + 1, behind);
            count--;
            pairs[best] = best + 1 < count ? merges.of(symbols[best], symbols[best + 1]) : NONE;
            if (best > 0) {
                pairs[best - 1] = merges.of(symbols[best - 1], symbols[best]);
            }
        }
    }

    private void mergeLong() {
        link();
        while (heapSize > 0) {
            long top = pop();
            int at = (int) top;
            long pair = pairs[at];
            if (pair == NONE || pair >>> 32 != top >>> 32) {
                continue; // what this entry stood for has been merged into something else
            }
            int right = next[at];
            int behind = next[right];
            symbols[at] = (int) pair;
            lengths[at] += lengths[right];
            pairs[right] = NONE;
            next[at] = behind;
            if (behind < count) {
                previous[behind] = at;
                renew(at, behind);
            } else {
                pairs[at] = NONE;
            }
            if (previous[at] >= 0) {
                renew(previous[at], at);
            }
        }
        gather();
    }

    private void link() {
        if (next.length < count) {
            next = new int[symbols.length];
            previous = new int[symbols.length];
            heap = new long[symbols.length * 2];
        }
        heapSize = 0;
        for (int i = 0; i < count; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (pairs[i] != NONE) {
                push(pairs[i] & 0xFFFFFFFF00000000L | i);
            }
        }
    }

    private void renew(int left, int right) {
        pairs[left] = merges.of(symbols[left], symbols[right]);
        if (pairs[left] != NONE) {
            push(pairs[left] & 0xFFFFFFFF00000000L | left);
        }
    }

    /** Moves the symbols that are left to the front. */
    private void gather() {
        int kept = 0;
        for (int i = 0; i < count; i = next[i]) {
            symbols[kept] = symbols[i];
            lengths[kept++] = lengths[i];
        }
        count = kept;
    }

    private void push(long key) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heapSize * 2);
        }
        int at = heapSize++;
        while (at > 0) {
            int parent = at - 1 >>> 1;
            if (heap[parent] <= key) {
                break;
            }
            heap[at] = heap[parent];
            at = parent;
        }
        heap[at] = key;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int at = 0;
        while (true) {
            int child = 2 * at + 1;
            if (child >= heapSize) {
                break;
            }
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (last <= heap[child]) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }

    /** Merges as a list of pairs, in order of rank: a hash table from pairs of token ids. Immutable once filled. */
    static final class ListedMerges implements Merges {
        /** Two longs a slot: the pair, -1 where the slot is free, and the merge. */
        private final long[] table;
        private final int shift;

        /** Makes room for a number of merges. */
        ListedMerges(int expected) {
            int slots = Integer.highestOneBit(Math.max(8, expected + expected / 2)) * 2;
            table = new long[slots * 2];
            Arrays.fill(table, -1);
            shift = 64 - Integer.numberOfTrailingZeros(slots);
        }

        /** Adds a merge; one that is listed twice has its last rank. Only for the one who fills the table. */
        void add(int left, int right, int rank, int merged) {
            long pair = (long) left << 32 | right;
            int slot = slot(pair);
            table[slot] = pair;
            table[slot + 1] = (long) rank << 32 | merged;
        }

        @Override
        public long of(int left, int right) {
            int slot = slot((long) left << 32 | right);
            return table[slot] == -1 ? NONE : table[slot + 1];
        }

        @Override
        public void forEachMerged(IntConsumer symbols) {
            for (int slot = 0; slot < table.length; slot += 2) {
                if (table[slot] != -1) {
                    symbols.accept((int) table[slot + 1]);
                }
            }
        }

        private int slot(long pair) {
            int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> shift) * 2;
            while (table[slot] != pair && table[slot] != -1) {
                slot = slot + 2 & table.length - 1;
            }
            return slot;
        }
    }

    /**
     * Merges that follow from the tokens alone: two neighbours merge if the bytes of both together are a token; its rank decides.
     *
     * <p>Symbols are token ids; ids of other tokens merge with nothing. Immutable.
     */
    static final class RankedTokens implements Merges {
        private static final int BASE = 0x01000193;

        private final byte[][] tokens;
        private final int[] ids;
        private final int[] ranks;
        private final int[] hashes;
        /** Powers of {@link #BASE}, up to the length of the longest token. */
        private final int[] powers;
        /** Open addressing: entry + 1, or 0 where the slot is free. */
        private final int[] slots;
        private final IdIndex entries;

        /**
         * Indexes tokens.
         *
         * @param tokens the bytes of each, all different
         * @param ids the id of each, all different
         * @param ranks rank of each, 0 or more; may be equal
         */
        RankedTokens(byte[][] tokens, int[] ids, int[] ranks) {
            this.tokens = tokens;
            this.ids = ids;
            this.ranks = ranks;
            this.entries = new IdIndex(ids);
            this.hashes = new int[tokens.length];
            this.slots = new int[Integer.highestOneBit(Math.max(8, tokens.length) * 2 - 1) * 2];
            int longest = 0;
            for (int entry = 0; entry < tokens.length; entry++) {
                longest = Math.max(longest, tokens[entry].length);
                hashes[entry] = hash(tokens[entry]);
                slots[freeSlot(hashes[entry])] = entry + 1;
            }
            this.powers = new int[longest + 1];
            powers[0] = 1;
            for (int i = 1; i < powers.length; i++) {
                powers[i] = powers[i - 1] * BASE;
            }
        }

        @Override
        public long of(int left, int right) {
            int leftEntry = entries.entry(left);
            int rightEntry = entries.entry(right);
            if (leftEntry < 0 || rightEntry < 0) {
                return NONE;
            }
            byte[] first = tokens[leftEntry];
            byte[] second = tokens[rightEntry];
            if (first.length + second.length >= powers.length) {
                return NONE;
            }
            int hash = hashes[leftEntry] * powers[second.length] + hashes[rightEntry];
            int mask = slots.length - 1;
            for (int slot = spread(hash) & mask; slots[slot] != 0; slot = slot + 1 & mask) {
                int entry = slots[slot] - 1;
                if (hashes[entry] == hash && isJoined(tokens[entry], first, second)) {
                    return (long) ranks[entry] << 32 | ids[entry];
                }
            }
            return NONE;
        }

        @Override
        public void forEachMerged(IntConsumer symbols) {
            for (int id : ids) {
                symbols.accept(id);
            }
        }

        private static boolean isJoined(byte[] token, byte[] first, byte[] second) {
            return token.length == first.length + second.length
                    && Arrays.equals(token, 0, first.length, first, 0, first.length)
                    && Arrays.equals(token, first.length, token.length, second, 0, second.length);
        }

        private int freeSlot(int hash) {
            int mask = slots.length - 1;
            int slot = spread(hash) & mask;
            while (slots[slot] != 0) {
                slot = slot + 1 & mask;
            }
            return slot;
        }

        private static int hash(byte[] bytes) {
            int hash = 0;
            for (byte value : bytes) {
                hash = hash * BASE + value;
            }
            return hash;
        }

        private static int spread(int hash) {
            int spread = hash * 0x9E3779B1;
            return spread ^ spread >>> 16;
        }
    }
}
