package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Small tokenizers that together hold every component of tokenizer.json, against what the library that defines it makes of them. */
class TokenizerJsonTest {
    private static final Path FOLDERS = Vocabularies.RESOURCES.resolve("tokenizers-json");

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDERS)) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyCase(String name) throws IOException {
        Tokenizer tokenizer = Vocabularies.tokenizer(FOLDERS.resolve(name).resolve("tokenizer.json"));
        JsonObject cases = Vocabularies.json(FOLDERS.resolve(name).resolve("cases.json"));
        for (Json each : cases.array("cases")) {
            checkEncoding(tokenizer, each.asObject("case"));
        }
        for (Json each : cases.array("decodings")) {
            checkDecoding(tokenizer, each.asObject("decoding"), each.asObject("decoding").get("ids").toString());
        }
        assertTrue(cases.array("cases").size() > 40, "cases of " + name);
    }

    private static void checkEncoding(Tokenizer tokenizer, JsonObject expected) throws IOException {
        String text = expected.string("text");
        if (expected.has("error")) {
            assertThrows(IllegalArgumentException.class, () -> tokenizer.encode(text), text);
            return;
        }
        String pair = expected.has("pair") ? expected.string("pair") : null;
        boolean isCut = expected.has("ids_whole");
        int[] ids = Vocabularies.ints(expected.get(isCut ? "ids_whole" : "ids"));
        Encoding encoding = pair == null ? tokenizer.encoding(text) : tokenizer.encoding(text, pair);
        assertArrayEquals(ids, encoding.ids(), text);
        if (expected.has("type_ids") && !isCut) {
            assertArrayEquals(Vocabularies.ints(expected.get("type_ids")), encoding.typeIds(), text);
        }
        if (expected.has("offsets") && !isCut) {
            checkOffsets(expected.array("offsets"), encoding, pair == null ? List.of(text) : List.of(text, pair));
            checkTokens(expected.array("tokens"), encoding, text);
        }
        if (pair == null && !isCut) {
            int[] withoutSpecial = expected.has("ids_no_special") ? Vocabularies.ints(expected.get("ids_no_special")) : ids;
            assertArrayEquals(withoutSpecial, tokenizer.encode(text), text);
            assertArrayEquals(ids, tokenizer.encodePrompt(text), text);
        }
        checkDecoding(tokenizer, expected, text);
    }

    /** The reference counts code points; where there are two texts, an offset points into one of them. */
    private static void checkOffsets(JsonArray expected, Encoding encoding, List<String> texts) throws IOException {
        int[][] offsets = encoding.offsets();
        assertEquals(expected.size(), offsets.length);
        for (int i = 0; i < offsets.length; i++) {
            int[] points = Vocabularies.ints(expected.get(i));
            int[] found = offsets[i];
            boolean isEqual = texts.stream().anyMatch(text -> points[1] <= text.codePointCount(0, text.length())
                    && text.offsetByCodePoints(0, points[0]) == found[0] && text.offsetByCodePoints(0, points[1]) == found[1]);
            assertTrue(isEqual, "token " + i + " of " + texts + ": offset in code points " + points[0] + " to " + points[1]
                    + ", found in UTF-16 " + found[0] + " to " + found[1]);
        }
    }

    private static void checkTokens(JsonArray expected, Encoding encoding, String text) throws IOException {
        String[] tokens = encoding.tokens();
        for (int i = 0; i < tokens.length; i++) {
            assertEquals(expected.get(i).asString("token"), tokens[i], text);
        }
    }

    private static void checkDecoding(Tokenizer tokenizer, JsonObject expected, String text) throws IOException {
        int[] ids = Vocabularies.ints(expected.get("ids"));
        String decoded = expected.string("decoded");
        String plain = expected.has("decoded_skip") ? expected.string("decoded_skip") : decoded;
        assertEquals(decoded, tokenizer.decode(ids), text);
        assertEquals(plain, tokenizer.decodePlain(ids), text);
        StreamDecoder stream = tokenizer.stream();
        StringBuilder streamed = new StringBuilder();
        for (int id : ids) {
            streamed.append(stream.push(id));
        }
        assertEquals(plain, streamed.append(stream.finish()).toString(), text);
    }
}
