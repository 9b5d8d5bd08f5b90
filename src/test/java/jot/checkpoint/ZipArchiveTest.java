package jot.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZipArchiveTest {

    private static final int DIRECTORY_ENTRY = 0x02014b50;
    private static final int END = 0x06054b50;

    @TempDir
    private Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("x.npz"), bytes);
    }

    private CheckpointFormatException refusal(byte[] bytes) throws IOException {
        Path file = write(bytes);
        return assertThrows(CheckpointFormatException.class, () -> Checkpoint.open(file).close());
    }

    private static byte[] array(int bytes) {
        return NumpyFileTest.array(1, NumpyFileTest.header("|u1", false, "(" + bytes + ",)"), new byte[bytes]);
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int find(byte[] bytes, int signature) {
        for (int at = 0; ; at++) {
            if (buffer(bytes).getInt(at) == signature) {
                return at;
            }
        }
    }

    // ---- compression ----

    @Test
    void refusesABomb() throws IOException {
        byte[] zeros = array(40 << 20);
        byte[] archive = new ZipBytes().deflated("a.npy", zeros).bytes();
        assertTrue(archive.length < 100_000);
        assertEquals(zeros.length + " bytes", refusal(archive).found());
    }

    @Test
    void refusesManySmallBombs() throws IOException {
        ZipBytes archive = new ZipBytes();
        for (int i = 0; i < 10; i++) {
            archive.deflated(i + ".npy", array(4 << 20));
        }
        assertTrue(refusal(archive.bytes()).expected().contains("more bytes to inflate"));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 1000})
    void refusesABombThatLiesAboutItsSize(int difference) throws IOException {
        byte[] archive = new ZipBytes().deflated("a.npy", array(100_000)).bytes();
        int at = find(archive, DIRECTORY_ENTRY);
        buffer(archive).putInt(at + 24, buffer(archive).getInt(at + 24) + difference);
        String found = refusal(archive).found();
        assertEquals(difference < 0 ? "more" : array(100_000).length + " bytes", found);
    }

    @Test
    void refusesDamagedStreams() throws IOException {
        byte[] archive = new ZipBytes().deflated("a.npy", array(100_000)).bytes();
        byte[] checksum = archive.clone();
        checksum[find(archive, DIRECTORY_ENTRY) + 16] ^= 1;
        assertTrue(refusal(checksum).expected().startsWith("content of checksum"));
        byte[] stream = archive.clone();
        Arrays.fill(stream, 40, 60, (byte) 0xFF);
        refusal(stream);
    }

    // ---- structure ----

    @ParameterizedTest
    @CsvSource({
        "8, 1, an encrypted one",
        "10, 99, 99",
        "10, 1, 1",
        "20, 7, 7 bytes",
        "24, 2147483647, 79 bytes",
        "42, 2147483647, 79 bytes at byte 2147483647",
        "42, 1, 0xa04034b",
        "28, 65535, 51 bytes"})
    void refusesWrongDirectoryEntries(int offset, int value, String found) throws IOException {
        byte[] archive = new ZipBytes().stored("a.npy", array(3)).bytes();
        int at = find(archive, DIRECTORY_ENTRY);
        if (offset < 20 || offset == 28) {
            buffer(archive).putShort(at + offset, (short) value);
        } else {
            buffer(archive).putInt(at + offset, value);
        }
        assertEquals(found, refusal(archive).found());
    }

    @Test
    void refusesWrongEnds() throws IOException {
        byte[] archive = new ZipBytes().stored("a.npy", array(3)).bytes();
        int end = find(archive, END);
        for (int offset : new int[] {10, 12, 16}) {
            byte[] wrong = archive.clone();
            buffer(wrong).putShort(end + offset, (short) 0x7FFF);
            assertEquals("zip directory", refusal(wrong).place().substring(0, 13));
        }
        assertEquals("none: the file may be cut short", refusal(Arrays.copyOf(archive, archive.length - 1)).found());
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a.npy", "/a.npy", "a/../../b.npy", "a\\b.npy"})
    void refusesNamesThatLeadOut(String name) throws IOException {
        assertEquals("one that leads out of it", refusal(new ZipBytes().stored(name, array(3)).bytes()).found());
    }

    @Test
    void refusesANameTwice() throws IOException {
        byte[] archive = new ZipBytes().stored("a.npy", array(3)).stored("b.npy", array(3)).bytes();
        String text = new String(archive, StandardCharsets.ISO_8859_1).replace("b.npy", "a.npy");
        assertEquals("\"a.npy\" twice", refusal(text.getBytes(StandardCharsets.ISO_8859_1)).found());
    }

    @Test
    void leavesFoldersOutAndBearsComments() throws IOException {
        byte[] archive = new ZipBytes().stored("deep/").stored("deep/a.npy", array(3)).bytes();
        byte[] commented = Arrays.copyOf(archive, archive.length + 5);
        commented[archive.length - 2] = 5;
        try (Checkpoint checkpoint = Checkpoint.open(write(commented))) {
            assertEquals(List.of("deep/a"), List.copyOf(checkpoint.names()));
        }
        try (Checkpoint checkpoint = Checkpoint.open(write(new ZipBytes().bytes()))) {
            assertTrue(checkpoint.names().isEmpty());
        }
    }

    @Test
    void readsZip64() throws IOException {
        byte[] array = array(3);
        ByteBuffer zip = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
        byte[] name = "a.npy".getBytes(StandardCharsets.US_ASCII);
        zip.putInt(0x04034b50).put(new byte[22]).putShort((short) 5).putShort((short) 0).put(name).put(array);
        int directory = zip.position();
        zip.putInt(DIRECTORY_ENTRY).put(new byte[16]).putInt(-1).putInt(-1);
        zip.putShort((short) 5).putShort((short) 28).put(new byte[10]).putInt(-1).put(name);
        zip.putShort((short) 1).putShort((short) 24).putLong(array.length).putLong(array.length).putLong(0);
        int end64 = zip.position();
        zip.putInt(0x06064b50).putLong(44).put(new byte[12]).putLong(1).putLong(1).putLong(end64 - directory).putLong(directory);
        zip.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
        zip.putInt(END).putInt(0).putShort((short) -1).putShort((short) -1).putInt(-1).putInt(-1).putShort((short) 0);
        byte[] archive = Arrays.copyOf(zip.array(), zip.position());
        try (Checkpoint checkpoint = Checkpoint.open(write(archive))) {
            assertArrayEquals(new long[3], checkpoint.longs("a"));
        }
        byte[] wrong = archive.clone();
        buffer(wrong).putInt(end64, 0);
        assertEquals("zip64 end", refusal(wrong).place());
        buffer(wrong).putLong(wrong.length - 22 - 12, Long.MIN_VALUE);
        assertEquals("zip64 end", refusal(wrong).place());
        byte[] extra = archive.clone();
        buffer(extra).putShort(directory + 46 + 5 + 2, (short) 12);
        assertEquals("a shorter one", refusal(extra).found());
    }
}
