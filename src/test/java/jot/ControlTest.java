package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jot.generation.Inference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

@Tag("module-path")
@Timeout(60)
class ControlTest {
    private static final String PROMPT = "Once upon a time";
    private static final GenerationOptions ENDLESS = GenerationOptions.defaults().withSeed(5).withMaxTokens(400).withEndTokens();
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(Path.of("weights/tales"));
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    // ---- several texts

    @Test
    void samplesOfOnePromptEqualTheCallsWithTheirSeeds() {
        GenerationOptions options = GenerationOptions.defaults().withSeed(7).withMaxTokens(8).withLogprobs(2);
        List<Generation> all = gpt.generateAll(PROMPT, options.withCount(20));
        assertEquals(20, all.size());
        for (int n = 0; n < 20; n++) {
            Generation alone = gpt.generate(PROMPT, options.withSeed(7 + n));
            assertEquals(alone.text(), all.get(n).text());
            assertArrayEquals(alone.tokens(), all.get(n).tokens());
            assertArrayEquals(alone.logprobs(), all.get(n).logprobs());
            assertEquals(alone.alternatives(), all.get(n).alternatives());
            assertEquals(alone.stopReason(), all.get(n).stopReason());
            assertEquals(7 + n, all.get(n).seed());
            assertEquals(alone.promptTokens(), all.get(n).promptTokens());
        }
    }

    @Test
    void beamsHaveTextAndStopStrings() {
        GenerationOptions options = GenerationOptions.defaults().withBeams(4).withMaxTokens(25);
        List<Generation> all = gpt.generateAll(PROMPT, options);
        assertEquals(4, all.size());
        assertEquals(all.getFirst().text(), gpt.generate(PROMPT, options).text());
        StringBuilder streamed = new StringBuilder();
        assertEquals(gpt.generate(PROMPT, options, streamed::append).text(), streamed.toString());
        try (Stream<String> stream = gpt.stream(PROMPT, options)) {
            assertEquals(streamed.toString(), String.join("", stream.toList()));
        }
        String word = all.getFirst().text().substring(4, 9);
        for (Generation stopped : gpt.generateAll(PROMPT, options.withStop(word))) {
            assertFalse(stopped.text().contains(word));
        }
        assertEquals(StopReason.STOP_STRING, gpt.generate(PROMPT, options.withStop(word)).stopReason());
    }

    @Test
    void aSearchWithPenaltiesObeysThem() {
        for (Generation found : gpt.generateAll(PROMPT, GenerationOptions.defaults().withBeams(3).withMaxTokens(30).withNoRepeatNgram(1))) {
            int[] tokens = found.tokens();
            assertEquals(tokens.length, Arrays.stream(tokens).distinct().count());
        }
        int[] all = IntStream.range(0, gpt.info().vocabulary()).toArray();
        for (GenerationOptions options : List.of(GenerationOptions.defaults().withBeams(3), GenerationOptions.defaults())) {
            String message = assertThrows(IllegalStateException.class,
                    () -> gpt.generateAll(PROMPT, options.withSuppressTokens(all))).getMessage();
            assertTrue(message.contains("… 4,096 tokens") && message.length() < 400, message);
        }
    }

    @Test
    void severalTextsAreNotForOneResult() {
        assertThrows(IllegalArgumentException.class, () -> gpt.generate(PROMPT, GenerationOptions.defaults().withCount(2)));
        assertThrows(IllegalArgumentException.class, () -> gpt.stream(PROMPT, GenerationOptions.defaults().withCount(2)));
    }

    // ---- streams

    @Test
    void aStreamHasThePiecesOfTheText() {
        Generation whole = gpt.generate(PROMPT, ENDLESS.withMaxTokens(60));
        List<String> pushed = new ArrayList<>();
        gpt.generate(PROMPT, ENDLESS.withMaxTokens(60), pushed::add);
        try (Stream<String> stream = gpt.stream(PROMPT, ENDLESS.withMaxTokens(60))) {
            assertEquals(pushed, stream.toList());
        }
        assertEquals(whole.text(), String.join("", pushed));
    }

    @Test
    void aStreamComputesNoTokenThatNobodyAskedFor() {
        int[] steps = new int[1];
        GenerationOptions counted = ENDLESS.withStep((logits, context) -> steps[0]++);
        try (Stream<String> stream = gpt.stream(PROMPT, counted)) {
            assertEquals(0, steps[0]);
            assertEquals(3, stream.limit(3).toList().size());
            assertTrue(steps[0] >= 3 && steps[0] <= 5, steps[0] + " tokens");
        }
        steps[0] = 0;
        try (Stream<String> stream = gpt.stream(PROMPT, counted)) {
            assertTrue(stream.parallel().anyMatch(piece -> !piece.isEmpty()));
            assertTrue(steps[0] <= 3, steps[0] + " tokens");
        }
    }

