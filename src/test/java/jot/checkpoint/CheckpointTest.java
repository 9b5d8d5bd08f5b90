package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.floats;
import static jot.checkpoint.SafetensorsBytes.single;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {

    private static final Path MODELS = Path.of("src/test/resources/models");

    @TempDir
    private Path folder;

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private static CheckpointFormatException refusal(Path path) {
        return assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(path).close());
    }

    // ---- published layouts ----

    static Stream<Path> fixtures() throws IOException {
        try (Stream<Path> folders = Files.list(MODELS)) {
            return folders.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void opensEveryModel(Path model) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            assertTrue(checkpoint.names().size() > 10);
            for (String name : checkpoint.names()) {
                assertEquals(checkpoint.tensor(name).elements(), checkpoint.floats(name).length, name);
            }
        }
    }

    @Test
    void readsReferenceLogits() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(MODELS.resolve("gpt2/expected.safetensors"))) {
            long[] ids = checkpoint.longs("input_ids");
            assertArrayEquals(new long[] {ids.length}, checkpoint.shape("input_ids"));
            assertEquals(ids.length * checkpoint.shape("logits")[1], checkpoint.floats("logits").length);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsShards(boolean mapped) throws IOException {
        try (Checkpoint shards = Checkpoint.open(MODELS.resolve("gpt2-sharded"), mapped);
                Checkpoint index = Checkpoint.open(MODELS.resolve("gpt2-sharded/model.safetensors.index.json"), mapped)) {
            assertEquals(index.names(), shards.names());
            assertTrue(shards.files().size() > 1);
            for (Path file : shards.files()) {
                try (Checkpoint one = Checkpoint.open(file)) {
                    for (String name : one.names()) {
                        assertArrayEquals(one.floats(name), shards.floats(name));
                        assertEquals(file, shards.tensor(name).file());
                    }
                }
            }
        }
    }

    @Test
    void readsFromWithinAnArchive() throws IOException {
        Path jar = folder.resolve("model.jar");
        try (FileSystem archive = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of("create", "true"))) {
            Files.createDirectory(archive.getPath("/model"));
            Files.write(archive.getPath("/model/model.safetensors"), single("x", "F32", "[2]", floats(3, 4)));
        }
        try (FileSystem archive = FileSystems.newFileSystem(jar)) {
            try (Checkpoint checkpoint = Checkpoint.open(archive.getPath("/model"))) {
                assertArrayEquals(new float[] {3, 4}, checkpoint.floats("x"));
            }
            assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(archive.getPath("/")));
        }
    }

    // ---- use ----

    @Test
    void namesTheNearestTensors() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(MODELS.resolve("gpt2"))) {
            String wanted = "transformer.h.0.atn.c_attn.weight";
            String message = assertThrows(IllegalArgumentException.class, () -> checkpoint.shape(wanted)).getMessage();
            assertTrue(message.contains("\"" + wanted + "\""), message);
            assertTrue(message.contains("nearest: transformer.h.0.attn.c_attn.weight"), message);
            assertThrows(IllegalArgumentException.class, () -> checkpoint.floats("x".repeat(100_000)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void refusesUseAfterClose(boolean mapped) throws IOException {
        Checkpoint checkpoint = Checkpoint.open(write("x.safetensors", single("x", "F32", "[2]", floats(3, 4))), mapped);
        Tensor tensor = checkpoint.tensor("x");
        MemorySegment data = tensor.data();
        checkpoint.close();
        checkpoint.close();
        String message = assertThrows(IllegalStateException.class, () -> checkpoint.floats("x")).getMessage();
        assertTrue(message.contains("x.safetensors is closed"), message);
        assertThrows(IllegalStateException.class, () -> checkpoint.longs("x"));
        assertThrows(IllegalStateException.class, () -> checkpoint.shape("x"));
        assertThrows(IllegalStateException.class, () -> checkpoint.tensor("x"));
        assertTrue(assertThrows(IllegalStateException.class, tensor::floats).getMessage().contains("closed"));
        assertThrows(IllegalStateException.class, () -> data.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void refusesLateReadsAfterClose() throws IOException {
        Checkpoint checkpoint = Checkpoint.open(write("x.safetensors", single("x", "F32", "[2]", floats(3, 4))), false);
        Tensor tensor = checkpoint.tensor("x");
        checkpoint.close();
        assertThrows(IllegalStateException.class, tensor::data);
    }

    @Test
    void handsOutCopies() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(write("x.safetensors", single("x", "F32", "[2]", floats(3, 4))))) {
            checkpoint.shape("x")[0] = 9;
            checkpoint.floats("x")[0] = 9;
            assertArrayEquals(new long[] {2}, checkpoint.shape("x"));
            assertArrayEquals(new float[] {3, 4}, checkpoint.floats("x"));
            assertThrows(UnsupportedOperationException.class, () -> checkpoint.names().remove("x"));
            assertThrows(UnsupportedOperationException.class, () -> checkpoint.metadata().put("x", "y"));
            assertThrows(UnsupportedOperationException.class, () -> checkpoint.files().clear());
            assertThrows(IllegalArgumentException.class, () -> checkpoint.tensor("x").data().set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void servesManyThreads(boolean mapped) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(MODELS.resolve("gpt2"), mapped);
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Double>> sums = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                sums.add(threads.submit(() -> sum(checkpoint)));
            }
            double expected = sum(checkpoint);
            for (Future<Double> sum : sums) {
                assertEquals(expected, sum.get());
            }
        }
    }

    private static double sum(Checkpoint checkpoint) {
        double sum = 0;
        for (String name : checkpoint.names()) {
            for (float value : checkpoint.floats(name)) {
                sum += value;
            }
        }
        return sum;
    }

    @Test
    void readsUnmappedDataOnlyWhenAskedFor() throws IOException {
        Path file = write("x.safetensors", single("x", "F32", "[2]", floats(3, 4)));
        try (Checkpoint checkpoint = Checkpoint.open(file, false)) {
            Files.write(file, single("x", "F32", "[2]", floats(5, 6)));
            assertArrayEquals(new float[] {5, 6}, checkpoint.floats("x"));
            Files.write(file, new byte[0]);
            assertArrayEquals(new float[] {5, 6}, checkpoint.floats("x"));
        }
    }

    @Test
    void namesAFileThatGotShorter() throws IOException {
        byte[] large = new byte[1 << 20];
        Path file = write("x.safetensors", single("x", "U8", "[1048576]", large));
        try (Checkpoint mapped = Checkpoint.open(file); Checkpoint unmapped = Checkpoint.open(file, false)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(100);
            }
            IllegalStateException cut = assertThrows(IllegalStateException.class, () -> mapped.floats("x"));
            assertTrue(cut.getMessage().contains("x.safetensors"), cut.getMessage());
            assertTrue(assertThrows(IllegalStateException.class, () -> unmapped.floats("x")).getMessage().contains("x.safetensors"));
        }
    }

    // ---- folders ----

    @Test
    void refusesWhatHoldsNoWeights() throws IOException {
        assertEquals("no weights", refusal(folder).found());
        assertEquals("nothing there", refusal(folder.resolve("missing")).found());
        assertEquals(folder.toString(), refusal(folder).file());
        write("config.json", new byte[] {'{', '}'});
        assertEquals("no weights", refusal(folder).found());
        Files.createDirectory(folder.resolve("model.safetensors"));
        assertEquals("no weights", refusal(folder).found());
    }

    @Test
    void takesASingleFileOfAnyName() throws IOException {
        write("adapter.safetensors", single("x", "U8", "[1]", (byte) 1));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertArrayEquals(new long[] {1}, checkpoint.longs("x"));
        }
        write("other.safetensors", single("x", "U8", "[1]", (byte) 2));
        assertEquals("2 safetensors files: adapter.safetensors, other.safetensors", refusal(folder).found());
        write("model.safetensors", single("x", "U8", "[1]", (byte) 3));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertArrayEquals(new long[] {3}, checkpoint.longs("x"));
        }
    }

    // ---- shards ----

    private void writeIndex(String weightMap) throws IOException {
        String index = "{\"metadata\":{\"total_size\":2},\"weight_map\":" + weightMap + "}";
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);
        write("s1.safetensors", single("a", "U8", "[1]", (byte) 1));
        write("s2.safetensors", single("b", "U8", "[1]", (byte) 2));
    }

    @Test
    void joinsShardsAndTheirSubfolders() throws IOException {
        writeIndex("{\"c\":\"deep/s3.safetensors\",\"b\":\"s2.safetensors\",\"a\":\"./s1.safetensors\"}");
        Files.createDirectory(folder.resolve("deep"));
        write("deep/s3.safetensors", single("c", "U8", "[1]", (byte) 3));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertEquals(List.of("c", "b", "a"), List.copyOf(checkpoint.names()));
            assertArrayEquals(new long[] {1}, checkpoint.longs("a"));
            assertArrayEquals(new long[] {3}, checkpoint.longs("c"));
        }
    }

    @Test
    void keepsTensorsThatTheIndexForgets() throws IOException {
        writeIndex("{\"a\":\"s1.safetensors\"}");
        write("s1.safetensors", SafetensorsBytes.file(SafetensorsBytes.header(
                SafetensorsBytes.entry("a", "U8", "[1]", 0, 1), SafetensorsBytes.entry("extra", "U8", "[1]", 1, 2)), (byte) 1, (byte) 2));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertArrayEquals(new long[] {2}, checkpoint.longs("extra"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../s1.safetensors", "a/../../s1.safetensors", "/etc/passwd", "..", "", "C:/x.safetensors", "C:x",
        "..\\\\s1.safetensors", "\\\\\\\\server\\\\x", "a//b", "s1.safetensors/", "a/..", "\\u0000"})
    void refusesShardsOutsideTheFolder(String name) throws IOException {
        writeIndex("{\"a\":\"" + name + "\"}");
        CheckpointFormatException refused = refusal(folder);
        assertEquals("weight_map, tensor \"a\"", refused.place());
        assertTrue(refused.expected().startsWith("a file name"), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"a\":\"s9.safetensors\"}                             | no file \"s9.safetensors\"",
        "{\"a\":\"s1.safetensors\",\"b\":\"s1.safetensors\"}    | no such tensor",
        "{\"a\":3}                                              | the number 3",
        "[]                                                     | an array",
        "{\"a\":\"s1.safetensors\",\"a\":\"s2.safetensors\"}    | \"a\" twice",
        "{\"a\":\"s1.safetensors\"                              | the end of the document"})
    void refusesAnIndexThatIsWrong(String weightMap, String found) throws IOException {
        writeIndex(weightMap);
        assertEquals(found, refusal(folder).found());
    }

    @Test
    void refusesATensorInTwoShards() throws IOException {
        writeIndex("{\"a\":\"s1.safetensors\",\"b\":\"s2.safetensors\"}");
        write("s2.safetensors", SafetensorsBytes.file(SafetensorsBytes.header(
                SafetensorsBytes.entry("b", "U8", "[1]", 0, 1), SafetensorsBytes.entry("a", "U8", "[1]", 1, 2)), (byte) 1, (byte) 2));
        assertTrue(refusal(folder).found().startsWith("\"a\" here and in "));
    }

    @Test
    void namesTheShardThatIsDamaged() throws IOException {
        writeIndex("{\"a\":\"s1.safetensors\",\"b\":\"s2.safetensors\"}");
        write("s2.safetensors", new byte[3]);
        assertEquals(folder.resolve("s2.safetensors").toString(), refusal(folder).file());
    }

    @Test
    void refusesAnIndexWithoutWeightMap() throws IOException {
        Path index = folder.resolve("model.safetensors.index.json");
        Files.writeString(index, "{\"metadata\":{}}");
        assertEquals("member \"weight_map\"", refusal(index).place());
        Files.writeString(index, "[]");
        assertEquals("an array", refusal(index).found());
    }

    @Test
    void keepsPartsOfTheError() {
        Throwable cause = new IOException("x");
        CheckpointFormatException e = new CheckpointFormatException(Path.of("f"), "header", "this", "that", cause);
        assertEquals("f: header: expected this, found that", e.getMessage());
        assertEquals("header", e.place());
        assertEquals("this", e.expected());
        assertSame(cause, e.getCause());
        assertEquals("f: expected this, found that", new CheckpointFormatException(Path.of("f"), "", "this", "that").getMessage());
    }
}
