package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import jot.ChildJvm;
import jot.tensor.Backend;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The first call of a JVM gives the bits of the ten-thousandth, interpreted, compiled simply or compiled well. */
@Tag("module-path")
class ColdOrHotTest {

    /** Between them: layer norm and RMS norm, gelu, silu and gates, rotary positions, grouped heads. */
    private static final List<String> FIXTURES = List.of("gpt2", "llama");

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "VECTOR"})
    void compilationChangesNoBit(Backend backend) throws IOException, InterruptedException {
        List<ChildJvm> machines = new ArrayList<>();
        machines.add(start(backend, 1, "-Xint"));
        machines.add(start(backend, 1, "-XX:TieredStopAtLevel=1"));
        machines.add(start(backend, 1));
        machines.add(start(backend, 10_000));
        List<List<String>> found = new ArrayList<>();
        for (ChildJvm machine : machines) {
            found.add(machine.await().orThrow());
        }
        assertEquals(FIXTURES.size(), found.getFirst().size());
        for (String line : found.getFirst()) {
            assertTrue(line.endsWith(" 0"), line);
        }
        for (List<String> other : found) {
            assertEquals(found.getFirst(), other);
        }
    }

    private static ChildJvm start(Backend backend, int calls, String... flags) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(backend.name(), Integer.toString(calls)));
        arguments.addAll(FIXTURES);
        return ChildJvm.start(List.of(flags), LogitsProgram.class, arguments.toArray(String[]::new));
    }
}
