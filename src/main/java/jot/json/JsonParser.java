package jot.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;

/**
 * Parses one JSON document by recursive descent over its UTF-8 bytes (RFC 8259); used once, by one thread.
 *
 * <p>Values of unfinished arrays and objects wait on one stack, so that each container is built once, at its exact size.
 */
final class JsonParser {

    /** Whole numbers of at most this many characters fit a long without a check. */
    private static final int PLAIN_LENGTH = 18;

    private final byte[] bytes;
    private int position;
    private Json[] pending = new Json[64];
    private int pendingCount;
    private String[] pendingNames = new String[64];
    private int pendingNameCount;

    JsonParser(byte[] bytes) {
        this.bytes = bytes;
    }

    Json document() throws JsonException {
        if (bytes.length >= 3 && (bytes[0] & 0xFF) == 0xEF && (bytes[1] & 0xFF) == 0xBB && (bytes[2] & 0xFF) == 0xBF) {
            throw new JsonException(1, 1, "a JSON value", "a byte order mark");
        }
        skipBlanks();
        Json value = value(0);
        skipBlanks();
        if (position < bytes.length) {
            throw unexpected("the end of the document");
        }
        return value;
    }

    private Json value(int depth) throws JsonException {
        switch (peek()) {
            case '{':
                return object(depth + 1);
            case '[':
                return array(depth + 1);
            case '"':
                return new JsonString(string());
            case 't':
                return literal("true", JsonBoolean.TRUE);
            case 'f':
                return literal("false", JsonBoolean.FALSE);
            case 'n':
                return literal("null", JsonNull.NULL);
            default:
                return number();
        }
    }

    private Json object(int depth) throws JsonException {
        enter(depth);
        if (peek() == '}') {
            position++;
            return JsonObject.EMPTY;
        }
        int firstName = pendingNameCount;
        while (true) {
            if (peek() != '"') {
                throw unexpected("a member name in double quotes");
            }
            pushName(string());
            skipBlanks();
            if (peek() != ':') {
                throw unexpected("':'");
            }
            position++;
            skipBlanks();
            push(value(depth));
            skipBlanks();
            int next = peek();
            if (next != ',' && next != '}') {
                throw unexpected("',' or '}'");
            }
            position++;
            if (next == '}') {
                return popObject(firstName);
            }
            skipBlanks();
        }
    }

    private Json array(int depth) throws JsonException {
        enter(depth);
        if (peek() == ']') {
            position++;
            return JsonArray.EMPTY;
        }
        int first = pendingCount;
        while (true) {
            push(value(depth));
            skipBlanks();
            int next = peek();
            if (next != ',' && next != ']') {
                throw unexpected("',' or ']'");
            }
            position++;
            if (next == ']') {
                return popArray(first);
            }
            skipBlanks();
        }
    }

    private void enter(int depth) throws JsonException {
        if (depth > Json.MAXIMUM_DEPTH) {
            throw error(position, "nesting of at most " + Json.MAXIMUM_DEPTH, "a deeper one");
        }
        position++;
        skipBlanks();
    }

    private void push(Json value) {
        if (pendingCount == pending.length) {
            pending = Arrays.copyOf(pending, pendingCount * 2);
        }
        pending[pendingCount++] = value;
    }

    private void pushName(String name) {
        if (pendingNameCount == pendingNames.length) {
            pendingNames = Arrays.copyOf(pendingNames, pendingNameCount * 2);
        }
        pendingNames[pendingNameCount++] = name;
    }

    private JsonArray popArray(int first) {
        Json[] elements = Arrays.copyOfRange(pending, first, pendingCount);
        pendingCount = first;
        return new JsonArray(elements);
    }

