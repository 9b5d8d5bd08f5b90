package jot.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the file to begin with in a folder, as model hubs lay them out.
 */
final class CheckpointFolder {

    /** The names with a meaning, the preferred first. */
    private static final List<String> KNOWN_NAMES = List.of(
            "model.safetensors", "model.safetensors.index.json",
            "pytorch_model.bin", "pytorch_model.bin.index.json",
            "adapter_model.safetensors", "adapter_model.bin");

    private CheckpointFolder() {
    }

    /** The file, or index of shards, that holds the folder's weights. */
    static Path entry(Path folder) throws IOException {
        for (String name : KNOWN_NAMES) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        List<Path> others = others(folder);
        if (others.size() == 1) {
            return others.getFirst();
        }
        String found = others.isEmpty() ? "no weights" : others.size() + " safetensors files: " + fileNames(others);
        String expected = "one of " + String.join(", ", KNOWN_NAMES) + ", or one other safetensors file";
        throw new CheckpointFormatException(folder, "", expected, found);
    }

    private static List<Path> others(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".safetensors"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static String fileNames(List<Path> files) {
        int shown = Math.min(5, files.size());
        String names = String.join(", ", files.subList(0, shown).stream().map(file -> file.getFileName().toString()).toList());
        return shown < files.size() ? names + " …" : names;
    }
}
