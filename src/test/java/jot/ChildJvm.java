package jot;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own for what a test cannot see from within: how it starts, how it ends, and what its flags change. */
public final class ChildJvm {

    private static final List<String> VECTORS = List.of("--add-modules", "jdk.incubator.vector");
    private static final long LONGEST_SECONDS = 120;

    private final Process process;
    private final Path out;
    private final Path err;

    private ChildJvm(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * What a JVM left behind.
     *
     * @param exitCode its exit code
     * @param lines what it printed
     * @param errors what it said on standard error
     */
    public record Outcome(int exitCode, List<String> lines, String errors) {

        /** The lines, if it ended well. */
        public List<String> orThrow() {
            if (exitCode != 0) {
                throw new AssertionError("exit code " + exitCode + "\n" + String.join("\n", lines) + "\n" + errors);
            }
            return lines;
        }
    }

    /** Starts the main method of a class of the tests, on the class path, with the vector module. */
    public static ChildJvm start(List<String> flags, Class<?> program, String... arguments) throws IOException {
        List<String> all = new ArrayList<>(VECTORS);
        all.addAll(flags);
        return startWithoutVectors(all, List.of(), program, arguments);
    }

    /** The same without a flag, with the garbage collector and the heap that the JVM chooses by itself. */
    public static ChildJvm startPlain(Class<?> program, String... arguments) throws IOException {
        return launch(VECTORS, List.of(), program, arguments);
    }

    /**
     * Starts the main method of a class of the tests, on the class path, without the vector module.
     *
     * @param first folders of classes that come before all others
     */
    public static ChildJvm startWithoutVectors(List<String> flags, List<Path> first, Class<?> program, String... arguments)
            throws IOException {
        List<String> all = new ArrayList<>(List.of("-XX:+UseSerialGC", "-Xmx512m", "-Xshare:auto"));
        all.addAll(flags);
        return launch(all, first, program, arguments);
    }

    private static ChildJvm launch(List<String> flags, List<Path> first, Class<?> program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        List<String> classPath = new ArrayList<>(first.stream().map(Path::toString).toList());
        classPath.addAll(List.of(classes(jot.tensor.Matrix.class).toString(), classes(program).toString()));
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), program.getName()));
        command.addAll(List.of(arguments));
        Path out = Files.createTempFile("child", ".out");
        Path err = Files.createTempFile("child", ".err");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        return new ChildJvm(process, out, err);
    }

    /** Waits for its end; a JVM that does not end is ended, and counts as a failure. */
    public Outcome await() throws IOException, InterruptedException {
        try {
            boolean ended = process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            List<String> lines = Files.readAllLines(out, StandardCharsets.UTF_8);
            String errors = Files.readString(err, StandardCharsets.UTF_8);
            return new Outcome(ended ? process.exitValue() : -1, lines,
                    ended ? errors : errors + "\nended after " + LONGEST_SECONDS + " s");
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /** The folder that a class was read from, of the module's classes and of those patched into it alike. */
    public static Path classes(Class<?> type) {
        String name = type.getName().replace('.', '/') + ".class";
        URL url = type.getResource("/" + name);
        try {
            Path file = Path.of(url.toURI());
            return file.getRoot().resolve(file.subpath(0, file.getNameCount() - Path.of(name).getNameCount()));
        } catch (URISyntaxException e) {
            throw new UncheckedIOException(new IOException(url.toString(), e));
        }
    }
}
