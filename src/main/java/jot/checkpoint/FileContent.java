package jot.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * The bytes of one file: mapped, or read into native memory when a tensor is first asked for; thread-safe.
 *
 * <p>Opening reads nothing. A file of the default file system that is not mapped is read part by part, each into memory that can be given
 * back; any other, such as one inside a jar, can only be read from its beginning, so it is read whole. What is left is freed with the arena
 * and by {@link #close()}.
 */
final class FileContent {

    private static final int CHUNK = 1 << 20;
    private static final int ALIGNMENT = 64;

    private final Path file;
    private final long size;
    private final Arena arena;
    private final Map<Range, Part> parts = new HashMap<>();
    private volatile MemorySegment bytes;

    /** Some bytes of the file. */
    private record Range(long offset, long length) {
    }

    /** Memory with some bytes of the file. */
    private record Part(Arena arena, MemorySegment bytes) {
    }

    private FileContent(Path file, long size, Arena arena, MemorySegment bytes) {
        this.file = file;
        this.size = size;
        this.arena = arena;
        this.bytes = bytes;
    }

    /** Opens a regular file; a file that can't be mapped, such as one inside a jar, is treated as if mapping was not wanted. */
    static FileContent open(Path file, boolean mapped, Arena arena) throws IOException {
        if (!Files.isRegularFile(file)) {
            String found = Files.isDirectory(file) ? "a folder" : Files.exists(file) ? "neither file nor folder" : "nothing there";
            throw new CheckpointFormatException(file, "", "a file", found);
        }
        if (mapped && file.getFileSystem() == FileSystems.getDefault()) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                long size = channel.size();
                return new FileContent(file, size, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
            } catch (IOException e) {
                throw e.getCause() instanceof OutOfMemoryError
                        ? new IOException(file + ": not enough address space to map " + Files.size(file) + " bytes", e) : e;
            } catch (UnsupportedOperationException e) {
                System.getLogger("jot.checkpoint").log(System.Logger.Level.DEBUG, "{0} is read, since it cannot be mapped", file);
            }
        }
        return new FileContent(file, Files.size(file), arena, null);
    }

    Path file() {
        return file;
    }

    long size() {
        return size;
    }

    /** The file's name without its suffix: what the one tensor of a file without names is called. */
    String stem() {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    /** Copies some bytes, without loading the rest of the file. */
    byte[] read(long offset, int length, String place) throws IOException {
        if (offset < 0 || length > size - offset) {
            throw new CheckpointFormatException(file, place, length + " bytes from byte " + offset + " on", "a file of " + size + " bytes");
        }
        byte[] copy = new byte[length];
        MemorySegment loaded = bytes;
        if (loaded != null) {
            try {
                MemorySegment.copy(loaded, ValueLayout.JAVA_BYTE, offset, copy, 0, length);
            } catch (InternalError e) {
                throw new CheckpointFormatException(file, place, "a file of " + size + " bytes", "one that is shorter now", e);
            }
            return copy;
        }
        try (InputStream in = Files.newInputStream(file)) {
            in.skipNBytes(offset);
            if (in.readNBytes(copy, 0, length) < length) {
                throw new EOFException();
            }
            return copy;
        } catch (EOFException e) {
            throw new CheckpointFormatException(file, place, "a file of " + size + " bytes", "one that is shorter now", e);
        }
    }

    /**
     * A read-only view of some bytes that are known to be within the file.
     *
     * @throws IllegalStateException if the arena is closed, or the file can no longer be read
     */
    MemorySegment slice(long offset, long length) {
        MemorySegment loaded = bytes;
        if (loaded == null) {
            synchronized (parts) {
                if (!arena.scope().isAlive()) {
                    throw new IllegalStateException(file + " is closed");
                }
                if (isOnDisk()) {
                    return parts.computeIfAbsent(new Range(offset, length), this::load).bytes;
                }
                if (bytes == null) {
                    bytes = loadAll();
                }
                loaded = bytes;
            }
        }
        return loaded.asSlice(offset, length).asReadOnly();
    }

    /** Gives back the memory of a slice that was read, not mapped; the next such slice is read anew. */
    void release(long offset, long length) {
        synchronized (parts) {
            Part part = parts.remove(new Range(offset, length));
            if (part != null) {
                part.arena.close();
            }
        }
    }

    /** Gives back the memory of all slices that were read; to be called once the arena is closed. */
    void close() {
        synchronized (parts) {
            parts.values().forEach(part -> part.arena.close());
            parts.clear();
        }
    }

    private boolean isOnDisk() {
        return file.getFileSystem() == FileSystems.getDefault();
    }

    /** Native memory that lives as long as the file is open. */
    MemorySegment allocate(long length) {
        return arena.allocate(length, ALIGNMENT);
    }

    private Part load(Range range) {
        Arena memory = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment target = memory.allocate(range.length, ALIGNMENT);
            for (long done = 0; done < range.length;) {
                long count = Math.min(CHUNK, range.length - done);
                int read = channel.read(target.asSlice(done, count).asByteBuffer(), range.offset + done);
                if (read < 0) {
                    throw new EOFException("file of " + size + " bytes ends after " + (range.offset + done));
                }
                done += read;
            }
            return new Part(memory, target.asReadOnly());
        } catch (IOException e) {
            memory.close();
            throw unreadable(e);
        } catch (Throwable e) {
            memory.close();
            throw e;
        }
    }

    private IllegalStateException unreadable(IOException e) {
        return new IllegalStateException(file + " can no longer be read as it was opened: " + e.getMessage(), e);
    }

    private MemorySegment loadAll() {
        MemorySegment memory = allocate(size);
        byte[] chunk = new byte[(int) Math.min(CHUNK, Math.max(1, size))];
        try (InputStream in = Files.newInputStream(file)) {
            for (long done = 0; done < size; ) {
                int read = in.read(chunk, 0, (int) Math.min(chunk.length, size - done));
                if (read < 0) {
                    throw new EOFException("file of " + size + " bytes ends after " + done);
                }
                MemorySegment.copy(chunk, 0, memory, ValueLayout.JAVA_BYTE, done, read);
                done += read;
            }
            return memory;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }
}
