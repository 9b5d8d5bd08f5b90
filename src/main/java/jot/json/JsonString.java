package jot.json;

import java.util.Locale;

/**
 * A JSON string.
 *
 * @param value its characters, escapes resolved
 */
public record JsonString(String value) implements Json {

    private static final int QUOTED_LENGTH = 60;

    @Override
    public String describe() {
        return "the string " + quote(value);
    }

    /**
     * The text in quotes for a message: cut when long, control characters shown as escapes.
     *
     * @param text any text
     * @return at most a line
     */
    public static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        int end = Math.min(text.length(), QUOTED_LENGTH);
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == 0x7F) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append(end < text.length() ? "…\"" : "\"").toString();
    }
}
