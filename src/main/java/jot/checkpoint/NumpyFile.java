package jot.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Reads NumPy's arrays: one in a {@code .npy} file, several by name in a {@code .npz} archive of such files.
 *
 * <p>Source: the format's page in NumPy's manual ({@code numpy.lib.format}). Arrays of Python objects, which are pickles, are refused.
 */
final class NumpyFile {

    static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    static final String SUFFIX = ".npy";
    private static final int LONGEST_HEADER = 1 << 16;

    private final FileContent content;
    private final String place;

    private NumpyFile(FileContent content, String place) {
        this.content = content;
        this.place = place;
    }

    /** The one array of a file, under the file's name without its suffix. */
    static TensorFile read(FileContent content) throws IOException {
        byte[] beginning = content.read(0, (int) Math.min(content.size(), LONGEST_HEADER), "header");
        Supplier<MemorySegment> whole = () -> content.slice(0, content.size());
        Tensor tensor = new NumpyFile(content, "header").tensor(content.stem(), beginning, content.size(), whole);
        return new TensorFile(List.of(tensor), Map.of());
    }

    /** Whether all entries of an archive are arrays. */
    static boolean isArchive(ZipArchive archive) {
        return archive.entries().keySet().stream().allMatch(name -> name.endsWith(SUFFIX));
    }

    static TensorFile read(ZipArchive archive) throws IOException {
        List<Tensor> tensors = new ArrayList<>();
        for (ZipArchive.Entry entry : archive.entries().values()) {
            Supplier<MemorySegment> data = archive.data(entry);
            byte[] beginning = archive.beginning(entry, LONGEST_HEADER);
            String name = entry.name().substring(0, entry.name().length() - SUFFIX.length());
            NumpyFile file = new NumpyFile(archive.content(), ZipArchive.place(entry.name()));
            tensors.add(file.tensor(name, beginning, entry.size(), data));
        }
        return new TensorFile(tensors, Map.of());
    }

    private Tensor tensor(String name, byte[] beginning, long size, Supplier<MemorySegment> whole) throws CheckpointFormatException {
        int headerStart = headerStart(beginning);
        int headerLength = headerLength(beginning, headerStart);
        if (headerLength > beginning.length - headerStart) {
            throw error("a header of at most " + (beginning.length - headerStart) + " bytes", headerLength + " bytes");
        }
        String text = new String(beginning, headerStart, headerLength, StandardCharsets.UTF_8);
        NumpyHeader header = NumpyHeader.parse(text, this::error);
        long dataStart = headerStart + headerLength;
        long length = length(header, size - dataStart);
        Supplier<MemorySegment> data = () -> whole.get().asSlice(dataStart, length).asReadOnly();
        return new Tensor(name, header.type(), header.shape(), content.file(), inOrder(header, data));
    }

    private int headerStart(byte[] beginning) throws CheckpointFormatException {
        if (beginning.length < MAGIC.length + 4 || !Arrays.equals(MAGIC, Arrays.copyOf(beginning, MAGIC.length))) {
            throw error("NumPy's signature", "something else");
        }
        int version = beginning[MAGIC.length];
        if (version < 1 || version > 3) {
            throw error("format version 1, 2 or 3", Integer.toString(version & 0xFF));
        }
        return MAGIC.length + (version == 1 ? 4 : 6);
    }

    /** The length, of two bytes in version 1 and four in later ones, ends where the header starts. */
    private int headerLength(byte[] beginning, int headerStart) throws CheckpointFormatException {
        if (beginning.length < headerStart) {
            throw error("a header", "the end of the file");
        }
        int length = 0;
        for (int i = headerStart - 1; i >= MAGIC.length + 2; i--) {
            length = length << 8 | beginning[i] & 0xFF;
        }
        return length < 0 ? Integer.MAX_VALUE : length;
    }

    private long length(NumpyHeader header, long available) throws CheckpointFormatException {
        String described = header.type() + Arrays.toString(header.shape());
        try {
            long length = header.type().bytes(Shape.elements(header.shape()));
            if (length != available) {
                throw error(length + " bytes for " + described, available + " bytes");
            }
            return length;
        } catch (ArithmeticException e) {
            throw new CheckpointFormatException(content.file(), place, "a shape that " + available + " bytes can hold", described, e);
        }
    }

    private Supplier<MemorySegment> inOrder(NumpyHeader header, Supplier<MemorySegment> data) {
        long[] shape = header.shape();
        long[] strides = header.fortranOrder() ? Shape.fortranStrides(shape) : Shape.packedStrides(shape);
        boolean swapped = header.bigEndian() && header.type().bits() > 8;
        if (!swapped && Shape.isPacked(shape, strides)) {
            return data;
        }
        return StridedCopy.of(data, content, header.type(), 0, shape, strides, swapped);
    }

    private CheckpointFormatException error(String expected, String found) {
        return new CheckpointFormatException(content.file(), place, expected, found);
    }
}
