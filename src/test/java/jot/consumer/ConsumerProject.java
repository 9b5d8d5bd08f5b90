package jot.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** Somebody else's project: its sources, and what the JDK's own tools make of them and of the packaged Jot. */
final class ConsumerProject {
    /** A program that loads the model named by its argument and prints the backend, then a greedy continuation. */
    static final Map<String, String> STORY = Map.of("app/Story.java", """
        package app;

        import java.nio.file.Path;
        import jot.GenerationOptions;
        import jot.Gpt;

        public final class Story {
            public static void main(String[] arguments) throws Exception {
                try (Gpt gpt = Gpt.load(Path.of(arguments[0]))) {
                    System.out.println(gpt.backend());
                    System.out.print(gpt.generate("Once upon a time", GenerationOptions.greedy().withMaxTokens(12)));
                }
            }
        }
        """);

    /** The same as a module. */
    static final Map<String, String> STORY_MODULE = Map.of("app/Story.java", STORY.get("app/Story.java"), "module-info.java", """
        module app {
            requires jot;
        }
        """);

    private final Path folder;

    ConsumerProject(Path folder) {
        this.folder = folder;
    }

    /** Returns the jar that the build has packaged. */
    static Path jot() {
        return Path.of(System.getProperty("jot.jar", "target/jot-0.1.0.jar")).toAbsolutePath();
    }

    /** Compiles sources on the class path. */
    Path compile(Map<String, String> sources, Path... classPath) throws IOException {
        return javac(sources, "--class-path", UserJvm.path(classPath));
    }

    /** Compiles a module. */
    Path compileModule(Map<String, String> sources, Path... modulePath) throws IOException {
        return javac(sources, "--module-path", UserJvm.path(modulePath));
    }

    private Path javac(Map<String, String> sources, String... options) throws IOException {
        Path written = Files.createTempDirectory(folder, "sources");
        Path classes = Files.createTempDirectory(folder, "classes");
        for (Map.Entry<String, String> source : sources.entrySet()) {
            Path file = written.resolve(source.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, source.getValue());
        }
        run("javac", Stream.of(List.of(options), List.of("-d", classes.toString()), files(written)).flatMap(List::stream).toList());
        return classes;
    }

    /** Packs folders of classes into one jar with a main class. */
    Path jar(String mainClass, Path... contents) throws IOException {
        Path jar = Files.createTempDirectory(folder, "jar").resolve("app.jar");
        Stream<String> start = Stream.of("--create", "--file", jar.toString(), "--main-class", mainClass);
        run("jar", Stream.concat(start, Stream.of(contents).flatMap(content -> Stream.of("-C", content.toString(), "."))).toList());
        return jar;
    }

    /** Unpacks a jar as a tool does that merges jars: without module descriptor and without the jar's own data. */
    Path unpacked(Path jar) throws IOException {
        Path unpacked = Files.createTempDirectory(folder, "unpacked");
        run("jar", List.of("--extract", "--file", jar.toString(), "--dir", unpacked.toString()));
        Files.delete(unpacked.resolve("module-info.class"));
        return unpacked;
    }

    /** Links a run-time image that holds some modules and all that they require. */
    Path image(Set<String> modules, Path... modulePath) throws IOException {
        Path image = Files.createTempDirectory(folder, "image").resolve("run-time");
        run("jlink", List.of("--module-path", UserJvm.path(modulePath), "--add-modules", String.join(",", modules),
            "--output", image.toString(), "--strip-debug", "--no-header-files", "--no-man-pages"));
        return image;
    }

    private static List<String> files(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static void run(String tool, List<String> arguments) {
        StringWriter said = new StringWriter();
        PrintWriter writer = new PrintWriter(said);
        int exit = ToolProvider.findFirst(tool).orElseThrow().run(writer, writer, arguments.toArray(String[]::new));
        assertEquals(0, exit, () -> tool + " " + arguments + "\n" + said);
    }
}
