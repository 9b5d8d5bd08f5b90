package jot.json;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNamesTest {

    private static final List<String> NAMES = List.of("llama", "gpt2", "gpt_neo", "gpt_neox", "qwen2", "qwen3", "phi", "bloom",
            "attention");

    @ParameterizedTest
    @CsvSource({"lama, llama", "gpt-2, gpt2", "gptneox, gpt_neox gpt_neo", "qwen, qwen2 qwen3", "attenton, attention", "llama, llama"})
    void slipsFindTheirNameNearestFirst(String wanted, String nearest) {
        assertEquals(List.of(nearest.split(" ")), NearestNames.of(wanted, NAMES));
    }

    @ParameterizedTest
    @CsvSource({"rwkv", "mamba", "x", "''", "intention_free", "bl"})
    void otherWordsFindNone(String wanted) {
        assertEquals(List.of(), NearestNames.of(wanted, NAMES));
    }

    @Test
    void neverMoreThanThreeAndLongNamesAreBounded() {
        assertEquals(List.of("a1", "a2", "a3"), NearestNames.of("a0", List.of("a1", "a2", "a3", "a4")));
        assertEquals(List.of(), NearestNames.of("x".repeat(100_000), List.of("x".repeat(257), "y")));
    }
}
