package jot.checkpoint;

import static jot.checkpoint.SafetensorsBytes.entry;
import static jot.checkpoint.SafetensorsBytes.floats;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Small files of every format, damaged at random from a fixed seed: read or refused, nothing else. */
@Tag("module-path")
class DamageTest {

    private static final int ROUNDS = Integer.getInteger("jot.damage.rounds", 2_000);

    @TempDir
    private Path folder;

    static Stream<Arguments> files() {
        long[] two = {2};
        long[] square = {2, 2};
        byte[] safetensors = SafetensorsBytes.file(SafetensorsBytes.header("\"__metadata__\":{\"format\":\"pt\"}",
                entry("a", "F32", "[2,2]", 0, 16), entry("b", "U8", "[]", 16, 17)), new byte[17]);
        byte[] pickle = PickleBytes.protocol(2).raw("}(").text("a").tensor("0", 4, 0, square, new long[] {1, 2})
                .text("b").tensor("1", 2, 0, two, new long[] {1}).raw('u').stop();
        byte[] torch = ZipBytes.torch(pickle).stored("model/data/0", floats(1, 2, 3, 4)).deflated("model/data/1", floats(5, 6)).bytes();
        byte[] keys = PickleBytes.protocol(2).raw("](").text("0").text("1").raw('e').stop();
        byte[] legacy = PickleBytes.concatenated(PickleBytes.legacyBeginning(), pickle, keys, PickleBytes.legacyStorage(1, 2, 3, 4),
                PickleBytes.legacyStorage(5, 6));
        byte[] numpy = NumpyFileTest.array(1, NumpyFileTest.header(">f4", true, "(2, 2)"), floats(1, 2, 3, 4));
        byte[] archive = new ZipBytes().stored("a.npy", numpy).deflated("b.npy", numpy).bytes();
        byte[] index = "{\"metadata\":{},\"weight_map\":{\"a\":\"one.safetensors\"}}".getBytes(StandardCharsets.UTF_8);
        return Stream.of(Arguments.of("x.safetensors", safetensors), Arguments.of("torch.bin", torch), Arguments.of("legacy.bin", legacy),
                Arguments.of("x.npy", numpy), Arguments.of("x.npz", archive), Arguments.of("x.index.json", index));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void damagedFilesAreReadOrRefused(String name, byte[] sound) throws IOException {
        Files.write(folder.resolve("one.safetensors"), SafetensorsBytes.single("a", "U8", "[1]", (byte) 1));
        readAll(folder.resolve(name), sound);
        Random random = new Random(name.hashCode());
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] damaged = damage(sound, random);
            try {
                if (round % 20 == 0) {
                    readAll(folder.resolve(name), damaged);
                } else {
                    readConfined(folder.resolve(name), damaged);
                }
            } catch (CheckpointFormatException e) {
                refused++;
                assertTrue(e.getMessage().length() < 2_000, e.getMessage());
            } catch (RuntimeException | Error e) {
                fail("round " + round + " of " + name + ": " + Arrays.toString(damaged), e);
            }
        }
        assertTrue(refused > ROUNDS / 4 && refused < ROUNDS, "refused " + refused + " of " + ROUNDS);
    }

    private static byte[] damage(byte[] sound, Random random) {
        byte[] damaged = sound.clone();
        for (int change = random.nextInt(3); change >= 0; change--) {
            int at = random.nextInt(damaged.length);
            switch (random.nextInt(6)) {
                case 0 -> damaged = Arrays.copyOf(damaged, Math.max(1, at));
                case 1 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> damaged[at] = (byte) random.nextInt(256);
                case 3 -> Arrays.fill(damaged, at, Math.min(damaged.length, at + 4), (byte) (random.nextBoolean() ? 0xFF : 0x7F));
                case 4 -> swap(damaged, at, random.nextInt(damaged.length), Math.min(8, damaged.length / 2));
                default -> damaged = without(damaged, at, 1 + random.nextInt(4));
            }
        }
        return damaged;
    }

    private static void swap(byte[] bytes, int from, int to, int length) {
        int a = Math.min(from, bytes.length - length);
        int b = Math.min(to, bytes.length - length);
        byte[] first = Arrays.copyOfRange(bytes, a, a + length);
        System.arraycopy(bytes, b, bytes, a, length);
        System.arraycopy(first, 0, bytes, b, length);
    }

    private static byte[] without(byte[] bytes, int at, int length) {
        int end = Math.min(bytes.length, at + length);
        byte[] shorter = Arrays.copyOf(bytes, Math.max(1, bytes.length - (end - at)));
        System.arraycopy(bytes, end, shorter, at, Math.min(bytes.length - end, shorter.length - at));
        return shorter;
    }

    private static void readAll(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            for (String name : checkpoint.names()) {
                read(checkpoint.tensor(name));
            }
        }
    }

    /** The same without the memory that threads share, which takes long to free. */
    private static void readConfined(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        try (Arena arena = Arena.ofConfined()) {
            FileContent content = FileContent.open(file, true, arena);
            if (file.toString().endsWith(".json")) {
                ShardIndex.read(content);
            } else {
                FileFormat.read(content).tensors().forEach(DamageTest::read);
            }
        }
    }

    private static void read(Tensor tensor) {
        boolean readable = tensor.dataType() != DataType.C64 && !tensor.dataType().name().startsWith("F6");
        if (readable && tensor.elements() < 1_000_000) {
            tensor.floats();
        }
    }
}
