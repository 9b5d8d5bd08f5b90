package jot.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A weight matrix {@code [outputs][inputs]} in the format in which it is held, row by row, or in {@link WeightFormat#Q8} also with some
 * outputs side by side.
 *
 * <p>Immutable and thread-safe. The numbers stay where they are: in a mapped file or in native memory, at any alignment, little-endian.
 * A segment on the heap is copied to native memory, so that the kernels see one kind of segment only.
 */
public final class Matrix {
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * The class of memory that was allocated. Kernels ask for it before their loops, so that the compiler knows the class whatever a
     * JVM's other work has taught it, see {@link #isOneClass}.
     */
    static final Class<?> MEMORY = MemorySegment.NULL.getClass();

    private final WeightFormat format;
    private final int outputs;
    private final int inputs;
    private final MemorySegment codes;
    private final MemorySegment scales;
    private final MemorySegment minimums;
    private final int sideBySide;
    /** Where outputs lie side by side: which of those in memory is the first of this matrix, and how many there are. */
    private final int first;
    private final int all;

    private Matrix(WeightFormat format, int outputs, int inputs, MemorySegment codes, MemorySegment scales, MemorySegment minimums) {
        this(format, outputs, inputs, codes, scales, minimums, 1, 0, outputs);
    }

    private Matrix(WeightFormat format, int outputs, int inputs, MemorySegment codes, MemorySegment scales, MemorySegment minimums,
                   int sideBySide, int first, int all) {
        this.sideBySide = sideBySide;
        this.first = first;
        this.all = all;
        this.format = format;
        this.outputs = outputs;
        this.inputs = inputs;
        this.codes = codes;
        this.scales = scales;
        this.minimums = minimums;
    }

    /**
     * A matrix of plain floats over the bytes of a file or of memory.
     *
     * @param format one of {@link WeightFormat#F32}, {@link WeightFormat#F16}, {@link WeightFormat#BF16}
     * @param values exactly {@code outputs · inputs} numbers, little-endian
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @return the matrix
     * @throws IllegalArgumentException if the sizes do not fit each other
     */
    public static Matrix plain(WeightFormat.Plain format, MemorySegment values, int outputs, int inputs) {
        checkSizes(outputs, inputs);
        checkPlane(format, "values", values, format.bytes(outputs, inputs));
        return new Matrix(format, outputs, inputs, offHeap(values), MemorySegment.NULL, MemorySegment.NULL);
    }

    /**
     * A matrix of codes with the planes that {@link WeightFormat.Coded} describes.
     *
     * @param format the layout
     * @param codes {@code outputs · rowBytes} bytes
     * @param scales {@code [outputs][groups]} 32-bit floats, little-endian
     * @param minimums likewise, or null where the format has none
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @return the matrix
     * @throws IllegalArgumentException if the sizes do not fit each other
     */
    public static Matrix coded(WeightFormat.Coded format, MemorySegment codes, MemorySegment scales, MemorySegment minimums,
                               int outputs, int inputs) {
        checkSizes(outputs, inputs);
        long plane = (long) outputs * format.groups(inputs) * Float.BYTES;
        checkPlane(format, "codes", codes, (long) outputs * format.rowBytes(inputs));
        checkPlane(format, "scales", scales, plane);
        if (format.minimum() != (minimums != null)) {
            throw new IllegalArgumentException(format + ": expected " + (format.minimum() ? "a" : "no") + " plane of minimums");
        }
        if (minimums != null) {
            checkPlane(format, "minimums", minimums, plane);
        }
        return new Matrix(format, outputs, inputs, offHeap(codes), offHeap(scales),
            minimums == null ? MemorySegment.NULL : offHeap(minimums));
    }

    /**
     * A matrix of {@link WeightFormat#Q8} with outputs side by side, as plain loops multiply them fastest.
     *
     * <p>Outputs lie in tiles of {@code sideBySide}, the last of as many as are left: the codes of a tile, as signed bytes,
     * {@code [padded inputs][outputs of the tile]}, its scales as {@code [groups][outputs of the tile]}.
     *
     * @param codes {@code outputs · rowBytes} bytes
     * @param scales {@code outputs · groups} 32-bit floats, little-endian
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @param sideBySide outputs of a tile, at least 2
     * @return the matrix
     * @throws IllegalArgumentException if the sizes do not fit each other
     */
    static Matrix tiled(MemorySegment codes, MemorySegment scales, int outputs, int inputs, int sideBySide) {
        if (sideBySide < 2) {
            throw new IllegalArgumentException("outputs side by side: expected at least 2, found " + sideBySide);
        }
        Matrix rows = coded((WeightFormat.Coded) WeightFormat.Q8, codes, scales, null, outputs, inputs);
        return new Matrix(rows.format, outputs, inputs, rows.codes, rows.scales, rows.minimums, sideBySide, 0, outputs);
    }

    /**
     * A matrix of 32-bit floats copied from an array.
     *
     * @param values {@code outputs · inputs} floats, row by row
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @return the matrix
     * @throws IllegalArgumentException if the sizes do not fit each other
     */
    public static Matrix of(float[] values, int outputs, int inputs) {
        return plain(WeightFormat.Plain.F32, MemorySegment.ofArray(values), outputs, inputs);
    }

    /**
     * A matrix whose numbers are not there: it tells its format and its size, and no more.
     *
     * @param format how it is stored
     * @param outputs rows, at least 1
     * @param inputs columns, at least 1
     * @return the matrix; whoever asks for a number of it gets an {@link IndexOutOfBoundsException}
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Matrix unread(WeightFormat.Plain format, int outputs, int inputs) {
        checkSizes(outputs, inputs);
        return new Matrix(format, outputs, inputs, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL);
    }

    private static void checkSizes(int outputs, int inputs) {
        if (outputs < 1 || inputs < 1 || inputs > Integer.MAX_VALUE - 1024) {
            throw new IllegalArgumentException("matrix of " + outputs + " outputs × " + inputs + " inputs: both must be at least 1");
        }
    }

    private static void checkPlane(WeightFormat format, String plane, MemorySegment segment, long expected) {
        if (segment.byteSize() != expected) {
            throw new IllegalArgumentException(format.label() + " " + plane + ": expected " + expected + " bytes, found "
                + segment.byteSize());
        }
    }

    private static MemorySegment offHeap(MemorySegment segment) {
        return segment.isNative() ? ofOneClass(segment) : Arena.ofAuto().allocate(segment.byteSize(), 64).copyFrom(segment);
    }

    /**
     * The same memory, with the same life, as a segment of the class that allocated memory has: the JDK has another for mapped files, and
     * kernels that meet both look at the class for each vector that they load, which takes as long again as the arithmetic. A segment made
     * of a buffer of numbers is never taken for a file. Buffers hold up to 2 GB; what is larger stays as it is.
     */
    private static MemorySegment ofOneClass(MemorySegment segment) {
        boolean fits = segment.byteSize() <= Integer.MAX_VALUE && segment.byteSize() % Short.BYTES == 0;
        return segment.isMapped() && fits ? MemorySegment.ofBuffer(segment.asByteBuffer().asShortBuffer()) : segment;
    }

    /** Whether all its memory is of the class {@link #MEMORY}: any but a mapped file of 2 GB or more. */
    boolean isOneClass() {
        return codes.getClass() == MEMORY && scales.getClass() == MEMORY && minimums.getClass() == MEMORY;
    }

    /**
     * Rows: the width of what a multiplication gives.
     *
     * @return the number of outputs
     */
    public int outputs() {
        return outputs;
    }

    /**
     * Columns: the width of what is multiplied.
     *
     * @return the number of inputs
     */
    public int inputs() {
        return inputs;
    }

    /**
     * The format in which the numbers are held.
     *
     * @return the format
     */
    public WeightFormat format() {
        return format;
    }

    /**
     * Bytes held, all planes together.
     *
     * @return the number of bytes
     */
    public long bytes() {
        return format.bytes(outputs, inputs);
    }

    /** Outputs of a tile where they lie side by side, or 1 where the matrix lies row by row. */
    int sideBySide() {
        return sideBySide;
    }

    /** Which of the outputs in memory is this matrix's first, where they lie side by side. */
    int first() {
        return first;
    }

    /** Outputs of the first tile that it needs and that come before its own, where they lie side by side. */
    int lead() {
        return first % sideBySide;
    }

    /** Outputs of a tile, of which the last may have fewer. */
    int tileOutputs(int tile) {
        return Math.min(sideBySide, all - tile * sideBySide);
    }

    /** Where the codes of a tile begin, in bytes. */
    long tileCodes(int tile) {
        return (long) tile * sideBySide * ((WeightFormat.Coded) format).rowBytes(inputs);
    }

    /** Where the scales of a tile begin, in floats. */
    long tileScales(int tile) {
        return (long) tile * sideBySide * ((WeightFormat.Coded) format).groups(inputs);
    }

    MemorySegment codes() {
        return codes;
    }

    MemorySegment scales() {
        return scales;
    }

    MemorySegment minimums() {
        return minimums;
    }

    /**
     * Some of the rows as a matrix of its own over the same memory.
     *
     * @param fromOutput first row
     * @param toOutput row after the last
     * @return the rows
     * @throws IllegalArgumentException if the range is empty or reaches beyond the matrix
     */
    public Matrix slice(int fromOutput, int toOutput) {
        if (fromOutput < 0 || fromOutput >= toOutput || toOutput > outputs) {
            throw new IllegalArgumentException("rows " + fromOutput + " to " + toOutput + " of a matrix of " + outputs);
        }
        int rows = toOutput - fromOutput;
        if (sideBySide > 1) {
            return new Matrix(format, rows, inputs, codes, scales, minimums, sideBySide, first + fromOutput, all);
        }
        return switch (format) {
            case WeightFormat.Plain plain -> new Matrix(plain, rows, inputs,
                part(codes, fromOutput, rows, (long) inputs * plain.size()), scales, minimums);
            case WeightFormat.Coded coded -> {
                long plane = (long) coded.groups(inputs) * Float.BYTES;
                yield new Matrix(coded, rows, inputs, part(codes, fromOutput, rows, coded.rowBytes(inputs)),
                    part(scales, fromOutput, rows, plane), coded.minimum() ? part(minimums, fromOutput, rows, plane) : minimums);
            }
        };
    }

    /** Some rows of a plane, or the plane itself where it is none. */
    static MemorySegment part(MemorySegment plane, int from, int rows, long rowBytes) {
        return plane.equals(MemorySegment.NULL) ? plane : plane.asSlice(from * rowBytes, rows * rowBytes);
    }

    /**
     * Whether its memory ends with a scope.
     *
     * @param scope such as that of an arena that is about to be closed
     * @return true if the matrix cannot be used beyond it
     */
    public boolean endsWith(MemorySegment.Scope scope) {
        return codes.scope().equals(scope);
    }

    /**
     * Widens one row to floats.
     *
     * @param output the row
     * @param to receives {@link #inputs()} floats
     * @param offset where they start
     * @throws IndexOutOfBoundsException if the row is not in the matrix or there is no room
     */
    public void row(int output, float[] to, int offset) {
        row(output, 0, inputs, to, offset);
    }

    /**
     * Widens some inputs of one row to floats.
     *
     * @param output the row
     * @param from first input; for formats of codes a multiple of {@link WeightFormat.Coded#GROUP}
     * @param count how many inputs
     * @param to receives {@code count} floats
     * @param offset where they start
     * @throws IndexOutOfBoundsException if they are not in the matrix or there is no room
     */
    public void row(int output, int from, int count, float[] to, int offset) {
        Objects.checkFromIndexSize(from, count, inputs);
        Objects.checkIndex(output, outputs);
        switch (format) {
            case WeightFormat.Plain plain -> plainRow(plain, (long) output * inputs + from, count, to, offset);
            case WeightFormat.Coded coded -> codedRow(coded, output, from, count, to, offset);
        }
    }

    private void plainRow(WeightFormat.Plain plain, long at, int count, float[] to, int offset) {
        switch (plain) {
            case F32 -> MemorySegment.copy(codes, FLOAT, at * Float.BYTES, to, offset, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    to[offset + i] = Float.float16ToFloat(codes.get(SHORT, (at + i) * Short.BYTES));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    to[offset + i] = Float.intBitsToFloat(codes.get(SHORT, (at + i) * Short.BYTES) << 16);
                }
            }
        }
    }

    private void codedRow(WeightFormat.Coded coded, int output, int from, int count, float[] to, int offset) {
        if (sideBySide > 1) {
            tiledRow(first + output, from, count, to, offset);
            return;
        }
        int groups = coded.groups(inputs);
        for (int i = 0; i < count; i += WeightFormat.Coded.GROUP) {
            int group = (from + i) / WeightFormat.Coded.GROUP;
            long plane = ((long) output * groups + group) * Float.BYTES;
            float scale = scales.get(FLOAT, plane);
            float minimum = coded.minimum() ? minimums.get(FLOAT, plane) : -0f;
            long at = (long) output * coded.rowBytes(inputs) + (long) group * (WeightFormat.Coded.GROUP * coded.bits() / 8);
            int end = Math.min(WeightFormat.Coded.GROUP, count - i);
            for (int j = 0; j < end; j++) {
                to[offset + i + j] = Elementary.multiplyAdd(scale, code(coded, at, j), minimum);
            }
        }
    }

    private void tiledRow(int output, int from, int count, float[] to, int offset) {
        int tile = output / sideBySide;
        int width = tileOutputs(tile);
        int place = output % sideBySide;
        long codesAt = tileCodes(tile) + place;
        long scalesAt = tileScales(tile) + place;
        for (int i = 0; i < count; i += WeightFormat.Coded.GROUP) {
            int group = (from + i) / WeightFormat.Coded.GROUP;
            float scale = scales.get(FLOAT, (scalesAt + (long) group * width) * Float.BYTES);
            int end = Math.min(WeightFormat.Coded.GROUP, count - i);
            for (int j = 0; j < end; j++) {
                to[offset + i + j] = scale * codes.get(ValueLayout.JAVA_BYTE, codesAt + (long) (from + i + j) * width);
            }
        }
    }

    private float code(WeightFormat.Coded coded, long group, int j) {
        if (coded.bits() == 8) {
            return WeightFormat.Coded.code(codes.get(INT, group + j / Integer.BYTES * Integer.BYTES), j % Integer.BYTES);
        }
        int pair = codes.get(ValueLayout.JAVA_BYTE, group + (j & 15));
        return coded.value(j < 16 ? pair & 15 : pair >> 4 & 15);
    }

    @Override
    public String toString() {
        return format.label() + "[" + outputs + "][" + inputs + "]";
    }
}
