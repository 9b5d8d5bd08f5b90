package jot.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import jot.consumer.UserJvm.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the packaged jar as the README does: as a module, and by {@code -jar}. */
class CommandLineIT {
    private static final String JAR = ConsumerProject.jot().toString();
    private static final String TALES = Path.of("weights", "tales").toString();

    static Stream<List<String>> waysToStart() {
        return Stream.of(
            List.of("-p", JAR, "-m", "jot/jot.cli.Main"),
            List.of("-p", JAR, "-m", "jot"),
            List.of("--add-modules", "jdk.incubator.vector", "-jar", JAR));
    }

    @ParameterizedTest
    @MethodSource("waysToStart")
    void tellsAStory(List<String> start) throws Exception {
        Outcome outcome = UserJvm.ofThisJdk().with(start.toArray(String[]::new))
            .run("generate", "--max-tokens", "8", "--temperature", "0", TALES, "Once upon a time").succeeded();
        assertFalse(outcome.out().isBlank(), outcome::toString);
        assertFalse(outcome.err().contains("scalar"), outcome::toString);
    }

    @Test
    void knowsItsVersion() throws Exception {
        Outcome outcome = UserJvm.ofThisJdk().run("-p", JAR, "-m", "jot", "--version").succeeded();
        String version = Path.of(JAR).getFileName().toString().replaceFirst("^jot-(.*)\\.jar$", "$1");
        assertTrue(outcome.out().contains(version), outcome::toString);
    }

    @Test
    void exitCodesTellFailureFromWrongUse() throws Exception {
        assertEquals(1, UserJvm.ofThisJdk().run("-p", JAR, "-m", "jot", "inspect", "no-such-folder").exit());
        assertEquals(2, UserJvm.ofThisJdk().run("-p", JAR, "-m", "jot", "sing").exit());
    }

    /** The JVM reads arguments in the encoding of the locale; what that cannot hold must not pass for a prompt. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void argumentsThatTheLocaleCannotHoldAreRefused() throws Exception {
        assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")), "this JVM itself could not pass them on");
        Outcome outcome = UserJvm.ofThisJdk().withVariable("LC_ALL", "C").run("-p", JAR, "-m", "jot", "tokenize", TALES, "Ol\u00e9");
        assertEquals(2, outcome.exit(), outcome::toString);
        assertTrue(outcome.err().contains("LC_ALL=C.UTF-8"), outcome::toString);
    }
}
