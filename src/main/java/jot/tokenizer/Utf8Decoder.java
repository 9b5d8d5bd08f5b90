package jot.tokenizer;

/**
 * Reads UTF-8 byte by byte and gives each character as soon as it is decided.
 *
 * <p>Each maximal invalid part becomes one U+FFFD, as in the WHATWG Encoding standard and section 3.9 of Unicode. The JDK's decoder
 * differs on encoded surrogates, so it is not used. Not thread-safe.
 */
final class Utf8Decoder {
    private static final char REPLACEMENT = '\uFFFD';

    /** How many bytes of the character are still to come. */
    private int missing;
    private int codePoint;
    /** What the next byte may be, both included. */
    private int lowest = 0x80;
    private int highest = 0xBF;
    private boolean sawInvalid;
    /** How many bytes of the character have come. */
    private int taken;
    private final boolean replacesEachByte;

    Utf8Decoder() {
        this(false);
    }

    /** Makes a decoder that gives one U+FFFD for each maximal invalid part, or for each byte of it. */
    Utf8Decoder(boolean replacesEachByte) {
        this.replacesEachByte = replacesEachByte;
    }

    /** Takes one byte and appends the text that it decides. */
    void decode(byte next, StringBuilder out) {
        int unit = next & 0xFF;
        if (missing > 0) {
            if (unit >= lowest && unit <= highest) {
                continueCharacter(unit, out);
                return;
            }
            finish(out);
        }
        beginCharacter(unit, out);
    }

    /** Takes bytes and appends the text that they decide. */
    void decode(byte[] bytes, int from, int to, StringBuilder out) {
        for (int i = from; i < to; i++) {
            decode(bytes[i], out);
        }
    }

    /** Ends the text: a character that was begun becomes U+FFFD. */
    void finish(StringBuilder out) {
        if (missing > 0) {
            replace(out);
            reset();
        }
    }

    /** Returns whether a character was begun and not finished. */
    boolean isWithinCharacter() {
        return missing > 0;
    }

    /** Returns whether any byte so far was invalid, and forgets it. */
    boolean takeInvalid() {
        boolean saw = sawInvalid;
        sawInvalid = false;
        return saw;
    }

    private void beginCharacter(int unit, StringBuilder out) {
        taken = 1;
        if (unit < 0x80) {
            out.append((char) unit);
        } else if (unit >= 0xC2 && unit <= 0xDF) {
            missing = 1;
            codePoint = unit & 0x1F;
        } else if (unit >= 0xE0 && unit <= 0xEF) {
            missing = 2;
            codePoint = unit & 0xF;
            lowest = unit == 0xE0 ? 0xA0 : 0x80;
            highest = unit == 0xED ? 0x9F : 0xBF;
        } else if (unit >= 0xF0 && unit <= 0xF4) {
            missing = 3;
            codePoint = unit & 0x7;
            lowest = unit == 0xF0 ? 0x90 : 0x80;
            highest = unit == 0xF4 ? 0x8F : 0xBF;
        } else {
            replace(out);
        }
    }

    private void replace(StringBuilder out) {
        out.repeat(REPLACEMENT, replacesEachByte ? taken : 1);
        sawInvalid = true;
    }

    private void continueCharacter(int unit, StringBuilder out) {
        codePoint = codePoint << 6 | unit & 0x3F;
        lowest = 0x80;
        highest = 0xBF;
        missing--;
        taken++;
        if (missing == 0) {
            out.appendCodePoint(codePoint);
            reset();
        }
    }

    private void reset() {
        missing = 0;
        codePoint = 0;
        lowest = 0x80;
        highest = 0xBF;
    }
}
