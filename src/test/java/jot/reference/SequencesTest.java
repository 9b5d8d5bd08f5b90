package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Backend;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** However tokens come to a model, piece by piece, beside others, on few threads or many: the same numbers come out. */
class SequencesTest {

    private static final Path TALES = Path.of("weights/tales");
    private static final Path GPT2 = LoadedFixture.MODELS.resolve("gpt2");
    private static final int[][] CUTS = {{1}, {2}, {5}, {1, 7, 2, 13, 5, 3}, {17, 1}, {4, 5}};

    static Stream<Arguments> fixturesAndBackends() {
        return Stream.of("gpt2", "gpt2-bf16", "gpt2-f16", "gpt2-layer-scaled", "gpt2-unscaled-untied", "gemma3", "mixtral", "qwen2_moe",
                        "gpt_oss-mxfp4")
                .flatMap(name -> Backends.runnable().stream().map(backend -> Arguments.of(name, backend)));
    }

    static List<Backend> backends() {
        return Backends.runnable();
    }

    @ParameterizedTest
    @MethodSource("fixturesAndBackends")
    void aPromptInPiecesGivesTheLogitsOfTheWhole(String name, Backend backend) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve(name);
        try (Passes passes = Passes.of(folder, 2, backend); Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int[] tokens = joined(expected.prompt(), expected.greedy());
            float[][] whole = passes.inOnePiece(tokens);
            float[][] reference = expected.rows("logits");
            for (int[] cuts : CUTS) {
                float[][] pieces = passes.inPieces(tokens, cuts);
                String what = name + " in pieces of " + Arrays.toString(cuts);
                assertWithin(what, Expected.error(whole, pieces));
                assertWithin(what, Expected.error(reference, Arrays.copyOf(pieces, reference.length)));
                assertArrayEquals(expected.greedy(), greedyOf(pieces, expected.prompt().length), what);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fixturesAndBackends")
    void withoutACacheTheSameTokensFollow(String name, Backend backend) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve(name);
        try (Passes passes = Passes.of(folder, 1, backend); Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int[] tokens = expected.prompt();
            for (int next : expected.greedy()) {
                float[] logits = passes.last(tokens);
                assertEquals(next, argmax(logits));
                tokens = joined(tokens, next);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Tale.class)
    void theBundledModelIsTheReferences(Tale tale) throws IOException {
        for (Backend backend : Backends.runnable()) {
            try (Passes passes = Passes.of(TALES, 2, backend); Expected expected = tale.expected()) {
                int[] tokens = joined(expected.prompt(), expected.greedy());
                float[][] whole = passes.inOnePiece(tokens);
                float[][] pieces = passes.inPieces(tokens, 1, 19, 2, 40, 3);
                int prompt = expected.prompt().length;
                assertWithin(tale + " whole", Expected.error(expected.rows("logits"), Arrays.copyOf(whole, prompt)));
                assertWithin(tale + " in pieces", Expected.error(whole, pieces));
                assertArrayEquals(expected.greedy(), greedyOf(whole, prompt));
                assertArrayEquals(expected.greedy(), greedyOf(pieces, prompt));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Tale.class)
    void theBundledModelDecodesTokenByToken(Tale tale) throws IOException {
        try (Passes passes = Passes.of(TALES, 2, Backend.AUTO); Expected expected = tale.expected()) {
            int[] tokens = expected.prompt();
            KvCache cache = passes.cache();
            int from = 0;
            for (int next : expected.greedy()) {
                float[] logits = passes.run(List.of(new Segment(cache, tokens, from, tokens.length, Segment.Wanted.LAST))).getFirst()[0];
                assertEquals(next, argmax(logits));
                from = tokens.length;
                tokens = joined(tokens, next);
            }
        }
    }

    /** Sequences of several lengths, with and without something in the cache: each alone, then all in one pass. */
    @ParameterizedTest
    @MethodSource("backends")
    void neighboursInAPassChangeNoBit(Backend backend) throws IOException {
        neighboursChangeNoBit(GPT2, backend, new int[] {0, 9, 0, 31, 33, 5, 0}, new int[] {21, 1, 3, 1, 20, 4, 5});
        neighboursChangeNoBit(TALES, backend, new int[] {0, 33, 0}, new int[] {21, 1, 5});
        for (String experts : List.of("mixtral", "qwen2_moe", "gpt_oss-mxfp4")) {
            neighboursChangeNoBit(LoadedFixture.MODELS.resolve(experts), backend, new int[] {0, 9, 0, 31, 33, 5, 0},
                    new int[] {21, 1, 3, 1, 20, 4, 5});
        }
    }

    private static void neighboursChangeNoBit(Path folder, Backend backend, int[] cached, int[] added) throws IOException {
        try (Passes passes = Passes.of(folder, 2, backend)) {
            List<float[][]> alone = new ArrayList<>();
            List<Segment> together = new ArrayList<>();
            for (int i = 0; i < cached.length; i++) {
                int[] tokens = tokens(passes, cached[i] + added[i], i);
                Segment.Wanted wanted = i % 2 == 0 ? Segment.Wanted.ALL : Segment.Wanted.LAST;
                alone.add(passes.run(List.of(prepared(passes, tokens, cached[i], wanted))).getFirst());
                together.add(prepared(passes, tokens, cached[i], wanted));
            }
            List<float[][]> found = passes.run(together);
            assertBitEqual(alone, found);
        }
    }

    /** The same sequence in company that differs from pass to pass, from nobody to 40 others that decode. */
    @ParameterizedTest
    @MethodSource("backends")
    void anyNumberOfDecodingNeighboursChangesNoBit(Backend backend) throws IOException {
        try (Passes passes = Passes.of(GPT2, 2, backend)) {
            int[] tokens = tokens(passes, 8, 1);
            float[] alone = passes.run(List.of(prepared(passes, tokens, 7, Segment.Wanted.LAST))).getFirst()[0];
            for (int others : new int[] {1, 2, 3, 4, 7, 8, 15, 16, 40}) {
                List<Segment> segments = new ArrayList<>();
                for (int i = 0; i < others; i++) {
                    segments.add(prepared(passes, tokens(passes, 5 + i % 3, i), 4 + i % 3, Segment.Wanted.LAST));
                }
                int place = others / 2;
                segments.add(place, prepared(passes, tokens, 7, Segment.Wanted.LAST));
                assertArrayEquals(bits(alone), bits(passes.run(segments).get(place)[0]), "beside " + others);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void theNumberOfThreadsChangesNoBit(Backend backend) throws IOException {
        for (Path folder : List.of(GPT2, TALES, LoadedFixture.MODELS.resolve("mixtral"))) {
            List<float[][]> byThreads = new ArrayList<>();
            for (int threads : new int[] {1, 2, 5}) {
                try (Passes passes = Passes.of(folder, threads, backend)) {
                    int[] tokens = tokens(passes, 60, 3);
                    byThreads.add(joined(passes.inPieces(tokens, 30, 1, 5, 3), passes.inOnePiece(tokens)));
                }
            }
            for (float[][] other : byThreads) {
                assertBitEqual(byThreads.getFirst(), other);
            }
        }
    }

    @Test
    void aForkedCacheGoesOnFromWhereItForkedAndLeavesItsOriginAlone() throws IOException {
        try (Passes passes = Passes.of(GPT2, 2, Backend.AUTO)) {
            int[] tokens = tokens(passes, 45, 5);
            float[][] straight = passes.inPieces(tokens, 35, 10);
            KvCache origin = passes.cache();
            passes.run(List.of(new Segment(origin, tokens, 0, 35, Segment.Wanted.NONE)));
            KvCache fork = origin.fork();
            passes.run(List.of(new Segment(fork, tokens(passes, 20, 6), 0, 20, Segment.Wanted.NONE)));
            float[][] on = passes.run(List.of(new Segment(origin, tokens, 35, 45, Segment.Wanted.ALL))).getFirst();
            assertBitEqual(Arrays.copyOfRange(straight, 35, 45), on);

            fork.rewind(35);
            float[][] again = passes.run(List.of(new Segment(fork, tokens, 35, 45, Segment.Wanted.ALL))).getFirst();
            assertBitEqual(on, again);
        }
    }

    @Test
    void aPassThatIsToldToStopLeavesTheCacheAsItWas() throws IOException {
        try (LoadedFixture fixture = LoadedFixture.of(GPT2, 2, Backend.AUTO)) {
            jot.generation.Sequence sequence = new jot.generation.Sequence(fixture.inference());
            int[] tokens = {1, 2, 3, 4, 5, 6, 7};
            assertTrue(sequence.append(tokens, () -> false));
            float[] before = sequence.logits().clone();
            assertTrue(!sequence.append(new int[] {8, 9}, () -> true));
            assertEquals(7, sequence.length());
            sequence.rewind(0);
            assertTrue(sequence.append(tokens, () -> false));
            assertArrayEquals(bits(before), bits(sequence.logits()));
        }
    }

    enum Tale {
        STORY, INSTRUCTION;

        Expected expected() throws IOException {
            return Expected.of(Path.of("src/test/resources/tales", name().toLowerCase(java.util.Locale.ROOT) + ".safetensors"));
        }
    }

    private static Segment prepared(Passes passes, int[] tokens, int cached, Segment.Wanted wanted) {
        KvCache cache = passes.cache();
        if (cached > 0) {
            passes.run(List.of(new Segment(cache, tokens, 0, cached, Segment.Wanted.NONE)));
        }
        return new Segment(cache, tokens, cached, tokens.length, wanted);
    }

    private static int[] tokens(Passes passes, int count, int seed) {
        return new java.util.Random(seed).ints(count, 0, passes.transformer().architecture().vocabulary()).toArray();
    }

    private static int[] joined(int[] first, int... second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    private static float[][] joined(float[][] first, float[][] second) {
        return Stream.concat(Arrays.stream(first), Arrays.stream(second)).toArray(float[][]::new);
    }

    private static int[] greedyOf(float[][] logits, int prompt) {
        return IntStream.range(prompt - 1, logits.length - 1).map(i -> argmax(logits[i])).toArray();
    }

    static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    private static void assertBitEqual(List<float[][]> expected, List<float[][]> found) {
        for (int s = 0; s < expected.size(); s++) {
            assertBitEqual(expected.get(s), found.get(s));
        }
    }

    private static void assertBitEqual(float[][] expected, float[][] found) {
        assertEquals(expected.length, found.length);
        for (int r = 0; r < expected.length; r++) {
            assertArrayEquals(bits(expected[r]), bits(found[r]), "row " + r);
        }
    }

    static int[] bits(float[] values) {
        return IntStream.range(0, values.length).map(i -> Float.floatToRawIntBits(values[i])).toArray();
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
