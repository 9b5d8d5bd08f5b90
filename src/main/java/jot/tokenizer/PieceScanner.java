package jot.tokenizer;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts text into pieces, as a published split pattern does but without a regular-expression engine.
 *
 * <p>Each scanner stands for one pattern that models were trained with. It walks once over the text: the time is linear and the stack
 * flat, whatever the text. Scanners are immutable and thread-safe.
 */
@FunctionalInterface
interface PieceScanner {
    /** {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}, GPT-2's pattern. */
    PieceScanner GPT2 = PieceScanner::gpt2;
    /** cl100k and Llama 3: words with the character in front, up to three digits. */
    PieceScanner CL100K = new Words(3, false);
    /** As {@link #CL100K}, as tiktoken writes it: white space at the very end is one piece. */
    PieceScanner CL100K_TIKTOKEN = new Words(3, true);
    /** As {@link #CL100K_TIKTOKEN} with digits in runs of any length, which is what that pattern means to Oniguruma. */
    PieceScanner CL100K_ONIGURUMA = new Words(Integer.MAX_VALUE, true);
    /** Qwen 2: as {@link #CL100K}, one digit at a time. */
    PieceScanner QWEN2 = new Words(1, false);
    /** o200k: words cut by case, with the short forms at their end. */
    PieceScanner O200K = new CasedWords(3, true);
    /** Mistral's tekken: as {@link #O200K} without short forms, one digit at a time. */
    PieceScanner TEKKEN = new CasedWords(1, false);
    /** CLIP: letters, single digits and other characters; white space is a gap. */
    PieceScanner CLIP = PieceScanner::clip;
    /** BLOOM: runs without white space and certain punctuation, with the space in front. */
    PieceScanner BLOOM = PieceScanner::bloom;
    /** DeepSeek V3: words with their marks, ASCII words behind a sign, punctuation and symbols; single digits are gaps. */
    PieceScanner DEEPSEEK_V3 = PieceScanner::deepSeek;
    /** {@code \s+$}: white space up to the end of a line. */
    PieceScanner SPACE_AT_LINE_END = PieceScanner::spaceAtLineEnd;
    /** {@code [\r\n]}: each line break. */
    PieceScanner LINE_BREAK = (text, from, end) -> text[from] == '\n' || text[from] == '\r' ? from + 1 : ~(from + 1);
    /** {@code \p{N}{1,3}}: up to three digits. */
    PieceScanner THREE_DIGITS = (text, from, end) -> {
        int to = numbers(text, from, end, 3);
        return to > from ? to : ~(from + width(text, from, end));
    };

