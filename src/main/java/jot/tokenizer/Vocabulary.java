package jot.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The tokens of a model with their ids, both ways; immutable and thread-safe.
 *
 * <p>Ids may have gaps. Where two entries have the same token, the later one counts for {@link #id}.
 */
final class Vocabulary {
    /** What {@link #id} returns for a token that is not there. */
    static final int MISSING = -1;

    /** Decides where in the table tokens lie, never what comes out. */
    private static final int MULTIPLIER = new SplittableRandom().nextInt() | 1;

    private final String[] tokens;
    private final int[] ids;
    private final int longest;
    /** Open addressing: entry + 1, or 0 where the slot is free. */
    private final int[] slots;
    private final IdIndex entries;

    private Vocabulary(String[] tokens, int[] ids) {
        this.tokens = tokens;
        this.ids = ids;
        this.slots = new int[Integer.highestOneBit(Math.max(8, tokens.length) * 2 - 1) * 2];
        int length = 0;
        for (int entry = 0; entry < tokens.length; entry++) {
            slots[slot(tokens[entry])] = entry + 1;
            length = Math.max(length, tokens[entry].length());
        }
        this.longest = length;
        this.entries = new IdIndex(ids);
    }

    private int slot(String token) {
        int mask = slots.length - 1;
        int slot = hash(token) & mask;
        while (slots[slot] != 0 && !tokens[slots[slot] - 1].equals(token)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    /** Hashes with a multiplier that no author of a file can know, so that none can make all tokens collide. */
    private static int hash(String token) {
        int hash = 0;
        for (int i = 0; i < token.length(); i++) {
            hash = hash * MULTIPLIER + token.charAt(i);
        }
        hash *= 0x9E3779B1;
        return hash ^ hash >>> 15;
    }

    /** Returns the id of a token, or {@link #MISSING}. */
    int id(String token) {
        int entry = slots[slot(token)] - 1;
        return entry < 0 ? MISSING : ids[entry];
    }

    /** Returns the token of an id, or null if no token has it. */
    String token(int id) {
        int entry = entries.entry(id);
        return entry < 0 ? null : tokens[entry];
    }

    /** Returns the number of entries. */
    int count() {
        return tokens.length;
    }

    /** Returns the length of the longest token in UTF-16 units. */
    int longest() {
        return longest;
    }

    /** Returns the highest id, -1 if there is no entry. */
    int highestId() {
        return entries.highestId;
    }

    /** Returns an id that two entries share, or {@link #MISSING} if each has its own. */
    int duplicateId() {
        return entries.duplicateId;
    }

    /** Finds the entry of an id; ids may have gaps. Immutable. */
    static final class IdIndex {
        /** Entry of each id, -1 for gaps; null where the ids lie too far apart for an array. */
        private final int[] dense;
        private final Map<Integer, Integer> sparse;
        private final int highestId;
        private final int duplicateId;

        IdIndex(int[] ids) {
            int highest = -1;
            for (int id : ids) {
                highest = Math.max(highest, id);
            }
            highestId = highest;
            boolean isDense = highest < 4L * ids.length + 1024;
            dense = isDense ? new int[highest + 1] : null;
            sparse = isDense ? null : new HashMap<>();
            if (isDense) {
                Arrays.fill(dense, -1);
            }
            int duplicate = MISSING;
            for (int entry = 0; entry < ids.length; entry++) {
                duplicate = entry(ids[entry]) < 0 ? duplicate : ids[entry];
                if (isDense) {
                    dense[ids[entry]] = entry;
                } else {
                    sparse.put(ids[entry], entry);
                }
            }
            duplicateId = duplicate;
        }

        /** Returns the entry of an id, or -1. */
        int entry(int id) {
            if (dense != null) {
                return id >= 0 && id < dense.length ? dense[id] : -1;
            }
            return sparse.getOrDefault(id, -1);
        }
    }

    /** Collects entries in the order of a file. */
    static final class Builder {
        private String[] tokens;
        private int[] ids;
        private int count;

        Builder(int expected) {
            tokens = new String[Math.max(8, expected)];
            ids = new int[tokens.length];
        }

        Builder add(String token, int id) {
            if (count == tokens.length) {
                tokens = Arrays.copyOf(tokens, count * 2);
                ids = Arrays.copyOf(ids, count * 2);
            }
            tokens[count] = token;
            ids[count++] = id;
            return this;
        }

        Vocabulary build() {
            return new Vocabulary(Arrays.copyOf(tokens, count), Arrays.copyOf(ids, count));
        }
    }
}
