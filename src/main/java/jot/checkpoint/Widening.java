package jot.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Widens stored elements to Java's float and long.
 */
final class Widening {

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The longest array that every JVM allocates. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private Widening() {
    }

    static float[] floats(Tensor tensor) {
        DataType type = tensor.dataType();
        switch (type) {
            case C64 -> throw new IllegalArgumentException(tensor + " is complex: it has no floats");
            case F6_E2M3, F6_E3M2 -> throw new IllegalArgumentException(tensor + ": the packing of six-bit elements is not defined");
            default -> {
            }
        }
        float[] values = new float[arrayLength(tensor)];
        guarded(tensor, () -> fill(values, type, tensor.data()));
        return values;
    }

    static long[] longs(Tensor tensor) {
        if (!tensor.dataType().isInteger()) {
            throw new IllegalArgumentException(tensor + " holds no integers");
        }
        long[] values = new long[arrayLength(tensor)];
        guarded(tensor, () -> fill(values, tensor.dataType(), tensor.data()));
        if (tensor.dataType() == DataType.U64) {
            for (int i = 0; i < values.length; i++) {
                if (values[i] < 0) {
                    throw new IllegalArgumentException(tensor + ": element " + i + ", " + Long.toUnsignedString(values[i])
                            + ", is beyond the range of a long");
                }
            }
        }
        return values;
    }

    private static int arrayLength(Tensor tensor) {
        if (tensor.elements() > LONGEST_ARRAY) {
            throw new IllegalArgumentException(tensor + " has " + tensor.elements() + " elements, an array at most " + LONGEST_ARRAY
                    + ": use Tensor.data()");
        }
        return (int) tensor.elements();
    }

    /** Runs an access to mapped memory, and names the file if it was cut short or closed meanwhile. */
    private static void guarded(Tensor tensor, Runnable access) {
        try {
            access.run();
        } catch (InternalError e) {
            CheckpointFormatException cause = new CheckpointFormatException(tensor.file(), "tensor " + tensor,
                    "a file that stays as it was opened", "one that changed while it was mapped", e);
            throw new IllegalStateException(cause.getMessage(), cause);
        }
    }

    private static void fill(float[] values, DataType type, MemorySegment data) {
        int count = values.length;
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, 0, values, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = Float.float16ToFloat(data.get(SHORT, 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = Float.intBitsToFloat(data.get(SHORT, 2L * i) << 16);
                }
            }
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = (float) data.get(DOUBLE, 8L * i);
                }
            }
            case F4 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = SmallFloat.E2M1[data.get(BYTE, i >> 1) >> 4 * (i & 1) & 0xF];
                }
            }
            case F8_E5M2 -> lookUp(values, SmallFloat.E5M2, data);
            case F8_E4M3 -> lookUp(values, SmallFloat.E4M3, data);
            case F8_E8M0 -> lookUp(values, SmallFloat.E8M0, data);
            case F8_E4M3FNUZ -> lookUp(values, SmallFloat.E4M3_FNUZ, data);
            case F8_E5M2FNUZ -> lookUp(values, SmallFloat.E5M2_FNUZ, data);
            case U64 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = unsignedToFloat(data.get(LONG, 8L * i));
                }
            }
            case I64 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = data.get(LONG, 8L * i);
                }
            }
            case BOOL, U8, I8, I16, U16, I32, U32 -> {
                for (int i = 0; i < count; i++) {
                    values[i] = integer(type, data, i);
                }
            }
            case F6_E2M3, F6_E3M2, C64 -> throw new IllegalArgumentException(type + " is not widened to floats");
        }
    }

    private static void fill(long[] values, DataType type, MemorySegment data) {
        if (type.bits() == 64) {
            MemorySegment.copy(data, LONG, 0, values, 0, values.length);
        } else {
            Arrays.setAll(values, i -> integer(type, data, i));
        }
    }

    private static void lookUp(float[] values, float[] table, MemorySegment data) {
        for (int i = 0; i < values.length; i++) {
            values[i] = table[data.get(BYTE, i) & 0xFF];
        }
    }

    /** An integer of at most 32 bits. */
    private static long integer(DataType type, MemorySegment data, int i) {
        return switch (type) {
            case BOOL -> data.get(BYTE, i) == 0 ? 0 : 1;
            case I8 -> data.get(BYTE, i);
            case U8 -> data.get(BYTE, i) & 0xFF;
            case I16 -> data.get(SHORT, 2L * i);
            case U16 -> data.get(SHORT, 2L * i) & 0xFFFF;
            case I32 -> data.get(INT, 4L * i);
            case U32 -> data.get(INT, 4L * i) & 0xFFFF_FFFFL;
            default -> throw new IllegalArgumentException(type + " is not an integer of at most 32 bits");
        };
    }

    /** Rounds to nearest; halving keeps the lowest bit sticky, so that it rounds once. */
    private static float unsignedToFloat(long value) {
        return value >= 0 ? (float) value : 2 * (float) (value >>> 1 | value & 1);
    }
}
