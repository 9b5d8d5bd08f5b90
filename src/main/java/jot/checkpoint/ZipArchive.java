package jot.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import jot.json.JsonString;

/**
 * The entries of a zip file and where in it they lie, so that stored ones are used in place.
 *
 * <p>Source: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (Zip64). Deflated entries are inflated into native memory,
 * within one bound for all of them together that follows from the file's size.
 */
final class ZipArchive {

    private static final int END_LENGTH = 22;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int LONGEST_COMMENT = 0xFFFF;
    private static final int END64_LOCATOR_LENGTH = 20;
    private static final int END64_LOCATOR_SIGNATURE = 0x07064b50;
    private static final int END64_LENGTH = 56;
    private static final int END64_SIGNATURE = 0x06064b50;
    private static final int DIRECTORY_ENTRY_LENGTH = 46;
    private static final int DIRECTORY_ENTRY_SIGNATURE = 0x02014b50;
    private static final int LOCAL_LENGTH = 30;
    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int ZIP64_EXTRA = 1;
    private static final long IN_ZIP64_EXTRA = 0xFFFF_FFFFL;
    private static final int ENCRYPTED = 1;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;
    private static final int LARGEST_DIRECTORY = 1 << 28;

    /** What inflating may take: enough for any archive of numbers, and no more than a small multiple of a large file. */
    private static final long INFLATED_AT_LEAST = 16L << 20;
    private static final long INFLATED_PER_BYTE = 16;

    /**
     * One file of the archive.
     *
     * @param name       its name
     * @param method     how it is compressed
     * @param compressed the bytes that it takes in the archive
     * @param size       its own length in bytes
     * @param checksum   the CRC-32 of its content
     * @param local      the offset of its local header
     */
    record Entry(String name, int method, long compressed, long size, int checksum, long local) {
    }

    private final FileContent content;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, MemorySegment> inflated = new HashMap<>();
    private long inflatable;

    private ZipArchive(FileContent content) {
        this.content = content;
        this.inflatable = INFLATED_AT_LEAST + INFLATED_PER_BYTE * content.size();
    }

    static ZipArchive read(FileContent content) throws IOException {
        ZipArchive archive = new ZipArchive(content);
        archive.readDirectory();
        return archive;
    }

    /** All files by name, in the order of the directory; folders are left out. */
    Map<String, Entry> entries() {
        return entries;
    }

    FileContent content() {
        return content;
    }

    // ---- directory ----

    /** Where the central directory lies, and how many entries it has. */
    private record Directory(long offset, long size, long count) {
    }

    private void readDirectory() throws IOException {
        Directory directory = findDirectory();
        if (directory.size < 0 || directory.size > LARGEST_DIRECTORY || directory.offset < 0
                || directory.offset > content.size() - directory.size) {
            throw error("zip directory", "a place within the file of " + content.size() + " bytes",
                    directory.size + " bytes at byte " + Long.toUnsignedString(directory.offset));
        }
        ByteBuffer bytes = littleEndian(content.read(directory.offset, (int) directory.size, "zip directory"));
        long count = 0;
        while (bytes.hasRemaining()) {
            readEntry(bytes);
            count++;
        }
        if (count != directory.count) {
            throw error("zip directory", directory.count + " entries", Long.toString(count));
        }
    }

    private Directory findDirectory() throws IOException {
        int tailLength = (int) Math.min(content.size(), END_LENGTH + LONGEST_COMMENT);
        long tailStart = content.size() - tailLength;
        ByteBuffer tail = littleEndian(content.read(tailStart, tailLength, "zip end"));
        for (int at = tailLength - END_LENGTH; at >= 0; at--) {
            if (tail.getInt(at) == END_SIGNATURE && at + END_LENGTH + (tail.getShort(at + 20) & 0xFFFF) == tailLength) {
                Directory large = findLargeDirectory(tailStart + at);
                return large != null ? large
                        : new Directory(unsigned(tail, at + 16), unsigned(tail, at + 12), tail.getShort(at + 10) & 0xFFFF);
            }
        }
        throw error("zip end", "a directory of the archive at its end", "none: the file may be cut short");
    }

