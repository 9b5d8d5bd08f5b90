package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ten thousand generations and two hundred models leave nothing behind, as Linux counts it. */
@Tag("module-path")
@Timeout(180)
class LeakTest {
    private static final long HEAP_BYTES = 400_000;
    /** What compiled code and the compilers themselves may still take; 1.6 kB a generation. */
    private static final long KILOBYTES_OF_GENERATIONS = 16_000;
    /** The same of loads, and what malloc keeps of memory that was freed; converted matrices of 200 models, never freed, are 200 MB. */
    private static final long KILOBYTES_OF_ROUNDS = 80_000;
    private static final long REGIONS = 40;

    private static final Gpt2Folder MODEL = new Gpt2Folder(2, 128, 4, 500);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"generations", "rounds"})
    void nothingPilesUp(String what) throws IOException, InterruptedException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/maps")));
        MODEL.write(folder);
        // a heap that is touched from the start, so that only native memory can grow
        List<String> lines = ChildJvm.start(List.of("-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch"), LeakProgram.class, what,
                what.equals("rounds") ? folder.toString() : "src/test/resources/models/gpt2").await().orThrow();
        assertEquals(2, lines.size(), lines.toString());
        long[] before = numbers(lines.getFirst());
        long[] after = numbers(lines.getLast());
        assertTrue(after[0] - before[0] < HEAP_BYTES, () -> "heap: " + lines);
        long allowed = what.equals("rounds") ? KILOBYTES_OF_ROUNDS : KILOBYTES_OF_GENERATIONS;
        assertTrue(after[1] - before[1] < allowed, () -> "anonymous memory: " + lines);
        assertTrue(after[2] <= before[2], () -> "threads: " + lines);
        assertTrue(after[3] <= before[3], () -> "open files: " + lines);
        assertTrue(after[4] - before[4] < REGIONS, () -> "mapped regions: " + lines);
    }

    private static long[] numbers(String line) {
        return Arrays.stream(line.split(" ")).mapToLong(Long::parseLong).toArray();
    }
}
