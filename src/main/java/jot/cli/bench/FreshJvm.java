package jot.cli.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;
import jot.json.JsonException;

/** Starts a command of this program in a JVM of its own: the same java with the same flags, where the system tells them. */
public final class FreshJvm {

    private static final String MAIN = "jot.cli.Main";
    private static final int MOST_ERRORS = 4_000;
    /** What the JDK says of the Vector API at each start. */
    private static final String NOTICE = "WARNING: Using incubator modules";

    private FreshJvm() {
    }

    /**
     * Reads what a JVM measured.
     *
     * @param <T> what that is
     */
    @FunctionalInterface
    public interface Reader<T> {

        /**
         * Reads an object.
         *
         * @throws JsonException if it is something else
         */
        T read(String json) throws JsonException;
    }

    /**
     * Runs a command that prints one JSON object in several JVMs, one after the other.
     *
     * @param words its name and arguments
     * @param count how many JVMs, at least 1
     * @param reader makes something of the object
     * @param progress receives the share that is done before each
     * @return what each measured
     * @throws IOException if one failed, or printed no such object
     */
    public static <T> List<T> measure(List<String> words, int count, Reader<T> reader, DoubleConsumer progress) throws IOException {
        List<T> results = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            progress.accept((double) i / count);
            try {
                results.add(reader.read(lastObject(run(words))));
            } catch (JsonException e) {
                throw new IOException("a JVM that was started printed something else than its measurements: " + e.getMessage(), e);
            }
        }
        return results;
    }

    /** The last line that looks like an object: with some flags, such as {@code -Xlog:gc}, the JVM prints lines of its own. */
    static String lastObject(String output) throws IOException {
        return output.lines().filter(line -> line.startsWith("{")).reduce((_, later) -> later)
                .orElseThrow(() -> new IOException("a JVM that was started printed no measurements"));
    }

    /**
     * Runs a command to its end; if this JVM is told to end before, so is the other.
     *
     * @param words its name and arguments
     * @return what it wrote to standard output
     * @throws IOException if it could not be started or failed; the message has what it wrote to standard error
     */
    static String run(List<String> words) throws IOException {
        List<String> command = new ArrayList<>(start(words.getFirst()));
        command.addAll(words);
        Path errors = Files.createTempFile("jot", ".err");
        try {
            Child child = new Child(new ProcessBuilder(command).redirectError(errors.toFile()), errors);
            // before it starts: a JVM that is told to end just then would leave it behind
            try (ExitHook _ = ExitHook.of(child::abandon)) {
                Process process = child.start();
                process.getOutputStream().close();
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                int code = process.waitFor();
                if (code != 0) {
                    throw new IOException("a JVM that was started ended with exit code " + code + ": " + end(errors));
                }
                return output;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while another JVM measured", e);
            } finally {
                child.end();
            }
        } finally {
            Files.deleteIfExists(errors);
        }
    }

    /** A process that is started at most once, and not after it was abandoned. */
    private static final class Child {
        private final ProcessBuilder builder;
        private final Path errors;
        private Process process;
        private boolean abandoned;

        Child(ProcessBuilder builder, Path errors) {
            this.builder = builder;
            this.errors = errors;
        }

        synchronized Process start() throws IOException {
            if (abandoned) {
                throw new IOException("this JVM is ending");
            }
            process = builder.start();
            return process;
        }

        synchronized void end() {
            if (process != null) {
                process.destroy();
            }
        }

        synchronized void abandon() {
            abandoned = true;
            if (process != null) {
                process.destroyForcibly();
            }
            try {
                Files.deleteIfExists(errors);
            } catch (IOException e) {
                return; // nobody is left to be told
            }
        }
    }

    private static String end(Path errors) throws IOException {
        String all = new String(Files.readAllBytes(errors), StandardCharsets.UTF_8);
        String text = all.lines().filter(line -> !line.startsWith(NOTICE)).collect(Collectors.joining("\n")).strip();
        return text.substring(Math.max(0, text.length() - MOST_ERRORS));
    }

    /** The command line before the name of the command. */
    private static List<String> start(String name) {
        ProcessHandle.Info info = ProcessHandle.current().info();
        String java = info.command().orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        List<String> start = new ArrayList<>(List.of(java));
        start.addAll(info.arguments().flatMap(arguments -> before(name, Arrays.asList(arguments))).orElseGet(FreshJvm::fromProperties));
        return start;
    }

    /** The arguments of this JVM up to its main class, if it was started as a command of this program by that name. */
    private static Optional<List<String>> before(String name, List<String> arguments) {
        for (int at = 1; at < arguments.size(); at++) {
            if (arguments.get(at).equals(name) && isMain(arguments.get(at - 1))) {
                return Optional.of(arguments.subList(0, at));
            }
        }
        return Optional.empty();
    }

    private static boolean isMain(String argument) {
        return argument.endsWith(MAIN) || argument.endsWith(".jar") || argument.equals("jot");
    }

    private static List<String> fromProperties() {
        if (FreshJvm.class.getModule().isNamed()) {
            return List.of("-p", System.getProperty("jdk.module.path"), "-m", "jot/" + MAIN);
        }
        List<String> start = new ArrayList<>();
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            start.addAll(List.of("--add-modules", "jdk.incubator.vector"));
        }
        start.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        return start;
    }
}