    private JsonObject popObject(int firstName) throws JsonException {
        int count = pendingNameCount - firstName;
        int firstValue = pendingCount - count;
        LinkedHashMap<String, Json> members = LinkedHashMap.newLinkedHashMap(count);
        for (int i = 0; i < count; i++) {
            String name = pendingNames[firstName + i];
            if (members.put(name, pending[firstValue + i]) != null) {
                throw error(position - 1, "distinct member names in this object", JsonString.quote(name) + " twice");
            }
        }
        pendingNameCount = firstName;
        pendingCount = firstValue;
        return new JsonObject(members);
    }

    // ---- strings ----

    /** Reads a string from its opening quote to past its closing one. */
    private String string() throws JsonException {
        byte[] bytes = this.bytes;
        int start = position + 1;
        int i = start;
        int seen = 0;
        while (i < bytes.length) {
            byte b = bytes[i];
            if (b == '"') {
                position = i + 1;
                return seen < 0 ? decode(start, i) : new String(bytes, start, i - start, StandardCharsets.ISO_8859_1);
            }
            if (b == '\\') {
                return escapedString(start, i);
            }
            if (b >= 0 && b < ' ') {
                throw error(i, "an escape in place of a control character", describe(i));
            }
            seen |= b;
            i++;
        }
        throw error(start - 1, "a string that ends", "no closing quote");
    }

    /** The rest of a string from its first escape on. */
    private String escapedString(int start, int firstEscape) throws JsonException {
        StringBuilder text = new StringBuilder(decode(start, firstEscape));
        int i = firstEscape;
        while (i < bytes.length) {
            byte b = bytes[i];
            if (b == '"') {
                position = i + 1;
                return text.toString();
            }
            if (b == '\\') {
                position = i + 1;
                escape(text);
                i = position;
            } else {
                int end = runEnd(i);
                text.append(decode(i, end));
                i = end;
            }
        }
        throw error(start - 1, "a string that ends", "no closing quote");
    }

    /** The end of the characters from {@code i} that stand for themselves. */
    private int runEnd(int i) throws JsonException {
        int end = i;
        while (end < bytes.length && bytes[end] != '"' && bytes[end] != '\\') {
            if (bytes[end] >= 0 && bytes[end] < ' ') {
                throw error(end, "an escape in place of a control character", describe(end));
            }
            end++;
        }
        return end;
    }

    /** Resolves the escape whose backslash lies just before the position. */
    private void escape(StringBuilder text) throws JsonException {
        int c = peek();
        switch (c) {
            case '"', '\\', '/' -> text.append((char) c);
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case 'n' -> text.append('\n');
            case 'r' -> text.append('\r');
            case 't' -> text.append('\t');
            case 'u' -> {
                unicodeEscape(text);
                return;
            }
            default -> throw unexpected("one of \" \\ / b f n r t u after a backslash");
        }
        position++;
    }

    private void unicodeEscape(StringBuilder text) throws JsonException {
        int start = position - 1;
        char first = hexadecimal();
        text.append(first);
        if (Character.isHighSurrogate(first) && position + 1 < bytes.length && bytes[position] == '\\' && bytes[position + 1] == 'u') {
            position++;
            char second = hexadecimal();
            text.append(second);
            if (Character.isLowSurrogate(second)) {
                return;
            }
        }
        if (Character.isSurrogate(first)) {
            throw error(start, "both halves of a surrogate pair", "one half alone");
        }
    }

