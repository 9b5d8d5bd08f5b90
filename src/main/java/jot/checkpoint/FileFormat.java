package jot.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tells the formats of weight files apart by how they begin, and reads each by its own class.
 */
final class FileFormat {

    private static final int BEGINNING = 16;
    private static final byte PICKLE_PROTOCOL = (byte) 0x80;
    private static final String READABLE = "weights in a safetensors, PyTorch or NumPy file";

    /** What begins like this is known, but holds no weights that Jot reads. */
    private static final Map<String, String> UNREADABLE = new LinkedHashMap<>();

    static {
        UNREADABLE.put("GGUF", "a GGUF file");
        UNREADABLE.put("\u0089HDF", "an HDF5 file, as Keras and TensorFlow write it");
        UNREADABLE.put("version https://", "a Git LFS pointer in place of the file: fetch it with git lfs pull");
        UNREADABLE.put("<!DOCTYPE", "a web page in place of the file");
        UNREADABLE.put("<html", "a web page in place of the file");
    }

    private FileFormat() {
    }

    static TensorFile read(FileContent content) throws IOException {
        byte[] beginning = content.read(0, (int) Math.min(BEGINNING, content.size()), "");
        if (looksLikeSafetensors(beginning)) {
            return SafetensorsFile.read(content);
        }
        String text = new String(beginning, StandardCharsets.ISO_8859_1);
        if (text.startsWith("PK\3\4") || text.startsWith("PK\5\6")) {
            return readArchive(ZipArchive.read(content));
        }
        if (Arrays.equals(NumpyFile.MAGIC, Arrays.copyOf(beginning, NumpyFile.MAGIC.length))) {
            return NumpyFile.read(content);
        }
        if (beginning.length > 1 && beginning[0] == PICKLE_PROTOCOL && beginning[1] >= 2 && beginning[1] <= 5) {
            return TorchLegacyFile.read(content);
        }
        for (Map.Entry<String, String> known : UNREADABLE.entrySet()) {
            if (text.startsWith(known.getKey())) {
                throw new CheckpointFormatException(content.file(), "", READABLE, known.getValue());
            }
        }
        if (content.file().getFileName().toString().endsWith(".safetensors")) {
            return SafetensorsFile.read(content);
        }
        String found = beginning.length == 0 ? "an empty file" : "one that begins with 0x" + HexFormat.of().formatHex(beginning);
        throw new CheckpointFormatException(content.file(), "", READABLE, found);
    }

    /** A header below 4 GiB that begins as the format demands: no other format has four zeros and a brace there. */
    private static boolean looksLikeSafetensors(byte[] beginning) {
        return beginning.length > 8 && beginning[8] == '{'
                && beginning[4] == 0 && beginning[5] == 0 && beginning[6] == 0 && beginning[7] == 0;
    }

    private static TensorFile readArchive(ZipArchive archive) throws IOException {
        if (TorchArchive.isOne(archive)) {
            return TorchArchive.read(archive);
        }
        if (NumpyFile.isArchive(archive)) {
            return NumpyFile.read(archive);
        }
        throw new CheckpointFormatException(archive.content().file(), "zip directory",
                "PyTorch's " + TorchArchive.PICKLE + ", or NumPy's " + NumpyFile.SUFFIX + " files only",
                String.join(", ", archive.entries().keySet().stream().limit(5).toList()));
    }
}
