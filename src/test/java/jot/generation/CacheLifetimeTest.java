package jot.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.OptionalInt;

import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.KvCache;
import jot.tensor.Backend;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How long keys and values are kept. */
class CacheLifetimeTest {
    private static LoadedModel model;
    private static Inference inference;

    @BeforeAll
    static void load() throws IOException {
        model = ModelLoader.load(Path.of("src/test/resources/models/gpt2"),
                new LoadSettings(2, OptionalInt.empty(), Backend.AUTO, true, (done, all) -> { }));
        inference = new Inference(model.transformer(), model.kernels(), model.workers());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** A model that waits for its next call keeps nothing of the last one. */
    @Test
    void aSequenceThatNobodyHoldsIsCollected() throws InterruptedException {
        WeakReference<KvCache> cache = abandoned();
        for (int i = 0; i < 50 && cache.get() != null; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertNull(cache.get());
    }

    private static WeakReference<KvCache> abandoned() {
        Sequence sequence = new Sequence(inference);
        sequence.append(new int[] {1, 2, 3, 4, 5, 6}, () -> false);
        sequence.append(new int[] {7}, () -> false);
        return new WeakReference<>(sequence.cache());
    }

    /** Room for a whole prompt is reserved before it is computed; what a stop leaves unused is given back. */
    @Test
    void aStoppedPromptKeepsTheRoomOfItsTokensOnly() {
        Sequence sequence = new Sequence(inference);
        sequence.append(new int[] {1, 2, 3}, () -> false);
        long before = sequence.cacheBytes();
        sequence.append(new int[inference.context() - 3], () -> true);
        assertEquals(3, sequence.length());
        assertEquals(before, sequence.cacheBytes());
    }

    /** A sequence that starts again has room for as many tokens, and computes what a new one computes. */
    @Test
    void aSequenceThatStartsAgainKeepsItsRoom() {
        Sequence sequence = new Sequence(inference);
        sequence.append(new int[] {1, 2, 3, 4, 5, 6}, () -> false);
        long before = sequence.cacheBytes();
        float[] page = sequence.pages()[0];
        sequence.restart(0);
        assertEquals(0, sequence.length());
        assertEquals(before, sequence.cacheBytes());
        sequence.append(new int[] {3, 2, 1}, () -> false);
        Sequence fresh = new Sequence(inference);
        fresh.append(new int[] {3, 2, 1}, () -> false);
        assertArrayEquals(fresh.logits(), sequence.logits());
        assertSame(page, sequence.pages()[0]);
    }
}
