package jot.cli.bench;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import jot.tensor.Elementary;

/**
 * Loops by the Vector API that keep a machine at its limits; loaded only where that module is there.
 *
 * <p>Each method with a loop is longer than what the compiler inlines (325 bytecodes), or stands to lose half its speed: within another
 * loop, with that one's values to hold, there are registers too few.
 */
final class VectorLoops implements MachineLimits.Loops {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Independent chains of multiply-adds: more than wait for one another, and few enough for 16 registers. */
    private static final int CHAINS = 12;
    private static final int ROUNDS = 2000;
    private static final int BYTES = 1 << 18;
    private static final int VECTOR = LONGS.vectorByteSize();

    @Override
    public String description() {
        return "vector " + FLOATS.vectorBitSize() + "-bit";
    }

    @Override
    public double multiplyAdd() {
        float sum = Elementary.FUSED ? fused() : separate();
        return 2.0 * CHAINS * FLOATS.length() * ROUNDS + (sum == 0 ? 1 : 0);
    }

    private static float fused() {
        FloatVector a = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector b = FloatVector.broadcast(FLOATS, 1e-3f);
        FloatVector r0 = a;
        FloatVector r1 = a.mul(2f);
        FloatVector r2 = a.mul(3f);
        FloatVector r3 = a.mul(4f);
        FloatVector r4 = a.mul(5f);
        FloatVector r5 = a.mul(6f);
        FloatVector r6 = a.mul(7f);
        FloatVector r7 = a.mul(8f);
        FloatVector r8 = a.mul(9f);
        FloatVector r9 = a.mul(10f);
        FloatVector r10 = a.mul(11f);
        FloatVector r11 = a.mul(12f);
        for (int round = 0; round < ROUNDS; round += 2) {
            r0 = r0.fma(a, b);
            r1 = r1.fma(a, b);
            r2 = r2.fma(a, b);
            r3 = r3.fma(a, b);
            r4 = r4.fma(a, b);
            r5 = r5.fma(a, b);
            r6 = r6.fma(a, b);
            r7 = r7.fma(a, b);
            r8 = r8.fma(a, b);
            r9 = r9.fma(a, b);
            r10 = r10.fma(a, b);
            r11 = r11.fma(a, b);
            r0 = r0.fma(a, b);
            r1 = r1.fma(a, b);
            r2 = r2.fma(a, b);
            r3 = r3.fma(a, b);
            r4 = r4.fma(a, b);
            r5 = r5.fma(a, b);
            r6 = r6.fma(a, b);
            r7 = r7.fma(a, b);
            r8 = r8.fma(a, b);
            r9 = r9.fma(a, b);
            r10 = r10.fma(a, b);
            r11 = r11.fma(a, b);
        }
        return r0.add(r1).add(r2).add(r3).add(r4).add(r5).add(r6).add(r7).add(r8).add(r9).add(r10).add(r11).lane(0);
    }

    /** The same in two steps, for machines that cannot fuse them. */
    private static float separate() {
        FloatVector a = FloatVector.broadcast(FLOATS, 0.999f);
        FloatVector b = FloatVector.broadcast(FLOATS, 1e-3f);
        FloatVector r0 = a;
        FloatVector r1 = a.mul(2f);
        FloatVector r2 = a.mul(3f);
        FloatVector r3 = a.mul(4f);
        FloatVector r4 = a.mul(5f);
        FloatVector r5 = a.mul(6f);
        FloatVector r6 = a.mul(7f);
        FloatVector r7 = a.mul(8f);
        FloatVector r8 = a.mul(9f);
        FloatVector r9 = a.mul(10f);
        FloatVector r10 = a.mul(11f);
        FloatVector r11 = a.mul(12f);
        for (int round = 0; round < ROUNDS; round += 2) {
            r0 = r0.mul(a).add(b);
            r1 = r1.mul(a).add(b);
            r2 = r2.mul(a).add(b);
            r3 = r3.mul(a).add(b);
            r4 = r4.mul(a).add(b);
            r5 = r5.mul(a).add(b);
            r6 = r6.mul(a).add(b);
            r7 = r7.mul(a).add(b);
            r8 = r8.mul(a).add(b);
            r9 = r9.mul(a).add(b);
            r10 = r10.mul(a).add(b);
            r11 = r11.mul(a).add(b);
            r0 = r0.mul(a).add(b);
            r1 = r1.mul(a).add(b);
            r2 = r2.mul(a).add(b);
            r3 = r3.mul(a).add(b);
            r4 = r4.mul(a).add(b);
            r5 = r5.mul(a).add(b);
            r6 = r6.mul(a).add(b);
            r7 = r7.mul(a).add(b);
            r8 = r8.mul(a).add(b);
            r9 = r9.mul(a).add(b);
            r10 = r10.mul(a).add(b);
            r11 = r11.mul(a).add(b);
        }
        return r0.add(r1).add(r2).add(r3).add(r4).add(r5).add(r6).add(r7).add(r8).add(r9).add(r10).add(r11).lane(0);
    }

