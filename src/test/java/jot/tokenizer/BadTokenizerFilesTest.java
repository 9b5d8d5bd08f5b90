package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import jot.checkpoint.CheckpointFormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and hostile files: each is refused by a typed error that says where, what was expected and what was found. */
class BadTokenizerFilesTest {
    private static final String MODEL = "{\"type\":\"WordLevel\",\"vocab\":{\"a\":0,\"b\":1},\"unk_token\":\"a\"}";

    @TempDir
    private Path folder;

    private CheckpointFormatException refusal(String name, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        CheckpointFormatException refusal = assertThrows(CheckpointFormatException.class, () -> Tokenizer.load(file));
        assertTrue(refusal.getMessage().contains(name), refusal.getMessage());
        assertTrue(refusal.getMessage().length() < 600, refusal.getMessage());
        return refusal;
    }

    private CheckpointFormatException refusal(String json) throws IOException {
        return refusal("tokenizer.json", json.getBytes(StandardCharsets.UTF_8));
    }

    private static String with(String part, String value) {
        return "{\"version\":\"1.0\",\"" + part + "\":" + value + ",\"model\":" + MODEL + "}";
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "normalizer; {\"type\":\"Rot13\"}; Rot13",
        "pre_tokenizer; {\"type\":\"Cut\"}; Cut",
        "pre_tokenizer; {\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Lost\",\"invert\":false}; Lost",
        "pre_tokenizer; {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a\"},\"behavior\":\"Isolated\",\"invert\":false}; (a",
        "pre_tokenizer; {\"type\":\"Metaspace\",\"replacement\":\"__\"}; __",
        "pre_tokenizer; {\"type\":\"FixedLength\",\"length\":0}; length",
        "post_processor; {\"type\":\"Stamp\"}; Stamp",
        "post_processor; {\"type\":\"BertProcessing\",\"cls\":[\"a\"],\"sep\":[\"b\",1]}; cls",
        "post_processor; {\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\"}}],\"pair\":[],"
                + "\"special_tokens\":{}}; x",
        "post_processor; {\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\"}}],\"pair\":[],\"special_tokens\":{}}; B",
        "decoder; {\"type\":\"Rot13\"}; Rot13",
        "decoder; {\"type\":\"Strip\",\"content\":\"\",\"start\":1,\"stop\":0}; content",
        "normalizer; {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}; precompiled_charsmap",
        "normalizer; {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////wAAAAA=\"}; precompiled_charsmap",
        "normalizer; {\"type\":\"Strip\"}; strip_left",
        "normalizer; 7; normalizer",
        "added_tokens; [{\"id\":-1,\"content\":\"x\"}]; -1",
        "added_tokens; [{\"id\":2147483648,\"content\":\"x\"}]; 2147483648",
        "added_tokens; [{\"id\":3,\"content\":\"x\"}]; single_word",
        "added_tokens; {}; added_tokens",
        "version; \"2.0\"; 2.0",
        "surprise; 1; surprise",
    })
    void partsOfTokenizerJson(String part, String value, String told) throws IOException {
        String json = part.equals("version") ? "{\"version\":\"2.0\",\"model\":" + MODEL + "}" : with(part, value);
        CheckpointFormatException refusal = refusal(json);
        assertTrue(refusal.getMessage().contains(told), refusal.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "{\"type\":\"Abacus\"}; Abacus",
        "{\"type\":\"WordLevel\",\"vocab\":{\"a\":0,\"b\":0},\"unk_token\":\"a\"}; id 0",
        "{\"type\":\"WordLevel\",\"vocab\":{\"a\":-1},\"unk_token\":\"a\"}; -1",
        "{\"type\":\"WordLevel\",\"vocab\":{\"a\":2147483648},\"unk_token\":\"a\"}; 2147483648",
        "{\"type\":\"WordLevel\",\"vocab\":{\"a\":1e99},\"unk_token\":\"a\"}; 1e99",
        "{\"type\":\"WordLevel\",\"vocab\":{\"a\":\"0\"},\"unk_token\":\"a\"}; the string",
        "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b\"]}; \"ab\"",
        "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b c\"]}; expected two symbols, found 3",
        "{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[[\"a\"]]}; expected two symbols, found 1",
        "{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"dropout\":0.5}; dropout",
        "{\"type\":\"Unigram\",\"vocab\":[[\"a\"]]}; vocab[0]",
        "{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]],\"unk_id\":1}; unk_id",
        "{\"type\":\"Unigram\",\"vocab\":[[\"a\",1e999]]}; vocab[0]",
        "{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}; unk_token",
    })
    void modelsOfTokenizerJson(String model, String told) throws IOException {
        CheckpointFormatException refusal = refusal("{\"model\":" + model + "}");
        assertTrue(refusal.getMessage().contains(told), refusal.getMessage());
    }

    @Test
    void nestingIsBounded() throws IOException {
        String open = "{\"type\":\"Sequence\",\"normalizers\":[";
        refusal(with("normalizer", open.repeat(100) + "]}".repeat(100)));
        refusal("[".repeat(1_000_000));
        refusal("");
        refusal("{}");
    }

    @Test
    void gapsInTheIdsAreLegal() throws IOException {
        Path file = Files.writeString(folder.resolve("gaps.json"),
                "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":7,\"b\":2147483646},\"unk_token\":\"a\"}}");
        Tokenizer tokenizer = Tokenizer.load(file);
        assertArrayEquals(new int[] {2147483646}, tokenizer.encode("b"));
        assertEquals(Integer.MAX_VALUE, tokenizer.size());
        assertEquals("b a", tokenizer.decode(2147483646, 5, 7));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "a b c; line 2: expected two symbols, found 3",
        "ab; line 2: expected two symbols, found 1",
        "a z; \"z\"",
        "b a; \"ba\"",
    })
    void linesOfMerges(String line, String told) throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\":0,\"b\":1,\"ab\":2}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + line + "\n");
        CheckpointFormatException refusal = assertThrows(CheckpointFormatException.class, () -> Tokenizer.load(folder));
        assertTrue(refusal.getMessage().contains("merges.txt"), refusal.getMessage());
        assertTrue(refusal.getMessage().contains(told), refusal.getMessage());
    }

    @Test
    void aClassOfUnknownRulesIsRefusedByName() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\":0,\"b\":1,\"ab\":2}");
        Files.writeString(folder.resolve("merges.txt"), "a b\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\":\"CTRLTokenizer\"}");
        CheckpointFormatException refusal = assertThrows(CheckpointFormatException.class, () -> Tokenizer.load(folder));
        assertTrue(refusal.getMessage().contains("CTRL"), refusal.getMessage());
        Files.writeString(folder.resolve("tokenizer_config.json"), "[]");
        assertThrows(CheckpointFormatException.class, () -> Tokenizer.load(folder));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "IQ== 0 0\n", "IQ==\n", "IQ== -1\n", "IQ== 2147483648\n", "I!= 0\n",
        "IQ== 0\nIQ== 1\n", "IQ== 0\nIg== 0\n"})
    void tiktokenFiles(String lines) throws IOException {
        refusal("cl100k_base.tiktoken", lines.getBytes(StandardCharsets.UTF_8));
        if (lines.isEmpty()) {
            refusal("mine.tiktoken", lines.getBytes(StandardCharsets.UTF_8));
            refusal("vocabulary.txt", lines.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void tiktokenRanksMayHaveGaps() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int value = 0; value < 256; value++) {
            lines.append(Base64.getEncoder().encodeToString(new byte[] {(byte) value})).append(' ').append(value * 3).append('\n');
        }
        lines.append(Base64.getEncoder().encodeToString("ab".getBytes(StandardCharsets.UTF_8))).append(" 1000000\n");
        Tokenizer tokenizer = Tokenizer.load(Files.writeString(folder.resolve("r50k_base.tiktoken"), lines));
        assertArrayEquals(new int[] {1000000, 'c' * 3}, tokenizer.encode("abc"));
        assertEquals("abc", tokenizer.decode(1000000, 1, 'c' * 3));
    }

    @Test
    void aMissingFileIsToldApart() {
        assertThrows(NoSuchFileException.class, () -> Tokenizer.load(folder.resolve("tokenizer.json")));
        assertThrows(NoSuchFileException.class, () -> Tokenizer.load(folder.resolve("nowhere")));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "0a",                       // a field without its length
        "0affffffffffffffffff01",   // a length of 2^64 - 1
        "0affffffff07",             // a length of 2^31 - 1
        "0a80808080808080808080",   // a number that does not end
        "0a03120400",               // a message shorter than its field
        "0a020a05",                 // a text longer than its message
        "0b",                       // a wire type that is not used
        "07",                       // the same
        "0801",                     // a number where a message is expected
        "0a0518070a0161",           // a type of piece that does not exist
        "0a040a02fffe",             // a text that is not UTF-8
        "0a030a0161",               // no piece for what is unknown
        "0a050a016118021202" + "1803", // a kind of model that is not read
    })
    void sentencePieceFiles(String hexadecimal) throws IOException {
        refusal("tokenizer.model", HexFormat.of().parseHex(hexadecimal));
    }

    /** Whatever bytes are flipped or cut, loading ends in a tokenizer or in a typed error. */
    @Test
    void mutatedFilesNeverCrash() throws IOException {
        byte[] model = Files.readAllBytes(Vocabularies.folder("spm-bpe").resolve("tokenizer.model"));
        byte[] json = Files.readAllBytes(Vocabularies.RESOURCES.resolve("tokenizers-json/albert/tokenizer.json"));
        Random random = new Random(5);
        for (int i = 0; i < 150; i++) {
            loadMutated("mutated.model", model, random);
            loadMutated("mutated.json", json, random);
        }
    }

    private void loadMutated(String name, byte[] content, Random random) throws IOException {
        ByteArrayOutputStream mutated = new ByteArrayOutputStream();
        mutated.write(content, 0, random.nextInt(3) == 0 ? random.nextInt(content.length) : content.length);
        byte[] bytes = mutated.toByteArray();
        for (int flips = random.nextInt(4); flips > 0 && bytes.length > 0; flips--) {
            bytes[random.nextInt(Math.min(bytes.length, 2000))] ^= (byte) (1 << random.nextInt(8));
        }
        Path file = Files.write(folder.resolve(name), bytes);
        try {
            Tokenizer tokenizer = Tokenizer.load(file);
            tokenizer.decode(tokenizer.encode("A fox, \u00e9t\u00e9 \ud83d\ude00 12"));
        } catch (CheckpointFormatException | IllegalArgumentException e) {
            assertTrue(e.getMessage() != null && !e.getMessage().isEmpty());
        }
    }
}
