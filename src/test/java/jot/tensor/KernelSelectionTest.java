package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jot.ChildJvm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rung of the ladder that chooses kernels, and each width of vectors, in a JVM whose flags lead there. */
@Tag("module-path")
class KernelSelectionTest {
    @TempDir
    private Path folder;

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
        assertTrue(lines.getFirst().contains("-XX:MaxVectorSize"), lines.getFirst());
    }

    @Test
    void separateMultiplicationIsTold() throws IOException, InterruptedException {
        assertTrue(outcome("-XX:-UseFMA").errors().contains("two steps"));
    }

    @Test
    void absentModuleTakesScalarKernelsAndSaysHowToHelp() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = ChildJvm.startWithoutVectors(List.of(), List.of(), KernelProgram.class).await();
        assertTrue(outcome.orThrow().getFirst().startsWith("scalar (the module"), outcome.lines().getFirst());
        assertTrue(outcome.lines().get(1).contains("--add-modules jdk.incubator.vector"), outcome.lines().get(1));
        assertTrue(outcome.errors().contains("--add-modules jdk.incubator.vector"), outcome.errors());
    }

    /** A vector module whose classes are not what they were, as that of a later JDK may be. */
    @Test
    void changedModuleTakesScalarKernelsAndSaysHowToHelp() throws IOException, InterruptedException {
        ClassDesc changed = ClassDesc.of("jdk.incubator.vector.FloatVector");
        Path file = folder.resolve("jdk/incubator/vector/FloatVector.class");
        Files.createDirectories(file.getParent());
        ClassFile.of().buildTo(file, changed, type -> type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT));
        ChildJvm.Outcome outcome = outcome("--patch-module", "jdk.incubator.vector=" + folder);
        String choice = outcome.orThrow().getFirst();
        assertTrue(choice.startsWith("scalar (this JDK's jdk.incubator.vector does not fit"), choice);
        assertTrue(outcome.lines().get(1).contains("use another JDK"), outcome.lines().get(1));
        assertTrue(outcome.errors().contains("use another JDK"), outcome.errors());
    }

    /** A machine on which some vector operation goes wrong: one constant of the vector functions is another. */
    @Test
    void wrongNumbersTakeScalarKernelsAndSayHowToHelp() throws IOException, InterruptedException {
        String name = "jot/tensor/VectorFunctions.class";
        ClassFile classFile = ClassFile.of();
        ClassModel sound = classFile.parse(ChildJvm.classes(Matrix.class).resolve(name));
        byte[] wrong = classFile.transformClass(sound, ClassTransform.transformingMethodBodies((code, element) -> {
            if (element instanceof ConstantInstruction constant && constant.constantValue().equals(Elementary.LOG2_E)) {
                code.loadConstant(2 * Elementary.LOG2_E);
            } else {
                code.with(element);
            }
        }));
        Files.createDirectories(folder.resolve(name).getParent());
        Files.write(folder.resolve(name), wrong);
        ChildJvm.Outcome outcome = ChildJvm.startWithoutVectors(List.of("--add-modules", "jdk.incubator.vector"), List.of(folder),
            KernelProgram.class, "trial").await();
        assertTrue(outcome.orThrow().get(1).matches("the vector kernels cannot run: on this JVM .* gives wrong numbers.*"),
            outcome.lines().get(1));
        assertTrue(outcome.lines().getLast().startsWith("scalar (on this JVM"), outcome.lines().getLast());
        assertTrue(outcome.errors().contains("use another JDK"), outcome.errors());
    }
}
