package jot.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Makes packed, C-ordered, little-endian data from elements in another order, when it is first asked for; thread-safe.
 */
final class StridedCopy implements Supplier<MemorySegment> {

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Supplier<MemorySegment> source;
    private final FileContent content;
    private final int elementBytes;
    private final long offset;
    private final long[] shape;
    private final long[] strides;
    private final boolean bigEndian;
    private MemorySegment copy;

    private StridedCopy(Supplier<MemorySegment> source, FileContent content, int elementBytes, long offset, long[] shape, long[] strides,
            boolean bigEndian) {
        this.source = source;
        this.content = content;
        this.elementBytes = elementBytes;
        this.offset = offset;
        this.shape = shape;
        this.strides = strides;
        this.bigEndian = bigEndian;
    }

    /**
     * Describes the copy; every element must lie within the source.
     *
     * @param source    the data in its own order
     * @param content   the file in whose memory the copy is made
     * @param type      the type of the elements, of whole bytes
     * @param offset    the first element, counted in elements
     * @param shape     the size of each dimension
     * @param strides   the step along each dimension, counted in elements
     * @param bigEndian whether the bytes of each number are to be reversed
     */
    static StridedCopy of(Supplier<MemorySegment> source, FileContent content, DataType type, long offset, long[] shape, long[] strides,
            boolean bigEndian) {
        if (type != DataType.C64) {
            return new StridedCopy(source, content, type.bits() / 8, offset, shape, strides, bigEndian);
        }
        int rank = shape.length;
        long[] halves = Arrays.copyOf(shape, rank + 1);
        halves[rank] = 2;
        long[] steps = new long[rank + 1];
        Arrays.setAll(steps, d -> d < rank ? 2 * strides[d] : 1);
        return new StridedCopy(source, content, type.bits() / 16, 2 * offset, halves, steps, bigEndian);
    }

    @Override
    public synchronized MemorySegment get() {
        if (copy == null) {
            MemorySegment target = content.allocate(Shape.elements(shape) * elementBytes);
            fill(source.get(), target);
            copy = target.asReadOnly();
        }
        return copy;
    }

    private void fill(MemorySegment from, MemorySegment target) {
        long[] index = new long[shape.length];
        long elements = target.byteSize() / elementBytes;
        long at = offset;
        for (long i = 0; i < elements; i++) {
            copyElement(from, at, target, i);
            for (int d = shape.length - 1; d >= 0; d--) {
                at += strides[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                at -= strides[d] * shape[d];
                index[d] = 0;
            }
        }
    }

    private void copyElement(MemorySegment from, long fromElement, MemorySegment to, long toElement) {
        long f = fromElement * elementBytes;
        long t = toElement * elementBytes;
        switch (elementBytes) {
            case 1 -> to.set(ValueLayout.JAVA_BYTE, t, from.get(ValueLayout.JAVA_BYTE, f));
            case 2 -> to.set(SHORT, t, bigEndian ? Short.reverseBytes(from.get(SHORT, f)) : from.get(SHORT, f));
            case 4 -> to.set(INT, t, bigEndian ? Integer.reverseBytes(from.get(INT, f)) : from.get(INT, f));
            default -> to.set(LONG, t, bigEndian ? Long.reverseBytes(from.get(LONG, f)) : from.get(LONG, f));
        }
    }
}
