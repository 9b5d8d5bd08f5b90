package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
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
 * With 32-bit weights a step takes four vectors of each stream, one after the other, which the hardware reads faster than one of each in
 * turns. There the compiler moves the comparisons of bounds out of the loop, as its profile says that the loop goes round more than twice a
 * call: {@link WarmingKernels} sees to that.
 *
 * <p>Numbers of 16 bits are read as words of two, where rows are whole steps of them ({@link LaneKernels#arePaired}): a word's lower half
 * is an even input, its upper half the odd one after it, and the activations are laid out the same way ({@link #pairs}). So each load is as
 * long as with 32 bits, four of each of two streams a step.
 */
final class VectorDecode {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, LANES.vectorShape());
    private static final VectorSpecies<Short> SHORTS = VectorWeights.SHORTS;
    /** Every other number of two vectors. */
    static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(LANES, lane -> 2 * lane);
    static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(LANES, lane -> 2 * lane + 1);
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final boolean FUSED = Elementary.FUSED;
    private static final int COUNT = LANES.length();
    /** The bits of a float that those of an F16 take, sign, exponent and fraction, once moved by 3 bits; and those that a BF16 takes. */
    static final int F16_BITS = 0x8FFFE000;
    static final int BF16_BITS = 0xFFFF0000;
    /** Rows of weights that one row of activations is multiplied by side by side. */
    private static final int STREAMS = 4;
    /** The same where a load brings words of two weights. */
    private static final int WORD_STREAMS = 2;
    /** Inputs that a step takes of each stream of 32-bit weights. */
    private static final int TOGETHER = 4 * COUNT;
    /** Vectors of sums that are kept until their lanes are folded: those of some outputs of each stream, {@link #part} of them. */
    private static final int SUMS = 4096;
    /**
     * Floats of {@link Scratch#tile} that hold the sums, with some to spare. Always as many, even for a few outputs: the
     * compiler asks for several steps of a loop at once whether an array is long enough, and where that fails for the first of them alone,
     * it compiles all later kernels with a check for each load.
     */
    static final int ROOM = SUMS * COUNT + COUNT * COUNT;

    /** Where the sums of one stream come after those of the one before it, in floats. */
    private static final int PART = part(STREAMS) * COUNT;
    private static final int WORD_PART = part(WORD_STREAMS) * COUNT;

    private VectorDecode() {
    }

    /**
     * Outputs of each of some streams whose sums are kept until their lanes are folded: an odd number of times {@link #COUNT}, so that sums
     * of one output are not whole pages of memory apart, which caches and processors take for one place.
     */
    static int part(int streams) {
        return (SUMS / streams / COUNT - 1 | 1) * COUNT;
    }

    /**
     * Whether {@link #multiply} can do it: weights as they are stored, in whole steps and memory of the usual class, and enough outputs
     * for the streams.
     */
    static boolean fits(Matrix w, int outputs) {
        return w.format() instanceof WeightFormat.Plain plain && w.inputs() % (plain == WeightFormat.Plain.F32 ? TOGETHER : COUNT) == 0
            && outputs >= STREAMS && w.isOneClass();
    }

    /** What a kernel throws that was given memory of another class than {@link Matrix#MEMORY}. */
    static IllegalArgumentException otherClass() {
        return new IllegalArgumentException("memory of another class than allocated memory has");
    }

    /** One row times weights as they lie in memory; outputs that are left over are computed with others. */
    static void multiply(Matrix w, float[] bias, float[] x, int at, float[] y, int to, int fromOutput, int toOutput, Scratch scratch) {
        WeightFormat.Plain plain = (WeightFormat.Plain) w.format();
        boolean paired = LaneKernels.arePaired(plain, w.inputs(), COUNT);
        float factor = plain == WeightFormat.Plain.F16 ? VectorWeights.F16_SUM : 1f;
        float[] row = x;
        int rowAt = at;
        if (plain != WeightFormat.Plain.F32) {
            row = scratch.rows(w.inputs());
            rowAt = 0;
            float scale = plain == WeightFormat.Plain.F16 ? VectorWeights.F16_ACTIVATION : 1f;
            if (paired) {
                pairs(x, at, w.inputs(), scale, row, 0, 1);
            } else {
                scaled(x, at, w.inputs(), scale, row);
            }
        }
        float[] sums = scratch.tile(ROOM);
        int streams = paired ? WORD_STREAMS : STREAMS;
        int apart = (toOutput - fromOutput) / streams;
        int step = part(streams);
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

    static void scaled(float[] x, int at, int inputs, float factor, float[] row) {
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector.fromArray(LANES, x, at + i).mul(factor).intoArray(row, i);
        }
    }

    /**
     * Lays out a row of activations, times a factor, as words of two weights want it, {@code [inputs / (2 · lanes)][2][lanes]}: even
     * inputs, then odd ones. The vectors stand {@code rows} vectors apart, so that rows can be interleaved.
     */
    static void pairs(float[] x, int from, int inputs, float factor, float[] to, int at, int rows) {
        for (int i = 0; i < inputs; i += 2 * COUNT) {
            FloatVector first = FloatVector.fromArray(LANES, x, from + i);
            FloatVector second = FloatVector.fromArray(LANES, x, from + i + COUNT);
            first.rearrange(EVEN, second).mul(factor).intoArray(to, at + rows * i);
            first.rearrange(ODD, second).mul(factor).intoArray(to, at + rows * (i + COUNT));
        }
    }

    /** Sums, {@code [streams][part][lanes]}, of some consecutive outputs of each stream; streams are {@code distance} outputs apart. */
    static void sum(Matrix w, WeightFormat.Plain plain, int output, int distance, int outputs, float[] x, int at, float[] sums) {
        long bytes = (long) plain.size() * w.inputs();
        if (plain == WeightFormat.Plain.F32) {
            f32(w.codes(), output * bytes, distance * bytes, w.inputs(), outputs, x, at, sums);
        } else if (!LaneKernels.arePaired(plain, w.inputs(), COUNT)) {
            boolean f16 = plain == WeightFormat.Plain.F16;
            halves(w.codes(), output * bytes, distance * bytes, f16 ? 13 : 16, f16 ? F16_BITS : BF16_BITS, w.inputs(), outputs, x, at,
                sums);
        } else if (plain == WeightFormat.Plain.F16) {
            f16Words(w.codes(), output * bytes, distance * bytes, w.inputs(), outputs, x, at, sums);
        } else {
            bf16Words(w.codes(), output * bytes, distance * bytes, w.inputs(), outputs, x, at, sums);
        }
    }

    /** Folds the sums of the first {@code used} of some streams, and stores them, times a factor and plus their bias. */
    static void store(float[] sums, int streams, int used, float factor, float[] bias, int output, int distance, int outputs, float[] y,
                      int to) {
        for (int o = 0; o < used; o++) {
            int from = o * part(streams) * COUNT;
            int first = output + o * distance;
            VectorFunctions.foldAll(sums, from, outputs);
            if (bias == null) {
                for (int k = 0; k < outputs; k++) {
                    y[to + first + k] = sums[from + k] * factor;
                }
            } else {
                for (int k = 0; k < outputs; k++) {
                    y[to + first + k] = sums[from + k] * factor + bias[first + k];
                }
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
        long w1 = from + apart;
        long w2 = w1 + apart;
        long w3 = w2 + apart;
        int steps = outputs * (inputs / TOGETHER);
        int i = at;
        int to = 0;
        for (int t = 0; t < steps; t++) {
            long step = 4L * TOGETHER * t;
            FloatVector v0 = FloatVector.fromArray(LANES, x, i);
            FloatVector v1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector v2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector v3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            FloatVector weights = FloatVector.fromMemorySegment(LANES, w, from + step, ORDER);
            a = FUSED ? weights.fma(v0, a) : weights.mul(v0).add(a);
            weights = FloatVector.fromMemorySegment(LANES, w, from + step + 4L * COUNT, ORDER);
            a = FUSED ? weights.fma(v1, a) : weights.mul(v1).add(a);
            weights = FloatVector.fromMemorySegment(LANES, w, from + step + 8L * COUNT, ORDER);
            a = FUSED ? weights.fma(v2, a) : weights.mul(v2).add(a);
            weights = FloatVector.fromMemorySegment(LANES, w, from + step + 12L * COUNT, ORDER);
            a = FUSED ? weights.fma(v3, a) : weights.mul(v3).add(a);
            weights = FloatVector.fromMemorySegment(LANES, w, w1 + step, ORDER);
            b = FUSED ? weights.fma(v0, b) : weights.mul(v0).add(b);
            weights = FloatVector.fromMemorySegment(LANES, w, w1 + step + 4L * COUNT, ORDER);
            b = FUSED ? weights.fma(v1, b) : weights.mul(v1).add(b);
            weights = FloatVector.fromMemorySegment(LANES, w, w1 + step + 8L * COUNT, ORDER);
            b = FUSED ? weights.fma(v2, b) : weights.mul(v2).add(b);
            weights = FloatVector.fromMemorySegment(LANES, w, w1 + step + 12L * COUNT, ORDER);
            b = FUSED ? weights.fma(v3, b) : weights.mul(v3).add(b);
            weights = FloatVector.fromMemorySegment(LANES, w, w2 + step, ORDER);
            c = FUSED ? weights.fma(v0, c) : weights.mul(v0).add(c);
            weights = FloatVector.fromMemorySegment(LANES, w, w2 + step + 4L * COUNT, ORDER);
            c = FUSED ? weights.fma(v1, c) : weights.mul(v1).add(c);
            weights = FloatVector.fromMemorySegment(LANES, w, w2 + step + 8L * COUNT, ORDER);
            c = FUSED ? weights.fma(v2, c) : weights.mul(v2).add(c);
            weights = FloatVector.fromMemorySegment(LANES, w, w2 + step + 12L * COUNT, ORDER);
            c = FUSED ? weights.fma(v3, c) : weights.mul(v3).add(c);
            weights = FloatVector.fromMemorySegment(LANES, w, w3 + step, ORDER);
            d = FUSED ? weights.fma(v0, d) : weights.mul(v0).add(d);
            weights = FloatVector.fromMemorySegment(LANES, w, w3 + step + 4L * COUNT, ORDER);
            d = FUSED ? weights.fma(v1, d) : weights.mul(v1).add(d);
            weights = FloatVector.fromMemorySegment(LANES, w, w3 + step + 8L * COUNT, ORDER);
            d = FUSED ? weights.fma(v2, d) : weights.mul(v2).add(d);
            weights = FloatVector.fromMemorySegment(LANES, w, w3 + step + 12L * COUNT, ORDER);
            d = FUSED ? weights.fma(v3, d) : weights.mul(v3).add(d);
            i += TOGETHER;
            if (i == at + inputs) {
                a.intoArray(sums, to);
                a = zero;
                b.intoArray(sums, to + PART);
                b = zero;
                c.intoArray(sums, to + 2 * PART);
                c = zero;
                d.intoArray(sums, to + 3 * PART);
                d = zero;
                to += COUNT;
                i = at;
            }
        }
    }

    /** Words of two F16; moved by 3 bits, those of a half stand where a float has its own, and the sign goes on before them. */
    private static void f16Words(MemorySegment w, long from, long apart, int inputs, int outputs, float[] x, int at, float[] sums) {
        if (w.getClass() != Matrix.MEMORY) {
            throw otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        IntVector mask = IntVector.broadcast(INTS, F16_BITS);
        FloatVector a = zero;
        FloatVector b = zero;
        long w1 = from + apart;
        int steps = outputs * (inputs / (2 * TOGETHER));
        int i = at;
        int to = 0;
        for (int t = 0; t < steps; t++) {
            long step = 4L * TOGETHER * t;
            FloatVector v0 = FloatVector.fromArray(LANES, x, i);
            FloatVector v1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector v2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector v3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            FloatVector v4 = FloatVector.fromArray(LANES, x, i + 4 * COUNT);
            FloatVector v5 = FloatVector.fromArray(LANES, x, i + 5 * COUNT);
            FloatVector v6 = FloatVector.fromArray(LANES, x, i + 6 * COUNT);
            FloatVector v7 = FloatVector.fromArray(LANES, x, i + 7 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, w, from + step, ORDER);
            FloatVector weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask)
                .reinterpretAsFloats();
            a = FUSED ? weights.fma(v0, a) : weights.mul(v0).add(a);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v1, a) : weights.mul(v1).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 4L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v2, a) : weights.mul(v2).add(a);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v3, a) : weights.mul(v3).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 8L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v4, a) : weights.mul(v4).add(a);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v5, a) : weights.mul(v5).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 12L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v6, a) : weights.mul(v6).add(a);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v7, a) : weights.mul(v7).add(a);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v0, b) : weights.mul(v0).add(b);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v1, b) : weights.mul(v1).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 4L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v2, b) : weights.mul(v2).add(b);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v3, b) : weights.mul(v3).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 8L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v4, b) : weights.mul(v4).add(b);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v5, b) : weights.mul(v5).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 12L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v6, b) : weights.mul(v6).add(b);
            weights = words.lanewise(VectorOperators.ASHR, 3).and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v7, b) : weights.mul(v7).add(b);
            i += 2 * TOGETHER;
            if (i == at + inputs) {
                a.intoArray(sums, to);
                a = zero;
                b.intoArray(sums, to + WORD_PART);
                b = zero;
                to += COUNT;
                i = at;
            }
        }
    }

    /** Words of two BF16, each the upper half of a float. */
    private static void bf16Words(MemorySegment w, long from, long apart, int inputs, int outputs, float[] x, int at, float[] sums) {
        if (w.getClass() != Matrix.MEMORY) {
            throw otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        IntVector mask = IntVector.broadcast(INTS, BF16_BITS);
        FloatVector a = zero;
        FloatVector b = zero;
        long w1 = from + apart;
        int steps = outputs * (inputs / (2 * TOGETHER));
        int i = at;
        int to = 0;
        for (int t = 0; t < steps; t++) {
            long step = 4L * TOGETHER * t;
            FloatVector v0 = FloatVector.fromArray(LANES, x, i);
            FloatVector v1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector v2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector v3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            FloatVector v4 = FloatVector.fromArray(LANES, x, i + 4 * COUNT);
            FloatVector v5 = FloatVector.fromArray(LANES, x, i + 5 * COUNT);
            FloatVector v6 = FloatVector.fromArray(LANES, x, i + 6 * COUNT);
            FloatVector v7 = FloatVector.fromArray(LANES, x, i + 7 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, w, from + step, ORDER);
            FloatVector weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            a = FUSED ? weights.fma(v0, a) : weights.mul(v0).add(a);
            weights = words.and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v1, a) : weights.mul(v1).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 4L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            a = FUSED ? weights.fma(v2, a) : weights.mul(v2).add(a);
            weights = words.and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v3, a) : weights.mul(v3).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 8L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            a = FUSED ? weights.fma(v4, a) : weights.mul(v4).add(a);
            weights = words.and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v5, a) : weights.mul(v5).add(a);
            words = IntVector.fromMemorySegment(INTS, w, from + step + 12L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            a = FUSED ? weights.fma(v6, a) : weights.mul(v6).add(a);
            weights = words.and(mask).reinterpretAsFloats();
            a = FUSED ? weights.fma(v7, a) : weights.mul(v7).add(a);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FUSED ? weights.fma(v0, b) : weights.mul(v0).add(b);
            weights = words.and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v1, b) : weights.mul(v1).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 4L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FUSED ? weights.fma(v2, b) : weights.mul(v2).add(b);
            weights = words.and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v3, b) : weights.mul(v3).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 8L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FUSED ? weights.fma(v4, b) : weights.mul(v4).add(b);
            weights = words.and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v5, b) : weights.mul(v5).add(b);
            words = IntVector.fromMemorySegment(INTS, w, w1 + step + 12L * COUNT, ORDER);
            weights = words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b = FUSED ? weights.fma(v6, b) : weights.mul(v6).add(b);
            weights = words.and(mask).reinterpretAsFloats();
            b = FUSED ? weights.fma(v7, b) : weights.mul(v7).add(b);
            i += 2 * TOGETHER;
            if (i == at + inputs) {
                a.intoArray(sums, to);
                a = zero;
                b.intoArray(sums, to + WORD_PART);
                b = zero;
                to += COUNT;
                i = at;
            }
        }
    }

    /**
     * For rows that are no whole steps of words: numbers of 16 bits become floats when they are moved up by {@code shift} bits and those
     * that belong to none are masked.
     */
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
                b.intoArray(sums, to + PART);
                b = zero;
                c.intoArray(sums, to + 2 * PART);
                c = zero;
                d.intoArray(sums, to + 3 * PART);
                d = zero;
                to += COUNT;
                i = at;
            }
        }
    }
}
