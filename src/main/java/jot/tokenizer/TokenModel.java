package jot.tokenizer;

import java.util.Arrays;
import java.util.Set;

/**
 * The heart of a tokenizer: turns one piece of normalized text into tokens of its vocabulary.
 *
 * <p>Models are immutable and thread-safe.
 */
sealed interface TokenModel permits TokenModel.WordLevel, TokenModel.WordPiece, CharacterPairs, Unigram {
    /**
     * Turns a piece into tokens.
     *
     * @param piece a piece that is not empty
     * @param plain whether the text comes from strangers, so that no special token may come of it
     * @param out receives the tokens, with ranges in UTF-8 bytes of the piece
     * @throws IllegalArgumentException if the model has no token for a part of the piece and none for what is unknown
     */
    void tokenize(String piece, boolean plain, Tokens out);

    /** Returns the tokens and ids. */
    Vocabulary vocabulary();

    /** Returns how many bytes a string has in UTF-8. */
    static int utf8Length(String text) {
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            length += unit < 0x80 ? 1 : unit < 0x800 ? 2 : Character.isSurrogate(unit) ? 2 : 3;
        }
        return length;
    }

    /** Returns how many bytes a code point has in UTF-8. */
    static int utf8Length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }

    /** Tokens as they come, each with the range that it covers. */
    final class Tokens {
        private int[] ids = new int[64];
        /** Where each token begins and ends; null where nobody will ask. */
        private int[] starts;
        private int[] ends;
        /** Text of each token where it is not what the vocabulary says; null where nobody will ask. */
        private String[] texts;
        private int count;

        /** Makes room for tokens; {@code withRanges} and {@code withTexts} say whether anybody will ask for those. */
        Tokens(boolean withRanges, boolean withTexts) {
            this.starts = withRanges ? new int[64] : null;
            this.ends = withRanges ? new int[64] : null;
            this.texts = withTexts ? new String[64] : null;
        }

        /** Returns whether anybody will ask for ranges. */
        boolean withRanges() {
            return starts != null;
        }

        void add(int id, int start, int end) {
            add(id, start, end, null);
        }

        void add(int id, int start, int end, String text) {
            reserve(1);
            ids[count] = id;
            if (starts != null) {
                starts[count] = start;
                ends[count] = end;
            }
            if (texts != null) {
                texts[count] = text;
            }
            count++;
        }

        /** Adds an id whose range nobody will ask for. */
        void add(int id) {
            if (count == ids.length) {
                reserve(1);
            }
            ids[count++] = id;
        }

        /** Adds ids whose ranges nobody will ask for. */
        void addAll(int[] more) {
            reserve(more.length);
            System.arraycopy(more, 0, ids, count, more.length);
            count += more.length;
        }

        private void reserve(int more) {
            if (count + more <= ids.length) {
                return;
            }
            int capacity = Math.max(count + more, count * 2);
            ids = Arrays.copyOf(ids, capacity);
            starts = starts == null ? null : Arrays.copyOf(starts, capacity);
            ends = ends == null ? null : Arrays.copyOf(ends, capacity);
            texts = texts == null ? null : Arrays.copyOf(texts, capacity);
        }

        int count() {
            return count;
        }

        int id(int index) {
            return ids[index];
        }

        int start(int index) {
            return starts[index];
        }

        int end(int index) {
            return ends[index];
        }

        /** Returns the text of a token where it is not what the vocabulary says, or null. */
        String text(int index) {
            return texts == null ? null : texts[index];
        }

        void setRange(int index, int start, int end) {
            starts[index] = start;
            ends[index] = end;
        }

        int[] ids() {
            return Arrays.copyOf(ids, count);
        }
    }

    /**
     * Whole pieces only: a piece is a token or unknown.
     *
     * @param vocabulary tokens and ids
     * @param unknown the token for everything else
     * @param special ids that no text from strangers may have
     */
    record WordLevel(Vocabulary vocabulary, String unknown, Set<Integer> special) implements TokenModel {
        @Override
        public void tokenize(String piece, boolean plain, Tokens out) {
            int id = vocabulary.id(piece);
            if (id == Vocabulary.MISSING || plain && special.contains(id)) {
                id = vocabulary.id(unknown);
            }
            if (id == Vocabulary.MISSING) {
                throw new IllegalArgumentException("text that a tokenizer cannot encode: the word \"" + piece
                        + "\" is not in the vocabulary, nor is the token for unknown words, \"" + unknown + "\"");
            }
            out.add(id, 0, utf8Length(piece));
        }
    }

    /**
     * The longest token first, from left to right; one place without a token makes the whole piece unknown.
     *
     * <p>Wu et al., "Google's Neural Machine Translation System" (2016), as BERT uses it.
     *
     * @param vocabulary tokens and ids
     * @param unknown the token for everything else
     * @param prefix stands in front of tokens that do not begin a piece
     * @param longest pieces of more code points are unknown
     * @param special ids that no text from strangers may have
     */
    record WordPiece(Vocabulary vocabulary, String unknown, String prefix, int longest, Set<Integer> special) implements TokenModel {
        @Override
        public void tokenize(String piece, boolean plain, Tokens out) {
            int[] found = piece.codePointCount(0, piece.length()) > longest ? null : tokens(piece, plain);
            if (found == null) {
                addUnknown(piece, out);
                return;
            }
            int byteStart = 0;
            for (int i = 0; i < found.length; i += 2) {
                int byteEnd = byteStart + found[i + 1];
                out.add(found[i], byteStart, byteEnd);
                byteStart = byteEnd;
            }
        }

        /** Returns id and length in bytes of each token, or null if there is a place without one. */
        private int[] tokens(String piece, boolean plain) {
            int[] found = new int[2 * piece.length()];
            int count = 0;
            for (int start = 0; start < piece.length(); ) {
                int end = Math.min(piece.length(), start + vocabulary.longest());
                end -= end < piece.length() && Character.isLowSurrogate(piece.charAt(end)) ? 1 : 0;
                int id = Vocabulary.MISSING;
                while (end > start) {
                    id = vocabulary.id(start == 0 ? piece.substring(start, end) : prefix + piece.substring(start, end));
                    id = plain && id >= 0 && special.contains(id) ? Vocabulary.MISSING : id;
                    if (id != Vocabulary.MISSING) {
                        break;
                    }
                    end = piece.offsetByCodePoints(end, -1);
                }
                if (id == Vocabulary.MISSING) {
                    return null;
                }
                found[count++] = id;
                found[count++] = utf8Length(piece.substring(start, end));
                start = end;
            }
            return Arrays.copyOf(found, count);
        }

        private void addUnknown(String piece, Tokens out) {
            int id = vocabulary.id(unknown);
            if (id == Vocabulary.MISSING) {
                throw new IllegalArgumentException("text that a tokenizer cannot encode: the token for unknown words, \"" + unknown
                        + "\", is not in the vocabulary");
            }
            out.add(id, 0, utf8Length(piece));
        }
    }

    /**
     * Remembers the ids of pieces that were met before, in a table of fixed size where newer pieces push out older ones.
     *
     * <p>Each piece has two places: a new one takes the first and moves what was there to the second. Thread-safe without a lock: entries
     * are immutable, and a thread that does not see one yet makes it again.
     */
    final class PieceCache {
        /** Pieces of more UTF-16 units are not remembered. */
        static final int LONGEST = 32;
        private static final int BITS = 16;
        /** Pieces of up to so many units, all below U+0100, are packed into one number. */
        private static final int PACKED = 7;

        private final Entry[] entries = new Entry[1 << BITS];

        /** Adds the ids of a piece and returns true, or returns false if they are not known. */
        boolean addTo(Tokens out, char[] text, int from, int end) {
            long key = key(text, from, end);
            int slot = slot(key);
            Entry entry = entries[slot];
            if (entry == null || !entry.isOf(key, text, from, end)) {
                entry = entries[slot ^ 1];
                if (entry == null || !entry.isOf(key, text, from, end)) {
                    return false;
                }
            }
            if (entry.ids == null) {
                out.add(entry.id);
            } else {
                out.addAll(entry.ids);
            }
            return true;
        }

        /** Remembers the ids of a piece. */
        void put(char[] text, int from, int end, int[] ids) {
            long key = key(text, from, end);
            int slot = slot(key);
            entries[slot ^ 1] = entries[slot];
            entries[slot] = new Entry(key, key < 0 ? Arrays.copyOfRange(text, from, end) : null, ids);
        }

        /** Returns a number that is the piece itself, length and all; or a negative one that is only a hash of it. */
        private static long key(char[] text, int from, int end) {
            if (end - from <= PACKED) {
                long key = end - from;
                int all = 0;
                for (int i = from; i < end; i++) {
                    key = key << 8 ^ text[i];
                    all |= text[i];
                }
                return all < 0x100 ? key : key | Long.MIN_VALUE;
            }
            long key = 0;
            for (int i = from; i < end; i++) {
                key = key * 31 + text[i];
            }
            return key | Long.MIN_VALUE;
        }

        private static int slot(long key) {
            return (int) (key * 0x9E3779B97F4A7C15L >>> 64 - BITS);
        }

        private static final class Entry {
            private final long key;
            /** Null where the key says it all. */
            private final char[] piece;
            /** The only id, where there is one. */
            private final int id;
            private final int[] ids;

            private Entry(long key, char[] piece, int[] ids) {
                this.key = key;
                this.piece = piece;
                this.id = ids.length == 1 ? ids[0] : Vocabulary.MISSING;
                this.ids = ids.length == 1 ? null : ids;
            }

            private boolean isOf(long otherKey, char[] text, int from, int end) {
                return key == otherKey && (piece == null || Arrays.equals(piece, 0, piece.length, text, from, end));
            }
        }
    }
}
