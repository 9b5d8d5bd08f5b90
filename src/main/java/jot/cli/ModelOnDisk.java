package jot.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jot.cli.bench.ExitHook;

/**
 * A model folder, deleted in the end if it was written for the while, also where the JVM is told to end before.
 *
 * @param folder where
 * @param deletion runs if the JVM ends, or null for a folder that stays
 */
record ModelOnDisk(Path folder, ExitHook deletion) implements AutoCloseable {

    static ModelOnDisk at(Path folder) {
        return new ModelOnDisk(folder, null);
    }

    static ModelOnDisk written(BenchShape shape) throws IOException {
        Path folder = Files.createTempDirectory("jot-bench");
        ModelOnDisk model = new ModelOnDisk(folder, ExitHook.of(() -> deleteQuietly(folder)));
        try {
            shape.write(folder);
            return model;
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (deletion != null) {
            delete(folder);
            deletion.close();
        }
    }

    private static void deleteQuietly(Path folder) {
        try {
            delete(folder);
        } catch (IOException e) {
            // nobody is left to be told
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
