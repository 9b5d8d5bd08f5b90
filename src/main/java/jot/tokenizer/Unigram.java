package jot.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A unigram language model: of all ways to cut a piece into tokens, the one whose scores have the highest sum.
 *
 * <p>Kudo, "Subword Regularization" (2018); the best path is found by Viterbi's algorithm over a tree of all tokens. Immutable and
 * thread-safe.
 */
final class Unigram implements TokenModel {
    /** How much less than the lowest score a character without a token has. */
    private static final double UNKNOWN_PENALTY = 10;

    /**
     * What a model does besides finding the best path.
     *
     * @param unknownId id of the token for unknown characters, or {@link Vocabulary#MISSING}: they are refused
     * @param byteFallback whether unknown characters become tokens of their bytes where those exist
     * @param singlePrecision whether sums are kept in single precision, as SentencePiece does
     * @param fusesUnknown whether a run of unknown characters is taken together
     */
    record Options(int unknownId, boolean byteFallback, boolean singlePrecision, boolean fusesUnknown) {
    }

    private final Vocabulary vocabulary;
    private final Options options;
    private final Tree tree;
    private final double unknownScore;
    /** Ids that do not count in text from strangers. */
    private final BitSet special;
    private final int[] byteIds;

    /**
     * Indexes tokens.
     *
     * @param tokens the tokens; ids are places in it
     * @param scores log probability of each
     * @param matching which of them match in text
     * @param lowestScore the score below which unknown characters lie
     * @param special which of them are special
     */
    Unigram(String[] tokens, double[] scores, BitSet matching, double lowestScore, BitSet special, Options options) {
        Vocabulary.Builder entries = new Vocabulary.Builder(tokens.length);
        this.tree = new Tree(tokens.length);
        for (int id = 0; id < tokens.length; id++) {
            entries.add(tokens[id], id);
            if (matching.get(id)) {
                tree.add(tokens[id], id, scores[id]);
            }
        }
        this.vocabulary = entries.build();
        this.options = options;
        this.special = special;
        this.unknownScore = options.singlePrecision ? (float) lowestScore - (float) UNKNOWN_PENALTY : lowestScore - UNKNOWN_PENALTY;
        this.byteIds = options.byteFallback ? CharacterPairs.byteIds(vocabulary) : null;
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public void tokenize(String piece, boolean plain, Tokens out) {
        Path path = new Path(piece, plain);
        path.search();
        path.emit(out);
    }

    /** The best path through one piece. */
    private final class Path {
        private final String piece;
        private final boolean plain;
        /** Score of the best path that ends at each index. */
        private final double[] best;
        /** Where the last token of that path begins; -1 where no path ends yet. */
        private final int[] starts;
        private final int[] ids;

        private Path(String piece, boolean plain) {
            this.piece = piece;
            this.plain = plain;
            this.best = new double[piece.length() + 1];
            this.starts = new int[piece.length() + 1];
            this.ids = new int[piece.length() + 1];
            Arrays.fill(starts, -1);
        }

        private void search() {
            int next;
            for (int start = 0; start < piece.length(); start = next) {
                next = piece.offsetByCodePoints(start, 1);
                boolean hasSingle = false;
                int node = Tree.ROOT;
                for (int end = start; end < piece.length(); ) {
                    node = tree.child(node, piece.charAt(end++));
                    if (node < 0) {
                        break;
                    }
                    int id = tree.id(node);
                    if (id >= 0 && !(plain && special.get(id))) {
                        offer(start, end, id, tree.score(node));
                        hasSingle |= end == next;
                    }
                }
                if (!hasSingle) {
                    requireUnknown(start);
                    offer(start, next, options.unknownId, unknownScore);
                }
            }
        }

        /** A longer last token wins over a shorter one of equal score: it is offered first. */
        private void offer(int start, int end, int id, double score) {
            double sum = score + best[start];
            if (starts[end] < 0 || sum > best[end]) {
                best[end] = options.singlePrecision ? (float) sum : sum;
                starts[end] = start;
                ids[end] = id;
            }
        }

        private void requireUnknown(int index) {
            if (options.unknownId == Vocabulary.MISSING) {
                throw new IllegalArgumentException("text that a tokenizer cannot encode: \"" + Character.toString(piece.codePointAt(index))
                        + "\" is not in the vocabulary, and the model has no token for unknown characters");
            }
        }

        private void emit(Tokens out) {
            int[] ends = new int[piece.length()];
            int count = 0;
            for (int end = piece.length(); end > 0; end = starts[end]) {
                ends[count++] = end;
            }
            int byteStart = 0;
            for (int i = count - 1; i >= 0; i--) {
                int start = starts[ends[i]];
                boolean isUnknown = ids[ends[i]] == options.unknownId;
                while (isUnknown && options.fusesUnknown && i > 0 && ids[ends[i - 1]] == options.unknownId) {
                    i--;
                }
                String text = piece.substring(start, ends[i]);
                int byteEnd = byteStart + TokenModel.utf8Length(text);
                if (isUnknown) {
                    emitUnknown(text, byteStart, byteEnd, out);
                } else {
                    out.add(ids[ends[i]], byteStart, byteEnd);
                }
                byteStart = byteEnd;
            }
        }

        private void emitUnknown(String run, int byteStart, int byteEnd, Tokens out) {
            int id = options.fusesUnknown ? vocabulary.id(run) : Vocabulary.MISSING;
            if (id != Vocabulary.MISSING && !(plain && special.get(id))) {
                out.add(id, byteStart, byteEnd);
                return;
            }
            if (options.byteFallback) {
                byte[] bytes = run.getBytes(StandardCharsets.UTF_8);
                if (allBytesKnown(bytes)) {
                    for (byte value : bytes) {
                        out.add(byteIds[value & 0xFF], byteStart, byteEnd);
                    }
                    return;
                }
            }
            out.add(options.unknownId, byteStart, byteEnd, run);
        }

        private boolean allBytesKnown(byte[] bytes) {
            for (byte value : bytes) {
                if (byteIds[value & 0xFF] == Vocabulary.MISSING) {
                    return false;
                }
            }
            return true;
        }
    }

    /** All tokens as a tree by UTF-16 units; the children of all nodes share one hash table. */
    private static final class Tree {
        private static final int ROOT = 0;

        /** {@code node << 16 | unit}, -1 where the slot is free. */
        private long[] keys;
        private int[] children;
        private int[] ids;
        private double[] scores;
        private int count = 1;

        private Tree(int expected) {
            keys = new long[Integer.highestOneBit(Math.max(64, expected)) * 4];
            Arrays.fill(keys, -1);
            children = new int[keys.length];
            ids = new int[Math.max(64, expected * 2)];
            scores = new double[ids.length];
            ids[ROOT] = -1;
        }

        private void add(String token, int id, double score) {
            int node = ROOT;
            for (int i = 0; i < token.length(); i++) {
                node = childOrNew(node, token.charAt(i));
            }
            if (node != ROOT) {
                ids[node] = id;
                scores[node] = score;
            }
        }

        private int childOrNew(int node, char unit) {
            int slot = slot((long) node << 16 | unit);
            if (keys[slot] != -1) {
                return children[slot];
            }
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, count * 2);
                scores = Arrays.copyOf(scores, count * 2);
            }
            keys[slot] = (long) node << 16 | unit;
            children[slot] = count;
            ids[count] = -1;
            if (count * 2 > keys.length) {
                rehash();
            }
            return count++;
        }

        private void rehash() {
            long[] oldKeys = keys;
            int[] oldChildren = children;
            keys = new long[oldKeys.length * 2];
            children = new int[keys.length];
            Arrays.fill(keys, -1);
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldKeys[i] != -1) {
                    int slot = slot(oldKeys[i]);
                    keys[slot] = oldKeys[i];
                    children[slot] = oldChildren[i];
                }
            }
        }

        private int child(int node, char unit) {
            int slot = slot((long) node << 16 | unit);
            return keys[slot] == -1 ? -1 : children[slot];
        }

        private int slot(long key) {
            int mask = keys.length - 1;
            long hash = key * 0x9E3779B97F4A7C15L;
            int slot = (int) (hash >>> 32) & mask;
            while (keys[slot] != key && keys[slot] != -1) {
                slot = slot + 1 & mask;
            }
            return slot;
        }

        private int id(int node) {
            return ids[node];
        }

        private double score(int node) {
            return scores[node];
        }
    }
}
