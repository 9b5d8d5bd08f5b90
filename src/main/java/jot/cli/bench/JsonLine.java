package jot.cli.bench;

import java.util.List;
import java.util.Locale;

/** Writes one JSON object as one line, name by name. */
public final class JsonLine {

    private final StringBuilder text = new StringBuilder();

    /** An object without members yet. */
    public JsonLine() {
    }

    /** Adds a text. */
    public JsonLine with(String name, String value) {
        return raw(name, quoted(value));
    }

    /** Adds a whole number. */
    public JsonLine with(String name, long value) {
        return raw(name, Long.toString(value));
    }

    /** Adds a truth value. */
    public JsonLine with(String name, boolean value) {
        return raw(name, Boolean.toString(value));
    }

    /** Adds a number with six digits; null where it is none, as of what was not measured. */
    public JsonLine with(String name, double value) {
        return raw(name, Double.isFinite(value) ? String.format(Locale.ROOT, "%.5e", value) : "null");
    }

    /** Adds a list of objects. */
    public JsonLine with(String name, List<JsonLine> objects) {
        return raw(name, "[" + String.join(", ", objects.stream().map(JsonLine::toString).toList()) + "]");
    }

    private JsonLine raw(String name, String value) {
        text.append(text.isEmpty() ? "" : ", ").append(quoted(name)).append(": ").append(value);
        return this;
    }

    private static String quoted(String value) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    /** The object as text, without a line break. */
    @Override
    public String toString() {
        return "{" + text + "}";
    }
}
