package jot.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    // ---- values ----

    @Test
    void readsEveryKindOfValue() throws JsonException {
        JsonObject object = Json.parse(" {\"a\": [1, -2.5, true, false, null], \"b\": {}, \"c\": [], \"d\" : \"x\"}\r\n\t").asObject("it");
        assertEquals(List.of("a", "b", "c", "d"), List.copyOf(object.names()));
        JsonArray array = object.array("a");
        assertEquals(5, array.size());
        assertEquals(1, array.get(0).asInt("it"));
        assertEquals(-2.5, array.get(1).asDouble("it"));
        assertTrue(array.get(2).asBoolean("it"));
        assertFalse(array.get(3).asBoolean("it"));
        assertEquals(JsonNull.NULL, array.get(4));
        assertEquals(0, object.object("b").size());
        assertEquals(0, object.array("c").size());
        assertEquals("x", object.string("d"));
        assertNull(object.get("e"));
    }

    @Test
    void keepsTheOrderOfMembers() throws JsonException {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < 1000; i++) {
            text.append(i == 0 ? "" : ",").append('"').append(i * 7919 % 1000).append("\":").append(i);
        }
        JsonObject object = Json.parse(text.append('}').toString()).asObject("it");
        int expected = 0;
        for (Json value : object.members().values()) {
            assertEquals(expected++, value.asInt("it"));
        }
    }

    static Stream<List<String>> strings() {
        return Stream.of(
                List.of("\"\"", ""),
                List.of("\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\te\"", "a\"b\\c/d\b\f\n\r\te"),
                List.of("\"\\u0041\\u00e9\\uD83D\\ude00\"", "Aé😀"),
                List.of("\"Ġ日本語 😀 \u007f\"", "Ġ日本語 😀 \u007f"),
                List.of("\"é\\n日\\t😀\"", "é\n日\t😀"),
                List.of("\"\uFFFD \\ufffd\"", "\uFFFD \uFFFD"),
                List.of("\"\\u0000\"", "\0"));
    }

    @ParameterizedTest
    @MethodSource("strings")
    void readsStrings(List<String> textAndValue) throws JsonException {
        assertEquals(textAndValue.get(1), Json.parse(textAndValue.get(0)).asString("it"));
        assertEquals(textAndValue.get(1), Json.parse(textAndValue.get(0).getBytes(StandardCharsets.UTF_8)).asString("it"));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0", "-0, 0", "7, 7", "-12, -12", "7.0, 7", "1e3, 1000", "1E+3, 1000", "1200e-2, 12", "0.00e-999999999999, 0",
        "0e999999999999, 0", "1.5e1, 15", "9223372036854775807, 9223372036854775807", "-9223372036854775808, -9223372036854775808",
        "999999999999999999, 999999999999999999", "-99999999999999999, -99999999999999999", "922337203685477580.7e1, 9223372036854775807"})
    void readsWholeNumbers(String text, long value) throws JsonException {
        assertEquals(value, Json.parse(text).asLong("it"));
        assertEquals(text, Json.parse(text).asNumber("it").text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.5", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999999999999", "12e-2",
        "123456789012345678901234567890", "1e-999999999999999999999"})
    void refusesNumbersThatAreNotWholeOrOutOfRange(String text) throws JsonException {
        Json number = Json.parse(text);
        JsonException refused = assertThrows(JsonException.class, () -> number.asLong("member \"n\""));
        assertEquals("member \"n\"", refused.place());
        assertTrue(refused.getMessage().contains(text), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"2147483647, true", "-2147483648, true", "2147483648, false", "-2147483649, false"})
    void holdsIntsToTheirRange(String text, boolean fits) throws JsonException {
        Json number = Json.parse(text);
        if (fits) {
            assertEquals(Integer.parseInt(text), number.asInt("it"));
        } else {
            assertThrows(JsonException.class, () -> number.asInt("it"));
        }
    }

    @ParameterizedTest
    @CsvSource({"1e-05, 1e-05", "3, 3", "0.1, 0.1", "-1.7976931348623157e308, -1.7976931348623157e308", "1e-400, 0", "1E2, 100"})
    void readsDoubles(String text, double value) throws JsonException {
        assertEquals(value, Json.parse(text).asDouble("it"));
    }

    @Test
    void refusesDoublesOutOfRange() throws JsonException {
        Json number = Json.parse("1e309");
        assertThrows(JsonException.class, () -> number.asDouble("it"));
    }

    @Test
    void saysWhichKindWasFound() throws JsonException {
        JsonObject object = Json.parse("{\"n\": \"12\", \"m\": [1], \"k\": 1.5}").asObject("it");
        assertEquals("member \"n\": expected a number, found the string \"12\"",
                assertThrows(JsonException.class, () -> object.integer("n")).getMessage());
        assertEquals("member \"m\": expected an object, found an array",
                assertThrows(JsonException.class, () -> object.object("m")).getMessage());
        assertEquals("member \"q\": expected a value, found no such member",
                assertThrows(JsonException.class, () -> object.string("q")).getMessage());
        assertThrows(JsonException.class, () -> object.integer("k"));
        assertThrows(JsonException.class, () -> object.get("n").asBoolean("n"));
        assertThrows(JsonException.class, () -> object.get("n").asArray("n"));
        assertThrows(JsonException.class, () -> object.get("m").asString("m"));
    }

    @Test
    void comparesByContent() throws JsonException {
        String text = "{\"a\": [1, {\"b\": null}, \"c\", true, 1.50]}";
        assertEquals(Json.parse(text), Json.parse(text));
        assertEquals(Json.parse(text).hashCode(), Json.parse(text).hashCode());
        assertFalse(Json.parse(text).equals(Json.parse("{\"a\": [1, {\"b\": null}, \"c\", true, 1.5]}")));
    }

    // ---- refusals ----

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "~~                    | 1 | 1  | a value                | the end of the document",
        "~  ~                  | 1 | 3  | a value                | the end of the document",
        "~[1 2]~               | 1 | 4  | ',' or ']'             | '2'",
        "~[1,]~                | 1 | 4  | a value                | ']'",
        "~[1~                  | 1 | 3  | ',' or ']'             | the end of the document",
        "~{\"a\":1,}~          | 1 | 8  | a member name in double quotes | '}'",
        "~{a:1}~               | 1 | 2  | a member name in double quotes | 'a'",
        "~{\"a\" 1}~           | 1 | 6  | ':'                    | '1'",
        "~{\"a\":1 \"b\":2}~   | 1 | 8  | ',' or '}'             | '\"'",
        "~{\"é😀\":1,\"é😀\":2}~ | 1 | 15 | distinct member names in this object | \"é😀\" twice",
        "~{} x~                | 1 | 4  | the end of the document | 'x'",
        "~nul~                 | 1 | 1  | a value                | 'n'",
        "~NaN~                 | 1 | 1  | a value                | 'N'",
        "~Infinity~            | 1 | 1  | a value                | 'I'",
        "~+1~                  | 1 | 1  | a value                | '+'",
        "~-~                   | 1 | 2  | a digit after '-'      | the end of the document",
        "~01~                  | 1 | 2  | no digit after a leading zero | '1'",
        "~1.~                  | 1 | 3  | a digit after the decimal point | the end of the document",
        "~1e+~                 | 1 | 4  | a digit in the exponent | the end of the document",
        "~.5~                  | 1 | 1  | a value                | '.'",
        "~\"abc~               | 1 | 1  | a string that ends     | no closing quote",
        "~\"a\\~               | 1 | 4  | one of \" \\ / b f n r t u after a backslash | the end of the document",
        "~\"\\x\"~             | 1 | 3  | one of \" \\ / b f n r t u after a backslash | 'x'",
        "~\"\\u12g4\"~         | 1 | 6  | four hexadecimal digits | 'g'",
        "~\"\\ud800\"~         | 1 | 2  | both halves of a surrogate pair | one half alone",
        "~\"\\udc00\\ud800\"~  | 1 | 2  | both halves of a surrogate pair | one half alone",
        "~\"\\ud800\\u0041\"~  | 1 | 2  | both halves of a surrogate pair | one half alone",
        "~// x~                | 1 | 1  | a value                | '/'"})
    void refusesWhatIsNotJson(String text, int line, int column, String expected, String found) {
        JsonException refused = assertThrows(JsonException.class, () -> Json.parse(text));
        assertEquals(line + ":" + column, refused.line() + ":" + refused.column(), refused.getMessage());
        assertEquals(expected, refused.expected());
        assertEquals(found, refused.found());
    }

    @Test
    void countsLinesAndCharacters() {
        JsonException refused = assertThrows(JsonException.class, () -> Json.parse("{\n  \"é日😀\": [1,\r\n 2, x]}"));
        assertEquals("line 3, column 5: expected a value, found 'x'", refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {0x80, 0xC0, 0xC3, 0xE2, 0xF5, 0xFF})
    void refusesMalformedUtf8(int b) {
        byte[] alone = {'"', 'a', (byte) b, '"'};
        JsonException refused = assertThrows(JsonException.class, () -> Json.parse(alone));
        assertEquals(3, refused.column());
        byte[] afterEscape = {'"', '\\', 'n', (byte) b, 'z', '"'};
        assertThrows(JsonException.class, () -> Json.parse(afterEscape));
        byte[] outside = {'[', (byte) b, ']'};
        assertThrows(JsonException.class, () -> Json.parse(outside));
    }

    @Test
    void refusesUtf8OfSurrogatesAndOverlongForms() {
        byte[] surrogate = {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'};
        byte[] overlong = {'"', (byte) 0xC0, (byte) 0xAF, '"'};
        assertThrows(JsonException.class, () -> Json.parse(surrogate));
        assertThrows(JsonException.class, () -> Json.parse(overlong));
        assertThrows(JsonException.class, () -> Json.parse("\"\uD800\""));
    }

    @Test
    void refusesByteOrderMarkControlCharactersAndForeignBlanks() {
        assertEquals("a byte order mark", assertThrows(JsonException.class, () -> Json.parse("\uFEFF{}")).found());
        assertEquals("the byte 0x0A", assertThrows(JsonException.class, () -> Json.parse("\"a\nb\"")).found());
        assertEquals("the byte 0x00", assertThrows(JsonException.class, () -> Json.parse("\"\\n\0\"")).found());
        assertThrows(JsonException.class, () -> Json.parse("\u00A0[]"));
        assertThrows(JsonException.class, () -> Json.parse("[]\f"));
    }

    @Test
    void boundsNesting() throws JsonException {
        String deepest = "[".repeat(Json.MAXIMUM_DEPTH) + "]".repeat(Json.MAXIMUM_DEPTH);
        assertInstanceOf(JsonArray.class, Json.parse(deepest));
        assertEquals("a deeper one", assertThrows(JsonException.class, () -> Json.parse("[" + deepest + "]")).found());
        assertThrows(JsonException.class, () -> Json.parse("[".repeat(10_000_000)));
        assertThrows(JsonException.class, () -> Json.parse("{\"a\":".repeat(1_000_000)));
    }

    @Test
    void bearsNamesWithEqualHashes() {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < 1 << 16; i++) {
            text.append(i == 0 ? "\"" : ",\"");
            for (int bit = 0; bit < 16; bit++) {
                text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            text.append("\":0");
        }
        String document = text.append('}').toString();
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> assertEquals(1 << 16, Json.parse(document).asObject("it").size()));
    }

    @Test
    void damagedDocumentsAreRefusedOrRead() throws IOException {
        byte[] document = Files.readAllBytes(Path.of("src/test/resources/models/gpt2/config.json"));
        Random random = new Random(5);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = document.clone();
            for (int change = random.nextInt(3); change >= 0; change--) {
                int b = random.nextBoolean() ? random.nextInt(256) : "{}[],:\"\\u0-e".charAt(random.nextInt(12));
                damaged[random.nextInt(damaged.length)] = (byte) b;
            }
            ByteArrayOutputStream cut = new ByteArrayOutputStream();
            cut.write(damaged, 0, random.nextInt(4) == 0 ? random.nextInt(damaged.length) : damaged.length);
            try {
                Json.parse(cut.toByteArray());
            } catch (JsonException e) {
                refused++;
                assertTrue(e.line() >= 1 && e.column() >= 1);
            }
        }
        assertTrue(refused > 5_000 && refused < 20_000, "refused " + refused);
    }
}
