package jot.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonString;

/**
 * The index of a checkpoint in several files: which tensor lies in which shard.
 *
 * @param file   the index itself
 * @param shards each shard's path and the names that the index says it holds, in the order of first mention
 */
record ShardIndex(Path file, Map<Path, List<String>> shards) {

    static ShardIndex read(FileContent content) throws IOException {
        Path file = content.file();
        if (content.size() > Integer.MAX_VALUE - 8) {
            throw new CheckpointFormatException(file, "", "an index below 2 GiB", content.size() + " bytes");
        }
        try {
            Json document = Json.parse(content.read(0, (int) content.size(), ""));
            Map<Path, List<String>> shards = new LinkedHashMap<>();
            Map<String, Path> resolved = new LinkedHashMap<>();
            for (Map.Entry<String, Json> entry : document.asObject("the whole").object("weight_map").members().entrySet()) {
                String place = "weight_map, tensor " + JsonString.quote(entry.getKey());
                String name = entry.getValue().asString(place);
                Path shard = resolved.get(name);
                if (shard == null) {
                    shard = resolve(file, name, place);
                    resolved.put(name, shard);
                }
                shards.computeIfAbsent(shard, path -> new ArrayList<>()).add(entry.getKey());
            }
            return new ShardIndex(file, shards);
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }

    /** The shard's path, which must be a file below the index's own folder. */
    private static Path resolve(Path index, String name, String place) throws CheckpointFormatException {
        String quoted = JsonString.quote(name);
        if (!staysInside(name)) {
            throw new CheckpointFormatException(index, place, "a file name within the folder", quoted);
        }
        Path shard;
        try {
            shard = index.resolveSibling(name).normalize();
        } catch (InvalidPathException e) {
            throw new CheckpointFormatException(index, place, "a file name", quoted, e);
        }
        if (!Files.isRegularFile(shard)) {
            throw new CheckpointFormatException(index, place, "a shard in the folder", "no file " + quoted);
        }
        return shard;
    }

    /** Judged on the text, so that every platform refuses the same names. */
    private static boolean staysInside(String name) {
        if (name.isEmpty() || name.indexOf('\\') >= 0 || name.indexOf(':') >= 0 || name.startsWith("/")) {
            return false;
        }
        for (String part : name.split("/", -1)) {
            if (part.equals("..") || part.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Checks that a shard holds what the index says. */
    void check(Path shard, TensorFile content) throws CheckpointFormatException {
        Set<String> names = new HashSet<>();
        content.tensors().forEach(tensor -> names.add(tensor.name()));
        for (String name : shards.get(shard)) {
            if (!names.contains(name)) {
                throw new CheckpointFormatException(shard, "", "tensor " + JsonString.quote(name) + " as " + file.getFileName() + " says",
                        "no such tensor");
            }
        }
    }
}