    /** The directory as its Zip64 record places it, or null where the archive has no such record. */
    private Directory findLargeDirectory(long end) throws IOException {
        if (end < END64_LOCATOR_LENGTH) {
            return null;
        }
        ByteBuffer locator = littleEndian(content.read(end - END64_LOCATOR_LENGTH, END64_LOCATOR_LENGTH, "zip end"));
        if (locator.getInt(0) != END64_LOCATOR_SIGNATURE) {
            return null;
        }
        ByteBuffer record = littleEndian(content.read(locator.getLong(8), END64_LENGTH, "zip64 end"));
        if (record.getInt(0) != END64_SIGNATURE) {
            throw error("zip64 end", "its signature", "0x" + Integer.toHexString(record.getInt(0)));
        }
        return new Directory(record.getLong(48), record.getLong(40), record.getLong(32));
    }

    private void readEntry(ByteBuffer bytes) throws CheckpointFormatException {
        int start = bytes.position();
        if (bytes.remaining() < DIRECTORY_ENTRY_LENGTH || bytes.getInt(start) != DIRECTORY_ENTRY_SIGNATURE) {
            throw error("zip directory, byte " + start, "an entry", "something else");
        }
        int nameLength = bytes.getShort(start + 28) & 0xFFFF;
        int extraLength = bytes.getShort(start + 30) & 0xFFFF;
        int commentLength = bytes.getShort(start + 32) & 0xFFFF;
        int length = DIRECTORY_ENTRY_LENGTH + nameLength + extraLength + commentLength;
        if (bytes.remaining() < length) {
            throw error("zip directory, byte " + start, "an entry of " + length + " bytes", bytes.remaining() + " bytes");
        }
        String name = new String(bytes.array(), start + DIRECTORY_ENTRY_LENGTH, nameLength, StandardCharsets.UTF_8);
        int extra = start + DIRECTORY_ENTRY_LENGTH + nameLength;
        long[] fields = {unsigned(bytes, start + 24), unsigned(bytes, start + 20), unsigned(bytes, start + 42)};
        readLargeFields(bytes, extra, extra + extraLength, fields, name);
        if ((bytes.getShort(start + 8) & ENCRYPTED) != 0) {
            throw error(place(name), "an entry that is not encrypted", "an encrypted one");
        }
        Entry entry = new Entry(name, bytes.getShort(start + 10) & 0xFFFF, fields[1], fields[0], bytes.getInt(start + 16), fields[2]);
        bytes.position(start + length);
        if (!name.endsWith("/")) {
            check(entry);
            if (entries.put(name, entry) != null) {
                throw error("zip directory", "each name once", JsonString.quote(name) + " twice");
            }
        }
    }

    /** Replaces those of size, compressed size and offset that don't fit 32 bits by their values in the Zip64 extra field. */
    private void readLargeFields(ByteBuffer bytes, int from, int to, long[] fields, String name) throws CheckpointFormatException {
        int at = from;
        while (at + 4 <= to) {
            int kind = bytes.getShort(at) & 0xFFFF;
            int end = at + 4 + (bytes.getShort(at + 2) & 0xFFFF);
            at += 4;
            for (int i = 0; kind == ZIP64_EXTRA && i < fields.length; i++) {
                if (fields[i] == IN_ZIP64_EXTRA) {
                    if (at + 8 > Math.min(end, to)) {
                        throw error(place(name), "a Zip64 field with all its sizes", "a shorter one");
                    }
                    fields[i] = bytes.getLong(at);
                    at += 8;
                }
            }
            at = end;
        }
    }

    private void check(Entry entry) throws CheckpointFormatException {
        String place = place(entry.name);
        if (entry.method != STORED && entry.method != DEFLATED) {
            throw error(place, "compression method 0 (stored) or 8 (deflated)", Integer.toString(entry.method));
        }
        boolean outside = entry.name.startsWith("/") || entry.name.indexOf('\\') >= 0
                || List.of(entry.name.split("/", -1)).contains("..");
        if (outside) {
            throw error(place, "a name within the archive", "one that leads out of it");
        }
        if (entry.size < 0 || entry.compressed < 0 || entry.local < 0 || entry.compressed > content.size() - LOCAL_LENGTH
                || entry.local > content.size() - LOCAL_LENGTH - entry.compressed) {
            throw error(place, "a place within the file of " + content.size() + " bytes",
                    Long.toUnsignedString(entry.compressed) + " bytes at byte " + Long.toUnsignedString(entry.local));
        }
        if (entry.method == STORED && entry.size != entry.compressed) {
            throw error(place, "a stored entry of " + entry.size + " bytes", entry.compressed + " bytes");
        }
    }

