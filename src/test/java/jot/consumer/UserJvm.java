package jot.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JVM of its own, as a user starts it: with no option but those given, and none from the environment of the build. */
final class UserJvm {
    private static final long PATIENCE_SECONDS = 120;

    private final Path executable;
    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();

    private UserJvm(Path executable) {
        this.executable = executable;
    }

    /** What a JVM printed, and how it ended. */
    record Outcome(int exit, String out, String err) {
        /** Returns this outcome, which must be that of a success. */
        Outcome succeeded() {
            assertEquals(0, exit, this::toString);
            return this;
        }
    }

    /** The JDK that runs this test. */
    static UserJvm ofThisJdk() {
        return ofImage(Path.of(System.getProperty("java.home")));
    }

    /** A run-time image. */
    static UserJvm ofImage(Path image) {
        return new UserJvm(image.resolve("bin").resolve("java"));
    }

    static String path(Path... entries) {
        return Arrays.stream(entries).map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    UserJvm with(String... more) {
        arguments.addAll(List.of(more));
        return this;
    }

    UserJvm withVariable(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Starts it with further arguments and waits for its end; a JVM that takes too long is killed and fails the test. */
    Outcome run(String... last) throws IOException, InterruptedException {
        List<String> command = Stream.of(List.of(executable.toString()), arguments, List.of(last)).flatMap(List::stream).toList();
        Path out = Files.createTempFile("jot-out", ".txt");
        Path err = Files.createTempFile("jot-err", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            builder.environment().keySet().removeAll(List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"));
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
            assertTrue(ended, () -> "no end after " + PATIENCE_SECONDS + " s: " + command);
            return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }
}
