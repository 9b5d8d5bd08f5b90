package jot.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileFormatTest {

    @TempDir
    private Path folder;

    private String refusal(String content) throws IOException {
        Path file = Files.write(folder.resolve("weights.bin"), content.getBytes(StandardCharsets.ISO_8859_1));
        return assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close()).found();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "GGUF\3\0\0\0                            | a GGUF file",
        "\u0089HDF                              | an HDF5 file, as Keras and TensorFlow write it",
        "version https://git-lfs.github.com/spec/v1 | a Git LFS pointer in place of the file: fetch it with git lfs pull",
        "<!DOCTYPE html>                         | a web page in place of the file",
        "<html><body>                            | a web page in place of the file",
        "hello                                   | one that begins with 0x68656c6c6f"})
    void namesWhatItFound(String content, String found) throws IOException {
        assertEquals(found, refusal(content));
    }

    @Test
    void namesAnEmptyFile() throws IOException {
        assertEquals("an empty file", refusal(""));
    }
}
