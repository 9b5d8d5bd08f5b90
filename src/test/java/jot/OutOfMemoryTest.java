package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import jot.cli.Main;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A heap that is too small: the caller is told, and the model goes on once there is memory again. */
@Tag("module-path")
@Timeout(180)
class OutOfMemoryTest {
    private static final List<Integer> HEAPS = List.of(12, 16, 20, 24, 28);

    /** Wherever a generation runs out of memory, its caller gets the error, no thread ends by it, and the next generation is right. */
    @Test
    void theCallerIsToldAndTheModelStaysUsable() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = ChildJvm.start(List.of("-Xmx80m"), OutOfMemoryProgram.class, "weights/tales", "400").await();
        List<String> lines = outcome.orThrow();
        assertEquals(2, lines.size(), String.join("\n", lines));
        int rounds = number(lines.getFirst());
        int exhausted = number(lines.getLast());
        assertTrue(rounds > 20 && exhausted > 5 && exhausted < rounds, lines.toString());
        assertTrue(!outcome.errors().contains("Exception in thread") && !outcome.errors().contains("UncaughtExceptionHandler"),
                outcome.errors());
    }

    private static int number(String line) {
        return Integer.parseInt(line.replaceAll("\\D", ""));
    }

    @Test
    void theCommandLineSaysSoInOneLine() throws IOException, InterruptedException {
        List<ChildJvm> machines = new ArrayList<>();
        for (int heap : HEAPS) {
            machines.add(ChildJvm.start(List.of("-Xmx" + heap + "m"), Main.class, "generate", "--greedy", "--max-tokens", "3",
                    "weights/tales", "Once upon a time ".repeat(90)));
        }
        int failed = 0;
        for (ChildJvm machine : machines) {
            ChildJvm.Outcome outcome = machine.await();
            List<String> said = outcome.errors().lines().filter(line -> !isBeside(line)).toList();
            if (outcome.exitCode() != 0) {
                failed++;
                assertEquals(1, outcome.exitCode(), outcome.errors());
                assertEquals(1, said.size(), outcome.errors());
                assertTrue(said.getFirst().startsWith("jot generate: out of memory") && said.getFirst().contains("-Xmx"), outcome.errors());
            } else {
                assertEquals(List.of(), said);
            }
        }
        assertTrue(failed > 0 && failed < HEAPS.size(), failed + " of " + HEAPS.size());
    }

    /** Whether others say it: the JVM of the incubating module, or the kernels, if the heap was full at the moment when they warmed up. */
    private static boolean isBeside(String line) {
        return line.contains("incubator modules") || line.endsWith("jot.tensor.KernelSelection log")
                || line.contains("too little memory to warm up the vector kernels");
    }
}
