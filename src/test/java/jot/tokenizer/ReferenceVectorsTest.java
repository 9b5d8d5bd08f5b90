package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import jot.json.Json;
import jot.json.JsonObject;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real vocabularies against what the reference implementation of each makes of 206 strings in 17 kinds. */
class ReferenceVectorsTest {
    @ParameterizedTest
    @CsvSource({
        "tales, ",
        "gpt2, gpt2/tokenizer.json",
        "gpt2, gpt2",
        "gpt-neox, gpt-neox",
        "phi-3, phi-3",
        "gpt1, gpt1",
        "qwen2, qwen2",
        "r50k, gpt2/r50k_base.tiktoken",
        "cl100k, cl100k/cl100k_base.tiktoken",
        "o200k, o200k",
        "spm-bpe, spm-bpe",
        "spm-unigram, spm-unigram/tokenizer.model",
    })
    void everyCase(String reference, String path) throws IOException {
        Tokenizer tokenizer = Vocabularies.tokenizer(locate(path));
        JsonObject vectors = Vocabularies.json(Vocabularies.RESOURCES.resolve("tokenizers/" + reference + ".json"));
        int cases = 0;
        for (Json each : vectors.array("cases")) {
            check(tokenizer, each.asObject("case"));
            cases++;
        }
        assertTrue(cases >= 200, "cases of " + reference);
    }

    /** The last part of a path is a file where the folder holds several tokenizers. */
    private static Path locate(String path) {
        if (path == null) {
            return Path.of("weights/tales");
        }
        String[] parts = path.split("/");
        Path folder = Vocabularies.folder(parts[0]);
        return parts.length == 1 ? folder : folder.resolve(parts[1]);
    }

    private static void check(Tokenizer tokenizer, JsonObject expected) throws IOException {
        String text = expected.string("text");
        int[] ids = Vocabularies.ints(expected.get("ids"));
        int[] plain = expected.has("ids_plain") ? Vocabularies.ints(expected.get("ids_plain")) : ids;
        String decoded = expected.has("decoded") ? expected.string("decoded") : text;
        assertArrayEquals(ids, tokenizer.encode(text), text);
        assertArrayEquals(plain, tokenizer.encodePlain(text), text);
        assertEquals(decoded, tokenizer.decode(ids), text);
        assertEquals(ids.length, tokenizer.count(text), text);
        assertEquals(tokenizer.decodePlain(ids), streamed(tokenizer, ids), text);
    }

    private static String streamed(Tokenizer tokenizer, int[] ids) {
        StreamDecoder stream = tokenizer.stream();
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.push(id));
        }
        return text.append(stream.finish()).toString();
    }
}
