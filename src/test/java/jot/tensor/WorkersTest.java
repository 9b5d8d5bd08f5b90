package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyItemIsDoneOnce(int threads) {
        try (Workers workers = new Workers(threads, "everyItem")) {
            for (int items : new int[] {0, 1, 2, 7, 100, 1001}) {
                for (int grain : new int[] {1, 3, 64, 5000}) {
                    AtomicIntegerArray times = new AtomicIntegerArray(items);
                    workers.run(() -> workers.forEach((_, from, to) -> {
                        for (int i = from; i < to; i++) {
                            times.incrementAndGet(i);
                        }
                    }, items, grain));
                    for (int i = 0; i < items; i++) {
                        assertEquals(1, times.get(i));
                    }
                }
            }
        }
    }

    /** Ranges bound the memory that a thread needs and the time until it looks whether to give up, so one thread has them too. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void noRangeIsLongerThanAskedForAndEachMayBeTheLast(int threads) {
        try (Workers workers = new Workers(threads, "ranges")) {
            AtomicInteger longest = new AtomicInteger();
            AtomicInteger done = new AtomicInteger();
            Workers.Patience some = new Workers.Patience() {
                @Override
                public boolean isExhausted() {
                    return done.get() >= 300;
                }

                @Override
                public long nanosLeft() {
                    return Long.MAX_VALUE;
                }

                @Override
                public void noteInterrupt() {
                    // nobody interrupts
                }
            };
            assertFalse(workers.run(() -> workers.forEach((_, from, to) -> {
                longest.accumulateAndGet(to - from, Math::max);
                done.addAndGet(to - from);
            }, 1_000, 7), some));
            assertEquals(7, longest.get());
            assertTrue(done.get() >= 300 && done.get() < 300 + 7 * threads, done.toString());
        }
    }

    @Test
    void manyShortLoopsKeepTheirOrder() {
        try (Workers workers = new Workers(4, "short")) {
            int[] values = new int[64];
            AtomicBoolean late = new AtomicBoolean();
            workers.run(() -> {
                for (int round = 0; round < 20_000; round++) {
                    int expected = round;
                    workers.forEach((_, from, to) -> {
                        for (int i = from; i < to; i++) {
                            if (values[i]++ != expected) {
                                late.set(true);
                            }
                        }
                    }, values.length, 5);
                }
            });
            assertFalse(late.get());
        }
    }

    /** A helper that is late for a short loop must not take items of a longer one that follows at once. */
    @Test
    @Timeout(30)
    void loopsOfChangingLengthsDoNotMix() {
        try (Workers workers = new Workers(2, "test")) {
            AtomicInteger done = new AtomicInteger();
            workers.run(() -> {
                for (int round = 0; round < 300_000; round++) {
                    int items = 2 + round * 7 % 61;
                    done.set(0);
                    workers.forEach((worker, from, to) -> done.addAndGet(to - from), items, 1);
                    if (done.get() != items) {
                        throw new AssertionError("round " + round + ": " + done.get() + " items done of " + items);
                    }
                }
            });
        }
    }

    @Test
    void noTwoThreadsShareANumber() {
        try (Workers workers = new Workers(4, "numbers")) {
            AtomicIntegerArray busy = new AtomicIntegerArray(4);
            AtomicInteger clashes = new AtomicInteger();
            workers.run(() -> workers.forEach((worker, _, _) -> {
                if (busy.getAndSet(worker, 1) != 0) {
                    clashes.incrementAndGet();
                }
                Thread.yield();
                busy.set(worker, 0);
            }, 2_000, 1));
            assertEquals(0, clashes.get());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void aThrowableReachesTheCallerAndThePoolStaysUsable(int threads) {
        try (Workers workers = new Workers(threads, "throwing")) {
            for (int round = 0; round < 100; round++) {
                int bad = round;
                InternalError error = new InternalError("a page is gone");
                InternalError thrown = assertThrows(InternalError.class, () -> workers.run(() -> workers.forEach((_, from, to) -> {
                    if (from <= bad && bad < to) {
                        throw error;
                    }
                }, 100, 1)));
                assertSame(error, thrown);
                assertThrows(IllegalArgumentException.class, () -> workers.run(() -> {
                    throw new IllegalArgumentException();
                }));
                AtomicInteger sum = new AtomicInteger();
                workers.run(() -> workers.forEach((_, from, to) -> sum.addAndGet(to - from), 100, 7));
                assertEquals(100, sum.get());
            }
        }
    }

    @Test
    void passesOfManyCallersDoNotMix() throws InterruptedException {
        try (Workers workers = new Workers(2, "callers")) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger mixed = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 200; c++) {
                callers.add(Thread.ofVirtual().start(() -> {
                    for (int round = 0; round < 20; round++) {
                        workers.run(() -> {
                            mixed.addAndGet(inside.getAndIncrement());
                            workers.forEach((_, _, _) -> Thread.onSpinWait(), 16, 1);
                            inside.decrementAndGet();
                        });
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertEquals(0, mixed.get());
        }
    }

    @Test
    void passesComeInTheOrderOfTheirCalls() throws InterruptedException {
        try (Workers workers = new Workers(2, "order")) {
            CountDownLatch running = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            List<Integer> order = new ArrayList<>();
            List<Thread> callers = new ArrayList<>();
            callers.add(Thread.ofPlatform().start(() -> workers.run(() -> {
                running.countDown();
                awaitQuietly(go);
            })));
            running.await();
            for (int c = 0; c < 20; c++) {
                int number = c;
                Thread caller = Thread.ofPlatform().start(() -> workers.run(() -> order.add(number)));
                callers.add(caller);
                while (caller.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
            }
            go.countDown();
            for (Thread caller : callers) {
                caller.join();
            }
            for (int c = 0; c < 20; c++) {
                assertEquals(c, order.get(c));
            }
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupt) {
            throw new IllegalStateException(interrupt);
        }
    }

    @Test
    void anInterruptedCallerWaitsForItsPassAndStaysInterrupted() {
        try (Workers workers = new Workers(2, "interrupted")) {
            AtomicInteger sum = new AtomicInteger();
            Thread.currentThread().interrupt();
            workers.run(() -> workers.forEach((_, from, to) -> sum.addAndGet(to - from), 1000, 1));
            assertTrue(Thread.interrupted());
            assertEquals(1000, sum.get());
        }
    }

    @Test
    void threadsStartOnFirstUseAndAreGoneAfterClose() {
        Workers workers = new Workers(3, "lifetime");
        assertEquals(0, threadsNamed("lifetime"));
        workers.run(() -> { });
        assertEquals(3, threadsNamed("lifetime"));
        workers.close();
        assertEquals(0, threadsNamed("lifetime"));
        workers.close();
        assertThrows(IllegalStateException.class, () -> workers.run(() -> { }));
        new Workers(2, "unused").close();
    }

    /** Where the system gives one thread too few, the caller is told, none is left over, and a later call tries again. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aThreadThatDoesNotStartIsTold(int index) {
        AtomicInteger starts = new AtomicInteger();
        Workers workers = new Workers(3, "unstarted", body -> new Thread(body) {
            @Override
            public void start() {
                if (starts.getAndIncrement() == index) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                super.start();
            }
        });
        assertThrows(OutOfMemoryError.class, () -> workers.run(() -> { }));
        assertEquals(0, threadsNamed("unstarted"));
        AtomicInteger sum = new AtomicInteger();
        workers.run(() -> workers.forEach((_, from, to) -> sum.addAndGet(to - from), 100, 7));
        assertEquals(100, sum.get());
        assertEquals(3, threadsNamed("unstarted"));
        workers.close();
    }

    /** An idle pool keeps nothing of what it was given. */
    @Test
    void whatAPassUsedIsCollectedAfterIt() throws InterruptedException {
        try (Workers workers = new Workers(2, "keeping")) {
            WeakReference<float[]> memory = use(workers);
            for (int i = 0; i < 50 && memory.get() != null; i++) {
                System.gc();
                Thread.sleep(20);
            }
            assertNull(memory.get());
        }
    }

    private static WeakReference<float[]> use(Workers workers) {
        float[] memory = new float[1_000];
        workers.run(() -> workers.forEach((_, from, _) -> memory[from] = 1, memory.length, 1));
        return new WeakReference<>(memory);
    }

    private static long threadsNamed(String prefix) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(prefix)).count();
    }

    @Test
    void closeWaitsForThePassesHandedIn() throws InterruptedException {
        Workers workers = new Workers(2, "closing");
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        Thread caller = Thread.ofPlatform().start(() -> workers.run(() -> {
            running.countDown();
            awaitQuietly(go);
            done.incrementAndGet();
        }));
        running.await();
        Thread closer = Thread.ofPlatform().start(workers::close);
        go.countDown();
        closer.join();
        caller.join();
        assertEquals(1, done.get());
    }

    @Test
    void wrongUseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Workers(0, "none"));
        try (Workers workers = new Workers(2, "wrong")) {
            assertThrows(IllegalStateException.class, () -> workers.forEach((_, _, _) -> { }, 10, 1));
            AtomicReference<Class<?>> nested = new AtomicReference<>();
            workers.run(() -> nested.set(thrown(() -> workers.run(() -> { }))));
            assertEquals(IllegalStateException.class, nested.get());
            workers.run(() -> nested.set(thrown(workers::close)));
            assertEquals(IllegalStateException.class, nested.get());
            assertThrows(IllegalStateException.class, () -> workers.run(() -> workers.forEach(
                (_, _, _) -> workers.forEach((_, _, _) -> { }, 10, 1), 10, 1)));
        }
    }

    /** A thread that comes late to a loop that is all claimed must not mistake the next one for it. */
    @Test
    void loopsThatFollowEachOtherAtOnceDoEachItemOnce() {
        Workers workers = new Workers(4, "late");
        AtomicIntegerArray done = new AtomicIntegerArray(64);
        AtomicInteger wrong = new AtomicInteger();
        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> workers.run(() -> {
            for (int round = 0; round < 100_000; round++) {
                int count = 2 + round * 7 % 61;
                workers.forEach((_, from, to) -> {
                    for (int i = from; i < to; i++) {
                        done.incrementAndGet(i);
                    }
                }, count, 1);
                for (int i = 0; i < 64; i++) {
                    if (done.getAndSet(i, 0) != (i < count ? 1 : 0)) {
                        wrong.incrementAndGet();
                    }
                }
            }
        }));
        workers.close();
        assertEquals(0, wrong.get());
    }

    private static Class<?> thrown(Runnable code) {
        try {
            code.run();
            return null;
        } catch (RuntimeException exception) {
            return exception.getClass();
        }
    }

    @Test
    void idleThreadsPark() throws InterruptedException {
        try (Workers workers = new Workers(2, "idle")) {
            workers.run(() -> workers.forEach((_, _, _) -> { }, 10, 1));
            Thread.sleep(50);
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("idle-")) {
                    assertEquals(Thread.State.WAITING, thread.getState());
                }
            }
        }
    }

    /** After each pass the threads look for another one, all together for less than a millisecond of the processors' time. */
    @ParameterizedTest
    @ValueSource(ints = {2, 8})
    void idleThreadsLookForWorkBriefly(int threads) throws InterruptedException {
        try (Workers workers = new Workers(threads, "brief")) {
            workers.run(() -> workers.forEach((_, _, _) -> { }, 64, 1));
            long[] ids = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("brief-"))
                .mapToLong(Thread::threadId).toArray();
            assertEquals(threads, ids.length);
            long[] used = new long[21];
            for (int round = 0; round < used.length; round++) {
                workers.run(() -> workers.forEach((_, _, _) -> { }, 64, 1));
                long before = processorNanos(ids);
                Thread.sleep(8);
                used[round] = processorNanos(ids) - before;
            }
            Arrays.sort(used);
            assertTrue(used[used.length / 2] < 1_000_000, () -> Arrays.toString(used));
        }
    }

    private static long processorNanos(long[] ids) {
        return Arrays.stream(ids).map(id -> ManagementFactory.getThreadMXBean().getThreadCpuTime(id)).sum();
    }

    /** Threads that wait for work look for it a moment only: in an idle second they use less than a few milliseconds. */
    @ParameterizedTest
    @ValueSource(ints = {2, 8})
    void idleThreadsGiveTheProcessorBack(int threads) throws InterruptedException {
        try (Workers workers = new Workers(threads, "resting")) {
            for (int round = 0; round < 100; round++) {
                workers.run(() -> workers.forEach((_, _, _) -> { }, 64, 1));
            }
            Thread.sleep(5);
            long before = processorNanos("resting-");
            Thread.sleep(1_000);
            long used = processorNanos("resting-") - before;
            assertTrue(used < 5_000_000, used + " ns");
        }
    }

    private static long processorNanos(String prefix) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(prefix))
            .mapToLong(thread -> ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId())).sum();
    }

    @Test
    void callersOnVirtualThreadsLetGoOfTheirCarriers() throws InterruptedException {
        try (Workers workers = new Workers(2, "carriers")) {
            AtomicBoolean over = new AtomicBoolean();
            AtomicLong beats = new AtomicLong();
            Thread heart = Thread.ofVirtual().start(() -> {
                while (!over.get()) {
                    beats.incrementAndGet();
                    sleep(1);
                }
            });
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 200; c++) {
                callers.add(Thread.ofVirtual().start(() -> workers.run(() -> sleep(1))));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            over.set(true);
            heart.join();
            assertTrue(beats.get() > 20, "beats: " + beats.get());
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupt) {
            throw new IllegalStateException(interrupt);
        }
    }
}
