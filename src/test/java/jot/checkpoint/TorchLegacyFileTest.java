package jot.checkpoint;

import static jot.checkpoint.PickleBytes.concatenated;
import static jot.checkpoint.PickleBytes.legacyBeginning;
import static jot.checkpoint.PickleBytes.legacyStorage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchLegacyFileTest {

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("pytorch_model.bin"), bytes);
    }

    private String refusal(byte[]... parts) throws IOException {
        Path file = write(concatenated(parts));
        return assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close()).found();
    }

    private static byte[] tensors() {
        long[] two = {2};
        long[] one = {1};
        return PickleBytes.protocol(2).global("collections", "OrderedDict").raw(")R(")
                .text("b").tensor("k7", 2, 0, two, one)
                .text("a").tensor("k3", 3, 1, two, one).raw('u').stop();
    }

    private static byte[] keys(String... keys) {
        PickleBytes list = PickleBytes.protocol(2).raw("](");
        for (String key : keys) {
            list.text(key);
        }
        return list.raw('e').stop();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readsStoragesInTheOrderOfTheirKeys(boolean mapped) throws IOException {
        byte[] file = concatenated(legacyBeginning(), tensors(), keys("k3", "k7"), legacyStorage(1, 2, 3), legacyStorage(8, 9));
        try (Checkpoint checkpoint = Checkpoint.open(write(file), mapped)) {
            assertEquals(List.of("b", "a"), List.copyOf(checkpoint.names()));
            assertArrayEquals(new float[] {8, 9}, checkpoint.floats("b"));
            assertArrayEquals(new float[] {2, 3}, checkpoint.floats("a"));
        }
    }

    @Test
    void readsViewsOfStorages() throws IOException {
        byte[] tensor = PickleBytes.protocol(2).raw('}').text("x").global("torch._utils", "_rebuild_tensor").mark()
                .mark().text("storage").global("torch", "FloatStorage").text("root").text("cpu").integer(3)
                .mark().text("view").integer(1).integer(2).raw("ttQ").integer(1).integers(1).integers(1).raw("tRs").stop();
        byte[] file = concatenated(legacyBeginning(), tensor, keys("root"), legacyStorage(1, 2, 3));
        try (Checkpoint checkpoint = Checkpoint.open(write(file))) {
            assertArrayEquals(new float[] {3}, checkpoint.floats("x"));
        }
    }

    @Test
    void readsPicklesLongerThanTheFirstLook() throws IOException {
        byte[] tensor = PickleBytes.protocol(2).raw("}(").text("filler").text("x".repeat(3 << 20))
                .text("x").tensor("k", 1, 0, new long[] {1}, new long[] {1}).raw('u').stop();
        try (Checkpoint checkpoint = Checkpoint.open(write(concatenated(legacyBeginning(), tensor, keys("k"), legacyStorage(5))))) {
            assertArrayEquals(new float[] {5}, checkpoint.floats("x"));
        }
    }

    @Test
    void refusesWhatIsWrong() throws IOException {
        byte[] start = legacyBeginning();
        assertEquals("the number 5", refusal(PickleBytes.protocol(2).integer(5).stop()));
        assertEquals("a reference to \"os.system\"", refusal(PickleBytes.protocol(2).global("os", "system").stop()));
        byte[] both = keys("k3", "k7");
        assertEquals("2", refusal(start, tensors(), both, legacyStorage(1, 2), legacyStorage(8, 9)));
        assertEquals("1", refusal(start, tensors(), keys("k3"), legacyStorage(1, 2, 3)));
        assertEquals("the text \"k3\"", refusal(start, tensors(), keys("k3", "k3"), legacyStorage(1, 2, 3), legacyStorage(1, 2, 3)));
        assertEquals("the text \"k9\"", refusal(start, tensors(), keys("k9"), legacyStorage(1)));
        assertEquals("a dictionary of 0", refusal(start, tensors(), PickleBytes.protocol(2).raw('}').stop()));
        byte[] storage = legacyStorage(8, 9);
        assertEquals("7 to the end of the file", refusal(start, tensors(), both, legacyStorage(1, 2, 3), Arrays.copyOf(storage, 15)));
    }

    @Test
    void refusesBigEndianMachinesAndOtherProtocols() throws IOException {
        byte[] magic = Arrays.copyOf(legacyBeginning(), 15);
        byte[] protocol = PickleBytes.protocol(2).integer(1001).stop();
        byte[] system = PickleBytes.protocol(2).raw('}').text("little_endian").raw(0x89, 's').stop();
        assertEquals("False", refusal(magic, protocol, system));
        assertEquals("none", refusal(magic, protocol, PickleBytes.protocol(2).raw('}').stop()));
        assertEquals("None", refusal(magic, protocol, PickleBytes.protocol(2).raw(')').stop()));
        assertEquals("the number 1000", refusal(magic, PickleBytes.protocol(2).integer(1000).stop()));
    }
}
