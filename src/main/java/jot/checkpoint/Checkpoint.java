package jot.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jot.json.JsonString;
import jot.json.NearestNames;

/**
 * The named tensors of a model's file or folder, read-only.
 *
 * <p>Thread-safe. Opening reads headers only; the data is mapped, or read when it is first asked for. Closing frees the memory, whoever
 * still uses it: segments from {@link Tensor#data()} then throw {@code IllegalStateException}.
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/tales"))) {
 *     float[] embedding = checkpoint.floats("transformer.wte.weight");
 * }
 * }</pre>
 */
public final class Checkpoint implements AutoCloseable {

    private final Path path;
    private final Arena arena;
    private final List<FileContent> contents;
    private final List<Path> files;
    private final Map<String, Tensor> tensors;
    private final Map<String, String> metadata;
    private volatile boolean closed;

    private Checkpoint(Path path, Arena arena, List<FileContent> contents, List<Path> files, Map<String, Tensor> tensors,
            Map<String, String> metadata) {
        this.path = path;
        this.arena = arena;
        this.contents = List.copyOf(contents);
        this.files = List.copyOf(files);
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Opens a file or folder, mapped where that is possible.
     *
     * @param path a weights file, an index of shards, or a folder as published on a model hub
     * @return the checkpoint, to be closed by the caller
     * @throws CheckpointFormatException if there are no weights, or they are damaged or of an unknown format
     * @throws IOException               if reading fails
     */
    public static Checkpoint open(Path path) throws IOException {
        return open(path, true);
    }

    /**
     * Opens a file or folder.
     *
     * @param path   a weights file, an index of shards, or a folder as published on a model hub
     * @param mapped whether to map the files; if not, a tensor is read into native memory when it is first asked for, and a file that
     *               can't be mapped (inside a jar) as a whole when one of its tensors is
     * @return the checkpoint, to be closed by the caller
     * @throws CheckpointFormatException if there are no weights, or they are damaged or of an unknown format
     * @throws IOException               if reading fails
     */
    public static Checkpoint open(Path path, boolean mapped) throws IOException {
        present(path, "path");
        Arena arena = Arena.ofShared();
        List<FileContent> contents = new ArrayList<>();
        try {
            Path entry = Files.isDirectory(path) ? CheckpointFolder.entry(path) : path;
            FileContent content = FileContent.open(entry, mapped, arena);
            contents.add(content);
            if (entry.getFileName().toString().endsWith(".index.json")) {
                return sharded(path, ShardIndex.read(content), mapped, arena, contents);
            }
            TensorFile file = FileFormat.read(content);
            Map<String, Tensor> tensors = LinkedHashMap.newLinkedHashMap(file.tensors().size());
            addAll(tensors, file);
            return new Checkpoint(path, arena, contents, List.of(entry), tensors, file.metadata());
        } catch (Throwable e) {
            arena.close();
            contents.forEach(FileContent::close);
            throw e;
        }
    }

    /** An argument that must not be null. */
    static <T> T present(T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + ": expected a value, found null");
        }
        return value;
    }

    private static Checkpoint sharded(Path path, ShardIndex index, boolean mapped, Arena arena, List<FileContent> contents)
            throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Path> files = new ArrayList<>();
        for (Path shard : index.shards().keySet()) {
            FileContent content = FileContent.open(shard, mapped, arena);
            contents.add(content);
            TensorFile file = FileFormat.read(content);
            index.check(shard, file);
            addAll(tensors, file);
            file.metadata().forEach(metadata::putIfAbsent);
            files.add(shard);
        }
        return new Checkpoint(path, arena, contents, files, tensors, metadata);
    }

    private static void addAll(Map<String, Tensor> tensors, TensorFile file) throws CheckpointFormatException {
        for (Tensor tensor : file.tensors()) {
            Tensor other = tensors.put(tensor.name(), tensor);
            if (other != null) {
                throw new CheckpointFormatException(tensor.file(), "", "each tensor once",
                        JsonString.quote(tensor.name()) + " here and in " + other.file());
            }
        }
    }

    /**
     * The names of all tensors, in the order of the file; of shards, in the order in which the index first mentions them.
     *
     * @return an unmodifiable set
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * A tensor's shape.
     *
     * @param name one of {@link #names()}
     * @return the size of each dimension, the slowest first; empty for a scalar
     * @throws IllegalArgumentException if there is no such tensor; the message has the nearest names
     * @throws IllegalStateException    if the checkpoint is closed
     */
    public long[] shape(String name) {
        return tensor(name).shape();
    }

    /**
     * A tensor's elements as floats, in C order.
     *
     * @param name one of {@link #names()}
     * @return a new array; integers and doubles rounded to the nearest float, truth values as 0 and 1
     * @throws IllegalArgumentException if there is no such tensor (the message has the nearest names), it has more elements than an array
     *                                  holds, or its type is one of {@link DataType#C64}, {@link DataType#F6_E2M3} and
     *                                  {@link DataType#F6_E3M2}
     * @throws IllegalStateException    if the checkpoint is closed, or the file can no longer be read
     */
    public float[] floats(String name) {
        return tensor(name).floats();
    }

    /**
     * A tensor's elements as longs, in C order.
     *
     * @param name one of {@link #names()}
     * @return a new array; truth values as 0 and 1
     * @throws IllegalArgumentException if there is no such tensor (the message has the nearest names), it has more elements than an array
     *                                  holds, its type is not one of integers, or an element is above 2⁶³ − 1
     * @throws IllegalStateException    if the checkpoint is closed, or the file can no longer be read
     */
    public long[] longs(String name) {
        return tensor(name).longs();
    }

    /**
     * A tensor.
     *
     * @param name one of {@link #names()}
     * @return the tensor, whose data is valid until the checkpoint is closed
     * @throws IllegalArgumentException if there is no such tensor; the message has the nearest names
     * @throws IllegalStateException    if the checkpoint is closed
     */
    public Tensor tensor(String name) {
        present(name, "name");
        if (closed) {
            throw new IllegalStateException("checkpoint " + path + " is closed");
        }
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            List<String> nearest = NearestNames.of(name, tensors.keySet());
            throw new IllegalArgumentException("no tensor " + JsonString.quote(name) + " among the " + tensors.size() + " of " + path
                    + (nearest.isEmpty() ? "" : "; nearest: " + String.join(", ", nearest)));
        }
        return tensor;
    }

    /**
     * The files that hold the tensors.
     *
     * @return one file, or all shards
     */
    public List<Path> files() {
        return files;
    }

    /**
     * What the files say about themselves.
     *
     * @return the metadata of a safetensors header; of shards, the first value for each key; empty for other formats
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Frees the memory; closing twice does nothing.
     */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            arena.close();
            contents.forEach(FileContent::close);
        }
    }

    @Override
    public String toString() {
        return "Checkpoint[" + path + ", " + tensors.size() + " tensors]";
    }
}