    @Test
    void closingAStreamCancelsIt() {
        Stream<String> stream = gpt.stream(PROMPT, ENDLESS);
        Iterator<String> pieces = stream.iterator();
        pieces.next();
        stream.close();
        int rest = 0;
        while (pieces.hasNext()) {
            pieces.next();
            rest++;
        }
        assertTrue(rest <= 1, rest + " pieces");
    }

    @Test
    void aStreamMayBeClosedFromAnotherThread() throws InterruptedException {
        Stream<String> stream = gpt.stream(PROMPT, ENDLESS.withMaxTokens(100_000).withSliding(4));
        CountDownLatch begun = new CountDownLatch(1);
        Thread reader = Thread.ofVirtual().start(() -> stream.forEach(piece -> begun.countDown()));
        begun.await();
        stream.close();
        reader.join();
    }

    @Test
    void aListenerThatThrowsEndsTheTextAndReachesTheCaller() {
        IllegalArgumentException thrown = new IllegalArgumentException("mine");
        assertEquals(thrown, assertThrows(IllegalArgumentException.class, () -> gpt.generate(PROMPT, ENDLESS, piece -> {
            throw thrown;
        })));
        assertEquals(3, gpt.generate(PROMPT, ENDLESS.withMaxTokens(3)).tokens().length);
    }

    @Test
    void aModelClosesBesideAnAbandonedStream() throws IOException {
        Iterator<String> abandoned;
        try (Gpt own = Gpt.load(Path.of("weights/tales"))) {
            abandoned = own.stream(PROMPT, ENDLESS).iterator();
            abandoned.next();
        }
        while (abandoned.hasNext()) {
            abandoned.next();
        }
    }

    @Test
    void aStreamThatEndsBetweenTwoPiecesRepeatsNothing() throws Exception {
        String text = gpt.generate(PROMPT, ENDLESS).text();
        List<String> pieces = new ArrayList<>();
        Gpt own = Gpt.load(Path.of("weights/tales"));
        Iterator<String> stream = own.stream(PROMPT, ENDLESS).iterator();
        for (int i = 0; i < 4; i++) {
            pieces.add(stream.next());
        }
        own.close();
        stream.forEachRemaining(pieces::add);
        assertEquals(4, pieces.size());
        assertTrue(text.startsWith(String.join("", pieces)));
    }

