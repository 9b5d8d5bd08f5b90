package jot.json;

/**
 * Reads the exact whole value of a number that is written with a fraction, an exponent or many digits.
 *
 * <p>The work is linear in the text, whatever the exponent says: {@code 1e999999999} costs nothing.
 */
final class WholeNumber {

    /** No long has more significant digits. */
    private static final int MOST_DIGITS = 19;

    private WholeNumber() {
    }

    /** The value of a valid JSON number, or a refusal if it is not whole or beyond a long. */
    static long parse(String text, String place) throws JsonException {
        boolean negative = text.charAt(0) == '-';
        int mantissaEnd = mantissaEnd(text);
        int point = text.indexOf('.');
        int fraction = point < 0 ? 0 : mantissaEnd - point - 1;
        String digits = (point < 0 ? text.substring(negative ? 1 : 0, mantissaEnd)
                : text.substring(negative ? 1 : 0, point) + text.substring(point + 1, mantissaEnd));
        int first = leadingZeros(digits);
        if (first == digits.length()) {
            return 0;
        }
        int last = digits.length() - trailingZeros(digits);
        long shift = exponent(text, mantissaEnd) - fraction + (digits.length() - last);
        if (shift < 0) {
            throw new JsonException(place, "a whole number", new JsonNumber(text).describe());
        }
        if (last - first + shift > MOST_DIGITS) {
            throw outOfRange(text, place);
        }
        try {
            return Long.parseLong((negative ? "-" : "") + digits.substring(first, last) + "0".repeat((int) shift));
        } catch (NumberFormatException e) {
            throw outOfRange(text, place);
        }
    }

    private static int mantissaEnd(String text) {
        for (int i = 0; i < text.length(); i++) {
            if ((text.charAt(i) | 0x20) == 'e') {
                return i;
            }
        }
        return text.length();
    }

    /** The exponent, cut to a range that no number of digits in memory can bring back. */
    private static long exponent(String text, int mantissaEnd) {
        if (mantissaEnd == text.length()) {
            return 0;
        }
        long limit = 1L << 40;
        long value = 0;
        boolean negative = text.charAt(mantissaEnd + 1) == '-';
        for (int i = mantissaEnd + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9') {
                value = Math.min(limit, value * 10 + (c - '0'));
            }
        }
        return negative ? -value : value;
    }

    private static int leadingZeros(String digits) {
        int count = 0;
        while (count < digits.length() && digits.charAt(count) == '0') {
            count++;
        }
        return count;
    }

    private static int trailingZeros(String digits) {
        int count = 0;
        while (digits.charAt(digits.length() - 1 - count) == '0') {
            count++;
        }
        return count;
    }

    private static JsonException outOfRange(String text, String place) {
        return new JsonException(place, "a whole number from " + Long.MIN_VALUE + " to " + Long.MAX_VALUE, new JsonNumber(text).describe());
    }
}
