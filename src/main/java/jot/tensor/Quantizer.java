package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * Fills a {@link Matrix} of any of Jot's own formats row by row from floats.
 *
 * <p>Several threads may fill different rows at once, each with a {@link Buffer} of its own; {@link #matrix()} is called when all are
 * filled. A value that the format cannot hold (too large for F16, an infinity or NaN for a coded format) is refused.
 *
 * <p>Codes are made in arrays by plain loops and copied to their place a row at a time: that is fast long before it is fully compiled.
 * Where outputs are to lie side by side, tiles of rows are {@linkplain #turn turned} afterwards.
 */
public final class Quantizer {
    private static final int GROUP = WeightFormat.Coded.GROUP;
    /** Magnitudes of which 127 is no infinite multiple. */
    private static final float SMALLEST = 0x1p-120f;
    /** Columns of a tile that are turned at a time: a line of codes. */
    private static final int COLUMNS = 64;
    private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

    private final WeightFormat format;
    private final int outputs;
    private final int inputs;
    private final MemorySegment codes;
    private final MemorySegment scales;
    private final MemorySegment minimums;
    private final int sideBySide;

    /**
     * Makes room for a matrix.
     *
     * @param format F32, F16, BF16, Q8 or Q4
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @param memory gives the native memory that the matrix will live in
     * @throws IllegalArgumentException if a size is below 1 or there is no quantiser to that format
     */
    public Quantizer(WeightFormat format, int outputs, int inputs, SegmentAllocator memory) {
        this(format, outputs, inputs, 1, memory);
    }

    /**
     * Makes room for a matrix whose outputs may lie side by side.
     *
     * @param format F32, F16, BF16, Q8 or Q4
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @param sideBySide how many outputs lie side by side, see {@link KernelSelection#outputsSideBySide}; 1 if they lie row by row
     * @param memory gives the native memory that the matrix will live in
     * @throws IllegalArgumentException if a size is below 1, there is no quantiser to that format or it is held row by row only
     */
    public Quantizer(WeightFormat format, int outputs, int inputs, int sideBySide, SegmentAllocator memory) {
        if (sideBySide < 1 || sideBySide > 1 && !format.equals(WeightFormat.Q8)) {
            throw new IllegalArgumentException(sideBySide + " outputs of " + format.label() + " side by side: expected 1, or Q8");
        }
        this.sideBySide = sideBySide;
        if (outputs < 1 || inputs < 1) {
            throw new IllegalArgumentException("matrix of " + outputs + " outputs × " + inputs + " inputs: both must be at least 1");
        }
        this.format = format;
        this.outputs = outputs;
        this.inputs = inputs;
        switch (format) {
            case WeightFormat.Plain plain -> {
                codes = memory.allocate(plain.bytes(outputs, inputs), 64);
                scales = null;
                minimums = null;
            }
            case WeightFormat.Coded coded -> {
                if (!coded.equals(WeightFormat.Q8) && !coded.equals(WeightFormat.Q4)) {
                    throw new IllegalArgumentException("no quantiser to " + coded + ": expected F32, F16, BF16, Q8 or Q4");
                }
                long plane = (long) outputs * coded.groups(inputs) * Float.BYTES;
                codes = memory.allocate((long) outputs * coded.rowBytes(inputs), 64);
                scales = memory.allocate(plane, 64);
                minimums = coded.minimum() ? memory.allocate(plane, 64) : null;
            }
        }
    }

    /**
     * Converts a whole matrix on the calling thread.
     *
     * @param source the matrix to convert
     * @param format the format wanted
     * @param memory gives the native memory
     * @return the source itself if it has that format already, else its numbers in the format wanted
     * @throws IllegalArgumentException if a value does not fit the format
     */
    public static Matrix convert(Matrix source, WeightFormat format, SegmentAllocator memory) {
        if (source.format().equals(format)) {
            return source;
        }
        Quantizer quantizer = new Quantizer(format, source.outputs(), source.inputs(), memory);
        float[] row = new float[source.inputs()];
        Buffer buffer = new Buffer();
        for (int output = 0; output < source.outputs(); output++) {
            source.row(output, row, 0);
            quantizer.row(output, row, 0, buffer);
        }
        return quantizer.matrix();
    }

    /**
     * Stores one row.
     *
     * @param output the row
     * @param values its floats
     * @param offset where they start
     * @param buffer of the calling thread alone
     * @throws IllegalArgumentException if a value does not fit the format
     * @throws IndexOutOfBoundsException if the row is not in the matrix or the floats do not suffice
     */
    public void row(int output, float[] values, int offset, Buffer buffer) {
        Objects.checkIndex(output, outputs);
        Objects.checkFromIndexSize(offset, inputs, values.length);
        switch (format) {
            case WeightFormat.Plain plain -> plainRow(plain, output, values, offset, buffer);
            case WeightFormat.Coded coded -> codedRow(coded, output, values, offset, buffer);
        }
    }

    /**
     * Tiles of outputs that are to lie side by side, each for one call of {@link #turn}.
     *
     * @return how many; 0 where the matrix lies row by row
     */
    public int tiles() {
        return sideBySide > 1 ? Math.ceilDiv(outputs, sideBySide) : 0;
    }

    /**
     * Lays the outputs of a tile side by side, once all its rows are stored: where they were, for a tile takes the same room either way.
     *
     * @param tile which, each once
     * @param buffer of the calling thread alone
     * @throws IndexOutOfBoundsException if there is no such tile
     */
    public void turn(int tile, Buffer buffer) {
        Objects.checkIndex(tile, tiles());
        int first = tile * sideBySide;
        int width = Math.min(sideBySide, outputs - first);
        WeightFormat.Coded coded = (WeightFormat.Coded) format;
        int rowBytes = coded.rowBytes(inputs);
        int groups = coded.groups(inputs);
        byte[] bytes = buffer.scratch.codes(Math.multiplyExact(width, rowBytes + COLUMNS));
        turn(Matrix.part(codes, first, width, rowBytes), ValueLayout.JAVA_BYTE, width, rowBytes, bytes, (from, count, to) -> {
            for (int i = 0; i < count; i++) {
                bytes[to + i * width] = bytes[from + i];
            }
        });
        float[] floats = buffer.scratch.tile(width * (groups + COLUMNS));
        turn(Matrix.part(scales, first, width, (long) Float.BYTES * groups), Matrix.FLOAT, width, groups, floats, (from, count, to) -> {
            for (int i = 0; i < count; i++) {
                floats[to + i * width] = floats[from + i];
            }
        });
    }

    /** Within an array, copies numbers that lie side by side to places that lie a column apart. */
    private interface Scatter {
        void copy(int from, int count, int to);
    }

    /** {@code [rows][count]} becomes {@code [count][rows]} by way of an array with room for that and a block of columns. */
    private static void turn(MemorySegment tile, ValueLayout layout, int rows, int count, Object room, Scatter scatter) {
        int block = rows * count;
        MemorySegment.copy(tile, layout, 0, room, 0, block);
        for (int from = 0; from < count; from += COLUMNS) {
            int columns = Math.min(COLUMNS, count - from);
            for (int row = 0; row < rows; row++) {
                scatter.copy(row * count + from, columns, block + row);
            }
            MemorySegment.copy(room, block, tile, layout, layout.byteSize() * from * rows, columns * rows);
        }
    }

    /**
     * The filled matrix.
     *
     * @return a matrix over the rows stored so far, whose tiles have been turned; rows never stored hold what the memory held
     */
    public Matrix matrix() {
        return switch (format) {
            case WeightFormat.Plain plain -> Matrix.plain(plain, codes, outputs, inputs);
            case WeightFormat.Coded coded -> sideBySide > 1 ? Matrix.tiled(codes, scales, outputs, inputs, sideBySide)
                : Matrix.coded(coded, codes, scales, minimums, outputs, inputs);
        };
    }

    private void plainRow(WeightFormat.Plain plain, int output, float[] values, int offset, Buffer buffer) {
        long at = (long) output * inputs * plain.size();
        if (plain == WeightFormat.Plain.F32) {
            MemorySegment.copy(values, offset, codes, Matrix.FLOAT, at, inputs);
            return;
        }
        short[] halves = buffer.scratch.halves(inputs);
        if (plain == WeightFormat.Plain.BF16) {
            brains(values, offset, inputs, halves);
        } else if (!halves(values, offset, inputs, halves)) {
            throw tooLargeForHalf(output, values, offset);
        }
        MemorySegment.copy(halves, 0, codes, Matrix.SHORT, at, inputs);
    }

    /** Rounds to F16, and tells whether all are finite. */
    private static boolean halves(float[] values, int offset, int count, short[] to) {
        boolean finite = true;
        for (int i = 0; i < count; i++) {
            short half = Float.floatToFloat16(values[offset + i]);
            finite &= (half & 0x7c00) != 0x7c00;
            to[i] = half;
        }
        return finite;
    }

    private IllegalArgumentException tooLargeForHalf(int output, float[] values, int offset) {
        int input = 0;
        while ((Float.floatToFloat16(values[offset + input]) & 0x7c00) != 0x7c00) {
            input++;
        }
        return refusal(output, input, values[offset + input], "F16");
    }

    private static IllegalArgumentException refusal(int output, int input, float value, String format) {
        return new IllegalArgumentException("weight [" + output + "][" + input + "] is " + value + ", which " + format + " cannot hold");
    }

    private static void brains(float[] values, int offset, int count, short[] to) {
        for (int i = 0; i < count; i++) {
            to[i] = brain(values[offset + i]);
        }
    }

    /** Rounds to the nearest brain float, ties to even; a NaN stays one. */
    static short brain(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (value != value) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private void codedRow(WeightFormat.Coded coded, int output, float[] values, int offset, Buffer buffer) {
        requireFinite(coded, output, values, offset);
        int groups = coded.groups(inputs);
        int rowBytes = coded.rowBytes(inputs);
        byte[] row = buffer.scratch.codes(rowBytes);
        float[] factors = buffer.scratch.tile(2 * groups);
        for (int group = 0; group < groups; group++) {
            int from = offset + group * GROUP;
            int count = Math.min(GROUP, inputs - group * GROUP);
            if (coded.bits() == 8) {
                factors[group] = bytes(values, from, count, row, group * GROUP);
            } else {
                float low = low(values, from, count);
                factors[groups + group] = low;
                factors[group] = nibbles(values, from, count, low, row, group * (GROUP / 2));
            }
        }
        if (coded.bits() == 8 && sideBySide == 1) {
            WeightFormat.Coded.join(row, 0, rowBytes);
        }
        MemorySegment.copy(row, 0, codes, ValueLayout.JAVA_BYTE, (long) output * rowBytes, rowBytes);
        long plane = (long) output * groups * Float.BYTES;
        MemorySegment.copy(factors, 0, scales, Matrix.FLOAT, plane, groups);
        if (coded.minimum()) {
            MemorySegment.copy(factors, groups, minimums, Matrix.FLOAT, plane, groups);
        }
    }

    private void requireFinite(WeightFormat.Coded coded, int output, float[] values, int offset) {
        if (largestBits(values, offset, inputs) >= INFINITY) {
            int input = 0;
            while (Float.isFinite(values[offset + input])) {
                input++;
            }
            throw refusal(output, input, values[offset + input], coded.toString());
        }
    }

    /** The bits of the largest magnitude; those of infinities and NaN are above all others. */
    private static int largestBits(float[] values, int from, int count) {
        int largest = 0;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
        }
        return largest;
    }

    private static float low(float[] values, int from, int count) {
        float low = values[from];
        for (int i = from + 1; i < from + count; i++) {
            low = values[i] < low ? values[i] : low;
        }
        return low;
    }

    private static float high(float[] values, int from, int count) {
        float high = values[from];
        for (int i = from + 1; i < from + count; i++) {
            high = values[i] > high ? values[i] : high;
        }
        return high;
    }

    /** {@code value ≈ scale · code}, codes −127 … 127, all 0 where the scale has no inverse; returns the scale. */
    private static float bytes(float[] values, int from, int count, byte[] to, int at) {
        float largest = Float.intBitsToFloat(largestBits(values, from, count));
        float inverse = largest < SMALLEST ? 0f : 127f / largest;
        for (int j = 0; j < count; j++) {
            to[at + j] = (byte) (round(values[from + j] * inverse + 128.0) - 128);
        }
        Arrays.fill(to, at + count, at + GROUP, (byte) 0);
        return largest / 127f;
    }

    /** {@code value ≈ scale · code + low}, codes 0 … 15; returns the scale. */
    private static float nibbles(float[] values, int from, int count, float low, byte[] to, int at) {
        float high = high(values, from, count);
        float scale = high / 15f - low / 15f;
        int half = GROUP / 2;
        for (int j = 0; j < half; j++) {
            int first = j < count && scale > 0f ? nibble(values[from + j], low, scale) : 0;
            int second = j + half < count && scale > 0f ? nibble(values[from + j + half], low, scale) : 0;
            to[at + j] = (byte) (first | second << 4);
        }
        return scale;
    }

    private static int nibble(float value, float low, float scale) {
        return Math.min(15, round((value - low) / scale));
    }

    /** The nearest integer of a number that is not below 0, ties up, as {@link Math#round} gives it in more steps. */
    private static int round(double number) {
        return (int) (number + 0.5);
    }

    /** Arrays that one thread reuses from row to row; not thread-safe. */
    public static final class Buffer {
        private final Scratch scratch = new Scratch();

        /** An empty one, which grows as needed. */
        public Buffer() {
        }
    }
}