    @Test
    void aStreamThatEndsWhileItWaitsForItsPlaceRepeatsNothing() throws Exception {
        String text = gpt.generate(PROMPT, ENDLESS).text();
        try (Gpt one = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withMaxConcurrent(1))) {
            Cancellation cancellation = new Cancellation();
            for (GenerationOptions ending : List.of(ENDLESS.withDeadline(Duration.ofMillis(800)), ENDLESS.withCancellation(cancellation))) {
                List<String> pieces = new ArrayList<>();
                Iterator<String> stream = one.stream(PROMPT, ending).iterator();
                pieces.add(stream.next());
                pieces.add(stream.next());
                CountDownLatch begun = new CountDownLatch(1);
                CountDownLatch go = new CountDownLatch(1);
                Thread holder = Thread.ofVirtual().start(() -> one.generate(PROMPT, ENDLESS.withMaxTokens(2), piece -> {
                    begun.countDown();
                    await(go);
                }));
                begun.await();
                if (ending.cancellation().isPresent()) {
                    Thread.ofVirtual().start(() -> {
                        pause(30);
                        cancellation.cancel();
                    });
                }
                stream.forEachRemaining(pieces::add);
                go.countDown();
                holder.join();
                assertEquals(2, pieces.size());
                assertTrue(text.startsWith(String.join("", pieces)));
            }
        }
    }

    @Test
    void severalTextsAreAsManyAsAskedForHoweverEarlyTheyEnd() throws Exception {
        GenerationOptions three = ENDLESS.withCount(3);
        List<Generation> late = gpt.generateAll(PROMPT, three.withDeadline(Duration.ZERO));
        assertEquals(List.of(StopReason.DEADLINE, StopReason.DEADLINE, StopReason.DEADLINE),
                late.stream().map(Generation::stopReason).toList());
        assertEquals(List.of(5L, 6L, 7L), late.stream().map(Generation::seed).toList());
        Cancellation cancellation = new Cancellation();
        cancellation.cancel();
        assertEquals(3, gpt.generateAll(PROMPT, three.withCancellation(cancellation)).size());
        Gpt own = Gpt.load(Path.of("weights/tales"));
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<List<Generation>> result = new AtomicReference<>();
        Thread thread = Thread.ofVirtual().start(() -> result.set(own.generateAll(PROMPT, three.withStep((logits, context) -> {
            begun.countDown();
            pause(2);
        }))));
        begun.await();
        own.close();
        thread.join();
        assertEquals(List.of(StopReason.CANCELLED, StopReason.CANCELLED, StopReason.CANCELLED),
                result.get().stream().map(Generation::stopReason).toList());
    }

    @Test
    void tokensAreShownAsTheyAreDrawn() {
        List<GeneratedToken> seen = new ArrayList<>();
        Generation generation = gpt.onToken(PROMPT, ENDLESS.withMaxTokens(40).withLogprobs(3), seen::add);
        assertArrayEquals(generation.tokens(), seen.stream().mapToInt(GeneratedToken::token).toArray());
        assertArrayEquals(generation.logprobs(), seen.stream().mapToDouble(GeneratedToken::logprob).toArray());
        assertEquals(generation.text(), String.join("", seen.stream().map(GeneratedToken::text).toList()));
        assertEquals(generation.alternatives(), seen.stream().map(GeneratedToken::alternatives).toList());
        assertEquals(39, seen.getLast().index());
    }

    /** Text that may yet become a stop string is held back; whoever ends the generation from outside gets it all the same. */
    @Test
    void textHeldBackIsShownWhenAGenerationIsEnded() {
        GenerationOptions options = ENDLESS.withMaxTokens(40);
        String text = gpt.generate(PROMPT, options).text();
        GenerationOptions holding = options.withStop(text.substring(5, 60) + " but never this");
        Cancellation inTokens = new Cancellation();
        List<GeneratedToken> seen = new ArrayList<>();
        Generation shown = gpt.onToken(PROMPT, holding.withCancellation(inTokens), token -> {
            seen.add(token);
            if (token.index() == 9) {
                inTokens.cancel();
            }
        });
        assertEquals(StopReason.CANCELLED, shown.stopReason());
        assertTrue(shown.text().length() > 15 && text.startsWith(shown.text()), shown.text());
        assertEquals(shown.text(), String.join("", seen.stream().map(GeneratedToken::text).toList()));
        assertEquals(List.of(8, 9, 9), seen.subList(8, 11).stream().map(GeneratedToken::index).toList());
        assertEquals(seen.get(9).token(), seen.get(10).token());

        Stream<String> stream = gpt.stream(PROMPT, holding.withStep((logits, context) -> {
            if (context.generatedLength() == 10) {
                throw new IllegalStateException("step");
            }
        }));
        StringBuilder pulled = new StringBuilder();
        Iterator<String> pieces = stream.iterator();
        assertEquals("step", assertThrows(IllegalStateException.class, () -> pieces.forEachRemaining(pulled::append)).getMessage());
        stream.close();
        pieces.forEachRemaining(pulled::append);
        assertEquals(shown.text(), pulled.toString());
    }

    // ---- stopping

    @Test
    void cancellationFromAnotherThreadKeepsTheText() {
        Cancellation cancellation = new Cancellation();
        StringBuilder streamed = new StringBuilder();
        Generation generation = gpt.generate(PROMPT, ENDLESS.withCancellation(cancellation), piece -> {
            streamed.append(piece);
            if (streamed.length() > 20 && !cancellation.isCancelled()) {
                try {
                    Thread.ofPlatform().start(cancellation::cancel).join();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        assertEquals(StopReason.CANCELLED, generation.stopReason());
        assertEquals(streamed.toString(), generation.text());
        assertTrue(generation.tokens().length < 40 && generation.text().length() > 20);
        Generation later = gpt.generate(PROMPT, ENDLESS.withCancellation(cancellation));
        assertEquals(StopReason.CANCELLED, later.stopReason());
        assertEquals(0, later.tokens().length);
        assertEquals(StopReason.CANCELLED, gpt.generateAll(PROMPT, ENDLESS.withCount(3).withCancellation(cancellation)).getFirst()
                .stopReason());
        assertEquals(StopReason.CANCELLED, gpt.generateAll(PROMPT, GenerationOptions.defaults().withBeams(3)
                .withCancellation(cancellation)).getFirst().stopReason());
    }

    @Test
    void anInterruptEndsTheTextAndLeavesTheFlagSet() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<Generation> result = new AtomicReference<>();
        boolean[] flag = new boolean[1];
        for (Thread.Builder kind : List.of(Thread.ofPlatform(), Thread.ofVirtual())) {
            Thread thread = kind.start(() -> {
                result.set(gpt.generate(PROMPT, ENDLESS, piece -> begun.countDown()));
                flag[0] = Thread.currentThread().isInterrupted();
            });
            begun.await();
            thread.interrupt();
            thread.join();
            assertEquals(StopReason.CANCELLED, result.get().stopReason());
            assertTrue(flag[0]);
        }
    }

    /** Whatever is called on a thread whose flag is set ends at once, with what a call returns, and the flag stays. */
    @Test
    void anInterruptEndsEveryKindOfCallAndLeavesTheFlagSet() throws Exception {
        Session session = gpt.session().append(PROMPT);
        List<Supplier<List<StopReason>>> calls = List.of(() -> List.of(gpt.generate(PROMPT, ENDLESS).stopReason()),
                () -> gpt.generateAll(PROMPT, ENDLESS.withCount(2)).stream().map(Generation::stopReason).toList(),
                () -> List.of(gpt.generate(PROMPT, GenerationOptions.defaults().withBeams(2)).stopReason()),
                () -> List.of(session.generate(" there", ENDLESS).stopReason()),
                () -> List.of(gpt.onToken(PROMPT, ENDLESS, token -> { }).stopReason()),
                () -> gpt.stream(PROMPT, ENDLESS).map(piece -> StopReason.MAX_TOKENS).toList());
        for (Thread.Builder kind : List.of(Thread.ofPlatform(), Thread.ofVirtual())) {
            for (Supplier<List<StopReason>> call : calls) {
                AtomicReference<List<StopReason>> reasons = new AtomicReference<>();
                boolean[] flag = new boolean[1];
                kind.start(() -> {
                    Thread.currentThread().interrupt();
                    reasons.set(call.get());
                    flag[0] = Thread.interrupted();
                }).join();
                assertTrue(reasons.get().stream().allMatch(StopReason.CANCELLED::equals), reasons.get().toString());
                assertTrue(flag[0]);
            }
        }
        assertTrue(gpt.tokenizer().decode(session.tokens()).startsWith(PROMPT + " there"));
        Thread.currentThread().interrupt();
        Score score = gpt.score(1, 2);
        assertTrue(Thread.interrupted());
        assertEquals(gpt.score(1, 2), score);
    }

    @Test
    void tokensThatTheModelLacksAreRefusedByEveryCall() {
        int beyond = gpt.info().vocabulary();
        Session session = gpt.session().append(PROMPT);
        for (GenerationOptions options : List.of(ENDLESS.withLogitBias(Map.of(beyond, 1.0)), ENDLESS.withEndTokens(beyond),
                ENDLESS.withSuppressTokens(beyond), ENDLESS.withBadWords(List.of(new int[] {1, beyond})))) {
            for (Executable call : List.<Executable>of(() -> gpt.generate(PROMPT, options), () -> gpt.generateAll(PROMPT, options),
                    () -> gpt.stream(PROMPT, options), () -> session.generate(options))) {
                String message = assertThrows(IllegalArgumentException.class, call).getMessage();
                assertTrue(message.contains("token " + beyond + " is outside the vocabulary of " + beyond), message);
            }
        }
        assertEquals(2, session.generate(ENDLESS.withMaxTokens(2)).tokens().length);
    }

    /** The time of a call runs while its text waits to be encoded, and while it is encoded. */
    @Test
    void aDeadlineCountsFromTheCall() throws Exception {
        int turns = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
        CountDownLatch held = new CountDownLatch(turns);
        List<Thread> holders = new ArrayList<>();
        for (int i = 0; i < turns; i++) {
            holders.add(Thread.ofVirtual().start(() -> Inference.onCarrier(() -> {
                held.countDown();
                pause(300);
                return null;
            })));
        }
        held.await();
        AtomicReference<Generation> late = new AtomicReference<>();
        Thread.ofVirtual().start(() -> late.set(gpt.generate(PROMPT, ENDLESS.withDeadline(Duration.ofMillis(100))))).join();
        assertEquals(StopReason.DEADLINE, late.get().stopReason());
        assertEquals(0, late.get().tokens().length);
        assertTrue(late.get().timings().total().toMillis() >= 100, late.get().timings().toString());
        for (Thread holder : holders) {
            holder.join();
        }
    }

    @Test
    void aDeadlineEndsTheText() {
        Generation none = gpt.generate(PROMPT, ENDLESS.withDeadline(Duration.ZERO));
        assertEquals(StopReason.DEADLINE, none.stopReason());
        assertEquals("", none.text());
        Generation some = gpt.generate(PROMPT, ENDLESS.withDeadline(Duration.ofMillis(40)), piece -> pause(2));
        assertEquals(StopReason.DEADLINE, some.stopReason());
        assertTrue(some.timings().total().toMillis() < 2_000);
        assertEquals(StopReason.MAX_TOKENS, gpt.generate(PROMPT, ENDLESS.withMaxTokens(3).withDeadline(Duration.ofDays(1_000_000)))
                .stopReason());
    }

    @Test
    void closingTheModelEndsItsTexts() throws Exception {
        Gpt own = Gpt.load(Path.of("weights/tales"));
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<Generation> result = new AtomicReference<>();
        Thread thread = Thread.ofVirtual().start(() -> result.set(own.generate(PROMPT, ENDLESS, piece -> begun.countDown())));
        begun.await();
        own.close();
        thread.join();
        assertEquals(StopReason.CANCELLED, result.get().stopReason());
        assertFalse(result.get().text().isEmpty());
        assertThrows(IllegalStateException.class, () -> own.generate(PROMPT));
        assertThrows(IllegalStateException.class, own::session);
        assertThrows(IllegalStateException.class, () -> own.score("a b"));
    }

    @Test
    void stopStringsEndTheTextWhereTheyBegin() {
        String text = gpt.generate(PROMPT, ENDLESS.withMaxTokens(80)).text();
        String stop = text.substring(31, 36);
        int place = text.indexOf(stop);
        Generation cut = gpt.generate(PROMPT, ENDLESS.withStop("never there", stop));
        assertEquals(StopReason.STOP_STRING, cut.stopReason());
        assertEquals(text.substring(0, place), cut.text());
        assertEquals(text.substring(0, place + 5), gpt.generate(PROMPT, ENDLESS.withStop(stop).withStopIncluded(true)).text());
        StringBuilder streamed = new StringBuilder();
        gpt.generate(PROMPT, ENDLESS.withStop(stop), streamed::append);
        assertEquals(cut.text(), streamed.toString());
    }

    @Test
    void endTokensAndTheLeastLength() {
        int[] free = gpt.generate(PROMPT, ENDLESS.withMaxTokens(30)).tokens();
        int end = free[9];
        Generation ended = gpt.generate(PROMPT, ENDLESS.withEndTokens(end));
        assertEquals(StopReason.END_OF_TEXT, ended.stopReason());
        assertEquals(end, ended.tokens()[ended.tokens().length - 1]);
        assertEquals(gpt.tokenizer().decodePlain(Arrays.copyOf(ended.tokens(), ended.tokens().length - 1)), ended.text());
        Generation longer = gpt.generate(PROMPT, ENDLESS.withEndTokens(end).withMinTokens(20).withMaxTokens(30));
        assertTrue(longer.tokens().length >= 20);
        assertTrue(Arrays.stream(longer.tokens()).limit(20).noneMatch(token -> token == end));
    }

    @Test
    void slidingGoesOnBehindTheContext() throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(20))) {
            assertEquals(StopReason.CONTEXT_FULL, small.generate(PROMPT, ENDLESS).stopReason());
            Generation slid = small.generate(PROMPT, ENDLESS.withMaxTokens(90).withSliding(2));
            assertEquals(90, slid.tokens().length);
            List<Generation> several = small.generateAll(PROMPT, ENDLESS.withMaxTokens(90).withSliding(2).withCount(3));
            assertArrayEquals(slid.tokens(), several.getFirst().tokens());
        }
    }

    /** A prompt that fills the context slides before it is read; what is to be kept stays all the same. */
    @Test
    void slidingKeepsTheBeginningOfAPromptThatFillsTheContext() throws IOException {
        int[] prompt = Arrays.copyOf(gpt.tokenizer().encode("Once upon a time there was a girl who had a big red ball and a dog."), 16);
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(16))) {
            int[] left = IntStream.concat(Arrays.stream(prompt, 0, 4), Arrays.stream(prompt, 10, 16)).toArray();
            assertArrayEquals(small.generate(left, ENDLESS.withMaxTokens(3).withTemperature(0)).tokens(),
                    small.generate(prompt, ENDLESS.withMaxTokens(3).withTemperature(0).withSliding(4)).tokens());
        }
    }

    @Test
    void aConversationSlidesForAsLongAsItGoesOn() throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(64))) {
            Session session = small.session().append("Once upon a time there was a dog.");
            int[] kept = session.tokens();
            GenerationOptions options = ENDLESS.withMaxTokens(7).withSliding(kept.length);
            int[] turn = small.tokenizer().encodeContinuation(" The girl said: let us go.");
            for (int i = 0; i < 100; i++) {
                Generation answer = session.generate(" The girl said: let us go.", options.withSeed(i));
                assertEquals(StopReason.MAX_TOKENS, answer.stopReason());
                int[] tokens = session.tokens();
                assertTrue(session.position() <= 64, "turn " + i);
                assertArrayEquals(kept, Arrays.copyOf(tokens, kept.length));
                assertArrayEquals(IntStream.concat(Arrays.stream(turn), Arrays.stream(answer.tokens())).toArray(),
                        Arrays.copyOfRange(tokens, tokens.length - turn.length - 7, tokens.length));
            }
            String message = assertThrows(IllegalArgumentException.class, () -> session.generate(" The dog ran.".repeat(20), options))
                    .getMessage();
            assertTrue(message.matches("\\d+ tokens after " + kept.length + " that sliding keeps, context of 64"), message);
            assertThrows(IllegalArgumentException.class, () -> session.generate(" word".repeat(60), ENDLESS.withMaxTokens(7)));
        }
    }

    // ---- bounds and prefixes

    @Test
    void aKnownBeginningIsNotComputedAgain() throws IOException {
        String story = "Once upon a time there was a little girl who lived in a house by the sea with her brother and a dog.";
        GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(12);
        Generation plain = gpt.generate(story, greedy);
        assertEquals(0, plain.timings().cachedTokens());
        try (Gpt caching = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withPrefixCacheBytes(4 << 20))) {
            assertEquals(0, caching.generate(story, greedy).timings().cachedTokens());
            Generation again = caching.generate(story, greedy);
            assertEquals(plain.text(), again.text());
            assertEquals(again.promptTokens() - 1, again.timings().cachedTokens());
            Generation other = caching.generate(story + " One day", greedy);
            assertTrue(other.timings().cachedTokens() >= again.promptTokens() - 1);
            assertEquals(gpt.generate(story + " One day", greedy).text(), other.text());
            for (int i = 0; i < 30; i++) {
                caching.generate("Number " + i + " of many different prompts that begin in a different way each", greedy);
            }
            assertEquals(plain.text(), caching.generate(story, greedy).text());
        }
    }

    @Test
    void callsBeyondTheBoundWaitOrAreRefused() throws Exception {
        LoadOptions one = LoadOptions.defaults().withMaxConcurrent(1);
        try (Gpt refusing = Gpt.load(Path.of("weights/tales"), one.withWhenBusy(LoadOptions.WhenBusy.REFUSE))) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Thread thread = Thread.ofVirtual().start(() -> refusing.generate(PROMPT, ENDLESS.withMaxTokens(5), piece -> {
                begun.countDown();
                await(go);
            }));
            begun.await();
            assertThrows(BusyException.class, () -> refusing.generate(PROMPT, ENDLESS));
            assertThrows(BusyException.class, () -> refusing.session().generate(PROMPT, ENDLESS));
            go.countDown();
            thread.join();
            assertEquals(3, refusing.generate(PROMPT, ENDLESS.withMaxTokens(3)).tokens().length);
        }
        try (Gpt waiting = Gpt.load(Path.of("weights/tales"), one)) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            Thread thread = Thread.ofVirtual().start(() -> waiting.generate(PROMPT, ENDLESS.withMaxTokens(5), piece -> {
                begun.countDown();
                await(go);
            }));
            begun.await();
            Generation late = waiting.generate(PROMPT, ENDLESS.withDeadline(Duration.ofMillis(30)));
            assertEquals(StopReason.DEADLINE, late.stopReason());
            Cancellation cancellation = new Cancellation();
            Thread.ofVirtual().start(() -> {
                pause(30);
                cancellation.cancel();
            });
            assertEquals(StopReason.CANCELLED, waiting.generate(PROMPT, ENDLESS.withCancellation(cancellation)).stopReason());
            go.countDown();
            thread.join();
        }
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withCacheBytes(1_000_000))) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> small.generate(PROMPT, ENDLESS));
            assertTrue(e.getMessage().contains("1,000,000"), e.getMessage());
        }
    }

    @Test
    void everythingThatComputesCountsAsACall() throws Exception {
        try (Gpt one = Gpt.load(Path.of("weights/tales"),
                LoadOptions.defaults().withMaxConcurrent(1).withWhenBusy(LoadOptions.WhenBusy.REFUSE))) {
            Session session = one.session();
            Iterator<String> pieces = one.stream(PROMPT, ENDLESS).iterator();
            pieces.next();
            Path file = Files.createTempFile("session", ".jot");
            session.append(PROMPT).save(file);
            whileOneRuns(one, () -> {
                for (Executable call : List.<Executable>of(() -> one.score(1, 2), () -> one.score("a", " b"), () -> one.choose("a", " b"),
                        () -> one.logits(1), () -> one.embed("a"), () -> one.embed(new int[] {1}, Pooling.LAST, true),
                        () -> session.append(" b"), () -> session.generate(ENDLESS), () -> one.generateAll(PROMPT, ENDLESS),
                        pieces::hasNext, () -> one.session(file))) {
                    assertThrows(BusyException.class, call);
                }
            });
            assertEquals(gpt.tokenizer().encodePrompt(PROMPT).length, session.position());
            assertTrue(pieces.hasNext());
            assertEquals(1, one.score(1, 2).tokens().length);
            assertEquals(session.position(), one.session(file).position());
            Files.delete(file);
        }
    }

    private static void whileOneRuns(Gpt model, Runnable work) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Thread thread = Thread.ofVirtual().start(() -> model.generate(PROMPT, ENDLESS.withMaxTokens(2), piece -> {
            begun.countDown();
            await(go);
        }));
        begun.await();
        try {
            work.run();
        } finally {
            go.countDown();
            thread.join();
        }
    }

    @Test
    void scoringWaitsForItsTurn() throws Exception {
        try (Gpt one = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withMaxConcurrent(1))) {
            AtomicReference<Score> score = new AtomicReference<>();
            boolean[] flag = new boolean[1];
            Thread[] scoring = new Thread[1];
            whileOneRuns(one, () -> {
                scoring[0] = Thread.ofVirtual().start(() -> {
                    score.set(one.score(1, 2, 3));
                    flag[0] = Thread.currentThread().isInterrupted();
                });
                scoring[0].interrupt();
                pause(30);
                assertNull(score.get());
            });
            scoring[0].join();
            assertEquals(gpt.score(1, 2, 3), score.get());
            assertTrue(flag[0]);
        }
    }

    @Test
    void aSessionsDeadlineCountsWhileItWaits() throws Exception {
        try (Gpt one = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withMaxConcurrent(1))) {
            Session session = one.session().append(PROMPT);
            Cancellation cancellation = new Cancellation();
            whileOneRuns(one, () -> {
                Generation late = session.generate(" there was", ENDLESS.withDeadline(Duration.ofMillis(30)));
                assertEquals(StopReason.DEADLINE, late.stopReason());
                assertEquals("", late.text());
                Thread.ofVirtual().start(() -> {
                    pause(30);
                    cancellation.cancel();
                });
                assertEquals(StopReason.CANCELLED, session.generate(ENDLESS.withCancellation(cancellation)).stopReason());
            });
            assertArrayEquals(gpt.tokenizer().encode(PROMPT + " there was"), session.tokens());
            GenerationOptions five = ENDLESS.withMaxTokens(5);
            assertArrayEquals(gpt.generate(PROMPT + " there was", five).tokens(), session.generate(five).tokens());
        }
    }

    // ---- bytes

    private static long pageBytes() {
        return 32 * gpt.info().cacheBytesPerToken();
    }

    private static LoadOptions pages(int count) {
        return LoadOptions.defaults().withCacheBytes(count * pageBytes());
    }

    @Test
    void whatSessionsKeepCounts() throws IOException {
        try (Gpt three = Gpt.load(Path.of("weights/tales"), pages(3))) {
            GenerationOptions onePage = ENDLESS.withMaxTokens(10);
            GenerationOptions twoPages = ENDLESS.withMaxTokens(50);
            Session session = three.session().append(new int[50]);
            Session fork = session.fork();
            assertEquals(2 * pageBytes(), session.cacheBytes());
            assertEquals(10, three.generate(PROMPT, onePage).tokens().length);
            BusyException busy = assertThrows(BusyException.class, () -> three.generate(PROMPT, twoPages));
            assertTrue(busy.getMessage().contains(String.format(Locale.ROOT, "keep %,d", 2 * pageBytes())), busy.getMessage());
            assertThrows(BusyException.class, () -> fork.append(new int[50]));
            assertEquals(50, fork.position());
            fork.append(7);
            assertThrows(BusyException.class, () -> three.generate(PROMPT, onePage));
            fork.rewind(0);
            assertThrows(BusyException.class, () -> three.generate(PROMPT, twoPages));
            session.rewind(10);
            assertEquals(50, three.generate(PROMPT, twoPages).tokens().length);
            assertThrows(IllegalArgumentException.class, () -> three.logits(new int[200]));
        }
    }

    @Test
    void whatAnUnfinishedStreamKeepsCounts() throws IOException {
        try (Gpt two = Gpt.load(Path.of("weights/tales"), pages(2))) {
            GenerationOptions twoPages = ENDLESS.withMaxTokens(50);
            Stream<String> stream = two.stream(PROMPT, ENDLESS.withMaxTokens(20));
            assertEquals(50, two.generate(PROMPT, twoPages).tokens().length);
            Iterator<String> pieces = stream.iterator();
            pieces.next();
            assertThrows(BusyException.class, () -> two.generate(PROMPT, twoPages));
            stream.close();
            assertEquals(50, two.generate(PROMPT, twoPages).tokens().length);
            two.stream(PROMPT, ENDLESS.withMaxTokens(20)).forEach(piece -> { });
            assertEquals(50, two.generate(PROMPT, twoPages).tokens().length);
        }
    }

    @Test
    void collectedSessionsDoNotCount() throws Exception {
        try (Gpt two = Gpt.load(Path.of("weights/tales"), pages(2))) {
            two.session().append(new int[50]);
            GenerationOptions twoPages = ENDLESS.withMaxTokens(50);
            Generation generation = null;
            for (int i = 0; i < 50 && generation == null; i++) {
                System.gc();
                try {
                    generation = two.generate(PROMPT, twoPages);
                } catch (BusyException e) {
                    pause(20);
                }
            }
            assertEquals(50, generation.tokens().length);
        }
    }

    @Test
    void rememberedBeginningsGiveWay() throws IOException {
        try (Gpt two = Gpt.load(Path.of("weights/tales"), pages(2).withPrefixCacheBytes(1L << 30))) {
            GenerationOptions onePage = ENDLESS.withMaxTokens(10);
            for (int i = 0; i < 6; i++) {
                two.generate(new int[] {i, 1, 2, 3, 4, 5, 6, 7, 8, 9}, onePage);
            }
            assertEquals(9, two.generate(new int[] {5, 1, 2, 3, 4, 5, 6, 7, 8, 9}, onePage).timings().cachedTokens());
            assertEquals(50, two.generate(PROMPT, ENDLESS.withMaxTokens(50)).tokens().length);
        }
    }

    @Test
    void roomThatASessionGivesUpGoesToWhoWaits() throws Exception {
        try (Gpt three = Gpt.load(Path.of("weights/tales"), pages(3))) {
            Session session = three.session().append(new int[50]);
            AtomicReference<Generation> result = new AtomicReference<>();
            Thread[] waiting = new Thread[1];
            whileOneRuns(three, () -> {
                waiting[0] = Thread.ofVirtual().start(() -> result.set(three.generate(PROMPT, ENDLESS.withMaxTokens(50))));
                pause(30);
                assertNull(result.get());
                session.rewind(0);
                join(waiting[0]);
                assertEquals(50, result.get().tokens().length);
            });
        }
    }

    @Test
    void roomThatAClosedStreamGivesUpGoesToWhoWaits() throws Exception {
        try (Gpt three = Gpt.load(Path.of("weights/tales"), pages(3))) {
            Stream<String> stream = three.stream(PROMPT, ENDLESS.withMaxTokens(20));
            stream.iterator().next();
            AtomicReference<Generation> result = new AtomicReference<>();
            whileOneRuns(three, () -> {
                Thread waiting = Thread.ofVirtual().start(() -> result.set(three.generate(PROMPT, ENDLESS.withMaxTokens(50))));
                while (waiting.getState() != Thread.State.WAITING) {
                    pause(1);
                }
                assertNull(result.get());
                stream.close();
                join(waiting);
                assertEquals(50, result.get().tokens().length);
            });
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- more of streams

    @Test
    void aStreamHeedsTheThreadThatPulls() throws InterruptedException {
        AtomicReference<Stream<String>> made = new AtomicReference<>();
        Thread maker = Thread.ofPlatform().start(() -> {
            made.set(gpt.stream(PROMPT, ENDLESS.withMaxTokens(5)));
            Thread.currentThread().interrupt();
        });
        maker.join();
        assertEquals(gpt.generate(PROMPT, ENDLESS.withMaxTokens(5)).text(), String.join("", made.get().toList()));
        boolean[] flag = new boolean[1];
        long[] pieces = new long[1];
        Stream<String> stream = gpt.stream(PROMPT, ENDLESS);
        Thread puller = Thread.ofVirtual().start(() -> {
            pieces[0] = stream.peek(piece -> Thread.currentThread().interrupt()).count();
            flag[0] = Thread.currentThread().isInterrupted();
        });
        puller.join();
        assertTrue(pieces[0] <= 2 && flag[0], pieces[0] + " pieces");
    }

    @Test
    void anAbandonedStreamHoldsNoThreadAndNoMemory() throws Exception {
        try (Gpt own = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withMaxConcurrent(1))) {
            Iterator<String> pieces = own.stream(PROMPT, ENDLESS).iterator();
            pieces.next();
            Set<Thread> before = Thread.getAllStackTraces().keySet();
            List<WeakReference<Object>> abandoned = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Iterator<String> other = own.stream(PROMPT, ENDLESS).iterator();
                other.next();
                abandoned.add(new WeakReference<>(other));
            }
            assertTrue(before.containsAll(Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("jot")).toList()));
            for (int i = 0; i < 50 && abandoned.stream().anyMatch(reference -> reference.get() != null); i++) {
                System.gc();
                pause(10);
            }
            assertTrue(abandoned.stream().allMatch(reference -> reference.get() == null));
            assertTrue(pieces.hasNext());
        }
    }

    @Test
    void aModelMayCloseWhileAnyStreamIsPulled() throws Exception {
        for (int round = 0; round < 12; round++) {
            Gpt own = Gpt.load(Path.of("weights/tales"));
            CountDownLatch begun = new CountDownLatch(4);
            List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
            List<Thread> readers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Stream<String> stream = own.stream(PROMPT, ENDLESS);
                readers.add(Thread.ofVirtual().start(() -> {
                    try {
                        stream.forEach(piece -> begun.countDown());
                    } catch (RuntimeException e) {
                        failures.add(e);
                    }
                }));
            }
            begun.await();
            own.close();
            for (Thread reader : readers) {
                reader.join();
            }
            assertEquals(List.of(), failures);
        }
    }

    // ---- values

    @Test
    void resultsAreValues() {
        GenerationOptions options = ENDLESS.withMaxTokens(4).withLogprobs(2);
        Generation generation = gpt.generate(PROMPT, options);
        for (List<Object> pair : List.<List<Object>>of(List.of(generation, gpt.generate(PROMPT, options)),
                List.of(gpt.score("a b"), gpt.score("a b")), List.of(gpt.choose("a", " b", " c"), gpt.choose("a", " b", " c")),
                List.of(gpt.info(), gpt.info()))) {
            assertEquals(pair.getFirst(), pair.getLast());
            assertEquals(pair.getFirst().hashCode(), pair.getLast().hashCode());
            assertEquals(pair.getFirst().toString(), pair.getLast().toString());
        }
        assertNotEquals(generation, gpt.generate(PROMPT, options.withSeed(6)));
        assertNotEquals(gpt.score("a b"), gpt.score("a c"));
        assertNotEquals(gpt.choose("a", " b", " c"), gpt.choose("a", " c", " b"));
        Session session = gpt.session().append(1, 2, 3);
        assertEquals("Session[3 tokens]", session.toString());
        String[] within = new String[1];
        session.generate(ENDLESS.withMaxTokens(1), piece -> within[0] = session.toString());
        assertTrue(within[0] == null || within[0].endsWith("in use]"));
    }

    @Test
    void aListenerMayCallTheModelAgain() throws IOException {
        try (Gpt one = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withMaxConcurrent(1))) {
            StringBuilder inner = new StringBuilder();
            one.generate(PROMPT, ENDLESS.withMaxTokens(3), piece -> inner.append(one.generate(PROMPT, ENDLESS.withMaxTokens(2)).text()));
            assertFalse(inner.isEmpty());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