    /** Reads four hexadecimal digits; the position is on the {@code u} before them. */
    private char hexadecimal() throws JsonException {
        position++;
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = position < bytes.length ? Character.digit((char) (bytes[position] & 0xFF), 16) : -1;
            if (digit < 0) {
                throw unexpected("four hexadecimal digits");
            }
            value = value << 4 | digit;
            position++;
        }
        return (char) value;
    }

    private String decode(int from, int to) throws JsonException {
        String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            checkUtf8(from, to);
        }
        return text;
    }

    /** Tells a replacement character that stands in the document from one that the decoder put for malformed bytes. */
    private void checkUtf8(int from, int to) throws JsonException {
        ByteBuffer encoded = ByteBuffer.wrap(bytes, from, to - from);
        try {
            StandardCharsets.UTF_8.newDecoder().decode(encoded);
        } catch (CharacterCodingException e) {
            throw error(encoded.position(), "valid UTF-8", "the malformed byte " + hexadecimal(bytes[encoded.position()]));
        }
    }

    // ---- numbers and literals ----

    private Json number() throws JsonException {
        int start = position;
        int i = start;
        boolean negative = i < bytes.length && bytes[i] == '-';
        if (negative) {
            i++;
        }
        int firstDigit = i;
        long whole = 0;
        while (i < bytes.length && isDigit(i)) {
            whole = whole * 10 + (bytes[i] - '0');
            i++;
        }
        if (i == firstDigit) {
            position = i;
            throw unexpected(negative ? "a digit after '-'" : "a value");
        }
        if (bytes[firstDigit] == '0' && i > firstDigit + 1) {
            position = firstDigit + 1;
            throw unexpected("no digit after a leading zero");
        }
        boolean plain = i == bytes.length || bytes[i] != '.' && bytes[i] != 'e' && bytes[i] != 'E';
        position = plain ? i : exponent(fraction(i));
        if (plain && i - start <= PLAIN_LENGTH && !(negative && whole == 0)) {
            return new JsonNumber(negative ? -whole : whole);
        }
        return new JsonNumber(new String(bytes, start, position - start, StandardCharsets.ISO_8859_1));
    }

    private int fraction(int i) throws JsonException {
        return bytes[i] == '.' ? digits(i + 1, "a digit after the decimal point") : i;
    }

    private int exponent(int i) throws JsonException {
        if (i == bytes.length || bytes[i] != 'e' && bytes[i] != 'E') {
            return i;
        }
        boolean signed = i + 1 < bytes.length && (bytes[i + 1] == '+' || bytes[i + 1] == '-');
        return digits(i + (signed ? 2 : 1), "a digit in the exponent");
    }

    private int digits(int from, String expected) throws JsonException {
        int i = from;
        while (i < bytes.length && isDigit(i)) {
            i++;
        }
        if (i == from) {
            position = i;
            throw unexpected(expected);
        }
        return i;
    }

    private boolean isDigit(int i) {
        return bytes[i] >= '0' && bytes[i] <= '9';
    }

    private Json literal(String word, Json value) throws JsonException {
        for (int i = 0; i < word.length(); i++) {
            if (position + i >= bytes.length || bytes[position + i] != word.charAt(i)) {
                throw unexpected("a value");
            }
        }
        position += word.length();
        return value;
    }

    // ---- places and messages ----

    private void skipBlanks() {
        while (position < bytes.length) {
            byte b = bytes[position];
            if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                return;
            }
            position++;
        }
    }

    /** The byte at the position, or -1 at the end. */
    private int peek() {
        return position < bytes.length ? bytes[position] & 0xFF : -1;
    }

    private JsonException unexpected(String expected) {
        return error(position, expected, describe(position));
    }

    /** The error at a byte offset, as line and column of characters. */
    private JsonException error(int offset, String expected, String found) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < offset && i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                line++;
                column = 1;
            } else if ((bytes[i] & 0xC0) != 0x80) {
                column++;
            }
        }
        return new JsonException(line, column, expected, found);
    }

    private String describe(int offset) {
        if (offset >= bytes.length) {
            return "the end of the document";
        }
        byte b = bytes[offset];
        if (b > ' ' && b < 0x7F) {
            return "'" + (char) b + "'";
        }
        return "the byte " + hexadecimal(b);
    }

    private static String hexadecimal(byte b) {
        return "0x" + Character.toUpperCase(Character.forDigit(b >> 4 & 0xF, 16)) + Character.toUpperCase(Character.forDigit(b & 0xF, 16));
    }
}
