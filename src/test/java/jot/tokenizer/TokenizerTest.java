package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private final Tokenizer gpt2 = Vocabularies.gpt2();
    private final Tokenizer tales = Vocabularies.tales();

    @Test
    void specialTokensInTextCountOnlyInEncode() {
        assertArrayEquals(new int[] {50256}, gpt2.encode("<|endoftext|>"));
        assertTrue(gpt2.encodePlain("<|endoftext|>").length > 1);
        assertEquals("<|endoftext|>", gpt2.decode(gpt2.encodePlain("<|endoftext|>")));
        assertEquals("<|endoftext|>", gpt2.decode(50256));
        assertEquals("", gpt2.decodePlain(50256));
        assertTrue(gpt2.isSpecial(50256));
        assertFalse(gpt2.isSpecial(0));
    }

    @Test
    void tokensAndIds() {
        assertEquals(50257, gpt2.size());
        assertEquals(4096, tales.size());
        assertEquals("\u0120the", gpt2.token(262));
        assertEquals(OptionalInt.of(262), gpt2.id("\u0120the"));
        assertEquals(OptionalInt.empty(), gpt2.id("no such token"));
        assertThrows(IllegalArgumentException.class, () -> gpt2.token(50257));
        assertThrows(IllegalArgumentException.class, () -> gpt2.token(-1));
        assertEquals(OptionalInt.of(0), tales.endToken());
        assertEquals(OptionalInt.of(0), tales.beginToken());
        assertEquals(OptionalInt.empty(), tales.paddingToken());
    }

    @Test
    void idsOutsideTheVocabularyAreSkipped() {
        assertEquals(" the", gpt2.decode(-5, 262, 50257, Integer.MAX_VALUE, Integer.MIN_VALUE));
    }

    @Test
    void emptyText() {
        assertEquals(0, gpt2.encode("").length);
        assertEquals("", gpt2.decode());
        assertEquals(0, gpt2.encoding("").size());
        assertEquals("", gpt2.truncate("", 0));
    }

    @ParameterizedTest
    @CsvSource({"'\ud83d', 0", "'ab\ude00c', 2", "'\ud83d\ude00\ud83d', 2"})
    void halfOfASurrogatePairIsRefusedWithItsIndex(String text, int index) {
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class, () -> gpt2.encode(text));
        assertTrue(refusal.getMessage().endsWith("index " + index), refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> gpt2.encoding(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", " ", "\n", "'", "<", "\u4e00", "1", "A\u0301", "<|endoftext|"})
    void runsAreLinear(String unit) {
        String run = unit.repeat(100_000 / unit.length());
        assertTimeout(Duration.ofSeconds(5), () -> {
            int[] ids = gpt2.encode(run);
            assertEquals(run, gpt2.decode(ids));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 13, 1000})
    void truncatedTextHasAtMostSoManyTokens(int tokens) {
        String text = "Dr. O'Brien\u2019s caf\u00e9 \u2014 \ud83d\ude00\ud83d\ude00 indistinguishable,   spaces\n\n1234567 \u4e2d\u6587";
        String cut = gpt2.truncate(text, tokens);
        assertTrue(text.startsWith(cut));
        assertTrue(gpt2.count(cut) <= tokens);
        assertEquals(tokens >= gpt2.count(text), cut.equals(text));
        assertFalse(!cut.isEmpty() && Character.isHighSurrogate(cut.charAt(cut.length() - 1)));
        assertThrows(IllegalArgumentException.class, () -> gpt2.truncate(text, -tokens));
    }

    @Test
    void offsetsPointIntoTheJavaString() {
        String text = "a \ud83d\ude00 caf\u00e9";
        Encoding encoding = gpt2.encoding(text);
        int[][] offsets = encoding.offsets();
        assertEquals(0, offsets[0][0]);
        assertEquals(text.length(), offsets[offsets.length - 1][1]);
        assertArrayEquals(gpt2.encode(text), encoding.ids());
        for (int[] range : offsets) {
            assertFalse(Character.isLowSurrogate(text.charAt(range[0])), "begins within a character");
        }
        encoding.ids()[0] = -1;
        offsets[0][0] = 99;
        assertEquals(gpt2.encoding(text), encoding);
        assertEquals(0, encoding.offsets()[0][0]);
    }

    @Test
    void fastPathAndPartsAgree() throws IOException {
        for (Path file : List.of(Vocabularies.RESOURCES.resolve("THIRD-PARTY.md"), Path.of("LICENSE"))) {
            String text = Files.readString(file);
            assertArrayEquals(gpt2.encoding(text).ids(), gpt2.encode(text));
            assertArrayEquals(tales.encoding(text).ids(), tales.encode(text));
        }
    }

    @Test
    void manyThreadsShareOneTokenizer() {
        String text = "Many threads, one tokenizer: ".repeat(50);
        int[] expected = Vocabularies.gpt2().encode(text);
        IntStream.range(0, 64).parallel().forEach(i -> assertArrayEquals(expected, gpt2.encode(text)));
    }

    @Test
    void aFolderWithoutTokenizerIsToldApart(@TempDir Path folder) throws IOException {
        assertTrue(Tokenizer.find(folder).isEmpty());
        NoSuchFileException missing = assertThrows(NoSuchFileException.class, () -> Tokenizer.load(folder));
        assertTrue(missing.getMessage().contains("tokenizer.json"), missing.getMessage());
        assertTrue(missing.getMessage().contains("merges.txt"), missing.getMessage());
        assertTrue(Tokenizer.find(Path.of("weights/tales")).isPresent());
    }
}
