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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thousand virtual threads on as many carriers as the machine has processors, each with its own options. */
@Tag("module-path")
@Timeout(120)
class ManyCallersTest {
    private static final Path MODEL = Path.of("src/test/resources/models/gpt2");
    private static final int CALLERS = 1_000;
    private static final int AT_ONCE = 16;

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    private static int[] prompt(int caller) {
        int[] prompt = new int[1 + caller % 13];
        Arrays.setAll(prompt, i -> (caller * 7 + i * 3) % 100);
        return prompt;
    }

    private GenerationOptions options(int caller) {
        int tokens = 2 + caller % 9;
        GenerationOptions options = GenerationOptions.defaults().withMaxTokens(tokens).withEndTokens().withSeed(caller)
                .withStep((logits, context) -> {
                    if (context.generatedLength() == 0) {
                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    }
                    if (context.generatedLength() == tokens - 1) {
                        running.decrementAndGet();
                    }
                });
        return switch (caller % 4) {
            case 0 -> options.withTemperature(0);
            case 1 -> options.withTemperature(0.5 + caller % 7 / 5.0).withTopK(caller % 40);
            case 2 -> options.withTopP(0.5 + caller % 50 / 100.0).withRepetitionPenalty(1.2);
            default -> options.withMirostat(3, 0.1).withLogprobs(2);
        };
    }

    @Test
    void everyResultIsThatOfTheCallAlone() throws Exception {
        List<int[]> alone = new ArrayList<>();
        long perToken;
        try (Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withThreads(1))) {
            perToken = gpt.info().cacheBytesPerToken();
            for (int caller = 0; caller < CALLERS; caller++) {
                alone.add(gpt.generate(prompt(caller), options(caller)).tokens());
            }
        }
        assertEquals(1, most.getAndSet(0));
        long bytes = AT_ONCE * 64 * perToken;
        try (Gpt gpt = Gpt.load(MODEL, LoadOptions.defaults().withThreads(2).withMaxConcurrent(AT_ONCE).withCacheBytes(bytes));
                Heartbeat heartbeat = new Heartbeat(); ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<int[]>> calls = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                int number = caller;
                calls.add(() -> gpt.generate(prompt(number), options(number)).tokens());
            }
            List<Future<int[]>> results = callers.invokeAll(calls);
            for (int caller = 0; caller < CALLERS; caller++) {
                assertEquals(Arrays.toString(alone.get(caller)), Arrays.toString(results.get(caller).get()), "caller " + caller);
            }
            assertTrue(most.get() > 1 && most.get() <= AT_ONCE, most + " at once");
            assertTrue(heartbeat.usualDelayMillis() < 50, heartbeat.usualDelayMillis() + " ms");
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

    /** A virtual thread that sleeps over and over and notes by how much it oversleeps. */
    private static final class Heartbeat implements AutoCloseable {
        private final List<Long> delays = Collections.synchronizedList(new ArrayList<>());
        private final Thread thread = Thread.ofVirtual().start(this::beat);

        private void beat() {
            try {
                while (true) {
                    long start = System.nanoTime();
                    Thread.sleep(2);
                    delays.add((System.nanoTime() - start) / 1_000_000 - 2);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The delay that 98 of 100 beats keep to: a busy machine may hold up any thread for once. */
        long usualDelayMillis() {
            List<Long> sorted = new ArrayList<>(List.copyOf(delays));
            Collections.sort(sorted);
            return sorted.get(sorted.size() * 98 / 100);
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }
}
