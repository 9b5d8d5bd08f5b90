package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A thousand virtual threads on as many carriers as the machine has processors, each with its own options. */
@Tag("module-path")
@Timeout(240)
class ManyCallersTest {
    private static final Path MODEL = Path.of("src/test/resources/models/gpt2");
    private static final int CALLERS = 1_000;
    private static final int AT_ONCE = 16;
    private static final int PAGES = 8;
    private static final int TOKENS_OF_A_PAGE = 32;
    private static final long MOST_DELAY_MILLIS = 50;
    /** A quiet machine needs one; a busy one may hold up any thread, while a carrier that callers hold shows each time. */
    private static final int ATTEMPTS = 12;

    private static List<String> alone;
    private static long pageBytes;

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    @BeforeAll
    static void runEachAlone() throws IOException {
        alone = new ArrayList<>();
        try (Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withThreads(1))) {
            pageBytes = TOKENS_OF_A_PAGE * gpt.info().cacheBytesPerToken();
            for (int caller = 0; caller < CALLERS; caller++) {
                alone.add(Arrays.toString(gpt.generate(prompt(caller), options(caller)).tokens()));
            }
        }
    }

    private static int[] prompt(int caller) {
        int[] prompt = new int[1 + caller % 13];
        Arrays.setAll(prompt, i -> (caller * 7 + i * 3) % 100);
        return prompt;
    }

    private static int tokens(int caller) {
        return 2 + caller % 9;
    }

    private static GenerationOptions options(int caller) {
        GenerationOptions options = GenerationOptions.defaults().withMaxTokens(tokens(caller)).withEndTokens().withSeed(caller);
        return switch (caller % 4) {
            case 0 -> options.withTemperature(0);
            case 1 -> options.withTemperature(0.5 + caller % 7 / 5.0).withTopK(caller % 40);
            case 2 -> options.withTopP(0.5 + caller % 50 / 100.0).withRepetitionPenalty(1.2);
            default -> options.withMirostat(3, 0.1).withLogprobs(2);
        };
    }

    /** Options that also count who is between the first and the last token, and so holds a page of cache. */
    private GenerationOptions counted(int caller) {
        return options(caller).withStep((logits, context) -> {
            if (context.generatedLength() == 0) {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
            }
            if (context.generatedLength() == tokens(caller) - 1) {
                running.decrementAndGet();
            }
        });
    }

    static Stream<LoadOptions> bounds() {
        LoadOptions two = LoadOptions.defaults().withThreads(2);
        return Stream.of(two, two.withMaxConcurrent(AT_ONCE));
    }

    /** Every caller gets what it gets alone, and all the while a virtual thread that sleeps 2 ms wakes within 50 ms more. */
    @ParameterizedTest
    @MethodSource("bounds")
    void aThousandCallersLeaveACarrierToOthers(LoadOptions bounds) throws Exception {
        double delay = Double.POSITIVE_INFINITY;
        try (Gpt gpt = Gpt.load(MODEL, bounds)) {
            for (int attempt = 0; attempt < ATTEMPTS && delay >= MOST_DELAY_MILLIS; attempt++) {
                try (Heartbeat virtual = new Heartbeat(Thread.ofVirtual()); Heartbeat platform = new Heartbeat(Thread.ofPlatform())) {
                    all(caller -> gpt.generate(prompt(caller), options(caller)).tokens());
                    delay = virtual.worstMillisBeyond(platform);
                }
            }
        }
        assertTrue(delay < MOST_DELAY_MILLIS, delay + " ms");
    }

    @Test
    void boundsHoldForEveryCaller() throws Exception {
        try (Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withMaxConcurrent(AT_ONCE))) {
            all(caller -> gpt.generate(prompt(caller), counted(caller)).tokens());
            assertTrue(most.get() > 1 && most.getAndSet(0) <= AT_ONCE, most + " at once");
        }
        try (Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withCacheBytes(PAGES * pageBytes))) {
            all(caller -> switch (caller % 3) {
                case 0 -> gpt.generate(prompt(caller), counted(caller)).tokens();
                case 1 -> gpt.generateAll(prompt(caller), counted(caller)).getFirst().tokens();
                default -> scored(gpt, caller);
            });
            assertTrue(most.get() > 1 && most.get() <= PAGES, most + " pages at once");
        }
    }

    private int[] scored(Gpt gpt, int caller) {
        int[] tokens = gpt.generate(prompt(caller), counted(caller)).tokens();
        assertEquals(tokens.length, gpt.score(tokens).tokens().length + 1);
        return tokens;
    }

    private static void all(IntFunction<int[]> call) throws Exception {
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<int[]>> calls = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                int number = caller;
                calls.add(() -> call.apply(number));
            }
            List<Future<int[]>> results = callers.invokeAll(calls);
            for (int caller = 0; caller < CALLERS; caller++) {
                assertEquals(alone.get(caller), Arrays.toString(results.get(caller).get()), "caller " + caller);
            }
        }
    }

    @Test
    void closingEndsTheWaitOfThoseInTheQueue() throws IOException, InterruptedException {
        Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withMaxConcurrent(1));
        List<Thread> threads = new ArrayList<>();
        List<StopReason> reasons = Collections.synchronizedList(new ArrayList<>());
        for (int caller = 0; caller < 20; caller++) {
            threads.add(Thread.ofVirtual().start(() -> {
                GenerationOptions endless = GenerationOptions.defaults().withEndTokens().withSliding(1).withMaxTokens(1_000_000);
                reasons.add(gpt.generate(new int[] {1, 2}, endless).stopReason());
            }));
        }
        Set<Thread> waited = new HashSet<>();
        while (waited.size() < threads.size()) {
            threads.stream().filter(thread -> thread.getState() == Thread.State.WAITING
                    || thread.getState() == Thread.State.TIMED_WAITING).forEach(waited::add);
            Thread.sleep(1);
        }
        gpt.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(Collections.nCopies(20, StopReason.CANCELLED), reasons);
    }

    /** A thread that sleeps over and over and notes by how much it oversleeps. */
    private static final class Heartbeat implements AutoCloseable {
        private static final long SLEEP_MILLIS = 2;

        private final List<Beat> beats = Collections.synchronizedList(new ArrayList<>());
        private final Thread thread;

        private record Beat(long from, long to) {
            double delayMillis() {
                return (to - from) / 1e6 - SLEEP_MILLIS;
            }

            boolean overlaps(Beat other) {
                return from < other.to && other.from < to;
            }
        }

        Heartbeat(Thread.Builder kind) throws InterruptedException {
            thread = kind.start(this::beat);
            while (beats.isEmpty()) {
                Thread.sleep(1);
            }
        }

        private void beat() {
            try {
                while (true) {
                    long start = System.nanoTime();
                    Thread.sleep(SLEEP_MILLIS);
                    beats.add(new Beat(start, System.nanoTime()));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The longest delay of all beats, less what a thread of another kind was delayed meanwhile: by the collector or the system. */
        double worstMillisBeyond(Heartbeat other) {
            List<Beat> others = List.copyOf(other.beats);
            return List.copyOf(beats).stream().mapToDouble(beat -> beat.delayMillis() - others.stream().filter(beat::overlaps)
                    .mapToDouble(Beat::delayMillis).max().orElse(0)).max().orElseThrow();
        }

        @Override
        public void close() {
            thread.interrupt();
            try {
                thread.join();
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
