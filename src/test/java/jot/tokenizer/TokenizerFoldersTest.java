package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import jot.checkpoint.CheckpointFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the small files beside a vocabulary change: roles, added tokens, what stands around a prompt. */
class TokenizerFoldersTest {
    @TempDir
    private Path folder;

    private Tokenizer gpt2With(String config) throws IOException {
        copy("gpt2", "vocab.json");
        copy("gpt2", "merges.txt");
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return Tokenizer.load(folder);
    }

    private Tokenizer sentencePieceWith(String config) throws IOException {
        copy("spm-bpe", "tokenizer.model");
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return Tokenizer.load(folder);
    }

    private void copy(String vocabulary, String file) throws IOException {
        Files.copy(Vocabularies.folder(vocabulary).resolve(file), folder.resolve(file));
    }

    @Test
    void beginAndEndTokensStandAroundAPrompt() throws IOException {
        Tokenizer tokenizer = gpt2With("{\"tokenizer_class\":\"GPT2Tokenizer\",\"add_bos_token\":true,\"add_eos_token\":true,"
                + "\"bos_token\":\"<|endoftext|>\",\"eos_token\":{\"content\":\"<|endoftext|>\"},\"pad_token\":null}");
        assertArrayEquals(new int[] {31373}, tokenizer.encode("hello"));
        assertArrayEquals(new int[] {50256, 31373, 50256}, tokenizer.encodePrompt("hello"));
        assertArrayEquals(new int[] {50256, 31373, 50256, 50256, 995, 50256}, tokenizer.encoding("hello", " world").ids());
        assertArrayEquals(new int[] {0, 0, 0, 0, 1, 0}, tokenizer.encoding("hello", " world").typeIds());
        assertEquals(OptionalInt.of(50256), tokenizer.beginToken());
        assertEquals(OptionalInt.of(50256), tokenizer.endToken());
        assertEquals(OptionalInt.empty(), tokenizer.paddingToken());
    }

