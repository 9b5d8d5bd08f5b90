package jot.loading;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonObject;
import jot.model.family.Config;

/**
 * Where the files of a model are: the one place that knows their names.
 *
 * @param folder holds the configuration and the tokenizer
 * @param weights what to open as checkpoint: the folder, or one file in it
 */
record ModelFolder(Path folder, Path weights) {

    private static final String CONFIG = "config.json";
    private static final String ADAPTER_CONFIG = "adapter_config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";

    /**
     * Finds the files of a model.
     *
     * @param path a model folder, or one file of weights within one
     * @throws CheckpointFormatException if there is no model
     */
    static ModelFolder at(Path path) throws CheckpointFormatException {
        boolean isFolder = Files.isDirectory(path);
        if (!isFolder && !Files.exists(path)) {
            throw new CheckpointFormatException(path, "", "a model folder or a file of weights", "nothing");
        }
        Path folder = isFolder ? path : path.toAbsolutePath().getParent();
        if (!Files.isRegularFile(folder.resolve(CONFIG))) {
            throw new CheckpointFormatException(path, "",
                    isFolder ? "a model folder with a " + CONFIG : "a file of weights beside a " + CONFIG,
                    instead(folder).orElse(isFolder ? "no such file" : "no such file in " + folder));
        }
        return new ModelFolder(folder, path);
    }

    /** What a folder is that has no configuration of a model, if that can be seen. */
    private static Optional<String> instead(Path folder) {
        if (Files.isRegularFile(folder.resolve(ADAPTER_CONFIG))) {
            return Optional.of("an adapter, to be loaded with its model");
        }
        return Files.isDirectory(folder.resolve("snapshots"))
                ? Optional.of("a hub's cache, in which each version of the model is a folder below snapshots") : Optional.empty();
    }

    /** The model's configuration. */
    Config config() throws IOException {
        Path file = folder.resolve(CONFIG);
        return new Config(file, read(file));
    }

    /** The values of {@code generation_config.json}, if it is there. */
    Optional<JsonObject> generationConfig() throws IOException {
        Path file = generationConfigFile();
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /** Where {@code generation_config.json} is, or would be. */
    Path generationConfigFile() {
        return folder.resolve(GENERATION_CONFIG);
    }

    /** Whether files of a tokenizer are there. */
    boolean hasTokenizer() {
        return Stream.of("tokenizer.json", "vocab.json", "tokenizer.model").anyMatch(name -> Files.isRegularFile(folder.resolve(name)));
    }

    /** Where the values of {@code generation_config.json} are for a model with this file of weights. */
    static Path generationConfigBeside(Path weights) {
        return weights.resolveSibling(GENERATION_CONFIG);
    }

    private static JsonObject read(Path file) throws IOException {
        try {
            return Json.parse(Files.readAllBytes(file)).asObject("document");
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }
}
