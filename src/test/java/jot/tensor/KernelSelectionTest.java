package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import jot.ChildJvm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rung of the ladder that chooses kernels, and each width of vectors, in a JVM whose flags lead there. */
@Tag("module-path")
class KernelSelectionTest {
    private static ChildJvm.Outcome outcome(String... flags) throws IOException, InterruptedException {
        return ChildJvm.start(List.of(flags), KernelProgram.class).await();
    }

    static Stream<List<String>> machines() {
        return Stream.of(
            List.of("-XX:MaxVectorSize=16"),
            List.of("-XX:MaxVectorSize=32"),
            List.of("-XX:MaxVectorSize=64"),
            List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=2"),
            List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=1"),
            List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseSSE=2", "-XX:UseAVX=0"),
            List.of("-XX:-UseFMA"));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void everyWidthGivesTheSameNumbers(List<String> flags) throws IOException, InterruptedException {
        List<String> lines = outcome(flags.toArray(String[]::new)).orThrow();
        assertTrue(lines.get(1).matches("vector (128|256|512)-bit"), lines.get(1));
        assertEquals(lines.get(1), lines.get(0));
        assertEquals(List.of("same numbers", "same bits as the stand-in"), lines.subList(2, 4));
    }

    @Test
    void interpreterTakesScalarKernelsUnlessAskedAndSaysHowToHelp() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = outcome("-Xint");
        assertTrue(outcome.orThrow().getFirst().startsWith("scalar ("), outcome.lines().getFirst());
        assertEquals(List.of("same numbers", "same bits as the stand-in"), outcome.lines().subList(2, 4));
        assertTrue(outcome.errors().contains("-Xint"), outcome.errors());
    }

    @Test
    void simpleCompilerTakesScalarKernelsUnlessAskedAndSaysHowToHelp() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = outcome("-XX:TieredStopAtLevel=1");
        assertTrue(outcome.orThrow().getFirst().startsWith("scalar ("), outcome.lines().getFirst());
        assertEquals(List.of("same numbers", "same bits as the stand-in"), outcome.lines().subList(2, 4));
        assertTrue(outcome.errors().contains("-XX:TieredStopAtLevel"), outcome.errors());
    }

    @Test
    void unknownWidthTakesScalarKernels() throws IOException, InterruptedException {
        List<String> lines = outcome("-XX:MaxVectorSize=8").orThrow();
        assertTrue(lines.getFirst().startsWith("scalar (vectors of 64 bits"), lines.getFirst());
    }

    @Test
    void separateMultiplicationIsTold() throws IOException, InterruptedException {
        assertTrue(outcome("-XX:-UseFMA").errors().contains("two steps"));
    }
}
