package jot.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
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

    /** Replacements in a joined text: what may be the beginning of a match is held back until it is decided. */
    @ParameterizedTest
    @CsvSource({"ab</w>cd, ab cd", "</w></w>x, '  x'", "a</</w>, 'a</ '", "a</w, a</w", "<</w>, '< '"})
    void matchesAcrossPieces(String text, String expected) {
        for (int width = 1; width <= text.length(); width++) {
            TokenDecoder.Collector collector = new TokenDecoder.Collector();
            TokenDecoder.Stage stage = new TokenDecoder.Sequence(List.of(new TokenDecoder.Fuse(),
                    new TokenDecoder.Replace(new TextPattern.Literal("</w>"), " "))).stage(collector);
            for (int at = 0; at < text.length(); at += width) {
                stage.token(text.substring(at, Math.min(text.length(), at + width)));
            }
            stage.end();
            assertEquals(expected, collector.take());
        }
    }

    /** A joined text in front of decoders that take tokens is one token to them. */
    @Test
    void joinedTextsInFrontOfOtherDecoders() {
        TokenDecoder.Collector collector = new TokenDecoder.Collector();
        TokenDecoder.Stage stage = new TokenDecoder.Sequence(List.of(new TokenDecoder.Fuse(), new TokenDecoder.Strip('x', 2, 1),
                new TokenDecoder.Fuse(), new TokenDecoder.Replace(new TextPattern.Literal(""), "-"),
                new TokenDecoder.Metaspace("\u2581", false), new TokenDecoder.WordPiece("##", true))).stage(collector);
        for (String token : List.of("x", "x", "xa", "\u2581.", "x", "x")) {
            stage.token(token);
        }
        assertEquals("", collector.take());
        stage.end();
        assertEquals("-x-a- -.-x-", collector.take());
    }

    @Test
    void aPromptThatEndsWithinACharacter() {
        Tokenizer gpt2 = Vocabularies.gpt2();
        int[] bytes = gpt2.encode("\ud83e\udd86");
        assertTrue(bytes.length > 1);
        StreamDecoder stream = gpt2.stream(bytes[0]);
        StringBuilder text = new StringBuilder();
        for (int i = 1; i < bytes.length; i++) {
            text.append(stream.push(bytes[i]));
        }
        assertEquals("\ud83e\udd86", text + stream.finish());
    }
}
