package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

import jot.generation.Sequence;
import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Backend;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys follow the length of the context: past the first training's length, and back below it, all of them are computed anew. */
class LongRopeTest {

    /** The first training's length of the fixture. */
    private static final int ORIGINAL = 29;
    private static final Path FOLDER = LoadedFixture.MORE_MODELS.resolve("phi3-longrope-crossing");

    private LoadedFixture fixture;
    private int[] tokens;

    @BeforeEach
    void load() throws IOException {
        fixture = LoadedFixture.of(FOLDER, 2, Backend.AUTO);
        tokens = new Random(7).ints(600, 0, fixture.inference().architecture().vocabulary()).toArray();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aSequenceThatCrossesGoesOnAsIfItHadBeenLongFromTheStart() {
        Sequence grown = new Sequence(fixture.inference());
        for (int i = 0; i < ORIGINAL + 4; i++) {
            append(grown, i, i + 1);
            assertSame(fresh(i + 1), grown.logits());
        }
    }

    @Test
    void aSequenceThatIsRewoundIsShortAgain() {
        Sequence sequence = new Sequence(fixture.inference());
        append(sequence, 0, ORIGINAL + 5);
        sequence.rewind(10);
        append(sequence, 10, ORIGINAL);
        assertSame(fresh(ORIGINAL), sequence.logits());
        append(sequence, ORIGINAL, ORIGINAL + 1);
        assertSame(fresh(ORIGINAL + 1), sequence.logits());
    }

    @Test
    void aForkCrossesByItself() {
        Sequence origin = new Sequence(fixture.inference());
        append(origin, 0, ORIGINAL - 1);
        Sequence fork = origin.fork();
        append(fork, ORIGINAL - 1, ORIGINAL + 2);
        append(origin, ORIGINAL - 1, ORIGINAL);
        assertSame(fresh(ORIGINAL + 2), fork.logits());
        assertSame(fresh(ORIGINAL), origin.logits());
    }

    @Test
    void whoeverStopsTheComputingAnewKeepsWhatThereWas() {
        Sequence sequence = new Sequence(fixture.inference());
        append(sequence, 0, ORIGINAL);
        float[] before = sequence.logits().clone();
        AtomicInteger asked = new AtomicInteger();
        assertFalse(sequence.append(new int[] {tokens[ORIGINAL]}, () -> asked.incrementAndGet() > 1));
        assertEquals(ORIGINAL, sequence.length());
        assertArrayEquals(before, sequence.logits());
        append(sequence, ORIGINAL, ORIGINAL + 1);
        assertSame(fresh(ORIGINAL + 1), sequence.logits());
    }

    @Test
    void aPromptInSeveralChunksIsLongFromItsFirst() throws IOException {
        Path dynamic = LoadedFixture.MORE_MODELS.resolve("llama-dynamic");
        try (LoadedFixture growing = LoadedFixture.of(dynamic, 2, Backend.AUTO)) {
            Sequence chunks = new Sequence(growing.inference());
            assertTrue(chunks.append(tokens, () -> false));
            float[][] whole = jot.generation.Logits.of(growing.inference(), tokens);
            assertSame(whole[tokens.length - 1], chunks.logits());
        }
    }

    @Test
    void keysOfOneLengthDoNotServeTheOther() throws IOException {
        try (Passes passes = Passes.of(FOLDER, 1, Backend.AUTO)) {
            KvCache cache = passes.cache();
            passes.run(List.of(new Segment(cache, tokens, 0, ORIGINAL, Segment.Wanted.NONE)));
            assertTrue(cache.serves(ORIGINAL));
            assertFalse(cache.serves(ORIGINAL + 1));
            assertThrows(IllegalArgumentException.class, () -> cache.expect(ORIGINAL + 1));
        }
    }

    private float[] fresh(int length) {
        Sequence sequence = new Sequence(fixture.inference());
        append(sequence, 0, length);
        return sequence.logits();
    }

    private void append(Sequence sequence, int from, int to) {
        assertTrue(sequence.append(java.util.Arrays.copyOfRange(tokens, from, to), () -> false));
    }

    private static void assertSame(float[] expected, float[] found) {
        double error = Expected.error(expected, found);
        assertTrue(error <= Expected.TOLERANCE, () -> "error " + error);
    }
}