    // ---- data ----

    /** The content of an entry: in place if it is stored, else inflated now. */
    Supplier<MemorySegment> data(Entry entry) throws IOException {
        long offset = dataOffset(entry);
        if (entry.method == STORED) {
            return () -> content.slice(offset, entry.size);
        }
        MemorySegment whole = inflate(entry, offset);
        return () -> whole;
    }

    /** The first bytes of an entry, all of them if it is shorter. */
    byte[] beginning(Entry entry, int most) throws IOException {
        int length = (int) Math.min(most, entry.size);
        if (entry.method == STORED) {
            return content.read(dataOffset(entry), length, place(entry.name));
        }
        return inflate(entry, dataOffset(entry)).asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }

    private long dataOffset(Entry entry) throws IOException {
        ByteBuffer local = littleEndian(content.read(entry.local, LOCAL_LENGTH, place(entry.name)));
        if (local.getInt(0) != LOCAL_SIGNATURE) {
            throw error(place(entry.name), "a local header at byte " + entry.local, "0x" + Integer.toHexString(local.getInt(0)));
        }
        long offset = entry.local + LOCAL_LENGTH + (local.getShort(26) & 0xFFFF) + (local.getShort(28) & 0xFFFF);
        if (offset > content.size() - entry.compressed) {
            throw error(place(entry.name), "data within the file of " + content.size() + " bytes",
                    entry.compressed + " bytes at byte " + offset);
        }
        return offset;
    }

    private MemorySegment inflate(Entry entry, long offset) throws CheckpointFormatException {
        MemorySegment before = inflated.get(entry.name);
        if (before != null) {
            return before;
        }
        if (entry.size > inflatable) {
            throw error(place(entry.name), "at most " + inflatable + " more bytes to inflate from a file of " + content.size() + " bytes",
                    entry.size + " bytes");
        }
        inflatable -= entry.size;
        MemorySegment source = content.slice(offset, entry.compressed);
        MemorySegment target = content.allocate(entry.size);
        CRC32 checksum = new CRC32();
        long done = inflate(entry, source, target, checksum);
        if (done != entry.size) {
            throw error(place(entry.name), entry.size + " bytes when inflated", (done > entry.size ? "more" : done + " bytes"));
        }
        if ((int) checksum.getValue() != entry.checksum) {
            throw error(place(entry.name), "content of checksum " + Integer.toHexString(entry.checksum),
                    Long.toHexString(checksum.getValue()));
        }
        inflated.put(entry.name, target.asReadOnly());
        return inflated.get(entry.name);
    }

    /** Inflates until the end of the stream or just beyond the target; returns how many bytes there were. */
    private long inflate(Entry entry, MemorySegment source, MemorySegment target, CRC32 checksum) throws CheckpointFormatException {
        byte[] in = new byte[1 << 13];
        byte[] out = new byte[1 << 15];
        long read = 0;
        long done = 0;
        try (Inflater inflater = new Inflater(true)) {
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    int length = (int) Math.min(in.length, source.byteSize() - read);
                    if (length == 0) {
                        return done;
                    }
                    MemorySegment.copy(source, ValueLayout.JAVA_BYTE, read, in, 0, length);
                    inflater.setInput(in, 0, length);
                    read += length;
                }
                int count = inflater.inflate(out);
                if (inflater.needsDictionary()) {
                    return done;
                }
                if (count > target.byteSize() - done) {
                    return Long.MAX_VALUE;
                }
                MemorySegment.copy(out, 0, target, ValueLayout.JAVA_BYTE, done, count);
                checksum.update(out, 0, count);
                done += count;
            }
            return done;
        } catch (DataFormatException e) {
            String found = "a damaged stream: " + e.getMessage();
            throw new CheckpointFormatException(content.file(), place(entry.name), "deflated data", found, e);
        }
    }

    static String place(String name) {
        return "zip entry " + JsonString.quote(name);
    }

    private static long unsigned(ByteBuffer bytes, int at) {
        return bytes.getInt(at) & 0xFFFF_FFFFL;
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private CheckpointFormatException error(String place, String expected, String found) {
        return new CheckpointFormatException(content.file(), place, expected, found);
    }
}
