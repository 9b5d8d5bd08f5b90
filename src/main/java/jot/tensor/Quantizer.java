package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * Fills a {@link Matrix} of any of Jot's own formats row by row from floats.
 *
 * <p>Several threads may fill different rows at once; {@link #matrix()} is called when all are filled. A value that the format cannot
 * hold (too large for F16, an infinity or NaN for a coded format) is refused.
 */
public final class Quantizer {
    private static final int GROUP = WeightFormat.Coded.GROUP;

    private final WeightFormat format;
    private final int outputs;
    private final int inputs;
    private final MemorySegment codes;
    private final MemorySegment scales;
    private final MemorySegment minimums;

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
        for (int output = 0; output < source.outputs(); output++) {
            source.row(output, row, 0);
            quantizer.row(output, row, 0);
        }
        return quantizer.matrix();
    }

    /**
     * Stores one row.
     *
     * @param output the row
     * @param values its floats
     * @param offset where they start
     * @throws IllegalArgumentException if a value does not fit the format
     * @throws IndexOutOfBoundsException if the row is not in the matrix or the floats do not suffice
     */
    public void row(int output, float[] values, int offset) {
        Objects.checkIndex(output, outputs);
        Objects.checkFromIndexSize(offset, inputs, values.length);
        switch (format) {
            case WeightFormat.Plain plain -> plainRow(plain, output, values, offset);
            case WeightFormat.Coded coded -> {
                for (int group = 0; group < coded.groups(inputs); group++) {
                    int from = group * GROUP;
                    group(coded, output, group, values, offset + from, Math.min(GROUP, inputs - from));
                }
            }
        }
    }

    /**
     * The filled matrix.
     *
     * @return a matrix over the rows stored so far; rows never stored hold what the memory held
     */
    public Matrix matrix() {
        return switch (format) {
            case WeightFormat.Plain plain -> Matrix.plain(plain, codes, outputs, inputs);
            case WeightFormat.Coded coded -> Matrix.coded(coded, codes, scales, minimums, outputs, inputs);
        };
    }

    private void plainRow(WeightFormat.Plain plain, int output, float[] values, int offset) {
        long at = (long) output * inputs * plain.size();
        switch (plain) {
            case F32 -> MemorySegment.copy(values, offset, codes, Matrix.FLOAT, at, inputs);
            case F16 -> {
                for (int i = 0; i < inputs; i++) {
                    codes.set(Matrix.SHORT, at + 2L * i, half(values[offset + i], output, i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < inputs; i++) {
                    codes.set(Matrix.SHORT, at + 2L * i, brain(values[offset + i]));
                }
            }
        }
    }

    private static short half(float value, int output, int input) {
        short half = Float.floatToFloat16(value);
        if ((half & 0x7c00) == 0x7c00) {
            throw new IllegalArgumentException("weight [" + output + "][" + input + "] is " + value + ", which F16 cannot hold");
        }
        return half;
    }

    /** Rounds to the nearest brain float, ties to even; a NaN stays one. */
    static short brain(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (value != value) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private void group(WeightFormat.Coded coded, int output, int group, float[] values, int offset, int count) {
        float low = 0;
        float high = 0;
        for (int j = 0; j < count; j++) {
            float value = values[offset + j];
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("weight [" + output + "][" + (group * GROUP + j) + "] is " + value + ", which "
                    + coded + " cannot hold");
            }
            low = j == 0 ? value : Math.min(low, value);
            high = j == 0 ? value : Math.max(high, value);
        }
        long plane = ((long) output * coded.groups(inputs) + group) * Float.BYTES;
        long at = (long) output * coded.rowBytes(inputs) + (long) group * (GROUP * coded.bits() / 8);
        if (coded.bits() == 8) {
            bytes(plane, at, Math.max(-low, high), values, offset, count);
        } else {
            nibbles(plane, at, low, high, values, offset, count);
        }
    }

    /** {@code value ≈ scale · code}, codes −127 … 127. */
    private void bytes(long plane, long at, float largest, float[] values, int offset, int count) {
        float scale = largest / 127f;
        float inverse = scale == 0f ? 0f : 127f / largest;
        scales.set(Matrix.FLOAT, plane, scale);
        for (int j = 0; j < GROUP; j++) {
            int code = j < count ? Math.clamp(Math.round(values[offset + j] * inverse), -127, 127) : 0;
            codes.set(ValueLayout.JAVA_BYTE, at + j, (byte) code);
        }
    }

    /** {@code value ≈ scale · code + minimum}, codes 0 … 15. */
    private void nibbles(long plane, long at, float low, float high, float[] values, int offset, int count) {
        float scale = high / 15f - low / 15f;
        scales.set(Matrix.FLOAT, plane, scale);
        minimums.set(Matrix.FLOAT, plane, low);
        for (int j = 0; j < GROUP / 2; j++) {
            int pair = nibble(j, scale, low, values, offset, count) | nibble(j + GROUP / 2, scale, low, values, offset, count) << 4;
            codes.set(ValueLayout.JAVA_BYTE, at + j, (byte) pair);
        }
    }

    private static int nibble(int j, float scale, float low, float[] values, int offset, int count) {
        return j < count && scale > 0f ? Math.clamp(Math.round((values[offset + j] - low) / scale), 0, 15) : 0;
    }
}
