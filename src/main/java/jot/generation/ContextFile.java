package jot.generation;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import jot.checkpoint.CheckpointFormatException;
import jot.model.KvCache;

/**
 * A context in a file: its tokens and its keys and values.
 *
 * <p>Big-endian: the letters {@code JOTCTX}, version (2 bytes), fingerprint of the model (32), number of tokens (4), the tokens (4 each),
 * positions in the cache (4), context that they were computed for (4), floats of a page (4), the pages, CRC-32 of all before (8). It is
 * written beside its place and then moved there, so that a failure leaves the old file.
 */
final class ContextFile {
    private static final byte[] LETTERS = "JOTCTX".getBytes(StandardCharsets.US_ASCII);
    private static final short VERSION = 1;
    private static final int FINGERPRINT_BYTES = 32;

    private final Path file;
    private final byte[] fingerprint;

    /** What a file holds. */
    record Saved(int[] tokens, Sequence sequence) {
    }

    ContextFile(Path file, byte[] fingerprint) {
        this.file = file;
        this.fingerprint = fingerprint.clone();
    }

    void write(int[] tokens, Sequence sequence) throws IOException {
        Path target = file.toAbsolutePath();
        Path beside = Files.createTempFile(target.getParent(), "." + target.getFileName(), ".part");
        try {
            CRC32 sum = new CRC32();
            try (DataOutputStream out = new DataOutputStream(new CheckedOutputStream(
                    new BufferedOutputStream(Files.newOutputStream(beside), 1 << 16), sum))) {
                out.write(LETTERS);
                out.writeShort(VERSION);
                out.write(fingerprint);
                writeInts(out, tokens);
                writeCache(out, sequence.cache());
                out.writeLong(sum.getValue());
            }
            Files.move(beside, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private static void writeInts(DataOutputStream out, int[] values) throws IOException {
        out.writeInt(values.length);
        for (int value : values) {
            out.writeInt(value);
        }
    }

    private static void writeCache(DataOutputStream out, KvCache cache) throws IOException {
        int pages = KvCache.pagesOf(cache.length());
        out.writeInt(cache.length());
        out.writeInt(cache.contextLength());
        out.writeInt(pages == 0 ? 0 : cache.page(0).length);
        for (int page = 0; page < pages; page++) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(4, cache.page(page).length));
            bytes.asFloatBuffer().put(cache.page(page));
            out.write(bytes.array());
        }
    }

    Saved read(Inference inference) throws IOException {
        CRC32 sum = new CRC32();
        try (DataInputStream in = new DataInputStream(new CheckedInputStream(
                new BufferedInputStream(Files.newInputStream(file), 1 << 16), sum))) {
            expect(Arrays.equals(in.readNBytes(LETTERS.length), LETTERS), "first bytes", "JOTCTX", "other bytes");
            short version = in.readShort();
            expect(version == VERSION, "version", Short.toString(VERSION), Short.toString(version));
            byte[] found = in.readNBytes(FINGERPRINT_BYTES);
            expect(Arrays.equals(found, fingerprint), "fingerprint of the model", HexFormat.of().formatHex(fingerprint),
                    HexFormat.of().formatHex(found) + ", of another model");
            int[] tokens = readTokens(in, inference);
            KvCache cache = readCache(in, tokens.length, inference);
            long computed = sum.getValue();
            long stored = in.readLong();
            expect(stored == computed, "checksum", Long.toHexString(computed), Long.toHexString(stored));
            expect(in.read() < 0, "end", "the end of the file", "more bytes");
            requireRoom(tokens.length, inference);
            return new Saved(tokens, Sequence.restored(inference, cache, Arrays.copyOf(tokens, cache.length())));
        } catch (EOFException e) {
            throw new CheckpointFormatException(file, "end", "more bytes", "the end of a file of " + Files.size(file) + " bytes", e);
        }
    }

    /** Asked last, as the number of tokens in a damaged file says nothing of the context. */
    private static void requireRoom(int tokens, Inference inference) {
        if (tokens > inference.context()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "a saved context of %,d tokens, context of %,d", tokens,
                    inference.context()));
        }
    }

    private int[] readTokens(DataInputStream in, Inference inference) throws IOException {
        int count = in.readInt();
        expect(count >= 0 && count <= Files.size(file) / Integer.BYTES, "number of tokens", "at most what the file holds", "" + count);
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = in.readInt();
            expect(tokens[i] >= 0 && tokens[i] < inference.architecture().vocabulary(), "token " + i, "an id of the vocabulary",
                    "" + tokens[i]);
        }
        return tokens;
    }

    private KvCache readCache(DataInputStream in, int tokens, Inference inference) throws IOException {
        int length = in.readInt();
        expect(length >= 0 && length <= tokens, "positions in the cache", "0 to " + tokens, "" + length);
        int contextLength = in.readInt();
        expect(contextLength >= length || length == 0, "context of the cache", "at least " + length, "" + contextLength);
        int floats = in.readInt();
        int expected = length == 0 ? 0 : inference.layout().pageFloats();
        expect(floats == expected, "floats of a page", "" + expected, "" + floats);
        float[][] pages = new float[KvCache.pagesOf(length)][];
        expect((long) pages.length * floats * Float.BYTES <= Files.size(file), "pages", "at most what the file holds", pages.length
                + " pages");
        for (int page = 0; page < pages.length; page++) {
            byte[] bytes = in.readNBytes(floats * Float.BYTES);
            expect(bytes.length == floats * Float.BYTES, "page " + page, floats + " numbers", bytes.length + " bytes");
            pages[page] = new float[floats];
            ByteBuffer.wrap(bytes).asFloatBuffer().get(pages[page]);
        }
        return KvCache.restored(inference.layout(), length, contextLength, pages);
    }

    private void expect(boolean holds, String place, String expected, String found) throws CheckpointFormatException {
        if (!holds) {
            throw new CheckpointFormatException(file, place, expected, found);
        }
    }
}
