package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import jot.ChildJvm;
import jot.tensor.Backend;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The first call of a JVM gives the bits of the ten-thousandth, interpreted, compiled simply or compiled well. */
@Tag("module-path")
class ColdOrHotTest {

    /** Calls of each fixture; between them: layer norm and RMS norm, gelu, silu and gates, rotary positions, grouped heads, soft caps. */
    private static final Map<String, Integer> HOT = new TreeMap<>(Map.of("gpt2", 10_000, "llama", 1_500, "gemma2", 1_500));
    private static final Map<String, Integer> COLD = new TreeMap<>(Map.of("gpt2", 1, "llama", 1, "gemma2", 1));

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "VECTOR"})
    void compilationChangesNoBit(Backend backend) throws IOException, InterruptedException {
        List<ChildJvm> machines = new ArrayList<>();
        machines.add(start(backend, COLD, "-Xint"));
        machines.add(start(backend, COLD, "-XX:TieredStopAtLevel=1"));
        machines.add(start(backend, COLD));
        machines.add(start(backend, HOT));
        List<List<String>> found = new ArrayList<>();
        for (ChildJvm machine : machines) {
            found.add(machine.await().orThrow());
        }
        assertEquals(HOT.size(), found.getFirst().size());
        for (String line : found.getFirst()) {
            assertTrue(line.endsWith(" 0"), line);
        }
        for (List<String> other : found) {
            assertEquals(found.getFirst(), other);
        }
    }

    private static ChildJvm start(Backend backend, Map<String, Integer> calls, String... flags) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(backend.name()));
        calls.forEach((fixture, count) -> arguments.add(fixture + "=" + count));
        return ChildJvm.start(List.of(flags), LogitsProgram.class, arguments.toArray(String[]::new));
    }
}