    @Override
    public int readBytes() {
        return BYTES;
    }

    @Override
    public long read(MemorySegment memory, int streams, long at) {
        return streams == 1 ? readOne(memory, at) : readFour(memory, memory.byteSize() / 4, at);
    }

    private static long readOne(MemorySegment memory, long from) {
        LongVector s0 = LongVector.zero(LONGS);
        LongVector s1 = s0;
        LongVector s2 = s0;
        LongVector s3 = s0;
        LongVector s4 = s0;
        LongVector s5 = s0;
        LongVector s6 = s0;
        LongVector s7 = s0;
        for (int i = 0; i < BYTES; i += 8 * VECTOR) {
            long at = from + i;
            s0 = s0.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at, ORDER));
            s1 = s1.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + VECTOR, ORDER));
            s2 = s2.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 2 * VECTOR, ORDER));
            s3 = s3.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 3 * VECTOR, ORDER));
            s4 = s4.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 4 * VECTOR, ORDER));
            s5 = s5.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 5 * VECTOR, ORDER));
            s6 = s6.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 6 * VECTOR, ORDER));
            s7 = s7.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + 7 * VECTOR, ORDER));
        }
        s0 = s0.lanewise(VectorOperators.XOR, s1).lanewise(VectorOperators.XOR, s2).lanewise(VectorOperators.XOR, s3);
        s4 = s4.lanewise(VectorOperators.XOR, s5).lanewise(VectorOperators.XOR, s6).lanewise(VectorOperators.XOR, s7);
        return s0.lanewise(VectorOperators.XOR, s4).lane(0);
    }

    private static long readFour(MemorySegment memory, long stream, long from) {
        LongVector s0 = LongVector.zero(LONGS);
        LongVector s1 = s0;
        LongVector s2 = s0;
        LongVector s3 = s0;
        LongVector s4 = s0;
        LongVector s5 = s0;
        LongVector s6 = s0;
        LongVector s7 = s0;
        for (int i = 0; i < BYTES / 4; i += 2 * VECTOR) {
            long at = from + i;
            s0 = s0.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at, ORDER));
            s1 = s1.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, at + VECTOR, ORDER));
            s2 = s2.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, stream + at, ORDER));
            s3 = s3.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, stream + at + VECTOR, ORDER));
            s4 = s4.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, 2 * stream + at, ORDER));
            s5 = s5.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, 2 * stream + at + VECTOR, ORDER));
            s6 = s6.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, 3 * stream + at, ORDER));
            s7 = s7.lanewise(VectorOperators.XOR, LongVector.fromMemorySegment(LONGS, memory, 3 * stream + at + VECTOR, ORDER));
        }
        s0 = s0.lanewise(VectorOperators.XOR, s1).lanewise(VectorOperators.XOR, s2).lanewise(VectorOperators.XOR, s3);
        s4 = s4.lanewise(VectorOperators.XOR, s5).lanewise(VectorOperators.XOR, s6).lanewise(VectorOperators.XOR, s7);
        return s0.lanewise(VectorOperators.XOR, s4).lane(0);
    }
}
