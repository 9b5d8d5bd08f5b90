package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonException;
import jot.json.JsonObject;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Oniguruma's expressions run by the JDK's engine, held against the library itself. */
@Tag("module-path")
class RegularExpressionTest {
    @Test
    void everyPatternSplitsAsTheLibraryDoes() throws IOException {
        JsonObject document = Vocabularies.json(Vocabularies.RESOURCES.resolve("patterns.json"));
        JsonArray texts = document.array("texts");
        for (Json each : document.array("patterns")) {
            JsonObject expected = each.asObject("pattern");
            String source = expected.string("pattern");
            if (expected.has("refused")) {
                JsonException refusal = assertThrows(JsonException.class, () -> RegularExpression.of(source), source);
                assertTrue(refusal.getMessage().contains("pattern"), refusal.getMessage());
                continue;
            }
            for (Json row : expected.array("rows")) {
                String text = texts.get(row.asArray("row").get(0).asInt("text")).asString("text");
                List<String> pieces = new ArrayList<>();
                for (Json piece : row.asArray("row").get(1).asArray("pieces")) {
                    pieces.add(piece.asString("piece"));
                }
                assertEquals(pieces, split(RegularExpression.of(source), text), source + " on " + text);
            }
        }
    }

    private static List<String> split(TextPattern pattern, String text) {
        List<String> pieces = new ArrayList<>();
        new PreTokenizer.Split(pattern, PreTokenizer.Behavior.ISOLATED, false).split(AlignedText.untracked(text),
                piece -> pieces.add(piece.value()));
        return pieces;
    }

    /** The hand-written scanners against the patterns that they stand for. */
    @Test
    void scannersAndExpressionsAgree() throws IOException {
        JsonObject strings = Vocabularies.json(Vocabularies.RESOURCES.resolve("tokenizers/gpt2.json"));
        List<String> patterns = new ArrayList<>(PieceScanner.PUBLISHED.keySet());
        patterns.addAll(List.of("[\u4e00-\u9fa5\u3040-\u30ff]+", "\\s?[A-Za-z\u00b5]+", "\\s?[!-/:-~\u3000-\u3002]+", "[a-]+"));
        for (String pattern : patterns) {
            RegularExpression expression = RegularExpression.of(pattern);
            TextPattern scanner = new TextPattern.Scanner(PieceScanner.of(pattern).orElseThrow());
            for (Json each : strings.array("cases")) {
                String text = each.asObject("case").string("text");
                assertArrayEquals(expression.matches(text), scanner.matches(text), pattern + " on " + text);
            }
            for (String text : List.of(" \n \n x \u3000\u3002 \n", "1\u0301a 12 3b -abc --d \u0007e", "\n\n  \t", "a\u3000\u3000b-")) {
                assertArrayEquals(expression.matches(text), scanner.matches(text), pattern + " on " + text);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', value = {"(?:a|b)*c, a, 1000000", "(a+)+$, a, 10000", "(?=(a+))\\1b, a, 10000",
        "(?:a?){30}a{30}b, a, 10000", "\\s+$, \u00a0, 1000000", "[^x]*y, \u4e00, 10000", ".*.*=.*, =, 10000", "(?:(?:a)+)+, a, 1000000"})
    void timeAndStackAreBounded(String source, String unit, int count) throws JsonException {
        RegularExpression expression = RegularExpression.of(source);
        String run = unit.repeat(count) + "!";
        assertTimeout(Duration.ofSeconds(20), () -> {
            try {
                expression.matches(run);
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage().contains("pattern \"" + source), e.getMessage());
            }
        });
    }

    @Test
    void deepNestingIsRefused() {
        for (String nested : List.of("(".repeat(100_000) + ")".repeat(100_000), "[".repeat(100_000) + "a" + "]".repeat(100_000))) {
            assertThrows(JsonException.class, () -> RegularExpression.of(nested));
        }
    }
}
