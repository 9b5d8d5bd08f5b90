package jot.tokenizer;

import java.util.Arrays;

/**
 * GPT-2's alphabet of byte letters: each of the 256 bytes as one printable character.
 *
 * <p>Bytes 21–7E, A1–AC and AE–FF (hexadecimal) are the characters of the same number; the other 68, in order, are U+0100, U+0101 and so
 * on. So a space is {@code Ġ} (U+0120) and a line feed {@code Ċ} (U+010A). Vocabularies of byte-level tokenizers are written in it.
 */
final class ByteLetters {
    private static final char[] LETTERS = letters();
    /** The byte of each letter, -1 for characters that are none. */
    private static final short[] BYTES = bytes();

    private ByteLetters() {
    }

    /** Returns the letter of a byte. */
    static char letter(int unsignedByte) {
        return LETTERS[unsignedByte];
    }

    /** Returns the byte (0 to 255) of a letter, or -1 if the character is no byte letter. */
    static int byteOf(char letter) {
        return letter < BYTES.length ? BYTES[letter] : -1;
    }

    /** Returns bytes as letters. */
    static String lettersOf(byte[] bytes, int from, int to) {
        char[] letters = new char[to - from];
        for (int i = from; i < to; i++) {
            letters[i - from] = LETTERS[bytes[i] & 0xFF];
        }
        return new String(letters);
    }

    private static boolean standsForItself(int value) {
        return value >= 0x21 && value <= 0x7E || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
    }

    private static char[] letters() {
        char[] letters = new char[256];
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            letters[value] = standsForItself(value) ? (char) value : next++;
        }
        return letters;
    }

    private static short[] bytes() {
        short[] bytes = new short[0x100 + 68];
        Arrays.fill(bytes, (short) -1);
        for (int value = 0; value < 256; value++) {
            bytes[LETTERS[value]] = (short) value;
        }
        return bytes;
    }
}
