package jot.loading;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many threads compute where nobody says, on machines made of files. */
class ProcessorsTest {

    @TempDir
    private Path machine;

    /** {@code siblings}: the list of processor 0, of processor 1 and so on, with a dash where there is no such file. */
    @ParameterizedTest
    @CsvSource({
        "0-1, 0|1, 2, 2",
        "0-3, 0-1|0-1|2-3|2-3, 4, 2",
        "0-3, '0,2|1,3|0,2|1,3', 4, 2",
        "0-7, '0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7', 8, 4",
        "0-7, '0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7', 3, 3",
        "0-3, '0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7', 4, 4",
        "'0,2,4', '0,4|1,5|2,6|3,7|0,4|1,5|2,6|3,7', 3, 2",
        "0-5, 0-1|0-1|2-3|2-3|4|5, 6, 4",
        "'0-1,3', 0-1|0-1|2|3, 3, 2",
        "0, 0-1|0-1, 1, 1",
        "0-1, -|-, 2, 2",
        "0-1, 0|1, 8, 8",
        "0-3, 0-1|0-1|-|-, 4, 3",
        "0-1, nonsense|0-1, 2, 2",
        "nonsense, 0-1|0-1, 2, 2",
        "0-99999999999, 0-1|0-1, 2, 2",
        "0-1, 1-0|1-0, 2, 2",
    })
    void oneForEachCore(String allowed, String siblings, int available, int expected) throws IOException {
        for (String file : new String[] {"core_cpus_list", "thread_siblings_list"}) {
            Processors processors = processors(file, allowed, siblings);
            assertEquals(expected, processors.threads(available), file);
        }
    }

    private Processors processors(String file, String allowed, String siblings) throws IOException {
        Path folder = machine.resolve(file + "-machine");
        String[] lists = siblings.split("\\|");
        for (int cpu = 0; cpu < lists.length; cpu++) {
            Path topology = Files.createDirectories(folder.resolve("cpu" + cpu, "topology"));
            if (!lists[cpu].equals("-")) {
                Files.writeString(topology.resolve(file), lists[cpu] + "\n");
            }
        }
        Path status = folder.resolve("status");
        Files.writeString(status, "Name:\tjava\nCpus_allowed:\tff\nCpus_allowed_list:\t" + allowed + "\n");
        return new Processors(folder, status);
    }

    @Test
    void withoutSuchFilesItIsWhatTheJvmCounts() {
        assertEquals(6, new Processors(machine.resolve("none"), machine.resolve("nothing")).threads(6));
    }

    @Test
    void thisMachineHasSome() {
        int available = Runtime.getRuntime().availableProcessors();
        int threads = Processors.defaultThreads();
        assertTrue(threads >= 1 && threads <= available, threads + " of " + available);
    }
}
