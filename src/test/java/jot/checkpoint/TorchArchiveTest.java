package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.floats;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchArchiveTest {

    private static final Path RESOURCES = Path.of("src/test/resources");

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("pytorch_model.bin"), bytes);
    }

    private CheckpointFormatException refusal(byte[] bytes) throws IOException {
        Path file = write(bytes);
        CheckpointFormatException refused = assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close());
        CheckpointFormatException unmapped = assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(folder, false).close());
        assertEquals(refused.getMessage(), unmapped.getMessage());
        return refused;
    }

    private static PickleBytes pickle() {
        return PickleBytes.protocol(2);
    }

    private static long[] of(long... values) {
        return values;
    }

    // ---- sound files ----

    @ParameterizedTest
    @ValueSource(strings = {"models/gpt2-bin/pytorch_model.bin", "adapters/llama-all-linear-bin/adapter_model.bin"})
    void readsWhatPyTorchWrote(String name) throws IOException {
        Path file = RESOURCES.resolve(name);
        try (Checkpoint checkpoint = Checkpoint.open(file); ZipFile zip = new ZipFile(file.toFile())) {
            String prefix = zip.entries().nextElement().getName().replace("data.pkl", "data/");
            int key = 0;
            for (String tensor : checkpoint.names()) {
                assertEquals(DataType.F32, checkpoint.tensor(tensor).dataType());
                if (tensor.equals("lm_head.weight")) {
                    assertArrayEquals(checkpoint.floats("transformer.wte.weight"), checkpoint.floats(tensor));
                }
                try (InputStream stored = zip.getInputStream(zip.getEntry(prefix + key++))) {
                    assertArrayEquals(stored.readAllBytes(), checkpoint.tensor(tensor).data().toArray(ValueLayout.JAVA_BYTE));
                }
            }
            assertTrue(key > 20);
        }
    }

    @Test
    void findsTheFileInAFolder() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(RESOURCES.resolve("models/gpt2-bin"));
                Checkpoint adapter = Checkpoint.open(RESOURCES.resolve("adapters/llama-all-linear-bin"))) {
            assertArrayEquals(of(131, 32), checkpoint.shape("transformer.wte.weight"));
            assertEquals("adapter_model.bin", adapter.files().getFirst().getFileName().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsViewsOfSharedStorages(boolean mapped) throws IOException {
        byte[] pickle = pickle().raw("}(")
                .text("whole").tensor("0", 6, 0, of(2, 3), of(3, 1))
                .text("transposed").tensor("0", 6, 0, of(3, 2), of(1, 3))
                .text("part").tensor("0", 6, 2, of(2), of(1))
                .text("column").tensor("0", 6, 1, of(2), of(3))
                .text("row").tensor("0", 6, 3, of(1, 3), of(99, 1))
                .text("spread").tensor("0", 6, 5, of(2, 2), of(0, 0))
                .text("scalar").tensor("0", 6, 4, of(), of())
                .text("none").tensor("0", 6, 6, of(0, 3), of(3, 1))
                .raw('u').stop();
        byte[] file = ZipBytes.torch(pickle).stored("model/data/0", floats(0, 1, 2, 3, 4, 5)).bytes();
        try (Checkpoint checkpoint = Checkpoint.open(write(file), mapped)) {
            List<String> names = List.of("whole", "transposed", "part", "column", "row", "spread", "scalar", "none");
            assertEquals(names, List.copyOf(checkpoint.names()));
            assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, checkpoint.floats("whole"));
            assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, checkpoint.floats("transposed"));
            assertArrayEquals(of(3, 2), checkpoint.shape("transposed"));
            assertArrayEquals(new float[] {2, 3}, checkpoint.floats("part"));
            assertArrayEquals(new float[] {1, 4}, checkpoint.floats("column"));
            assertArrayEquals(new float[] {3, 4, 5}, checkpoint.floats("row"));
            assertArrayEquals(new float[] {5, 5, 5, 5}, checkpoint.floats("spread"));
            assertArrayEquals(new float[] {4}, checkpoint.floats("scalar"));
            assertEquals(0, checkpoint.floats("none").length);
            assertTrue(checkpoint.tensor("transposed").data().isReadOnly());
            assertEquals(checkpoint.tensor("whole").data().address() + 8, checkpoint.tensor("part").data().address());
        }
    }

    @Test
    void readsContainersAndParameters() throws IOException {
        byte[] pickle = pickle().raw("}(")
                .text("epoch").integer(3)
                .text("nothing").raw('N')
                .text("state").global("collections", "OrderedDict").raw(")R(")
                .text("p").global("torch._utils", "_rebuild_parameter").mark().tensor("0", 2, 0, of(2), of(1)).raw(0x88).raw("NtR")
                .raw("u}").text("_metadata").raw("}sb")
                .text("list").raw("](").tensor("0", 2, 1, of(1), of(1)).integer(5).tensor("0", 2, 0, of(1), of(1)).raw('e')
                .raw('u').stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", floats(8, 9)).bytes()))) {
            assertEquals(List.of("state.p", "list.0", "list.2"), List.copyOf(checkpoint.names()));
            assertArrayEquals(new float[] {8, 9}, checkpoint.floats("state.p"));
            assertArrayEquals(new float[] {9}, checkpoint.floats("list.0"));
        }
    }

    @Test
    void readsSubclassesOfTensors() throws IOException {
        byte[] pickle = pickle().raw('}').text("x").global("torch._tensor", "_rebuild_from_type_v2").mark()
                .global("torch._utils", "_rebuild_tensor_v2").global("torch.nn.parameter", "Parameter")
                .mark().storage("FloatStorage", "0", 2).integer(0).integers(2).integers(1).raw(0x89).raw("}t}tRs").stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", floats(8, 9)).bytes()))) {
            assertArrayEquals(new float[] {8, 9}, checkpoint.floats("x"));
        }
    }

    @Test
    void passesOverWhatIsNoTensor() throws IOException {
        byte[] pickle = pickle().raw("}(")
                .text("device").global("torch", "device").text("cpu").raw(0x85, 'R')
                .text("type").global("torch", "float32")
                .text("size").global("torch", "Size").integers(2, 3).raw(0x85, 'R')
                .text("defaults").global("collections", "defaultdict").global("builtins", "dict").raw(0x85, 'R')
                .text("set").global("builtins", "set").raw("](").integer(1).raw('e', 0x85, 'R')
                .integer(5).tensor("0", 2, 0, of(2), of(1))
                .raw('u').stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", floats(8, 9)).bytes()))) {
            assertEquals(List.of("5"), List.copyOf(checkpoint.names()));
        }
    }

    @Test
    void namesALoneTensorAfterItsFile() throws IOException {
        byte[] pickle = pickle().tensor("0", 2, 0, of(2), of(1)).stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", floats(8, 9)).bytes()))) {
            assertArrayEquals(new float[] {8, 9}, checkpoint.floats("pytorch_model"));
        }
    }

    static Stream<Arguments> storageTypes() {
        return Stream.of(Arguments.of("FloatStorage", "F32"), Arguments.of("DoubleStorage", "F64"), Arguments.of("HalfStorage", "F16"),
                Arguments.of("BFloat16Storage", "BF16"), Arguments.of("LongStorage", "I64"), Arguments.of("IntStorage", "I32"),
                Arguments.of("ShortStorage", "I16"), Arguments.of("CharStorage", "I8"), Arguments.of("ByteStorage", "U8"),
                Arguments.of("BoolStorage", "BOOL"), Arguments.of("ComplexFloatStorage", "C64"));
    }

    @ParameterizedTest
    @MethodSource("storageTypes")
    void knowsStorageTypes(String storage, DataType type) throws IOException {
        byte[] pickle = pickle().raw('}').text("x").tensor(storage, "0", 3, 0, of(3), of(1)).raw('s').stop();
        byte[] data = new byte[3 * type.bits() / 8];
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", data).bytes()))) {
            assertEquals(type, checkpoint.tensor("x").dataType());
            assertEquals(data.length, checkpoint.tensor("x").data().byteSize());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float8_e4m3fn F8_E4M3", "float8_e5m2 F8_E5M2", "uint16 U16", "uint32 U32", "uint64 U64", "bfloat16 BF16"})
    void knowsDataTypesOfUntypedStorages(String names) throws IOException {
        String[] both = names.split(" ");
        DataType type = DataType.valueOf(both[1]);
        byte[] pickle = pickle().raw('}').text("x").global("torch._utils", "_rebuild_tensor_v3").mark().storage("UntypedStorage", "0", 24)
                .integer(0).integers(2).integers(1).raw(0x89).raw('N').global("torch", both[0]).raw("tRs").stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(ZipBytes.torch(pickle).stored("model/data/0", new byte[24]).bytes()))) {
            assertEquals(type, checkpoint.tensor("x").dataType());
            assertEquals(type.bits() / 4, checkpoint.tensor("x").data().byteSize());
        }
    }

    @Test
    void reversesTheBytesOfBigEndianMachines() throws IOException {
        byte[] pickle = pickle().raw('}').text("x").tensor("0", 1, 0, of(1), of(1)).raw('s').stop();
        byte[] file = new ZipBytes().stored("m/data.pkl", pickle).stored("m/byteorder", "big".getBytes(StandardCharsets.US_ASCII))
                .stored("m/data/0", (byte) 0x3F, (byte) 0x80, (byte) 0, (byte) 0).bytes();
        try (Checkpoint checkpoint = Checkpoint.open(write(file))) {
            assertArrayEquals(new float[] {1}, checkpoint.floats("x"));
        }
    }

    @Test
    void inflatesArchivesThatWerePackedAgain() throws IOException {
        byte[] pickle = pickle().raw('}').text("x").tensor("0", 100, 0, of(100), of(1)).raw('s').stop();
        byte[] file = new ZipBytes().deflated("m/data.pkl", pickle).deflated("m/data/0", new byte[400]).bytes();
        try (Checkpoint checkpoint = Checkpoint.open(write(file))) {
            assertArrayEquals(new float[100], checkpoint.floats("x"));
        }
    }

    @Test
    void joinsShards() throws IOException {
        for (String name : List.of("a", "b")) {
            byte[] pickle = pickle().raw('}').text(name).tensor("0", 1, 0, of(1), of(1)).raw('s').stop();
            Files.write(folder.resolve(name + ".bin"), ZipBytes.torch(pickle).stored("model/data/0", floats(name.charAt(0))).bytes());
        }
        Files.writeString(folder.resolve("pytorch_model.bin.index.json"), "{\"weight_map\":{\"a\":\"a.bin\",\"b\":\"b.bin\"}}");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertArrayEquals(new float[] {'a'}, checkpoint.floats("a"));
            assertArrayEquals(new float[] {'b'}, checkpoint.floats("b"));
        }
    }

    // ---- hostile files ----

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of("beyond the storage", pickle().tensor("0", 2, 1, of(2), of(1)), "one that ends after 3 elements"),
                Arguments.of("strides beyond the storage", pickle().tensor("0", 2, 0, of(2), of(2)), "one that ends after 3 elements"),
                Arguments.of("sizes beyond a long", pickle().tensor("0", 2, 0, of(1L << 62, 4), of(0, 0)), "one beyond 2^63 elements"),
                Arguments.of("strides beyond a long", pickle().tensor("0", 2, 0, of(3), of(Long.MAX_VALUE)), "one beyond 2^63 elements"),
                Arguments.of("offset beyond a long", pickle().tensor("0", 2, Long.MAX_VALUE, of(1), of(1)), "one beyond 2^63 elements"),
                Arguments.of("negative size", pickle().tensor("0", 2, 0, of(-1), of(1)), "the number -1"),
                Arguments.of("negative stride", pickle().tensor("0", 2, 1, of(2), of(-1)), "the number -1"),
                Arguments.of("negative offset", pickle().tensor("0", 2, -1, of(1), of(1)), "the number -1"),
                Arguments.of("fewer strides", pickle().tensor("0", 2, 0, of(1, 1), of(1)), "1 for 2"),
                Arguments.of("many dimensions", pickle().tensor("0", 2, 0, new long[65], new long[65]), "65"),
                Arguments.of("spread over much memory", pickle().tensor("0", 2, 0, of(1L << 40), of(0)), (4L << 40) + " bytes"),
                Arguments.of("negative storage", pickle().tensor("0", -2, 0, of(0), of(1)), "the number -2"),
                Arguments.of("huge storage", pickle().tensor("0", Long.MAX_VALUE, 0, of(1), of(1)), Long.MAX_VALUE + " elements of F32"),
                Arguments.of("storage of another size", pickle().tensor("0", 3, 0, of(1), of(1)), "8 bytes"),
                Arguments.of("storage that is not there", pickle().tensor("7", 2, 0, of(1), of(1)), "none"),
                Arguments.of("storage outside", pickle().tensor("../../x", 2, 0, of(1), of(1)), "none"),
                Arguments.of("two types of a storage", pickle().mark().tensor("0", 2, 0, of(1), of(1))
                        .tensor("IntStorage", "0", 2, 0, of(1), of(1)).raw('t'), "two"),
                Arguments.of("untyped tensor", pickle().tensor("UntypedStorage", "0", 8, 0, of(1), of(1)), "6 arguments"),
                Arguments.of("a name twice", pickle().raw("}(").text("a.b").tensor("0", 2, 0, of(1), of(1)).text("a").raw('}').text("b")
                        .tensor("0", 2, 0, of(1), of(1)).raw("su"), "\"a.b\" here and in "),
                Arguments.of("a dictionary in itself", pickle().raw("}q\0").text("a").raw("h\0s"),
                        "more: perhaps one that contains itself"),
                Arguments.of("a list in itself", pickle().raw("]q\0h\0a"), "more: perhaps one that contains itself"),
                Arguments.of("two lists in each other", pickle().raw("]q\0]q\1h\0ah\1a0h\0h\1a"), "more: perhaps one that contains itself"),
                Arguments.of("lists that share their parts", pickle().raw(")q\0" + "(h\0h\0h\0h\0h\0h\0h\0h\0tq\0".repeat(50)),
                        "more: perhaps one that contains itself"),
                Arguments.of("another function in place of a tensor's", pickle().global("torch._tensor", "_rebuild_from_type_v2").mark()
                        .global("collections", "OrderedDict").raw("N)NtR"), "4 arguments"),
                Arguments.of("a parameter of no tensor", pickle().global("torch._utils", "_rebuild_parameter").raw("NN\u0086R"),
                        "2 arguments"),
                Arguments.of("a storage without size", pickle().mark().text("storage").global("torch", "FloatStorage").raw("tQ"),
                        "a sequence of 2"),
                Arguments.of("a tensor without storage", pickle().global("torch._utils", "_rebuild_tensor").raw("(NNNNtR"), "4 arguments"),
                Arguments.of("a data type as function", pickle().global("torch", "float32").raw(")R"), "F32"),
                Arguments.of("a class as function", pickle().global("torch", "Tensor").raw(")R"), "torch.Tensor"),
                Arguments.of("code", pickle().global("os", "system").text("true").raw(0x85).raw('R'), "a reference to \"os.system\""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void refusesHostilePickles(String what, PickleBytes pickle, String found) throws IOException {
        CheckpointFormatException refused = refusal(ZipBytes.torch(pickle.stop()).stored("model/data/0", floats(1, 2)).bytes());
        assertTrue(refused.found().startsWith(found), refused.getMessage());
        assertTrue(refused.file().endsWith("pytorch_model.bin"));
    }

    @Test
    void refusesNamesThatGrowBeyondTheFile() throws IOException {
        PickleBytes pickle = pickle().tensor("0", 2, 0, of(1), of(1)).raw("q\0" + "0}");
        pickle.text("x".repeat(200_000)).raw("}(");
        for (int i = 0; i < 500; i++) {
            pickle.integer(i).raw("h\0");
        }
        CheckpointFormatException refused = refusal(ZipBytes.torch(pickle.raw("us").stop()).stored("model/data/0", floats(1, 2)).bytes());
        assertEquals("longer ones", refused.found());
    }

    @Test
    void refusesArchivesThatHoldSomethingElse() throws IOException {
        assertEquals("readme.txt, x.npy", refusal(new ZipBytes().stored("readme.txt").stored("x.npy").bytes()).found());
        assertEquals("2", refusal(new ZipBytes().stored("a/data.pkl").stored("b/data.pkl").bytes()).found());
        byte[] order = new ZipBytes().stored("m/data.pkl", pickle().raw('}').stop()).stored("m/byteorder", (byte) 'x').bytes();
        assertEquals("\"x\"", refusal(order).found());
        assertEquals("0 to the end", refusal(new ZipBytes().stored("m/data.pkl").bytes()).found());
    }
}
