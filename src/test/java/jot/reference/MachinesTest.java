package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import jot.ChildJvm;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole models in every format against the reference, with each width of vectors and on each rung of the ladder that chooses kernels. */
@Tag("module-path")
class MachinesTest {

    /** What the error of a format, against the reference, may differ by from that of the scalar kernels here. */
    private static final double SPREAD = 1e-4;
    private static final int FORMATS = 5;
    private static final List<String> FIXTURES = List.of("gpt2", "llama", "gemma2");

    private static List<String> here;

    @BeforeAll
    static void measureHere() throws IOException {
        here = FormatsProgram.lines(arguments("SCALAR", true));
    }

    @ParameterizedTest
    @MethodSource("jot.tensor.KernelSelectionTest#machines")
    void vectorKernelsEqualTheReference(List<String> flags) throws IOException, InterruptedException {
        boolean bundled = flags.size() == 1;
        check(ChildJvm.start(flags, FormatsProgram.class, arguments("VECTOR", bundled)), FIXTURES.size() + (bundled ? 1 : 0));
    }

    static Stream<List<String>> slowMachines() {
        return Stream.of(
                List.of("--add-modules", "jdk.incubator.vector", "-Xint"),
                List.of("--add-modules", "jdk.incubator.vector", "-XX:TieredStopAtLevel=1"),
                List.of("--add-modules", "jdk.incubator.vector", "-XX:MaxVectorSize=8"),
                List.of("-XX:-UseFMA"));
    }

    @ParameterizedTest
    @MethodSource("slowMachines")
    void kernelsThatRunInsteadEqualTheReference(List<String> flags) throws IOException, InterruptedException {
        check(ChildJvm.startWithoutVectors(flags, List.of(), FormatsProgram.class, arguments("AUTO", false)), FIXTURES.size());
    }

    @Test
    void bundledModelEqualsTheReferenceWithoutVectors() throws IOException, InterruptedException {
        check(ChildJvm.startWithoutVectors(List.of(), List.of(), FormatsProgram.class, arguments("AUTO", true)), FIXTURES.size() + 1);
    }

    private static String[] arguments(String backend, boolean tales) {
        List<String> arguments = new ArrayList<>(List.of(backend));
        for (String fixture : FIXTURES) {
            arguments.add(LoadedFixture.MODELS.resolve(fixture).toString());
            arguments.add(LoadedFixture.MODELS.resolve(fixture).resolve("expected.safetensors").toString());
        }
        if (tales) {
            arguments.addAll(List.of("weights/tales", "src/test/resources/tales/story.safetensors"));
        }
        return arguments.toArray(String[]::new);
    }

    private static void check(ChildJvm machine, int models) throws IOException, InterruptedException {
        List<String> lines = machine.await().orThrow();
        assertEquals(models * FORMATS, lines.size(), () -> String.join("\n", lines));
        for (int i = 0; i < lines.size(); i++) {
            String[] found = lines.get(i).split(" ");
            String[] expected = here.get(i).split(" ");
            assertEquals(expected[0] + " " + expected[1], found[0] + " " + found[1]);
            for (int k = 2; k < 4; k++) {
                double error = Double.parseDouble(found[k]);
                assertTrue(!found[1].equals("F32") || error <= Expected.TOLERANCE, lines.get(i));
                assertEquals(Double.parseDouble(expected[k]), error, SPREAD, lines.get(i));
            }
        }
    }
}
