package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Weights of each format, widened to floats. */
final class VectorWeights {
    static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    static final int COUNT = LANES.length();
    /**
     * What the bits of an F16, moved to where a float has its own, must be multiplied by: the exponents are biased by 127 and 15. The
     * factor is split between the activations and the sum, so that neither leaves the range of a float.
     */
    static final float F16_ACTIVATION = 0x1p60f;
    static final float F16_SUM = 0x1p52f;

    private static final boolean FUSED = Elementary.FUSED;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, LANES.vectorShape());
    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, part(2));
    /** At least 64 bits, of which only the first {@link #COUNT} bytes count. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, part(4));
    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final int NIBBLES = GROUP / 2;

    private VectorWeights() {
    }

    private static VectorShape part(int divisor) {
        return VectorShape.forBitSize(Math.max(64, LANES.vectorBitSize() / divisor));
    }

    /**
     * Widens the inputs {@code [from, from + count)} of one row, as {@link Matrix#row} does; F16 comes times 2⁻¹¹² if {@code raw}.
     */
    static void widen(Matrix w, int output, int from, int count, float[] to, int offset, boolean raw, Scratch scratch) {
        switch (w.format()) {
            case WeightFormat.Plain plain -> widenPlain(plain, w, output, from, count, to, offset, raw);
            case WeightFormat.Coded coded -> widenCoded(coded, w, output, from, count, to, offset, scratch);
        }
    }

    private static void widenPlain(WeightFormat.Plain plain, Matrix w, int output, int from, int count, float[] to, int offset,
                                   boolean raw) {
        if (count == 0) {
            return;
        }
        int whole = count - count % COUNT;
        long at = ((long) output * w.inputs() + from) * plain.size();
        switch (plain) {
            case F32 -> MemorySegment.copy(w.codes(), Matrix.FLOAT, at, to, offset, count);
            case BF16 -> {
                for (int i = 0; i < whole; i += COUNT) {
                    // the mask changes nothing, but after a shift alone the compiler does not know the vector's class
                    ((IntVector) ShortVector.fromMemorySegment(SHORTS, w.codes(), at + 2L * i, ORDER)
                        .convertShape(VectorOperators.S2I, INTS, 0)).lanewise(VectorOperators.LSHL, 16).and(0xFFFF0000)
                        .reinterpretAsFloats().intoArray(to, offset + i);
                }
                w.row(output, from + whole, count - whole, to, offset + whole);
            }
            case F16 -> {
                float factor = raw ? 1f : 0x1p112f;
                for (int i = 0; i < whole; i += COUNT) {
                    // sign, exponent and fraction moved to their places in a float; subnormals survive
                    ((IntVector) ShortVector.fromMemorySegment(SHORTS, w.codes(), at + 2L * i, ORDER)
                        .convertShape(VectorOperators.S2I, INTS, 0)).lanewise(VectorOperators.LSHL, 13).and(0x8FFFE000)
                        .reinterpretAsFloats().mul(factor).intoArray(to, offset + i);
                }
                w.row(output, from + whole, count - whole, to, offset + whole);
                for (int i = whole; raw && i < count; i++) {
                    to[offset + i] *= 0x1p-112f;
                }
            }
        }
    }

    private static void widenCoded(WeightFormat.Coded coded, Matrix w, int output, int from, int count, float[] to, int offset,
                                   Scratch scratch) {
        int whole = count - count % GROUP;
        long plane = ((long) output * coded.groups(w.inputs()) + from / GROUP) * Float.BYTES;
        long at = (long) output * coded.rowBytes(w.inputs()) + (long) from / GROUP * (GROUP * coded.bits() / 8);
        // without any weights as well, since calls count whatever they do
        MemorySegment minimums = coded.minimum() ? w.minimums() : null;
        if (coded.bits() == 8) {
            byte[] codes = scratch.codes(whole + BYTES.length());
            MemorySegment.copy(w.codes(), ValueLayout.JAVA_BYTE, at, codes, 0, whole);
            WeightFormat.Coded.split(codes, whole);
            bytes(codes, w.scales(), minimums, plane, whole, to, offset);
        } else if (COUNT == 16) {
            nibbles(coded.table(), w.codes(), at, w.scales(), minimums, plane, whole, to, offset);
        } else {
            nibblesOneByOne(coded.table(), w.codes(), at, w.scales(), minimums, plane, whole, to, offset);
        }
        w.row(output, from + whole, count - whole, to, offset + whole);
    }

    /** Whole groups of signed bytes; at 128 bits the last load reaches four bytes beyond them. */
    private static void bytes(byte[] codes, MemorySegment scales, MemorySegment minimums, long plane, int count, float[] to, int offset) {
        for (int i = 0; i < count; i += GROUP) {
            long group = plane + Float.BYTES * (i / GROUP);
            FloatVector factor = FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group));
            FloatVector summand = FloatVector.broadcast(LANES, minimums == null ? -0f : minimums.get(Matrix.FLOAT, group));
            for (int j = i; j < i + GROUP; j += COUNT) {
                FloatVector values = (FloatVector) ByteVector.fromArray(BYTES, codes, j).convertShape(VectorOperators.B2F, LANES, 0);
                (FUSED ? values.fma(factor, summand) : values.mul(factor).add(summand)).intoArray(to, offset + j);
            }
        }
    }

    private static void nibbles(float[] table, MemorySegment codes, long at, MemorySegment scales, MemorySegment minimums, long plane,
                                int count, float[] to, int offset) {
        IntVector entries = FloatVector.fromArray(LANES, table, 0).reinterpretAsInts();
        for (int i = 0; i < count; i += GROUP) {
            long group = plane + Float.BYTES * (i / GROUP);
            FloatVector factor = FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group));
            FloatVector summand = FloatVector.broadcast(LANES, minimums == null ? -0f : minimums.get(Matrix.FLOAT, group));
            IntVector pairs = (IntVector) ByteVector.fromMemorySegment(BYTES, codes, at + i / 2, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
            FloatVector low = pairs.and(15).selectFrom(entries).reinterpretAsFloats();
            FloatVector high = pairs.lanewise(VectorOperators.LSHR, 4).selectFrom(entries).reinterpretAsFloats();
            (FUSED ? low.fma(factor, summand) : low.mul(factor).add(summand)).intoArray(to, offset + i);
            (FUSED ? high.fma(factor, summand) : high.mul(factor).add(summand)).intoArray(to, offset + i + NIBBLES);
        }
    }

    private static void nibblesOneByOne(float[] table, MemorySegment codes, long at, MemorySegment scales, MemorySegment minimums,
                                        long plane, int count, float[] to, int offset) {
        for (int i = 0; i < count; i += GROUP) {
            long group = plane + Float.BYTES * (i / GROUP);
            float scale = scales.get(Matrix.FLOAT, group);
            float minimum = minimums == null ? -0f : minimums.get(Matrix.FLOAT, group);
            for (int j = 0; j < NIBBLES; j++) {
                int pair = codes.get(ValueLayout.JAVA_BYTE, at + i / 2 + j);
                to[offset + i + j] = Elementary.multiplyAdd(scale, table[pair & 15], minimum);
                to[offset + i + NIBBLES + j] = Elementary.multiplyAdd(scale, table[pair >> 4 & 15], minimum);
            }
        }
    }
}
