package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.CacheLayout;
import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Backend;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A forward pass that has warmed up allocates nothing on the threads that compute, as the JVM itself counts. */
@Tag("vector")
class AllocationTest {

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int PASSES = 200;
    /** Until then C2 has compiled all of it, or will not do so any more. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    @ParameterizedTest
    @CsvSource({"gpt2, SCALAR, 1", "gpt2, SCALAR, 9", "llama, SCALAR, 1", "llama, SCALAR, 9",
        "gpt2, VECTOR, 1", "llama, VECTOR, 9"})
    void nothingPerToken(String fixture, Backend backend, int rows) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve(fixture);
        LoadSettings settings = new LoadSettings(2, OptionalInt.empty(), backend, true, (done, all) -> { });
        try (LoadedModel model = ModelLoader.load(folder, settings)) {
            KvCache cache = new KvCache(new CacheLayout(model.transformer().architecture()));
            ForwardPass pass = new ForwardPass(model.transformer(), model.kernels());
            int[] tokens = new int[1 + rows];
            run(model, pass, List.of(new Segment(cache, tokens, 0, 1, Segment.Wanted.NONE)), null);
            List<Segment> segments = List.of(new Segment(cache, tokens, 1, 1 + rows, Segment.Wanted.LAST));
            long least = Long.MAX_VALUE;
            long end = System.nanoTime() + LONGEST.toNanos();
            while (least > 0 && System.nanoTime() < end) {
                long before = allocated();
                run(model, pass, segments, cache);
                least = Math.min(least, allocated() - before);
            }
            assertEquals(0, least / PASSES, "bytes a pass");
        }
    }

    /** Some passes in one turn on the workers, so that nothing but passes is counted; the cache goes back after each. */
    private static void run(LoadedModel model, ForwardPass pass, List<Segment> segments, KvCache rewound) {
        model.workers().run(() -> {
            for (int i = 0; i < (rewound == null ? 1 : PASSES); i++) {
                model.transformer().forward(segments, pass);
                if (rewound != null) {
                    rewound.rewind(1);
                }
            }
        });
    }

    /** Bytes that the worker threads have allocated since they began. */
    private static long allocated() {
        long[] ids = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().matches("jot-\\d+"))
                .mapToLong(Thread::threadId).toArray();
        return Arrays.stream(THREADS.getThreadAllocatedBytes(ids)).sum();
    }
}
