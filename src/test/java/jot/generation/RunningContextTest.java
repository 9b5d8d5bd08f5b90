package jot.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.sampling.SamplingChain;
import jot.tensor.Backend;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RunningContextTest {
    private static final Interruption NEVER = Interruption.when(() -> false);
    private static LoadedModel model;
    private static Inference inference;

    @BeforeAll
    static void load() throws IOException {
        model = ModelLoader.load(Path.of("src/test/resources/models/bloom"),
                new LoadSettings(2, OptionalInt.empty(), Backend.AUTO, true, (done, all) -> { }));
        inference = new Inference(model.transformer(), model.kernels(), model.workers());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static RunningContext context() {
        return new RunningContext(inference, new Admission(Integer.MAX_VALUE, Long.MAX_VALUE, false));
    }

    private static int[] next(RunningContext context) {
        GenerationSettings greedy = new GenerationSettings(SamplingChain.builder().greedy().build(), 0, 1, Optional.empty(),
                OptionalInt.of(3), List.of(), new StopStrings(List.of(), false), Optional.empty(), CancellationSignal.NEVER, 0,
                OptionalInt.empty());
        DecodeLoop loop = context.loop(new int[0], greedy, Optional.empty(), NEVER);
        Generations.run(loop, each -> { });
        context.follow(loop);
        return loop.completion().tokens();
    }

    @Test
    void whatWasReadBeforeAPassFailedCounts() {
        Thread caller = Thread.currentThread();
        long counted = 0;
        for (int polls = 10; counted == 0; polls *= 2) {
            Admission admission = new Admission(Integer.MAX_VALUE, 1L << 30, false);
            RunningContext context = new RunningContext(inference, admission);
            AtomicInteger left = new AtomicInteger(polls);
            Interruption failing = Interruption.when(() -> {
                if (Thread.currentThread() != caller && left.getAndDecrement() <= 0) {
                    throw new UnsupportedOperationException("a pass that fails");
                }
                return false;
            });
            assertThrows(UnsupportedOperationException.class, () -> context.append(new int[4 * Sequence.CHUNK], failing));
            assertEquals(context.cacheBytes(), admission.bytes());
            counted = admission.bytes();
        }
    }

    /** A text that was read in part, then cut back to just that part: what follows is not what followed another place. */
    @Test
    void aContextIsRewoundToWhereItsReadingStopped() throws Exception {
        int[] tokens = new int[1_200];
        Arrays.setAll(tokens, i -> (i * 31 + i * i) % 131);
        TreeSet<Integer> lengths = new TreeSet<>();
        for (int polls = 1; polls < 4_000 && lengths.size() < 3; polls = polls * 3 / 2 + 1) {
            RunningContext context = context();
            context.append(new int[] {7, 8, 9}, NEVER);
            AtomicInteger left = new AtomicInteger(polls);
            context.append(tokens, Interruption.when(() -> left.getAndDecrement() <= 0));
            assertEquals(1_203, context.position());
            int read = context.read();
            context.rewind(read);
            RunningContext fresh = context();
            fresh.append(context.tokens(), NEVER);
            assertArrayEquals(next(fresh), next(context), "after " + read + " tokens");
            lengths.add(read);
        }
        assertTrue(lengths.size() >= 3 && lengths.contains(3 + Sequence.CHUNK), lengths.toString());
    }
}