    /** The published patterns as their files write them. */
    Map<String, PieceScanner> PUBLISHED = Map.ofEntries(
            Map.entry("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", GPT2),
            Map.entry("'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s", GPT2),
            Map.entry("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", CL100K),
            Map.entry("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", QWEN2),
            Map.entry("'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+"
                    + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s", CL100K_ONIGURUMA),
            Map.entry(casedPattern("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "{1,3}"), O200K),
            Map.entry(casedPattern("", ""), TEKKEN),
            Map.entry("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+", CLIP),
            Map.entry("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                    + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", DEEPSEEK_V3),
            Map.entry("\\s+$", SPACE_AT_LINE_END),
            Map.entry("[\\r\\n]", LINE_BREAK),
            Map.entry("\\p{N}{1,3}", THREE_DIGITS),
            Map.entry(" ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+", BLOOM));

    /** Returns the scanner of a pattern that is published or a plain run of characters; empty for all others. */
    static Optional<PieceScanner> of(String pattern) {
        PieceScanner published = PUBLISHED.get(pattern);
        return published != null ? Optional.of(published) : Runs.of(pattern);
    }

    /**
     * Returns where the piece that begins at {@code from} ends.
     *
     * @param text well-formed UTF-16
     * @param from start of the piece, below {@code end}
     * @param end end of the text, which look-ahead sees as such
     * @return the end, above {@code from}; or its complement ({@code ~end}) if the pattern does not match here and the stretch is a gap
     */
    int next(char[] text, int from, int end);

    private static String casedPattern(String shortForms, String digits) {
        String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
        String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
        String before = "[^\\r\\n\\p{L}\\p{N}]?";
        return before + upper + "*" + lower + "+" + shortForms + "|" + before + upper + "+" + lower + "*" + shortForms
                + "|\\p{N}" + digits + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    private static int gpt2(char[] text, int from, int end) {
        char first = text[from];
        if (first == '\'') {
            int shortForm = shortForm(text, from, end, false);
            if (shortForm > 0) {
                return shortForm;
            }
        }
        int start = first == ' ' && from + 1 < end ? from + 1 : from;
        int kinds = kindsAt(text, start, end);
        if ((kinds & Characters.LETTER) != 0) {
            return runOf(Characters.LETTER, text, start, end);
        }
        if ((kinds & Characters.NUMBER) != 0) {
            return runOf(Characters.NUMBER, text, start, end);
        }
        if ((kinds & Characters.SPACE) == 0) {
            return runWithout(Characters.WORD_OR_SPACE, text, start, end);
        }
        return beforeLastSpace(from, runOf(Characters.SPACE, text, from, end), end);
    }

    private static int clip(char[] text, int from, int end) {
        if (text[from] == '\'') {
            int shortForm = shortForm(text, from, end, false);
            if (shortForm > 0) {
                return shortForm;
            }
        }
        int kinds = kindsAt(text, from, end);
        if ((kinds & Characters.LETTER) != 0) {
            return runOf(Characters.LETTER, text, from, end);
        }
        if ((kinds & Characters.NUMBER) != 0) {
            return from + width(text, from, end);
        }
        if ((kinds & Characters.SPACE) == 0) {
            return runWithout(Characters.WORD_OR_SPACE, text, from, end);
        }
        return ~runOf(Characters.SPACE, text, from, end);
    }

    private static int bloom(char[] text, int from, int end) {
        int start = text[from] == ' ' && from + 1 < end && isBloomWord(text[from + 1]) ? from + 1 : from;
        int to = start;
        while (to < end && isBloomWord(text[to])) {
            to++;
        }
        if (to > start) {
            return to;
        }
        to = from + 1;
        while (to < end && !isBloomWord(text[to]) && !(text[to] == ' ' && to + 1 < end && isBloomWord(text[to + 1]))) {
            to++;
        }
        return ~to;
    }

    private static int deepSeek(char[] text, int from, int end) {
        char first = text[from];
        boolean isAsciiSign = first < 0x80 && Characters.isPunctuation(first);
        if (isAsciiSign && from + 1 < end && isAsciiLetter(text[from + 1])) {
            int to = from + 2;
            while (to < end && isAsciiLetter(text[to])) {
                to++;
            }
            return to;
        }
        int word = Characters.LETTER | Characters.MARK;
        int signs = Characters.PUNCTUATION | Characters.SYMBOL;
        int kinds = kindsAt(text, from, end);
        if ((kinds & word) != 0) {
            return runOf(word, text, from, end);
        }
        int behind = from + width(text, from, end);
        if ((kinds & signs) == 0 && first != '\r' && first != '\n' && behind < end && (kindsAt(text, behind, end) & word) != 0) {
            return runOf(word, text, behind, end);
        }
        int start = first == ' ' ? from + 1 : from;
        int to = runOf(signs, text, start, end);
        if (to > start) {
            while (to < end && (text[to] == '\r' || text[to] == '\n')) {
                to++;
            }
            return to;
        }
        return (kinds & Characters.SPACE) != 0 ? space(text, from, end, false) : ~behind;
    }

    private static boolean isAsciiLetter(char unit) {
        return unit >= 'a' && unit <= 'z' || unit >= 'A' && unit <= 'Z';
    }

    private static int spaceAtLineEnd(char[] text, int from, int end) {
        int spaceEnd = runOf(Characters.SPACE, text, from, end);
        if (spaceEnd == from) {
            return ~(from + 1);
        }
        if (spaceEnd == end) {
            return end;
        }
        int lineEnd = spaceEnd - 1;
        while (lineEnd > from && text[lineEnd] != '\n') {
            lineEnd--;
        }
        return lineEnd > from ? lineEnd : ~spaceEnd;
    }

    private static boolean isBloomWord(char unit) {
        return !Characters.isSpace(unit) && "(|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)".indexOf(unit) < 0;
    }

    /** Returns the end of the English short form ('s, 't, 're …) at {@code from}, or 0; ſ is an s to those that ignore case. */
    private static int shortForm(char[] text, int from, int end, boolean ignoreCase) {
        if (from + 1 >= end) {
            return 0;
        }
        char first = folded(text[from + 1], ignoreCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return from + 2;
        }
        if (from + 2 >= end) {
            return 0;
        }
        char second = folded(text[from + 2], ignoreCase);
        boolean isShortForm = (first == 'r' || first == 'v') && second == 'e' || first == 'l' && second == 'l';
        return isShortForm ? from + 3 : 0;
    }

    private static char folded(char unit, boolean ignoreCase) {
        if (!ignoreCase) {
            return unit;
        }
        return unit >= 'A' && unit <= 'Z' ? (char) (unit + 32) : unit == '\u017f' ? 's' : unit;
    }

    /** Returns the end of white space without its last character, which belongs to the word behind it. */
    private static int beforeLastSpace(int from, int spaceEnd, int end) {
        return spaceEnd == end || spaceEnd == from + 1 ? spaceEnd : spaceEnd - 1;
    }

    /** Returns the place behind the last line break in white space, or {@code from} if there is none. */
    private static int behindLastLineBreak(char[] text, int from, int spaceEnd) {
        int to = spaceEnd;
        while (to > from && text[to - 1] != '\n' && text[to - 1] != '\r') {
            to--;
        }
        return to;
    }

    private static int kindsAt(char[] text, int index, int end) {
        char unit = text[index];
        if (Character.isHighSurrogate(unit) && index + 1 < end) {
            return Characters.kinds(Character.toCodePoint(unit, text[index + 1]));
        }
        return Characters.kinds(unit);
    }

    private static int width(char[] text, int index, int end) {
        return Character.isHighSurrogate(text[index]) && index + 1 < end ? 2 : 1;
    }

    private static int runOf(int kinds, char[] text, int from, int end) {
        int to = from;
        while (to < end && (kindsAt(text, to, end) & kinds) != 0) {
            to += width(text, to, end);
        }
        return to;
    }

    private static int runWithout(int kinds, char[] text, int from, int end) {
        int to = from;
        while (to < end && (kindsAt(text, to, end) & kinds) == 0) {
            to += width(text, to, end);
        }
        return to;
    }

    private static int numbers(char[] text, int from, int end, int most) {
        int to = from;
        for (int count = 0; count < most && to < end && (kindsAt(text, to, end) & Characters.NUMBER) != 0; count++) {
            to += width(text, to, end);
        }
        return to;
    }

    /** The end of {@code  ?[^\s\p{L}\p{N}]+} and of what may follow it, or 0 if there is no such piece. */
    private static int others(char[] text, int from, int end, boolean withSlash) {
        int start = text[from] == ' ' ? from + 1 : from;
        int to = runWithout(Characters.WORD_OR_SPACE, text, start, end);
        if (to == start) {
            return 0;
        }
        while (to < end && (text[to] == '\n' || text[to] == '\r' || withSlash && text[to] == '/')) {
            to++;
        }
        return to;
    }

    /**
     * Words with one character in front that is no line break, letter or number; numbers; other characters; white space.
     *
     * @param digits how many digits a piece has at most
     * @param wholeEnd whether white space at the end of the text is one piece, line breaks or not
     */
    record Words(int digits, boolean wholeEnd) implements PieceScanner {
        @Override
        public int next(char[] text, int from, int end) {
            char first = text[from];
            if (first == '\'') {
                int shortForm = shortForm(text, from, end, true);
                if (shortForm > 0) {
                    return shortForm;
                }
            }
            int kinds = kindsAt(text, from, end);
            if ((kinds & Characters.LETTER) != 0) {
                return runOf(Characters.LETTER, text, from, end);
            }
            if ((kinds & Characters.NUMBER) != 0) {
                return numbers(text, from, end, digits);
            }
            if (first != '\r' && first != '\n') {
                int word = from + width(text, from, end);
                if (word < end && (kindsAt(text, word, end) & Characters.LETTER) != 0) {
                    return runOf(Characters.LETTER, text, word, end);
                }
            }
            int others = others(text, from, end, false);
            return others > 0 ? others : space(text, from, end, wholeEnd);
        }
    }

    private static int space(char[] text, int from, int end, boolean wholeEnd) {
        int spaceEnd = runOf(Characters.SPACE, text, from, end);
        if (wholeEnd && spaceEnd == end) {
            return end;
        }
        int lineEnd = behindLastLineBreak(text, from, spaceEnd);
        return lineEnd > from ? lineEnd : beforeLastSpace(from, spaceEnd, end);
    }

    /**
     * Words that begin anew where lower case turns to upper case, with one character in front.
     *
     * @param digits how many digits a piece has at most
     * @param shortForms whether a word takes the short form behind it ('s, 'll …)
     */
    record CasedWords(int digits, boolean shortForms) implements PieceScanner {
        @Override
        public int next(char[] text, int from, int end) {
            int word = word(text, from, end);
            if (word > 0) {
                int shortForm = shortForms && word < end && text[word] == '\'' ? shortForm(text, word, end, true) : 0;
                return Math.max(word, shortForm);
            }
            if ((kindsAt(text, from, end) & Characters.NUMBER) != 0) {
                return numbers(text, from, end, digits);
            }
            int others = others(text, from, end, true);
            return others > 0 ? others : space(text, from, end, false);
        }

        /** Tries a word with lower case, behind one character and at once, then one of upper case in the same two ways. */
        private static int word(char[] text, int from, int end) {
            int kinds = kindsAt(text, from, end);
            boolean canBeBefore = (kinds & (Characters.LETTER | Characters.NUMBER)) == 0 && text[from] != '\r' && text[from] != '\n';
            int behind = canBeBefore ? from + width(text, from, end) : end;
            int word = lowerCased(text, behind, end);
            if (word == 0) {
                word = lowerCased(text, from, end);
            }
            if (word == 0) {
                word = upperCased(text, behind, end);
            }
            return word == 0 ? upperCased(text, from, end) : word;
        }

        /** {@code UPPER*LOWER+}: gives back from the upper-case part the last character that counts as lower case too. */
        private static int lowerCased(char[] text, int from, int end) {
            int to = from;
            int behindLastOfBoth = 0;
            while (to < end) {
                int kinds = kindsAt(text, to, end);
                if ((kinds & Characters.UPPER) == 0) {
                    break;
                }
                to += width(text, to, end);
                if ((kinds & Characters.LOWER) != 0) {
                    behindLastOfBoth = to;
                }
            }
            int lowerEnd = runOf(Characters.LOWER, text, to, end);
            return lowerEnd > to ? lowerEnd : behindLastOfBoth;
        }

        private static int upperCased(char[] text, int from, int end) {
            int to = runOf(Characters.UPPER, text, from, end);
            return to > from ? runOf(Characters.LOWER, text, to, end) : 0;
        }
    }

    /**
     * Runs of certain characters, with one white space in front if the pattern says so: {@code \s?[A-Za-z]+}.
     *
     * @param bounds lowest and highest code point of each range, alternately
     * @param withSpace whether a run takes the white space before it
     */
    record Runs(int[] bounds, boolean withSpace) implements PieceScanner {
        private static final Pattern FORM = Pattern.compile("(\\\\s\\?)?\\[([^\\[\\]\\\\^&][^\\[\\]\\\\&]*)\\]\\+");

        private static Optional<PieceScanner> of(String pattern) {
            Matcher form = FORM.matcher(pattern);
            if (!form.matches()) {
                return Optional.empty();
            }
            int[] units = form.group(2).codePoints().toArray();
            int[] bounds = new int[units.length * 2];
            int count = 0;
            for (int i = 0; i < units.length; i++) {
                boolean isRange = i + 2 < units.length && units[i + 1] == '-';
                bounds[count++] = units[i];
                bounds[count++] = isRange ? units[i + 2] : units[i];
                i += isRange ? 2 : 0;
                if (bounds[count - 1] < bounds[count - 2]) {
                    return Optional.empty();
                }
            }
            return Optional.of(new Runs(Arrays.copyOf(bounds, count), form.group(1) != null));
        }

        @Override
        public int next(char[] text, int from, int end) {
            int start = withSpace && Characters.isSpace(text[from]) && from + 1 < end && has(text, from + 1, end) ? from + 1 : from;
            int to = start;
            while (to < end && has(text, to, end)) {
                to += width(text, to, end);
            }
            return to > start ? to : ~(from + width(text, from, end));
        }

        private boolean has(char[] text, int index, int end) {
            int codePoint = width(text, index, end) == 2 ? Character.toCodePoint(text[index], text[index + 1]) : text[index];
            for (int i = 0; i < bounds.length; i += 2) {
                if (codePoint >= bounds[i] && codePoint <= bounds[i + 1]) {
                    return true;
                }
            }
            return false;
        }
    }
}
