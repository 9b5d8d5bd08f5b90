package jot.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonException;
import jot.json.JsonObject;

/** The published vocabularies of the test resources, unpacked once for all tests. */
final class Vocabularies {
    static final Path RESOURCES = Path.of("src/test/resources");
    private static final Map<String, Path> UNPACKED = new ConcurrentHashMap<>();
    private static final Map<Path, Tokenizer> LOADED = new ConcurrentHashMap<>();

    private Vocabularies() {
    }

    /** Returns a folder with the unpacked files of one vocabulary. */
    static Path folder(String name) {
        return UNPACKED.computeIfAbsent(name, Vocabularies::unpack);
    }

    /** Returns the tokenizer of a folder or file, loaded once. */
    static Tokenizer tokenizer(Path path) {
        return LOADED.computeIfAbsent(path, key -> {
            try {
                return Tokenizer.load(key);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    static Tokenizer gpt2() {
        return tokenizer(folder("gpt2").resolve("tokenizer.json"));
    }

    static Tokenizer tales() {
        return tokenizer(Path.of("weights/tales"));
    }

    static JsonObject json(Path file) throws IOException {
        return Json.parse(Files.readAllBytes(file)).asObject(file.toString());
    }

    static int[] ints(Json list) throws JsonException {
        JsonArray array = list.asArray("ids");
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt("id");
        }
        return values;
    }

    private static Path unpack(String name) {
        try (Stream<Path> files = Files.list(RESOURCES.resolve("vocabularies").resolve(name))) {
            Path folder = Files.createTempDirectory("jot-" + name);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            for (Path file : files.toList()) {
                String unpacked = file.getFileName().toString().replaceFirst("\\.gz$", "");
                try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                    Files.copy(in, folder.resolve(unpacked));
                }
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
