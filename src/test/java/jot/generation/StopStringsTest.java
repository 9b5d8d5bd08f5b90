package jot.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import jot.SamplingFixtures;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class StopStringsTest {
    static Stream<Arguments> cases() throws IOException {
        List<Arguments> cases = new ArrayList<>();
        for (JsonObject c : SamplingFixtures.cases("sampling/stop_strings.json")) {
            cases.add(Arguments.of(c.string("name"), c));
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void textAndStreamedPrefixesEqualTheReference(String name, JsonObject c) throws IOException {
        StopScanner scanner = new StopStrings(SamplingFixtures.strings(c.get("stop")), c.get("include").asBoolean("include")).scanner();
        StringBuilder shown = new StringBuilder();
        List<String> prefixes = new ArrayList<>();
        for (String piece : SamplingFixtures.strings(c.get("pieces"))) {
            shown.append(scanner.accept(piece));
            prefixes.add(shown.toString());
            if (scanner.stopped()) {
                break;
            }
        }
        shown.append(scanner.finish());
        assertEquals(SamplingFixtures.strings(c.get("streamed_prefixes")), prefixes);
        assertEquals(c.string("text"), shown.toString());
        assertEquals(SamplingFixtures.isNull(c.get("stopped_by")) ? null : c.string("stopped_by"), scanner.stoppedBy().orElse(null));
        if (scanner.stopped()) {
            assertEquals("", scanner.accept("later pieces are not read"));
        }
    }

    @Test
    void timeIsLinearEvenWhereEveryLetterNearlyCompletesAStop() {
        String nearly = "a".repeat(100_000);
        StopScanner scanner = new StopStrings(List.of(nearly + "b", "a".repeat(50_000) + "c"), false).scanner();
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (int i = 0; i < 300_000; i++) {
                assertTrue(scanner.accept("a").length() <= 1);
            }
        });
        assertEquals(100_000, scanner.finish().length());
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new StopStrings(List.of("x", ""), false));
    }
}
