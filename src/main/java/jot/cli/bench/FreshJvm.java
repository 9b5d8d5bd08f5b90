package jot.cli.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Starts a command of this program in a JVM of its own: the same java with the same flags, where the system tells them. */
public final class FreshJvm {

    private static final String MAIN = "jot.cli.Main";
    private static final int MOST_ERRORS = 4_000;

    private FreshJvm() {
    }

    /**
     * Runs a command to its end.
     *
     * @param words its name and arguments
     * @return what it wrote to standard output
     * @throws IOException if it could not be started or failed; the message has what it wrote to standard error
     */
    public static String run(List<String> words) throws IOException {
        List<String> command = new ArrayList<>(start(words.getFirst()));
        command.addAll(words);
        Path errors = Files.createTempFile("jot", ".err");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            try {
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
                process.destroy();
            }
        } finally {
            Files.delete(errors);
        }
    }

    private static String end(Path errors) throws IOException {
        String text = Files.readString(errors, StandardCharsets.UTF_8).strip();
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
        int at = arguments.indexOf(name);
        if (at < 1 || !isMain(arguments.get(at - 1))) {
            return Optional.empty();
        }
        return Optional.of(arguments.subList(0, at));
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
