package jot.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import jot.consumer.UserJvm.Outcome;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Uses the packaged jar in all the ways that {@code docs/embedding.md} calls tested. */
class ConsumerIT {
    private static final String[] FLAG = {"--add-modules", "jdk.incubator.vector"};
    private static final String TALES = Path.of("weights", "tales").toString();
    private static final String MAIN = "app.Story";

    @TempDir
    private static Path folder;
    private static ConsumerProject project;
    private static Path classes;
    private static String story;

    @BeforeAll
    static void buildTheConsumer() throws Exception {
        project = new ConsumerProject(folder);
        classes = project.compile(ConsumerProject.STORY, ConsumerProject.jot());
        Outcome reference = onTheClassPath(FLAG);
        story = storyOf(reference);
        assertVector(reference);
    }

    @Test
    void withoutTheFlagItTellsTheSameAndNamesTheFlag() throws Exception {
        assertScalar(onTheClassPath(), "--add-modules jdk.incubator.vector");
    }

    @Test
    void launcherVariablePassesTheFlag() throws Exception {
        assertVector(classPath().withVariable("JDK_JAVA_OPTIONS", "--add-modules jdk.incubator.vector").run(MAIN, TALES));
    }

    @Test
    void toolVariablePassesTheFlag() throws Exception {
        assertVector(classPath().withVariable("JAVA_TOOL_OPTIONS", "--add-modules=jdk.incubator.vector").run(MAIN, TALES));
    }

    @Test
    void argumentFilePassesTheFlag() throws Exception {
        Path file = Files.writeString(folder.resolve("jvm.options"), "--add-modules jdk.incubator.vector\n");
        assertVector(classPath().with("@" + file).run(MAIN, TALES));
    }

    @Test
    void modulePathNeedsNoFlagAndALinkedImageNeither() throws Exception {
        Path app = project.compileModule(ConsumerProject.STORY_MODULE, ConsumerProject.jot());
        assertVector(UserJvm.ofThisJdk().with("-p", UserJvm.path(app, ConsumerProject.jot())).run("-m", "app/" + MAIN, TALES));
        Path image = project.image(Set.of("app"), app, ConsumerProject.jot());
        assertVector(UserJvm.ofImage(image).run("-m", "app/" + MAIN, TALES));
    }

    @Test
    void mergedJarRunsWithAndWithoutTheFlag() throws Exception {
        Path merged = project.jar(MAIN, classes, project.unpacked(ConsumerProject.jot()));
        assertVector(UserJvm.ofThisJdk().with(FLAG).run("-jar", merged.toString(), TALES));
        assertScalar(UserJvm.ofThisJdk().run("-jar", merged.toString(), TALES), "--add-modules jdk.incubator.vector");
    }

    @Test
    void oneProcessorIsEnough() throws Exception {
        Outcome outcome = onTheClassPath("-XX:ActiveProcessorCount=1", FLAG[0], FLAG[1]);
        assertVector(outcome);
        assertTrue(outcome.out().lines().findFirst().orElse("").contains("1 thread"), outcome::toString);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void everyWidthOfVectorsTellsTheSame(int bytes) throws Exception {
        assertEquals(story, storyOf(onTheClassPath("-XX:MaxVectorSize=" + bytes, FLAG[0], FLAG[1])));
    }

    /** A flag that this processor's JVM does not know is passed over. */
    @ParameterizedTest
    @ValueSource(strings = {"-XX:UseAVX=0", "-XX:UseAVX=1", "-XX:UseAVX=2", "-XX:-UseFMA", "-XX:UseSVE=0"})
    void oneProcessorFamilysFlagsTellTheSame(String flag) throws Exception {
        assertEquals(story, storyOf(onTheClassPath("-XX:+IgnoreUnrecognizedVMOptions", flag, FLAG[0], FLAG[1])));
    }

    @Test
    void theFirstCompilerAloneTellsTheSameAndSaysWhyItIsSlow() throws Exception {
        assertScalar(onTheClassPath("-XX:TieredStopAtLevel=1", FLAG[0], FLAG[1]), "compiler");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aUsersJUnitTestRuns(boolean vector) throws Exception {
        Path[] junit = junit();
        Path[] path = Stream.concat(Stream.of(ConsumerProject.jot()), Stream.of(junit)).toArray(Path[]::new);
        Path tests = project.compile(Map.of("app/StoryTest.java", """
            package app;

            import java.nio.file.Path;
            import jot.Gpt;
            import org.junit.jupiter.api.Assertions;
            import org.junit.jupiter.api.Test;

            class StoryTest {
                @Test
                void knowsItsVocabulary() throws Exception {
                    try (Gpt gpt = Gpt.load(Path.of("weights/tales"))) {
                        Assertions.assertEquals(4096, gpt.tokenizer().size());
                        Assertions.assertEquals(4096, gpt.logits(1, 2, 3)[2].length);
                    }
                }
            }
            """, "app/RunTests.java", """
            package app;

            import org.junit.platform.engine.discovery.DiscoverySelectors;
            import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
            import org.junit.platform.launcher.core.LauncherFactory;
            import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

            public final class RunTests {
                public static void main(String[] arguments) {
                    SummaryGeneratingListener summary = new SummaryGeneratingListener();
                    LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClass("app.StoryTest")).build(), summary);
                    summary.getSummary().printFailuresTo(new java.io.PrintWriter(System.out));
                    System.out.println(summary.getSummary().getTestsSucceededCount());
                }
            }
            """), path);
        UserJvm jvm = UserJvm.ofThisJdk().with(vector ? FLAG : new String[0])
            .with("-cp", UserJvm.path(Stream.concat(Stream.of(tests), Stream.of(path)).toArray(Path[]::new)));
        assertEquals("1", jvm.run("app.RunTests").succeeded().out().strip());
    }

    private static Path[] junit() {
        return Stream.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
            .filter(entry -> entry.endsWith(".jar") && !entry.contains("surefire") && !Path.of(entry).equals(ConsumerProject.jot()))
            .map(Path::of)
            .toArray(Path[]::new);
    }

    private static UserJvm classPath() {
        return UserJvm.ofThisJdk().with("-cp", UserJvm.path(classes, ConsumerProject.jot()));
    }

    private static Outcome onTheClassPath(String... options) throws IOException, InterruptedException {
        return classPath().with(options).run(MAIN, TALES);
    }

    private static String storyOf(Outcome outcome) {
        List<String> lines = outcome.succeeded().out().lines().toList();
        assertTrue(lines.size() > 1, outcome::toString);
        return String.join("\n", lines.subList(1, lines.size()));
    }

    private static void assertVector(Outcome outcome) {
        assertEquals(story, storyOf(outcome), outcome::toString);
        assertTrue(outcome.out().startsWith("vector"), outcome::toString);
        assertFalse(outcome.err().contains("scalar"), outcome::toString);
    }

    private static void assertScalar(Outcome outcome, String cure) {
        assertEquals(story, storyOf(outcome), outcome::toString);
        assertTrue(outcome.out().startsWith("scalar"), outcome::toString);
        assertTrue(outcome.err().contains(cure), outcome::toString);
    }
}
