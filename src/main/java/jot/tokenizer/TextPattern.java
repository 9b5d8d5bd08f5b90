package jot.tokenizer;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Something to look for in a text: a literal, single characters, a published split pattern or a regular expression.
 *
 * <p>Immutable and thread-safe.
 */
sealed interface TextPattern permits TextPattern.Literal, TextPattern.Single, TextPattern.Scanner, TextPattern.WordRuns,
        RegularExpression {
    /**
     * Finds all matches from left to right; they don't overlap, and may be empty.
     *
     * @return start and end of each, alternately
     */
    int[] matches(String text);

    /** Returns the text with each match replaced by a content, which is taken literally. */
    default String replaceAll(String text, String content) {
        int[] matches = matches(text);
        if (matches.length == 0) {
            return text;
        }
        StringBuilder replaced = new StringBuilder(text.length());
        int done = 0;
        for (int i = 0; i < matches.length; i += 2) {
            replaced.append(text, done, matches[i]).append(content);
            done = matches[i + 1];
        }
        return replaced.append(text, done, text.length()).toString();
    }

    /** Collects matches. */
    final class Matches {
        private int[] bounds = new int[16];
        private int count;

        Matches add(int start, int end) {
            if (count == bounds.length) {
                bounds = Arrays.copyOf(bounds, count * 2);
            }
            bounds[count++] = start;
            bounds[count++] = end;
            return this;
        }

        int[] toArray() {
            return Arrays.copyOf(bounds, count);
        }
    }

    /** A literal string; the empty one matches between all characters. */
    record Literal(String string) implements TextPattern {
        @Override
        public String replaceAll(String text, String content) {
            return string.isEmpty() ? TextPattern.super.replaceAll(text, content) : text.replace(string, content);
        }

        @Override
        public int[] matches(String text) {
            Matches found = new Matches();
            if (string.isEmpty()) {
                for (int at = 0; at < text.length(); at = text.offsetByCodePoints(at, 1)) {
                    found.add(at, at);
                }
                return found.add(text.length(), text.length()).toArray();
            }
            for (int at = text.indexOf(string); at >= 0; at = text.indexOf(string, at + string.length())) {
                found.add(at, at + string.length());
            }
            return found.toArray();
        }
    }

    /** Each single character of a kind. */
    record Single(IntPredicate kind) implements TextPattern {
        @Override
        public int[] matches(String text) {
            Matches found = new Matches();
            int end;
            for (int at = 0; at < text.length(); at = end) {
                int codePoint = text.codePointAt(at);
                end = at + Character.charCount(codePoint);
                if (kind.test(codePoint)) {
                    found.add(at, end);
                }
            }
            return found.toArray();
        }
    }

    /** A published split pattern. */
    record Scanner(PieceScanner scanner) implements TextPattern {
        @Override
        public int[] matches(String text) {
            char[] units = text.toCharArray();
            Matches found = new Matches();
            int at = 0;
            while (at < units.length) {
                int next = scanner.next(units, at, units.length);
                if (next >= 0) {
                    found.add(at, next);
                }
                at = next >= 0 ? next : ~next;
            }
            return found.toArray();
        }
    }

    /** Runs of word characters, and runs of characters that are neither word nor white space. */
    record WordRuns() implements TextPattern {
        @Override
        public int[] matches(String text) {
            Matches found = new Matches();
            int end;
            for (int start = 0; start < text.length(); start = end) {
                int codePoint = text.codePointAt(start);
                boolean isWord = Characters.isWord(codePoint);
                end = start + Character.charCount(codePoint);
                if (!isWord && Characters.isSpace(codePoint)) {
                    continue;
                }
                while (end < text.length() && isSame(isWord, text.codePointAt(end))) {
                    end = text.offsetByCodePoints(end, 1);
                }
                found.add(start, end);
            }
            return found.toArray();
        }

        private static boolean isSame(boolean isWord, int codePoint) {
            return isWord ? Characters.isWord(codePoint) : !Characters.isWord(codePoint) && !Characters.isSpace(codePoint);
        }
    }
}
