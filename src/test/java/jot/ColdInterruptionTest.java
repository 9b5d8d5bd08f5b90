package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A long prompt is given up at once, also while a JVM has hardly compiled anything. */
@Tag("module-path")
class ColdInterruptionTest {

    /** What users are promised is a fifth of it; other work on the machine may delay any one start, hardly each. */
    private static final double MOST_MILLIS = 250;
    private static final int STARTS = 6;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void write() throws IOException {
        new Gpt2Folder(3, 768, 12, InterruptionProgram.VOCABULARY).write(folder);
    }

    @ParameterizedTest
    @CsvSource({"VECTOR, cancel, 80, CANCELLED", "VECTOR, deadline, 150, DEADLINE", "VECTOR, interrupt, 120, CANCELLED",
        "SCALAR, cancel, 80, CANCELLED", "SCALAR, deadline, 150, DEADLINE", "SCALAR, interrupt, 120, CANCELLED"})
    void coldPromptIsGivenUp(String backend, String how, String millis, String reason) throws IOException, InterruptedException {
        List<Double> late = new ArrayList<>();
        while (late.size() < STARTS && late.stream().noneMatch(latency -> latency < MOST_MILLIS)) {
            ChildJvm machine = ChildJvm.start(List.of(), InterruptionProgram.class, folder.toString(), backend, how, millis);
            String[] found = machine.await().orThrow().getLast().split(" ");
            assertEquals(reason, found[0]);
            late.add(Double.parseDouble(found[1]));
        }
        assertTrue(late.getLast() < MOST_MILLIS, () -> how + " was seen late, in milliseconds: " + late);
    }
}
