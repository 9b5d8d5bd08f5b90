package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What loading and a long prompt take of a machine's memory, in a JVM without any flag, as Linux counts it. */
@Tag("module-path")
@Timeout(180)
class MemoryTest {
    private static final int LAYERS = 8;
    private static final int WIDTH = 640;
    private static final int HEADS = 10;
    private static final int VOCABULARY = 10_000;
    private static final long MATRICES = 12L * LAYERS * WIDTH * WIDTH + (long) VOCABULARY * WIDTH;
    private static final long ALLOWED = 200_000_000;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void write() throws IOException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")));
        new Gpt2Folder(LAYERS, WIDTH, HEADS, VOCABULARY).write(folder);
    }

    /** Bytes a weight: what is held may be a quarter more, what a file in place takes is no anonymous memory at all. */
    @ParameterizedTest
    @CsvSource({"AUTO, 4, true", "F32, 4, true", "F16, 2, true", "BF16, 2, true", "Q8, 1.125, true", "Q4, 0.75, true", "F32, 4, false",
        "F16, 2, false", "Q8, 1.125, false", "Q4, 0.75, false"})
    void boundedByTheWeightsAsTheyAreHeld(String weights, double bytes, boolean mapped) throws IOException, InterruptedException {
        List<String> lines = ChildJvm.startPlain(MemoryProgram.class, folder.toString(), weights, Boolean.toString(mapped), "SCALAR")
                .await().orThrow();
        String[] numbers = lines.getFirst().split(" ");
        long peak = 1_024 * Long.parseLong(numbers[0]);
        long allowed = (long) (1.25 * bytes * MATRICES) + Long.parseLong(numbers[1]) + ALLOWED;
        assertEquals("32", numbers[2]);
        assertTrue(peak > bytes * MATRICES / 2 && peak <= allowed, () -> weights + ": " + peak + " bytes, allowed " + allowed);
    }
}
