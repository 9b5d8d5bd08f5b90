package jot.checkpoint;

import java.io.IOException;

/**
 * Tells the formats of weight files apart by how they begin, and reads each by its own class.
 */
final class FileFormat {

    private FileFormat() {
    }

    static TensorFile read(FileContent content) throws IOException {
        return SafetensorsFile.read(content);
    }
}
