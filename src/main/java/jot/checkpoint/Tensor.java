package jot.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * One named tensor of a {@link Checkpoint}; immutable and thread-safe, its data read only when asked for.
 *
 * <p>The data is valid until the checkpoint is closed.
 */
public final class Tensor {

    private final String name;
    private final DataType dataType;
    private final long[] shape;
    private final long elements;
    private final Path file;
    private final Supplier<MemorySegment> data;
    private final Runnable release;

    /** Takes the shape over; the data must have as many bytes as type and shape say. */
    Tensor(String name, DataType dataType, long[] shape, Path file, Supplier<MemorySegment> data) {
        this(name, dataType, shape, file, data, () -> { });
    }

    /** The same with data that can be given back and asked for again. */
    Tensor(String name, DataType dataType, long[] shape, Path file, Supplier<MemorySegment> data, Runnable release) {
        this.name = name;
        this.dataType = dataType;
        this.shape = shape;
        this.elements = Shape.elements(shape);
        this.file = file;
        this.data = data;
        this.release = release;
    }

    /**
     * The name within the checkpoint.
     *
     * @return such as {@code h.0.attn.c_attn.weight}
     */
    public String name() {
        return name;
    }

    /**
     * The type of the elements.
     *
     * @return the type
     */
    public DataType dataType() {
        return dataType;
    }

    /**
     * The size of each dimension, the slowest first.
     *
     * @return a copy; empty for a scalar
     */
    public long[] shape() {
        return shape.clone();
    }

    /**
     * The number of elements.
     *
     * @return the product of the shape; 1 for a scalar
     */
    public long elements() {
        return elements;
    }

    /**
     * The size of the data.
     *
     * @return bytes
     */
    public long bytes() {
        return dataType.bytes(elements);
    }

    /**
     * The elements as they are stored: packed, in C order, little-endian, at any alignment.
     *
     * <p>Should the file be cut short while it is mapped, an access to its lost part throws {@code InternalError}.
     *
     * @return a read-only segment of {@link #bytes()} bytes, usable by any thread until the checkpoint is closed
     * @throws IllegalStateException if the checkpoint is closed, or the file can no longer be read
     */
    public MemorySegment data() {
        return data.get();
    }

    /**
     * Gives back the memory of data that was read rather than mapped, where that can be done for one tensor; otherwise does nothing.
     *
     * <p>What {@link #data()} returned before, here or for another tensor over the same bytes, must not be used any more: an access to it
     * may throw {@code IllegalStateException}. The next call reads the file again.
     */
    public void release() {
        release.run();
    }

    /**
     * The file that holds the data.
     *
     * @return its path
     */
    public Path file() {
        return file;
    }

    /**
     * The elements as floats, in C order.
     *
     * @return a new array; integers and doubles rounded to the nearest float, truth values as 0 and 1
     * @throws IllegalArgumentException if there are more elements than an array holds, or the type is one of
     *                                  {@link DataType#C64}, {@link DataType#F6_E2M3} and {@link DataType#F6_E3M2}
     * @throws IllegalStateException    if the checkpoint is closed, or the file can no longer be read
     */
    public float[] floats() {
        return Widening.floats(this);
    }

    /**
     * The elements as longs, in C order.
     *
     * @return a new array; truth values as 0 and 1
     * @throws IllegalArgumentException if there are more elements than an array holds, the type is not one of integers, or an element is
     *                                  above 2⁶³ − 1
     * @throws IllegalStateException    if the checkpoint is closed, or the file can no longer be read
     */
    public long[] longs() {
        return Widening.longs(this);
    }

    /**
     * The same tensor under another name.
     *
     * @param other the name
     * @return a tensor over the same data
     */
    public Tensor named(String other) {
        return new Tensor(Checkpoint.present(other, "other"), dataType, shape, file, data);
    }

    /**
     * A tensor of the same name and shape with other elements.
     *
     * @param floats its elements as 32-bit floats, packed, in C order, little-endian
     * @return a tensor of type {@link DataType#F32} over that memory
     * @throws IllegalArgumentException if the memory has another size
     */
    public Tensor withFloats(MemorySegment floats) {
        if (Checkpoint.present(floats, "floats").byteSize() != DataType.F32.bytes(elements)) {
            throw new IllegalArgumentException(name + ": expected " + DataType.F32.bytes(elements) + " bytes, found " + floats.byteSize());
        }
        return new Tensor(name, DataType.F32, shape, file, () -> floats);
    }

    @Override
    public String toString() {
        return name + " " + dataType + Arrays.toString(shape);
    }
}
