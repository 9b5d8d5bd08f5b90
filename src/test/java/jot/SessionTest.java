package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import jot.checkpoint.CheckpointFormatException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
    private static final GenerationOptions GREEDY = GenerationOptions.greedy().withMaxTokens(20).withEndTokens();
    private static final String BEGIN = "Once upon a time there was a little cat.";
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(Path.of("weights/tales"));
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    @Test
    void aSessionSaysWhatOneCallWithAllTheTextSays() {
        Session session = gpt.session();
        Generation first = session.generate(BEGIN, GREEDY);
        assertEquals(gpt.generate(BEGIN, GREEDY).text(), first.text());
        int[] all = session.tokens();
        assertEquals(all.length, session.position());
        Generation second = session.generate(GREEDY);
        assertArrayEquals(gpt.generate(all, GREEDY).tokens(), second.tokens());
        assertEquals(all.length, second.promptTokens());
        assertEquals(all.length - 1, second.timings().cachedTokens());
        session.append(" The dog").append(gpt.tokenizer().encode(" said"));
        all = session.tokens();
        assertArrayEquals(gpt.generate(all, GREEDY).tokens(), session.generate(GREEDY).tokens());
    }

    @Test
    void piecesOfASessionGoOnFromItsText() {
        Session session = gpt.session().append(BEGIN);
        StringBuilder streamed = new StringBuilder();
        Generation generation = session.generate(GREEDY, streamed::append);
        assertEquals(generation.text(), streamed.toString());
        assertEquals(gpt.tokenizer().decodePlain(session.tokens()), BEGIN + generation.text());
    }

    @Test
    void forksGoTheirOwnWays() {
        Session session = gpt.session().append(BEGIN);
        Session fork = session.fork();
        int[] common = session.tokens();
        session.append(" It was happy.");
        fork.append(" It was sad because");
        assertArrayEquals(gpt.generate(fork.tokens(), GREEDY).tokens(), fork.generate(GREEDY).tokens());
        assertArrayEquals(gpt.generate(session.tokens(), GREEDY).tokens(), session.generate(GREEDY).tokens());
        assertArrayEquals(common, Arrays.copyOf(fork.tokens(), common.length));
        assertNotEquals(session.position(), common.length);
    }

    @Test
    void aForkKnowsWhatFollowsWhileItsOriginGoesOn() {
        Session session = gpt.session().append(BEGIN);
        Session fork = session.fork();
        Session second = fork.fork();
        int[] expected = gpt.generate(BEGIN, GREEDY).tokens();
        assertArrayEquals(expected, session.generate(GREEDY).tokens());
        assertArrayEquals(expected, second.generate(GREEDY).tokens());
        session.generate(" It was a dog", GREEDY);
        Generation last = fork.generate(GREEDY);
        assertArrayEquals(expected, last.tokens());
        assertEquals(last.promptTokens(), last.timings().cachedTokens());
    }

    @Test
    void rewindForgetsWhatCameAfter() {
        Session session = gpt.session().append(BEGIN);
        int position = session.position();
        Generation first = session.generate(GREEDY);
        session.rewind(position);
        assertEquals(position, session.position());
        assertArrayEquals(first.tokens(), session.generate(GREEDY).tokens());
        session.rewind(3).append(" big dog");
        assertArrayEquals(gpt.generate(session.tokens(), GREEDY).tokens(), session.generate(GREEDY).tokens());
        assertThrows(IllegalArgumentException.class, () -> session.rewind(session.position() + 1));
        assertThrows(IllegalArgumentException.class, () -> session.rewind(-1));
        session.rewind(0);
        assertThrows(IllegalArgumentException.class, () -> session.generate(GREEDY));
    }

    @Test
    void aSavedSessionGoesOnInAnotherModelOfTheSameWeights(@TempDir Path folder) throws IOException {
        Session session = gpt.session().append(BEGIN);
        Path file = folder.resolve("session.jot");
        session.save(file);
        int[] expected = session.generate(GREEDY).tokens();
        try (Gpt other = Gpt.load(Path.of("weights/tales"))) {
            Session restored = other.session(file);
            Generation generation = restored.generate(GREEDY);
            assertArrayEquals(expected, generation.tokens());
            assertEquals(generation.promptTokens() - 1, generation.timings().cachedTokens());
        }
        gpt.session().save(file);
        assertEquals(0, gpt.session(file).position());
    }

    /** Which model a session belongs to is known from the weights as they were loaded, whatever becomes of files that were copied. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSessionOfCopiedWeightsIsSavedWithoutTheirFiles(boolean adapted, @TempDir Path folder) throws IOException {
        Path model = copy(Path.of("src/test/resources/models/llama"), folder.resolve("model"));
        Path adapter = copy(Path.of("src/test/resources/adapters/llama-rslora"), folder.resolve("adapter"));
        LoadOptions mapped = adapted ? LoadOptions.defaults().withAdapter(adapter, 1) : LoadOptions.defaults();
        Path file = folder.resolve("session.jot");
        try (Gpt first = Gpt.load(model, mapped)) {
            first.session().append(5, 9, 2).save(file);
        }
        try (Gpt copied = Gpt.load(model, mapped.withMapping(false))) {
            for (Path source : List.of(model, adapter)) {
                Files.delete(weights(source));
            }
            Session restored = copied.session(file);
            assertEquals(3, restored.position());
            restored.append(31).save(file);
            assertEquals(4, copied.session(file).position());
        }
    }

    @Test
    void lostWeightsAreToldWhenSaving(@TempDir Path folder) throws IOException {
        Path model = copy(Path.of("src/test/resources/models/llama"), folder.resolve("model"));
        try (Gpt mapped = Gpt.load(model)) {
            Files.write(weights(model), new byte[0]);
            Session session = mapped.session();
            String message = assertThrows(IllegalStateException.class, () -> session.save(folder.resolve("session.jot"))).getMessage();
            assertTrue(message.contains(weights(model) + "") && message.contains("withMapping(false)"), message);
        }
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }

    private static Path weights(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith("model.safetensors")).findFirst().orElseThrow();
        }
    }

    @Test
    void aDamagedOrForeignFileIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("session.jot");
        gpt.session().append(BEGIN).save(file);
        byte[] sound = Files.readAllBytes(file);
        for (int place : new int[] {0, 7, 20, 41, 42, 45, 80, 100, 150, sound.length / 2, sound.length - 3}) {
            byte[] damaged = sound.clone();
            damaged[place] ^= 0x55;
            Files.write(file, damaged);
            assertThrows(CheckpointFormatException.class, () -> gpt.session(file), "byte " + place);
        }
        for (int length : new int[] {0, 5, 30, 44, 90, sound.length / 3, sound.length - 1}) {
            Files.write(file, Arrays.copyOf(sound, length));
            assertThrows(CheckpointFormatException.class, () -> gpt.session(file), length + " bytes");
        }
        Files.write(file, Arrays.copyOf(sound, sound.length + 1));
        assertThrows(CheckpointFormatException.class, () -> gpt.session(file));
        Files.write(file, sound);
        try (Gpt other = Gpt.load(Path.of("src/test/resources/models/gpt2"))) {
            CheckpointFormatException e = assertThrows(CheckpointFormatException.class, () -> other.session(file));
            assertTrue(e.getMessage().contains("another model"), e.getMessage());
        }
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(4))) {
            assertThrows(IllegalArgumentException.class, () -> small.session(file));
        }
    }

    @Test
    void aSecondThreadIsRefusedAtOnce() throws Exception {
        Session session = gpt.session().append(BEGIN);
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch refused = new CountDownLatch(1);
        Thread thread = Thread.ofVirtual().start(() -> session.generate(GREEDY, piece -> {
            running.countDown();
            try {
                refused.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        running.await();
        List<Executable> uses = List.of(() -> session.append("x"), session::position, session::fork, () -> session.generate(GREEDY));
        for (Executable use : uses) {
            IllegalStateException e = assertThrows(IllegalStateException.class, use);
            assertTrue(e.getMessage().contains("in use"), e.getMessage());
        }
        refused.countDown();
        thread.join();
        assertTrue(session.position() > 10);
    }

    @Test
    void aListenerThatThrowsLeavesTheSessionUsable() {
        Session session = gpt.session().append(BEGIN);
        UnsupportedOperationException thrown = new UnsupportedOperationException("enough");
        int[] pieces = new int[1];
        assertEquals(thrown, assertThrows(UnsupportedOperationException.class, () -> session.generate(GREEDY, piece -> {
            if (++pieces[0] == 3) {
                throw thrown;
            }
        })));
        assertArrayEquals(gpt.generate(session.tokens(), GREEDY).tokens(), session.generate(GREEDY).tokens());
    }

    @Test
    void aFullSessionTellsBothNumbers() throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(16))) {
            Session session = small.session().append(new int[10]);
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> session.append(new int[7]));
            assertEquals("7 tokens after 10, context of 16", e.getMessage());
            Generation generation = session.generate(GREEDY);
            assertEquals(StopReason.CONTEXT_FULL, generation.stopReason());
            assertEquals(6, generation.tokens().length);
            assertEquals(StopReason.CONTEXT_FULL, session.generate(GREEDY).stopReason());
            assertEquals(16, session.position());
        }
    }

    @Test
    void aSlidingSessionNeverFills() throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(24))) {
            Session session = small.session().append(BEGIN);
            int[] begin = Arrays.copyOf(session.tokens(), 3);
            Generation generation = session.generate(GREEDY.withMaxTokens(100).withSliding(3));
            assertEquals(StopReason.MAX_TOKENS, generation.stopReason());
            assertEquals(100, generation.tokens().length);
            assertTrue(session.position() <= 24);
            assertArrayEquals(begin, Arrays.copyOf(session.tokens(), 3));
            int[] tail = Arrays.copyOfRange(session.tokens(), 3, session.position());
            assertArrayEquals(Arrays.copyOfRange(generation.tokens(), 100 - tail.length, 100), tail);
            assertThrows(IllegalArgumentException.class, () -> session.generate(GREEDY.withSliding(23)));
        }
    }

    @Test
    void whatASessionCannotDoIsRefused() {
        Session session = gpt.session().append(BEGIN);
        assertThrows(IllegalArgumentException.class, () -> session.generate(GenerationOptions.defaults().withBeams(3)));
        assertThrows(IllegalArgumentException.class, () -> session.generate(GenerationOptions.defaults().withCount(2)));
        assertThrows(IllegalArgumentException.class, () -> session.append(4096));
    }
}
