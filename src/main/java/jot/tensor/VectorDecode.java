package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row times a matrix of plain numbers, bound by reading the weights.
 *
 * <p>Several rows of weights are read side by side, straight from memory and as far apart as the range allows, so that each is a long
 * stream for the hardware to run ahead of. Each has a vector of sums of its own: lane {@code l} sums the inputs {@code l, l + lanes, …} in
 * order, and the lanes are folded once at the end. This order is the same for one row of activations or many
 * ({@link RegisterTile.FewRows}), so a row's bits do not depend on its company. Codes have kernels of their own, {@link VectorCodes}.
 *
 * <p>One loop goes over the whole range, row after row, and a branch in it ends each. A loop for each row would be clearer, but the
 * compiler proves the bounds of all streams each time it enters one, some hundred steps without a load, and reading stands still meanwhile.
 */
final class VectorDecode {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, LANES.vectorShape());
    private static final VectorSpecies<Short> SHORTS = VectorWeights.SHORTS;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final boolean FUSED = Elementary.FUSED;
    private static final int COUNT = LANES.length();
    /** Rows of weights that one row of activations is multiplied by side by side. */
    private static final int STREAMS = 8;
    /** The same for weights of 16 bits. */
    private static final int HALF_STREAMS = 4;
    /** Vectors of sums that are kept until their lanes are folded: those of some outputs of each stream. */
    static final int SUMS = 4096;
    /**
     * Floats of {@link Scratch#tile} that hold the sums, and what folding them reads beyond. Always as many, even for a few outputs: the
     * compiler asks for several steps of a loop at once whether an array is long enough, and where that fails for the first of them alone,
     * it compiles all later kernels with a check for each load.
     */
    static final int ROOM = SUMS * COUNT + COUNT * COUNT;

    private VectorDecode() {
    }

    /**
     * Whether {@link #multiply} can do it: weights as they are stored, in whole vectors and memory of the usual class, and enough outputs
     * for the streams.
     */
    static boolean fits(Matrix w, int outputs) {
        return w.format() instanceof WeightFormat.Plain && w.inputs() % COUNT == 0 && outputs >= STREAMS && w.isOneClass();
    }

    /** What a kernel throws that was given memory of another class than {@link Matrix#MEMORY}. */
    static IllegalArgumentException otherClass() {
        return new IllegalArgumentException("memory of another class than allocated memory has");
    }

    /** One row times weights as they lie in memory; outputs that are left over are computed with others. */
    static void multiply(Matrix w, float[] bias, float[] x, int at, float[] y, int to, int fromOutput, int toOutput, Scratch scratch) {
        WeightFormat.Plain plain = (WeightFormat.Plain) w.format();
        boolean scaled = plain == WeightFormat.Plain.F16;
        float factor = scaled ? VectorWeights.F16_SUM : 1f;
        float[] row = scaled ? scaled(x, at, w.inputs(), scratch) : x;
        int rowAt = scaled ? 0 : at;
        int streams = plain == WeightFormat.Plain.F32 ? STREAMS : HALF_STREAMS;
        float[] sums = scratch.tile(ROOM);
        int apart = (toOutput - fromOutput) / streams;
        int step = SUMS / streams;
        for (int k = 0; k < apart; k += step) {
            int count = Math.min(step, apart - k);
            sum(w, plain, fromOutput + k, apart, count, row, rowAt, sums);
            store(sums, streams, streams, factor, bias, fromOutput + k, apart, count, y, to);
        }
        if (streams * apart < toOutput - fromOutput) {
            sum(w, plain, toOutput - streams, 1, 1, row, rowAt, sums);
            store(sums, streams, streams, factor, bias, toOutput - streams, 1, 1, y, to);
        }
    }

    static float[] scaled(float[] x, int at, int inputs, Scratch scratch) {
        float[] row = scratch.rows(inputs);
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector.fromArray(LANES, x, at + i).mul(VectorWeights.F16_ACTIVATION).intoArray(row, i);
        }
        return row;
    }

    /** Sums, {@code [outputs][streams][lanes]}, of some consecutive outputs of each stream; streams are {@code distance} outputs apart. */
    static void sum(Matrix w, WeightFormat.Plain plain, int output, int distance, int outputs, float[] x, int at, float[] sums) {
        long bytes = (long) plain.size() * w.inputs();
        switch (plain) {
            case F32 -> f32(w.codes(), output * bytes, distance * bytes, w.inputs(), outputs, x, at, sums);
            case F16 -> halves(w.codes(), output * bytes, distance * bytes, 13, 0x8FFFE000, w.inputs(), outputs, x, at, sums);
            case BF16 -> halves(w.codes(), output * bytes, distance * bytes, 16, 0xFFFF0000, w.inputs(), outputs, x, at, sums);
        }
    }

    /**
     * Folds the sums of streams, {@code [outputs][streams][lanes]}, and stores those of the first {@code used} streams, times a factor
     * and plus their bias.
     */
    static void store(float[] sums, int streams, int used, float factor, float[] bias, int output, int distance, int outputs, float[] y,
                      int to) {
        VectorFunctions.foldAll(sums, outputs * streams);
        for (int o = 0; o < used; o++) {
            int first = output + o * distance;
            for (int k = 0; k < outputs; k++) {
                float sum = sums[k * streams + o] * factor;
                y[to + first + k] = bias == null ? sum : sum + bias[first + k];
            }
        }
    }

    private static void f32(MemorySegment w, long from, long apart, int inputs, int outputs, float[] x, int at, float[] sums) {
        if (w.getClass() != Matrix.MEMORY) {
            throw otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a = zero;
        FloatVector b = zero;
        FloatVector c = zero;
        FloatVector d = zero;
        FloatVector e = zero;
        FloatVector f = zero;
        FloatVector g = zero;
        FloatVector h = zero;
        long w1 = from + apart;
        long w2 = w1 + apart;
        long w3 = w2 + apart;
        long w4 = w3 + apart;
        long w5 = w4 + apart;
        long w6 = w5 + apart;
        long w7 = w6 + apart;
        int steps = outputs * (inputs / COUNT);
        int i = at;
        int to = 0;
        for (int t = 0; t < steps; t++) {
            long step = 4L * COUNT * t;
            FloatVector v = FloatVector.fromArray(LANES, x, i);
            FloatVector weights = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
            a = FUSED ? weights.fma(v, a) : weights.mul(v).add(a);
            weights = FloatVector.fromMemorySegment(LANES, w, w1 + step, ORDER);
            b = FUSED ? weights.fma(v, b) : weights.mul(v).add(b);
            weights = FloatVector.fromMemorySegment(LANES, w, w2 + step, ORDER);
            c = FUSED ? weights.fma(v, c) : weights.mul(v).add(c);
            weights = FloatVector.fromMemorySegment(LANES, w, w3 + step, ORDER);
            d = FUSED ? weights.fma(v, d) : weights.mul(v).add(d);
            weights = FloatVector.fromMemorySegment(LANES, w, w4 + step, ORDER);
            e = FUSED ? weights.fma(v, e) : weights.mul(v).add(e);
            weights = FloatVector.fromMemorySegment(LANES, w, w5 + step, ORDER);
            f = FUSED ? weights.fma(v, f) : weights.mul(v).add(f);
            weights = FloatVector.fromMemorySegment(LANES, w, w6 + step, ORDER);
            g = FUSED ? weights.fma(v, g) : weights.mul(v).add(g);
            weights = FloatVector.fromMemorySegment(LANES, w, w7 + step, ORDER);
            h = FUSED ? weights.fma(v, h) : weights.mul(v).add(h);
            i += COUNT;
            if (i == at + inputs) {
                a.intoArray(sums, to);
                a = zero;
                b.intoArray(sums, to + COUNT);
                b = zero;
                c.intoArray(sums, to + 2 * COUNT);
                c = zero;
                d.intoArray(sums, to + 3 * COUNT);
                d = zero;
                e.intoArray(sums, to + 4 * COUNT);
                e = zero;
                f.intoArray(sums, to + 5 * COUNT);
                f = zero;
                g.intoArray(sums, to + 6 * COUNT);
                g = zero;
                h.intoArray(sums, to + 7 * COUNT);
                h = zero;
                to += STREAMS * COUNT;
                i = at;
            }
        }
    }

    /** Numbers of 16 bits become floats when they are moved up by {@code shift} bits and those that belong to none are masked. */
    private static void halves(MemorySegment w, long from, long apart, int shift, int bits, int inputs, int outputs, float[] x, int at,
                               float[] sums) {
        if (w.getClass() != Matrix.MEMORY) {
            throw otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        IntVector mask = IntVector.broadcast(INTS, bits);
        FloatVector a = zero;
        FloatVector b = zero;
        FloatVector c = zero;
        FloatVector d = zero;
        long w1 = from + apart;
        long w2 = w1 + apart;
        long w3 = w2 + apart;
        int steps = outputs * (inputs / COUNT);
        int i = at;
        int to = 0;
        for (int t = 0; t < steps; t++) {
            long step = 2L * COUNT * t;
            FloatVector v = FloatVector.fromArray(LANES, x, i);
            FloatVector weights = ((IntVector) ShortVector.fromMemorySegment(SHORTS, w, from + step, ORDER)
                .convertShape(VectorOperators.S2I, INTS, 0)).lanewise(VectorOperators.LSHL, shift).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v, a) : weights.mul(v).add(a);
            weights = ((IntVector) ShortVector.fromMemorySegment(SHORTS, w, w1 + step, ORDER).convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, shift).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v, b) : weights.mul(v).add(b);
            weights = ((IntVector) ShortVector.fromMemorySegment(SHORTS, w, w2 + step, ORDER).convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, shift).and(mask).reinterpretAsFloats();
            c = FUSED ? weights.fma(v, c) : weights.mul(v).add(c);
            weights = ((IntVector) ShortVector.fromMemorySegment(SHORTS, w, w3 + step, ORDER).convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, shift).and(mask).reinterpretAsFloats();
            d = FUSED ? weights.fma(v, d) : weights.mul(v).add(d);
            i += COUNT;
            if (i == at + inputs) {
                a.intoArray(sums, to);
                a = zero;
                b.intoArray(sums, to + COUNT);
                b = zero;
                c.intoArray(sums, to + 2 * COUNT);
                c = zero;
                d.intoArray(sums, to + 3 * COUNT);
                d = zero;
                to += HALF_STREAMS * COUNT;
                i = at;
            }
        }
    }
}
