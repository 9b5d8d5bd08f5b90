package jot.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonNull;
import jot.json.JsonObject;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is made of measurements. */
class MeasurementsTest {

    @Test
    void medianAndSpread() {
        assertEquals(3, Samples.of(5, 1, 3).median());
        assertEquals(2.5, Samples.of(4, 1, 2, 3).median());
        assertEquals(1, Samples.of(1, 2, 3, 4, 500).spread());
        assertEquals(0, Samples.of(7).spread());
        assertThrows(IllegalArgumentException.class, Samples::of);
    }

    private static BenchResult result(int start, boolean steady) {
        MachineLimits limits = new MachineLimits(100 + start, 50, "plain");
        return new BenchResult(new BenchCase("a \"shape\"", "q8", 2, 10, 4, 2, 8, 1, 0),
                List.of(new BenchResult.Repetition(0.5 + start, 0.25, 0.2, limits)),
                new BenchResult.Model(1_000, 20, 900, 60, "scalar"), 5_000 + start, 1, steady);
    }

    @Test
    void figuresFollowFromTimes() {
        BenchResult result = result(0, true);
        assertEquals(20, result.prefillSpeed().median());
        assertEquals(40, result.prefillRate());
        assertEquals(0.4, result.prefillShare().median());
        assertEquals(32, result.decodeSpeed().median());
        assertEquals(900 * 4 / 0.25, result.decodeRate());
        assertEquals(960 * 4 / 0.25, result.decodeRateWithCache());
        assertEquals(900 * 4 / 0.25 / 50, result.decodeShare().median());
        assertEquals(1.6, result.batchGain().median());
    }

    @Test
    void severalStartsAreJoined() {
        BenchResult joined = BenchResult.joined(List.of(result(0, true), result(2, false), result(4, true)));
        assertEquals(3, joined.starts());
        assertEquals(3, joined.repetitions().size());
        assertEquals(5_002, joined.residentBytes());
        assertEquals(102, joined.limits().flops());
        assertEquals(10 / 2.5, joined.prefillSpeed().median());
        assertTrue(!joined.steady() && result(0, true).steady());
    }

    @Test
    void aResultIsReadAsItWasWritten() throws JsonException {
        BenchResult joined = BenchResult.joined(List.of(result(0, true), result(2, true)));
        assertEquals(joined, BenchResult.read(joined.settings(), joined.json()));
        LoadBenchmark load = new LoadBenchmark(0.5, 0.25, 10, 20, 30);
        assertEquals(load, LoadBenchmark.read(load.json()));
    }

    @Test
    void aLineIsJson() throws JsonException {
        String text = "quote \" backslash \\ tab \t \u00e9 \ud83d\ude42";
        String line = new JsonLine().with("text", text).with("none", Double.NaN).with("whole", 1L << 40).toString();
        JsonObject object = (JsonObject) Json.parse(line.getBytes(StandardCharsets.UTF_8));
        assertEquals(text, object.string("text"));
        assertEquals(JsonNull.class, object.get("none").getClass());
        assertTrue(line.contains("1099511627776") && line.lines().count() == 1, line);
    }

    @Test
    void thePeakOfMemoryIsSeen() throws InterruptedException {
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "the system does not tell");
        long bytes = 96 << 20;
        try (ResidentMemory memory = new ResidentMemory()) {
            Thread.sleep(200);
            long before = memory.peakBytes();
            assertTrue(before > 0);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment block = arena.allocate(bytes).fill((byte) 1);
                Thread.sleep(200);
                assertEquals(1, block.get(java.lang.foreign.ValueLayout.JAVA_BYTE, bytes - 1));
            }
            assertTrue(memory.peakBytes() > before + bytes / 2, memory.peakBytes() + " after " + before);
        }
    }

    @Test
    @Tag("module-path")
    void aJvmThatFailsIsToldWithItsReason() {
        IOException failure = assertThrows(IOException.class, () -> FreshJvm.run(List.of("bench", "--nonsense")));
        assertTrue(failure.getMessage().contains("exit code 2") && failure.getMessage().contains("no option --nonsense"),
                failure.getMessage());
    }

    @Test
    @Tag("module-path")
    void aJvmStartsWithTheSameProgram() throws IOException {
        assertTrue(FreshJvm.run(List.of("--version")).startsWith("jot "));
    }

    /** Flags for logging make a JVM print lines of its own around what a command prints. */
    @Test
    void theObjectIsFoundAmongLinesOfTheJvm() throws IOException {
        assertEquals("{\"a\": 2}", FreshJvm.lastObject("[gc] begin\n{\"a\": 1}\n{\"a\": 2}\n[gc] {end}\n"));
        assertThrows(IOException.class, () -> FreshJvm.lastObject("[gc] begin\n"));
    }

    /** Whoever ends a measurement ends the JVMs that measure, or they would go on for long. */
    @Test
    @Tag("module-path")
    @Timeout(60)
    void aJvmThatIsToldToEndEndsThoseThatItStarted() throws Exception {
        String mark = "59.25";
        FutureTask<String> run = new FutureTask<>(() -> FreshJvm.run(List.of("bench", "--forks", "2", "--warm-up", mark, "--model",
                "src/test/resources/models/gpt2", "-p", "4", "-n", "0")));
        Thread.ofPlatform().daemon().start(run);
        ProcessHandle first = startedBy(ProcessHandle.current(), mark);
        ProcessHandle second = startedBy(first, mark);
        first.destroy();
        second.onExit().get();
        ExecutionException ended = assertThrows(ExecutionException.class, run::get);
        assertTrue(ended.getCause() instanceof IOException, ended.toString());
    }

    /** Waits for a process with an argument. */
    private static ProcessHandle startedBy(ProcessHandle parent, String argument) throws InterruptedException {
        for (;;) {
            Optional<ProcessHandle> found = parent.children().filter(child -> child.info().arguments()
                    .filter(arguments -> Arrays.asList(arguments).contains(argument)).isPresent()).findFirst();
            if (found.isPresent()) {
                return found.get();
            }
            Thread.sleep(20);
        }
    }
}
