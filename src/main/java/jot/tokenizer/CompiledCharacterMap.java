package jot.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rules that replace strings by strings, as SentencePiece compiles them: a tree of keys in a double array, and the replacements.
 *
 * <p>The format is that of {@code precompiled_charsmap}: the size of the tree in bytes, the units of the tree (see Darts, "Double-ARray
 * Trie System"), and the replacements in UTF-8, each closed by a zero byte. Immutable and thread-safe.
 */
final class CompiledCharacterMap implements Normalizer {
    /** Longer grapheme clusters, in bytes, are only looked up character by character. */
    private static final int LONGEST_CLUSTER = 5;
    private static final Pattern CLUSTER = Pattern.compile("\\X");

    private final int[] units;
    private final byte[] replacements;

    private CompiledCharacterMap(int[] units, byte[] replacements) {
        this.units = units;
        this.replacements = replacements;
    }

    /**
     * Reads compiled rules.
     *
     * @throws IllegalArgumentException if their sizes do not fit, with what is wrong
     */
    static CompiledCharacterMap of(byte[] compiled) {
        if (compiled.length < 4) {
            throw new IllegalArgumentException("a character map of " + compiled.length + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(compiled).order(ByteOrder.LITTLE_ENDIAN);
        long treeSize = Integer.toUnsignedLong(buffer.getInt());
        if (treeSize < 4 || treeSize % 4 != 0 || treeSize > buffer.remaining()) {
            throw new IllegalArgumentException("a character map whose tree has " + treeSize + " of " + buffer.remaining() + " bytes");
        }
        int[] units = new int[(int) treeSize / 4];
        buffer.asIntBuffer().get(units);
        return new CompiledCharacterMap(units, Arrays.copyOfRange(compiled, 4 + (int) treeSize, compiled.length));
    }

    /**
     * Takes the text by grapheme clusters: of a short one, the shortest key at its front replaces the whole cluster; else each of its
     * characters is looked up by itself.
     */
    @Override
    public AlignedText normalize(AlignedText text) {
        Changes changes = new Changes();
        Matcher cluster = CLUSTER.matcher(text.value());
        while (cluster.find()) {
            String found = cluster.group();
            String replacement = TokenModel.utf8Length(found) <= LONGEST_CLUSTER ? shortest(found) : null;
            if (replacement != null) {
                changes.replace(found, replacement);
            } else {
                found.codePoints().mapToObj(Character::toString).forEach(each -> {
                    String single = shortest(each);
                    changes.replace(each, single == null ? each : single);
                });
            }
        }
        return changes.apply(text);
    }

    private String shortest(String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        long match = match(bytes, 0, bytes.length, false);
        return match < 0 ? null : replacement(match);
    }

    /**
     * Looks up a key at the front of some bytes.
     *
     * @param longest whether the longest key counts, or the shortest
     * @return {@code length << 32 | place of the replacement}, or -1
     */
    long match(byte[] bytes, int from, int to, boolean longest) {
        long found = -1;
        long node = offset(units[0]);
        for (int i = from; i < to; i++) {
            int label = bytes[i] & 0xFF;
            node ^= label;
            if (label == 0 || node >= units.length) {
                return found;
            }
            int unit = units[(int) node];
            if ((unit & 0x800000FF) != label) {
                return found;
            }
            node ^= offset(unit);
            if ((unit >>> 8 & 1) != 0) {
                if (node >= units.length) {
                    return found;
                }
                found = (long) (i + 1 - from) << 32 | units[(int) node] & 0x7FFFFFFF;
                if (!longest) {
                    return found;
                }
            }
        }
        return found;
    }

    /** Returns the replacement of a match. */
    String replacement(long match) {
        int start = (int) match;
        if (start >= replacements.length) {
            return "";
        }
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return new String(replacements, start, end - start, StandardCharsets.UTF_8);
    }

    private static long offset(int unit) {
        return Integer.toUnsignedLong(unit >>> 10) << ((unit & 0x200) >>> 6);
    }

    /** The characters of the result, each with how it changes the count of characters. */
    private static final class Changes {
        private int[] codePoints = new int[64];
        private int[] changes = new int[64];
        private int count;

        private void replace(String old, String replacement) {
            int[] written = replacement.codePoints().toArray();
            int more = written.length - old.codePointCount(0, old.length());
            for (int i = 0; i < written.length; i++) {
                add(written[i], more > 0 && i >= written.length - more ? 1 : 0);
            }
            if (more < 0 && count > 0) {
                changes[count - 1] += more;
            }
        }

        private void add(int codePoint, int change) {
            if (count == codePoints.length) {
                codePoints = Arrays.copyOf(codePoints, count * 2);
                changes = Arrays.copyOf(changes, count * 2);
            }
            codePoints[count] = codePoint;
            changes[count++] = change;
        }

        private AlignedText apply(AlignedText text) {
            AlignedText.Builder result = text.change();
            for (int i = 0; i < count; i++) {
                if (changes[i] > 0) {
                    result.insert(codePoints[i]);
                } else {
                    result.replace(codePoints[i]).skip(-changes[i]);
                }
            }
            return result.build();
        }
    }
}
