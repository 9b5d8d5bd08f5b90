package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamDecoderTest {
    @Test
    void bytesInPieces() throws IOException {
        JsonObject vectors = Vocabularies.json(Vocabularies.RESOURCES.resolve("sampling/utf8_stream.json"));
        int cases = 0;
        for (Json each : vectors.array("cases")) {
            JsonObject expected = each.asObject("case");
            String name = expected.string("name");
            checkPieces(expected, name);
            checkTokens(expected, name);
            cases++;
        }
        assertTrue(cases > 30, cases + " cases");
    }

    private static void checkPieces(JsonObject expected, String name) throws IOException {
        Utf8Decoder decoder = new Utf8Decoder();
        JsonArray pieces = expected.array("pieces");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < pieces.size(); i++) {
            StringBuilder emitted = new StringBuilder();
            byte[] bytes = HexFormat.of().parseHex(pieces.get(i).asString("piece"));
            decoder.decode(bytes, 0, bytes.length, emitted);
            assertEquals(expected.array("emitted").get(i).asString("emitted"), emitted.toString(), name);
            text.append(emitted);
        }
        StringBuilder flush = new StringBuilder();
        decoder.finish(flush);
        assertEquals(expected.string("flush"), flush.toString(), name);
        assertEquals(expected.string("text"), text.append(flush).toString(), name);
    }

    /** The same bytes as tokens of GPT-2, which has one for each byte. */
    private static void checkTokens(JsonObject expected, String name) throws IOException {
        Tokenizer gpt2 = Vocabularies.gpt2();
        StreamDecoder stream = gpt2.stream();
        JsonArray pieces = expected.array("pieces");
        for (int i = 0; i < pieces.size(); i++) {
            StringBuilder emitted = new StringBuilder();
            for (byte value : HexFormat.of().parseHex(pieces.get(i).asString("piece"))) {
                emitted.append(stream.push(gpt2.id(String.valueOf(ByteLetters.letter(value & 0xFF))).orElseThrow()));
            }
            assertEquals(expected.array("emitted").get(i).asString("emitted"), emitted.toString(), name);
        }
        assertEquals(expected.string("flush"), stream.finish(), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama-2", "mistral", "openai-gpt", "bert", "t5", "clip", "wordlevel", "bpe-partial-bytes", "gemma",
        "bpe-continuing-prefix", "bpe-prefix-suffix", "unigram-byte-fallback", "wordlevel-ctc"})
    void promptAndStreamReadOn(String name) {
        Tokenizer tokenizer = Vocabularies.tokenizer(Vocabularies.RESOURCES.resolve("tokenizers-json/" + name + "/tokenizer.json"));
        int[] all = tokenizer.encode("The cat sat, and two dogs didn't. <0x41> Tea at 10 (n\u00e3o) \ud83d\ude00 the the end");
        String whole = tokenizer.decodePlain(all);
        for (int cut = 0; cut <= all.length; cut++) {
            int[] prompt = Arrays.copyOf(all, cut);
            StreamDecoder stream = tokenizer.stream(prompt);
            StringBuilder text = new StringBuilder();
            for (int i = cut; i < all.length; i++) {
                text.append(stream.push(all[i]));
            }
            text.append(stream.finish());
            String before = tokenizer.decodePlain(prompt);
            if (whole.startsWith(before)) {
                assertEquals(whole, before + text, name + " cut at " + cut);
            } else {
                assertTrue(whole.endsWith(text.toString()), name + " cut at " + cut);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"tales, Once upon a time there was a fox.", "tales, <|im_start|>user says hi<|im_end|>"})
    void specialTokensAreLeftOut(String name, String text) {
        Tokenizer tales = Vocabularies.tales();
        StreamDecoder stream = tales.stream();
        StringBuilder streamed = new StringBuilder();
        for (int id : tales.encode(text)) {
            streamed.append(stream.push(id));
        }
        assertEquals(text.replaceAll("<\\|\\w+\\|>", ""), streamed + stream.finish(), name);
    }
}