    @Test
    void addedTokensFollowTheVocabulary() throws IOException {
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<tool>\":50258,\"<|pad|>\":50257}");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\":\"<|pad|>\",\"unk_token\":\"<|endoftext|>\"}");
        Tokenizer tokenizer = gpt2With("{\"additional_special_tokens\":[\"<|user|>\",{\"content\":\"<|bot|>\"}]}");
        assertArrayEquals(new int[] {50257, 50258, 50256}, tokenizer.encode("<|pad|><tool><|endoftext|>"));
        assertTrue(tokenizer.isSpecial(50257));
        assertFalse(tokenizer.isSpecial(50258));
        assertEquals(OptionalInt.of(50257), tokenizer.paddingToken());
        assertEquals(OptionalInt.of(50256), tokenizer.unknownToken());
        assertTrue(tokenizer.isSpecial(tokenizer.id("<|bot|>").orElseThrow()));
        assertEquals("<tool>", tokenizer.decodePlain(tokenizer.encode("<|user|><tool><|bot|>")));
        assertEquals(50261, tokenizer.size());
    }

    @Test
    void aPrefixSpaceBelongsToTheStartOfAText() throws IOException {
        Tokenizer tokenizer = gpt2With("{\"add_prefix_space\":true}");
        assertArrayEquals(new int[] {23748}, tokenizer.encode("hello"));
        assertArrayEquals(new int[] {23748}, tokenizer.encode(" hello"));
        assertArrayEquals(new int[] {31373}, tokenizer.encodeContinuation("hello"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"tokenizer_class\":7}", "{\"add_bos_token\":\"yes\"}", "{\"bos_token\":7}",
        "{\"added_tokens_decoder\":{\"x\":{\"content\":\"a\"}}}", "{\"added_tokens_decoder\":{\"3000000000\":{\"content\":\"a\"}}}",
        "{\"added_tokens_decoder\":{\"3\":7}}"})
    void wrongSettingsAreRefused(String config) {
        CheckpointFormatException refusal = assertThrows(CheckpointFormatException.class, () -> gpt2With(config));
        assertTrue(refusal.getMessage().contains("tokenizer_config.json"), refusal.getMessage());
    }

    @Test
    void sentencePieceBeginsAPromptWithItsBeginToken() throws IOException {
        Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.folder("spm-bpe").resolve("tokenizer.model"));
        int[] ids = tokenizer.encode("A fox");
        int[] prompt = tokenizer.encodePrompt("A fox");
        assertEquals(tokenizer.beginToken().orElseThrow(), prompt[0]);
        assertArrayEquals(ids, IntStream.of(prompt).skip(1).toArray());
        assertTrue(tokenizer.isSpecial(prompt[0]));
        assertEquals("A fox", tokenizer.decodePlain(prompt));
        assertEquals("<s>A fox", tokenizer.decode(prompt));
    }

    @Test
    void settingsBesideASentencePieceModel() throws IOException {
        Tokenizer tokenizer = sentencePieceWith("{\"add_bos_token\":false,\"add_eos_token\":true,\"bos_token\":\"<s>\","
                + "\"eos_token\":\"</s>\",\"added_tokens_decoder\":{\"1\":{\"content\":\"<s>\",\"special\":true},"
                + "\"1500\":{\"content\":\"<|x|>\",\"special\":true}}}");
        int[] prompt = tokenizer.encodePrompt("A<|x|>");
        assertEquals(1500, prompt[prompt.length - 2]);
        assertEquals(2, prompt[prompt.length - 1]);
        assertEquals(1501, tokenizer.size());
        assertEquals("A", tokenizer.decodePlain(prompt));
        assertTrue(tokenizer.encode("<s>").length > 1);
    }

    @ParameterizedTest
    @CsvSource({"llama-2, The end", "mistral, The end", "t5, The end", "gemma, The end", "albert, the end", "roberta, The end"})
    void aContinuationHasNoPrefix(String name, String text) {
        Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.RESOURCES.resolve("tokenizers-json/" + name + "/tokenizer.json"));
        int[] whole = tokenizer.encode(text);
        int[] continuation = tokenizer.encodeContinuation(text);
        int[] joined = IntStream.concat(IntStream.of(tokenizer.encode("a")), IntStream.of(continuation)).toArray();
        assertEquals(tokenizer.decodePlain(tokenizer.encode("a")) + text, tokenizer.decodePlain(joined), name);
        String first = tokenizer.token(whole[0]);
        assertEquals(first.startsWith("\u2581") || first.startsWith("\u0120"), !Arrays.equals(whole, continuation), name);
    }

    @Test
    void textFromStrangersNeverBecomesASpecialToken() {
        for (String name : new String[] {"t5", "albert", "xlm-roberta", "unigram-byte-fallback", "wordlevel", "bert", "llama-2", "gpt2"}) {
            Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.RESOURCES.resolve("tokenizers-json/" + name + "/tokenizer.json"));
            for (int id = 0; id < tokenizer.size(); id++) {
                if (tokenizer.isSpecial(id) && !tokenizer.token(id).toLowerCase(Locale.ROOT).contains("unk")) {
                    int special = id;
                    int[] ids = tokenizer.encodePlain("x " + tokenizer.token(id) + " y" + tokenizer.token(id));
                    assertFalse(IntStream.of(ids).anyMatch(each -> each == special), name + " " + tokenizer.token(id));
                }
            }
        }
    }

    /** Llama 3's tokenizer.model is tiktoken's text; its special tokens follow the others. */
    @Test
    void aTiktokenFileNamedTokenizerModel() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int value = 0; value < 256; value++) {
            lines.append(Base64.getEncoder().encodeToString(new byte[] {(byte) value})).append(' ').append(value).append('\n');
        }
        lines.append(Base64.getEncoder().encodeToString(" fox".getBytes(StandardCharsets.UTF_8))).append(" 256\n");
        Files.writeString(folder.resolve("tokenizer.model"), lines);
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertArrayEquals(new int[] {257, 'A', 256}, tokenizer.encodePrompt("A fox"));
        assertArrayEquals(new int[] {'A', 256, 258}, tokenizer.encode("A fox<|end_of_text|>"));
        assertArrayEquals(new int[] {257, 'A', 257, 'B'}, tokenizer.encoding("A", "B").ids());
        assertEquals(257 + 256, tokenizer.size());
        assertEquals("<|reserved_special_token_250|>", tokenizer.token(512));
        assertEquals(OptionalInt.of(257), tokenizer.beginToken());
        assertEquals(OptionalInt.of(258), tokenizer.endToken());
    }

    @Test
    void oneTiktokenFileInAFolder() throws IOException {
        copy("cl100k", "cl100k_base.tiktoken");
        assertEquals(100277, Tokenizer.load(folder).size());
        assertTrue(Tokenizer.find(folder).isPresent());
    }

    @ParameterizedTest
    @CsvSource({"phi-3, phi-3", "spm-bpe, spm-bpe", "spm-unigram, spm-unigram", "gpt1, gpt1", "o200k, o200k"})
    void runsAreLinearWithoutAnythingToCutThem(String vocabulary, String name) {
        Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.folder(vocabulary));
        for (String unit : List.of("a", " ", "\u2581", "\u6f22")) {
            String run = "x" + unit.repeat(100_000);
            assertTimeout(Duration.ofSeconds(10), () -> assertTrue(tokenizer.encode(run).length > 0), name);
            assertTimeout(Duration.ofSeconds(10), () -> assertTrue(tokenizer.encoding(run.substring(0, 20_000)).size() > 0), name);
        }
    }
}
