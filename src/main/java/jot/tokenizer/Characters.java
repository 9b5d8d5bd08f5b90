package jot.tokenizer;

/**
 * What kinds of characters there are for the rules that cut text: letters, numbers, white space, marks, letters by case.
 *
 * <p>General categories are those of the JDK's own tables (Unicode 16 in JDK 25). White space is the property White_Space, which no
 * method of {@link Character} is.
 */
final class Characters {
    /** General category L*. */
    static final int LETTER = 1;
    /** General category N*. */
    static final int NUMBER = 2;
    /** The property White_Space: 25 code points. */
    static final int SPACE = 4;
    /** General category M*. */
    static final int MARK = 8;
    /** Lu, Lt, Lm, Lo and M*: what may stand in the upper-case part of a word. */
    static final int UPPER = 16;
    /** Ll, Lm, Lo and M*: what may stand in the lower-case part of a word. */
    static final int LOWER = 32;
    /** General category P*. */
    static final int PUNCTUATION = 64;
    /** General category S*. */
    static final int SYMBOL = 128;
    /** What is a word or white space: the complement of "other" in the published split patterns. */
    static final int WORD_OR_SPACE = LETTER | NUMBER | SPACE;

    private static final int TABLE_SIZE = 0x800;
    private static final byte[] TABLE = table();

    private Characters() {
    }

    /** Returns the kinds of a code point as a set of bits. */
    static int kinds(int codePoint) {
        return codePoint < TABLE_SIZE ? TABLE[codePoint] & 0xFF : computeKinds(codePoint);
    }

    /** Returns whether a code point has the property White_Space. */
    static boolean isSpace(int codePoint) {
        if (codePoint < 0x80) {
            return codePoint == ' ' || codePoint >= 9 && codePoint <= 13;
        }
        return switch (codePoint) {
            case 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> codePoint >= 0x2000 && codePoint <= 0x200A;
        };
    }

    /** Returns whether a code point is punctuation for BERT's and GPT-1's rules: ASCII punctuation and symbols, or category P*. */
    static boolean isPunctuation(int codePoint) {
        if (codePoint < 0x80) {
            return codePoint > ' ' && codePoint < 0x7F && !Character.isLetterOrDigit(codePoint);
        }
        return (kinds(codePoint) & PUNCTUATION) != 0;
    }

    /** Returns whether a code point is a word character: Alphabetic, M*, Nd, Pc, and the two joiners. */
    static boolean isWord(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK,
                    Character.DECIMAL_DIGIT_NUMBER, Character.CONNECTOR_PUNCTUATION -> true;
            default -> Character.isAlphabetic(codePoint) || codePoint == 0x200C || codePoint == 0x200D;
        };
    }

    private static byte[] table() {
        byte[] table = new byte[TABLE_SIZE];
        for (int codePoint = 0; codePoint < TABLE_SIZE; codePoint++) {
            table[codePoint] = (byte) computeKinds(codePoint);
        }
        return table;
    }

    private static int computeKinds(int codePoint) {
        int kinds = switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | UPPER;
            case Character.LOWERCASE_LETTER -> LETTER | LOWER;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | UPPER | LOWER;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> MARK | UPPER | LOWER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION, Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION, Character.OTHER_PUNCTUATION -> PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL -> SYMBOL;
            default -> 0;
        };
        return isSpace(codePoint) ? kinds | SPACE : kinds;
    }
}
