package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import jot.checkpoint.Checkpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A matrix of more than 2³¹ elements or bytes, nearly all of which are a hole in a sparse file: read and multiplied up to its last row. */
class HugeMatrixTest {
    private static final long MOST = 1L << 31;
    private static final int ROWS = 3;
    private static final int LAST = 70;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(WeightFormat.Plain.class)
    void tensorIsMultipliedUpToItsLastRow(WeightFormat.Plain format) throws IOException {
        int inputs = 1024;
        int outputs = (int) (MOST / inputs) + 5;
        long bytes = format.bytes(outputs, inputs);
        String header = String.format(Locale.ROOT, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}", format.label(),
            outputs, inputs, bytes);
        ByteBuffer start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length())
            .put(header.getBytes(StandardCharsets.US_ASCII)).flip();
        float[] last = new float[inputs];
        last[0] = 1f;
        last[inputs - 1] = -2f;
        Matrix row = Quantizer.convert(Matrix.of(last, 1, inputs), format, Arena.ofAuto());
        long size = start.remaining() + bytes;
        Path file = sparse("model.safetensors", start, row.codes().asByteBuffer(), size);
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            assertEquals(outputs, checkpoint.shape("w")[0]);
            multiply(Matrix.plain(format, checkpoint.tensor("w").data(), outputs, inputs), KernelsTest.kernels());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Q8", "Q4"})
    void codesAreMultipliedUpToTheLastRow(String label) throws IOException {
        WeightFormat.Coded format = (WeightFormat.Coded) (label.equals("Q8") ? WeightFormat.Q8 : WeightFormat.Q4);
        int inputs = 8192;
        int outputs = (int) (MOST / format.rowBytes(inputs)) + 5;
        float[] last = new float[inputs];
        last[0] = 1f;
        last[inputs - 1] = -2f;
        Matrix row = Quantizer.convert(Matrix.of(last, 1, inputs), format, Arena.ofAuto());
        ByteBuffer nothing = ByteBuffer.allocate(0);
        try (Arena arena = Arena.ofConfined()) {
            long plane = (long) outputs * format.groups(inputs) * Float.BYTES;
            MemorySegment codes = map("codes", row.codes(), (long) outputs * format.rowBytes(inputs), nothing, arena);
            MemorySegment scales = map("scales", row.scales(), plane, nothing, arena);
            MemorySegment minimums = format.minimum() ? map("minimums", row.minimums(), plane, nothing, arena) : null;
            multiply(Matrix.coded(format, codes, scales, minimums, outputs, inputs), KernelsTest.kernels());
        }
    }

    @Test
    void outputsSideBySideAreMultipliedUpToTheLast() throws IOException {
        Kernels kernels = new ScalarKernels();
        int together = kernels.outputsSideBySide(WeightFormat.Q8);
        int inputs = 8192;
        int outputs = (int) (MOST / inputs) + 5;
        Matrix tile = lastTile(outputs % together, inputs, together);
        ByteBuffer nothing = ByteBuffer.allocate(0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment codes = map("codes", tile.codes(), (long) outputs * inputs, nothing, arena);
            MemorySegment scales = map("scales", tile.scales(), WeightFormat.Q8.bytes(outputs, inputs) - codes.byteSize(), nothing, arena);
            multiply(Matrix.tiled(codes, scales, outputs, inputs, together), List.of(kernels));
        }
    }

    /** Rows of zeros and one of 1, zeros, −2. */
    private static Matrix lastTile(int rows, int inputs, int together) {
        Quantizer quantizer = new Quantizer(WeightFormat.Q8, rows, inputs, together, Arena.ofAuto());
        float[] row = new float[inputs];
        for (int output = 0; output < rows; output++) {
            row[0] = output == rows - 1 ? 1f : 0f;
            row[inputs - 1] = -2f * row[0];
            quantizer.row(output, row, 0, new Quantizer.Buffer());
        }
        quantizer.turn(0, new Quantizer.Buffer());
        return quantizer.matrix();
    }

    private MemorySegment map(String name, MemorySegment end, long size, ByteBuffer start, Arena arena) throws IOException {
        Path file = sparse(name, start, end.asByteBuffer(), size);
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        }
    }

    /** A file of which only the start and the end are written. */
    private Path sparse(String name, ByteBuffer start, ByteBuffer end, long size) throws IOException {
        Path file = folder.resolve(name);
        FileStore store = Files.getFileStore(folder);
        long before = store.getUsableSpace();
        assumeTrue(before > 2L << 30, "too little space to try a sparse file");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
            channel.write(start, 0);
            channel.write(end, size - end.remaining());
        } catch (IOException noSuchSize) {
            assumeTrue(false, "no file of " + size + " bytes: " + noSuchSize.getMessage());
        }
        assertEquals(size, Files.size(file));
        assumeTrue(before - store.getUsableSpace() < size / 2, "no sparse files here");
        return file;
    }

    /** Kernels on the last rows of a matrix whose last row is 1, zeros, −2. */
    private static void multiply(Matrix w, List<Kernels> all) {
        assertFalse(w.isOneClass(), "no buffer holds so much, so it stays of the class that mapped files have");
        int outputs = w.outputs();
        int inputs = w.inputs();
        float[] row = new float[inputs];
        w.row(outputs - 1, row, 0);
        assertEquals(1f, row[0], 0.05);
        assertEquals(-2f, row[inputs - 1], 0.05);
        w.row(outputs - 2, row, 0);
        assertEquals(0f, row[inputs - 1]);
        Activations x = new Activations(ROWS, inputs);
        for (int r = 0; r < ROWS; r++) {
            x.values()[x.at(r)] = 8f + r;
            x.values()[x.at(r) + inputs - 1] = 1f;
        }
        Scratch scratch = new Scratch();
        Activations y = new Activations(ROWS, outputs);
        for (Kernels kernels : all) {
            int from = (outputs - LAST) / kernels.panel() * kernels.panel();
            kernels.prefill(w, null, x, 0, y, 0, 0, ROWS, from, outputs, scratch);
            check(y, outputs, kernels.description() + " prefill");
            for (int rows : new int[] {1, ROWS}) {
                kernels.decode(w, null, x, 0, y, 0, 0, rows, from, outputs, scratch);
                kernels.decode(w, null, x, 0, y, 0, rows, ROWS, from, outputs, scratch);
                check(y, outputs, kernels.description() + " decode");
            }
        }
    }

    private static void check(Activations y, int outputs, String what) {
        for (int r = 0; r < ROWS; r++) {
            int last = y.at(r) + outputs - 1;
            assertEquals(6f + r, y.values()[last], 0.5, what);
            assertEquals(0f, y.values()[last - 1], what);
            y.values()[last] = Float.NaN;
        }
    }
}
