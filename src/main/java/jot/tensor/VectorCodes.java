package jot.tensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows times a matrix of codes.
 *
 * <p>Codes are read as vectors of 32-bit words, each of which holds four or eight codes of one group, and shifted apart: one load gives
 * four or eight vectors of codes, where loads of single codes would take as many. The activations are laid out beforehand as the shifts
 * bring the codes ({@link LaneKernels.Words}). A lane sums the products of a word's codes, then multiplies by the scale of its group;
 * minimums are multiplied by the sums of what the lanes hold. Each row of activations goes through the same steps, alone or not.
 *
 * <p>Three or four rows of codes are read side by side, as far apart as the range allows, so that each is a long stream for the hardware to
 * run ahead of, and their chains of sums overlap.
 */
final class VectorCodes {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, LANES.vectorShape());
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final int COUNT = LANES.length();
    private static final int GROUP = WeightFormat.Coded.GROUP;
    /** Bytes of a group of codes. */
    private static final int BYTE_GROUP = GROUP;
    private static final int NIBBLE_GROUP = GROUP / 2;
    private static final boolean FUSED = Elementary.FUSED;
    /** Three where reading alone bounds the speed; the fourth saves instructions, of which narrower vectors need more. */
    private static final int BYTE_STREAMS = COUNT == 16 ? 3 : 4;
    private static final int NIBBLE_STREAMS = 4;
    /** Where the sums of one stream come after those of the one before it, in floats. */
    private static final int BYTE_PART = VectorDecode.part(BYTE_STREAMS) * COUNT;
    private static final int NIBBLE_PART = VectorDecode.part(NIBBLE_STREAMS) * COUNT;
    /** Bytes of codes of all streams that rows take one after the other, so that they stay in the first-level cache from row to row. */
    private static final int SHARED_BYTES = 32 << 10;
    private static final int FEWEST_SHARED = 4;
    /** Bytes of a line of the cache. */
    private static final int LINE = 64;
    /** Bytes of a vector of codes. */
    private static final int BLOCK = Integer.BYTES * COUNT;
    /** Lanes of a group of bytes, and of a group of nibbles: a lane is a word of four or eight codes. */
    private static final int BYTE_LANES = GROUP / 4;
    private static final int NIBBLE_LANES = GROUP / 8;
    /** The scales of a block's groups, which lie side by side, and what brings them to their lanes; only for blocks of several groups. */
    private static final VectorSpecies<Float> BYTE_SCALES = scales(BYTE_LANES);
    private static final VectorSpecies<Float> NIBBLE_SCALES = scales(NIBBLE_LANES);
    private static final int BYTE_SCALE_BYTES = Float.BYTES * COUNT / BYTE_LANES;
    private static final int NIBBLE_SCALE_BYTES = Float.BYTES * COUNT / NIBBLE_LANES;
    /** What activations are multiplied by, as the code at each place of a word comes times the inverse. */
    private static final float BYTE_FACTOR = 1f / LaneKernels.Words.factor((WeightFormat.Coded) WeightFormat.Q8, 0);
    private static final float[] NIBBLE_FACTORS = nibbleFactors();
    private static final VectorShuffle<Float> EACH_BYTE_LANES = VectorShuffle.fromOp(LANES, lane -> lane / BYTE_LANES);
    private static final VectorShuffle<Float> EACH_NIBBLE_LANES = VectorShuffle.fromOp(LANES, lane -> lane / NIBBLE_LANES);

    private VectorCodes() {
    }

    private static float[] nibbleFactors() {
        float[] factors = new float[8];
        for (int code = 0; code < factors.length; code++) {
            factors[code] = 1f / LaneKernels.Words.factor((WeightFormat.Coded) WeightFormat.Q4, code);
        }
        return factors;
    }

    private static VectorSpecies<Float> scales(int lanesEach) {
        return VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, Float.SIZE * COUNT / lanesEach)));
    }

    static void multiply(Matrix w, WeightFormat.Coded format, float[] bias, Activations x, int xColumn, Activations y, int yColumn,
                         int fromRow, int toRow, int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        int stride = LaneKernels.Words.floats(format, w.inputs(), COUNT);
        float[] spread = scratch.rows(rows * stride);
        for (int r = 0; r < rows; r++) {
            spread(format, x.values(), x.at(fromRow + r) + xColumn, w.inputs(), spread, r * stride);
        }
        int streams = streams(format);
        float[] lanes = scratch.tile(VectorDecode.ROOM);
        // as many sums as a vector has lanes are folded together
        int step = rows == 1 ? VectorDecode.part(streams)
            : Math.clamp(SHARED_BYTES / ((long) streams * format.rowBytes(w.inputs())), FEWEST_SHARED, COUNT);
        int output = fromOutput;
        for (int apart; output + streams <= toOutput; output += streams * apart) {
            apart = apart(format, w.inputs(), (toOutput - output) / streams);
            for (int k = 0; k < apart; k += step) {
                int count = Math.min(step, apart - k);
                for (int r = 0; r < rows; r++) {
                    sum(w, format, output + k, apart, count, spread, r * stride, lanes);
                    VectorDecode.store(lanes, streams, streams, 1f, bias, output + k, apart, count, y.values(),
                        y.at(fromRow + r) + yColumn);
                }
            }
        }
        for (; output < toOutput; output++) {
            for (int r = 0; r < rows; r++) {
                sum(w, format, output, 0, 1, spread, r * stride, lanes);
                VectorDecode.store(lanes, streams, 1, 1f, bias, output, 0, 1, y.values(), y.at(fromRow + r) + yColumn);
            }
        }
    }

    /**
     * How many outputs lie between two streams, at most {@code most}. All streams come to the next line of their scales at the same step:
     * the loop then waits once for all of them, not once for each.
     */
    private static int apart(WeightFormat.Coded format, int inputs, int most) {
        int scaleBytes = Float.BYTES * format.groups(inputs);
        int together = LINE / Math.min(LINE, Integer.lowestOneBit(scaleBytes));
        return most < together ? most : most - most % together;
    }

    private static int streams(WeightFormat.Coded format) {
        return format.bits() == 8 ? BYTE_STREAMS : NIBBLE_STREAMS;
    }

    /** Lays out a row as {@link LaneKernels.Words#spread} does, with vectors where it is whole blocks. */
    private static void spread(WeightFormat.Coded format, float[] x, int from, int inputs, float[] to, int at) {
        if (format.bits() == 8 && inputs % (4 * COUNT) == 0) {
            spreadBytes(x, from, inputs, to, at);
        } else if (format.counting() && inputs % (8 * COUNT) == 0) {
            spreadNibbles(x, from, inputs, to, at);
        } else {
            LaneKernels.Words.spread(format, x, from, inputs, COUNT, to, at);
        }
    }

    /** For words of four bytes: every fourth input, from the first, second, third and fourth on, less what the next one's code brings. */
    static void spreadBytes(float[] x, int from, int inputs, float[] to, int at) {
        for (int i = 0; i < inputs; i += 4 * COUNT) {
            quarters(x, from + i, from + i + COUNT, from + i + 2 * COUNT, from + i + 3 * COUNT, BYTE_FACTOR, to, at + i, COUNT);
            for (int place = at + i; place < at + i + 3 * COUNT; place += COUNT) {
                FloatVector next = FloatVector.fromArray(LANES, to, place + COUNT);
                FloatVector.fromArray(LANES, to, place).sub(next.mul(LaneKernels.Words.CARRIED)).intoArray(to, place);
            }
        }
    }

    /** For words of eight nibbles: the same with the lower halves of the groups, which even codes are of, and with the upper halves. */
    static void spreadNibbles(float[] x, int from, int inputs, float[] to, int at) {
        int second = from + inputOfLowerHalf(COUNT);
        int third = from + inputOfLowerHalf(2 * COUNT);
        int fourth = from + inputOfLowerHalf(3 * COUNT);
        for (int i = 0, place = at; i < inputs; i += 8 * COUNT, place += 9 * COUNT) {
            int upper = i + GROUP / 2;
            quarters(x, from + i, second + i, third + i, fourth + i, 1f, to, place, 2 * COUNT);
            quarters(x, from + upper, second + upper, third + upper, fourth + upper, 1f, to, place + COUNT, 2 * COUNT);
            FloatVector sum = FloatVector.fromArray(LANES, to, place);
            for (int k = 1; k < 8; k++) {
                FloatVector values = FloatVector.fromArray(LANES, to, place + k * COUNT);
                sum = sum.add(values);
                values.mul(NIBBLE_FACTORS[k]).intoArray(to, place + k * COUNT);
            }
            sum.intoArray(to, place + 8 * COUNT);
        }
    }

    /** Where a number of the lower halves of groups, one after the other, is among all inputs. */
    private static int inputOfLowerHalf(int number) {
        return number / (GROUP / 2) * GROUP + number % (GROUP / 2);
    }

    /** Takes every fourth number of four vectors, times a factor, from the first, second, third and fourth on. */
    private static void quarters(float[] x, int first, int second, int third, int fourth, float factor, float[] to, int at, int apart) {
        FloatVector a = FloatVector.fromArray(LANES, x, first);
        FloatVector b = FloatVector.fromArray(LANES, x, second);
        FloatVector even = a.rearrange(VectorDecode.EVEN, b);
        FloatVector odd = a.rearrange(VectorDecode.ODD, b);
        a = FloatVector.fromArray(LANES, x, third);
        b = FloatVector.fromArray(LANES, x, fourth);
        FloatVector laterEven = a.rearrange(VectorDecode.EVEN, b);
        FloatVector laterOdd = a.rearrange(VectorDecode.ODD, b);
        even.rearrange(VectorDecode.EVEN, laterEven).mul(factor).intoArray(to, at);
        odd.rearrange(VectorDecode.EVEN, laterOdd).mul(factor).intoArray(to, at + apart);
        even.rearrange(VectorDecode.ODD, laterEven).mul(factor).intoArray(to, at + 2 * apart);
        odd.rearrange(VectorDecode.ODD, laterOdd).mul(factor).intoArray(to, at + 3 * apart);
    }

    /**
     * Sums, {@code [streams][part][lanes]}, of some consecutive outputs of each stream; streams are {@code distance} outputs apart. Where a
     * row does not end with a whole block, its last block reaches back into the one before, whose codes then meet zeros.
     */
    private static void sum(Matrix w, WeightFormat.Coded format, int output, int distance, int outputs, float[] x, int at, float[] sums) {
        int bytes = format.rowBytes(w.inputs());
        int whole = bytes / BLOCK;
        long from = (long) output * bytes;
        long apart = (long) distance * bytes;
        if (whole * BLOCK == bytes) {
            clear(format, sums, 0);
            blocks(w, format, from, apart, outputs, whole, x, at, sums, 0);
            return;
        }
        int last = at + whole * LaneKernels.Words.vectors(format) * COUNT;
        for (int k = 0; k < outputs; k++) {
            clear(format, sums, k * COUNT);
            blocks(w, format, from + (long) k * bytes, apart, 1, whole, x, at, sums, k * COUNT);
            blocks(w, format, from + (k + 1L) * bytes - BLOCK, apart, 1, 1, x, last, sums, k * COUNT);
        }
    }

    private static void clear(WeightFormat.Coded format, float[] sums, int at) {
        int streams = streams(format);
        for (int o = 0; o < streams; o++) {
            int from = at + o * VectorDecode.part(streams) * COUNT;
            Arrays.fill(sums, from, from + COUNT, 0f);
        }
    }

    /** Adds {@code blocks} blocks of each output: to what stands at {@code to} for the first, to nothing for the others. */
    static void blocks(Matrix w, WeightFormat.Coded format, long from, long apart, int outputs, int blocks, float[] x, int at,
                       float[] sums, int to) {
        if (format.bits() == 8) {
            bytes(w.codes(), from, apart, w.scales(), outputs, blocks, x, at, sums, to);
        } else if (format.counting()) {
            nibbles(w.codes(), from, apart, w.scales(), w.minimums(), outputs, blocks, x, at, sums, to);
        } else {
            for (int o = 0; o < NIBBLE_STREAMS; o++) {
                tabled(format.table(), w.codes(), from + o * apart, w.scales(), outputs, blocks, x, at, sums, to + o * NIBBLE_PART);
            }
        }
    }

    /**
     * Each code is moved to the highest bits of its word, so that it keeps its sign: it comes times 2²⁴. What the codes before it add below
     * is not masked, as the activations make up for it ({@link LaneKernels.Words#spread}).
     */
    private static void bytes(MemorySegment codes, long from, long apart, MemorySegment scales, int outputs, int blocks,
                              float[] x, int at, float[] sums, int to) {
        if (codes.getClass() != Matrix.MEMORY || scales.getClass() != Matrix.MEMORY) {
            throw VectorDecode.otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a = FloatVector.fromArray(LANES, sums, to);
        FloatVector b = FloatVector.fromArray(LANES, sums, to + BYTE_PART);
        FloatVector c = FloatVector.fromArray(LANES, sums, to + 2 * BYTE_PART);
        FloatVector d = BYTE_STREAMS == 4 ? FloatVector.fromArray(LANES, sums, to + 3 * BYTE_PART) : zero;
        long scale0 = from / BYTE_GROUP * Float.BYTES;
        long scaleApart = apart / BYTE_GROUP * Float.BYTES;
        int i = at;
        int next = to;
        for (int block = 0; block < outputs * blocks; block++) {
            long code = from + (long) BLOCK * block;
            long group = scale0 + (COUNT < BYTE_LANES ? block * COUNT / BYTE_LANES * 4L : (long) BYTE_SCALE_BYTES * block);
            FloatVector x0 = FloatVector.fromArray(LANES, x, i);
            FloatVector x1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector x2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector x3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, codes, code, ORDER);
            FloatVector value = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            FloatVector part = value.mul(x0);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            FloatVector scale = COUNT <= BYTE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group))
                : ((FloatVector) FloatVector.fromMemorySegment(BYTE_SCALES, scales, group, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_BYTE_LANES);
            a = FUSED ? part.fma(scale, a) : part.mul(scale).add(a);
            words = IntVector.fromMemorySegment(INTS, codes, code + apart, ORDER);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            part = value.mul(x0);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            scale = COUNT <= BYTE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(BYTE_SCALES, scales, group + scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_BYTE_LANES);
            b = FUSED ? part.fma(scale, b) : part.mul(scale).add(b);
            words = IntVector.fromMemorySegment(INTS, codes, code + 2 * apart, ORDER);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            part = value.mul(x0);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            scale = COUNT <= BYTE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + 2 * scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(BYTE_SCALES, scales, group + 2 * scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_BYTE_LANES);
            c = FUSED ? part.fma(scale, c) : part.mul(scale).add(c);
            if (BYTE_STREAMS == 4) {
                words = IntVector.fromMemorySegment(INTS, codes, code + 3 * apart, ORDER);
                value = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
                part = value.mul(x0);
                value = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).convertShape(VectorOperators.I2F, LANES, 0);
                part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
                value = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).convertShape(VectorOperators.I2F, LANES, 0);
                part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
                value = (FloatVector) words.convertShape(VectorOperators.I2F, LANES, 0);
                part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
                scale = COUNT <= BYTE_LANES
                    ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + 3 * scaleApart))
                    : ((FloatVector) FloatVector.fromMemorySegment(BYTE_SCALES, scales, group + 3 * scaleApart, ORDER)
                        .reinterpretShape(LANES, 0)).rearrange(EACH_BYTE_LANES);
                d = FUSED ? part.fma(scale, d) : part.mul(scale).add(d);
            }
            i += 4 * COUNT;
            if (i == at + blocks * 4 * COUNT) {
                a.intoArray(sums, next);
                b.intoArray(sums, next + BYTE_PART);
                c.intoArray(sums, next + 2 * BYTE_PART);
                a = zero;
                b = zero;
                c = zero;
                if (BYTE_STREAMS == 4) {
                    d.intoArray(sums, next + 3 * BYTE_PART);
                    d = zero;
                }
                next += COUNT;
                i = at;
            }
        }
    }

    /** Each code is left where it is in its word: code {@code k} comes times 2⁴ᵏ, but the highest, which would be a sign. */
    private static void nibbles(MemorySegment codes, long from, long apart, MemorySegment scales, MemorySegment minimums, int outputs,
                                int blocks, float[] x, int at, float[] sums, int to) {
        if (codes.getClass() != Matrix.MEMORY || scales.getClass() != Matrix.MEMORY || minimums.getClass() != Matrix.MEMORY) {
            throw VectorDecode.otherClass();
        }
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a = FloatVector.fromArray(LANES, sums, to);
        FloatVector b = FloatVector.fromArray(LANES, sums, to + NIBBLE_PART);
        FloatVector c = FloatVector.fromArray(LANES, sums, to + 2 * NIBBLE_PART);
        FloatVector d = FloatVector.fromArray(LANES, sums, to + 3 * NIBBLE_PART);
        IntVector mask0 = IntVector.broadcast(INTS, 0xF);
        IntVector mask1 = IntVector.broadcast(INTS, 0xF0);
        IntVector mask2 = IntVector.broadcast(INTS, 0xF00);
        IntVector mask3 = IntVector.broadcast(INTS, 0xF000);
        IntVector mask4 = IntVector.broadcast(INTS, 0xF0000);
        IntVector mask5 = IntVector.broadcast(INTS, 0xF00000);
        IntVector mask6 = IntVector.broadcast(INTS, 0xF000000);
        long scale0 = from / NIBBLE_GROUP * Float.BYTES;
        long scaleApart = apart / NIBBLE_GROUP * Float.BYTES;
        int i = at;
        int next = to;
        for (int block = 0; block < outputs * blocks; block++) {
            long code = from + (long) BLOCK * block;
            long group = scale0 + (COUNT < NIBBLE_LANES ? block * COUNT / NIBBLE_LANES * 4L : (long) NIBBLE_SCALE_BYTES * block);
            FloatVector x0 = FloatVector.fromArray(LANES, x, i);
            FloatVector x1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector x2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector x3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            FloatVector x4 = FloatVector.fromArray(LANES, x, i + 4 * COUNT);
            FloatVector x5 = FloatVector.fromArray(LANES, x, i + 5 * COUNT);
            FloatVector x6 = FloatVector.fromArray(LANES, x, i + 6 * COUNT);
            FloatVector x7 = FloatVector.fromArray(LANES, x, i + 7 * COUNT);
            FloatVector all = FloatVector.fromArray(LANES, x, i + 8 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, codes, code, ORDER);
            FloatVector value = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            FloatVector part = value.mul(x0);
            value = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            value = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x4, part) : value.mul(x4).add(part);
            value = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x5, part) : value.mul(x5).add(part);
            value = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x6, part) : value.mul(x6).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x7, part) : value.mul(x7).add(part);
            FloatVector scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, scales, group, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            a = FUSED ? part.fma(scale, a) : part.mul(scale).add(a);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, minimums.get(Matrix.FLOAT, group))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, minimums, group, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            a = FUSED ? scale.fma(all, a) : scale.mul(all).add(a);
            words = IntVector.fromMemorySegment(INTS, codes, code + apart, ORDER);
            value = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = value.mul(x0);
            value = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            value = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x4, part) : value.mul(x4).add(part);
            value = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x5, part) : value.mul(x5).add(part);
            value = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x6, part) : value.mul(x6).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x7, part) : value.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, scales, group + scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            b = FUSED ? part.fma(scale, b) : part.mul(scale).add(b);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, minimums.get(Matrix.FLOAT, group + scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, minimums, group + scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            b = FUSED ? scale.fma(all, b) : scale.mul(all).add(b);
            words = IntVector.fromMemorySegment(INTS, codes, code + 2 * apart, ORDER);
            value = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = value.mul(x0);
            value = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            value = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x4, part) : value.mul(x4).add(part);
            value = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x5, part) : value.mul(x5).add(part);
            value = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x6, part) : value.mul(x6).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x7, part) : value.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + 2 * scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, scales, group + 2 * scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            c = FUSED ? part.fma(scale, c) : part.mul(scale).add(c);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, minimums.get(Matrix.FLOAT, group + 2 * scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, minimums, group + 2 * scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            c = FUSED ? scale.fma(all, c) : scale.mul(all).add(c);
            words = IntVector.fromMemorySegment(INTS, codes, code + 3 * apart, ORDER);
            value = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = value.mul(x0);
            value = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x1, part) : value.mul(x1).add(part);
            value = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x2, part) : value.mul(x2).add(part);
            value = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x3, part) : value.mul(x3).add(part);
            value = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x4, part) : value.mul(x4).add(part);
            value = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x5, part) : value.mul(x5).add(part);
            value = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x6, part) : value.mul(x6).add(part);
            value = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? value.fma(x7, part) : value.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, scales.get(Matrix.FLOAT, group + 3 * scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, scales, group + 3 * scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            d = FUSED ? part.fma(scale, d) : part.mul(scale).add(d);
            scale = COUNT <= NIBBLE_LANES
                ? FloatVector.broadcast(LANES, minimums.get(Matrix.FLOAT, group + 3 * scaleApart))
                : ((FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, minimums, group + 3 * scaleApart, ORDER)
                    .reinterpretShape(LANES, 0)).rearrange(EACH_NIBBLE_LANES);
            d = FUSED ? scale.fma(all, d) : scale.mul(all).add(d);
            i += 9 * COUNT;
            if (i == at + blocks * 9 * COUNT) {
                a.intoArray(sums, next);
                b.intoArray(sums, next + NIBBLE_PART);
                c.intoArray(sums, next + 2 * NIBBLE_PART);
                d.intoArray(sums, next + 3 * NIBBLE_PART);
                a = zero;
                b = zero;
                c = zero;
                d = zero;
                next += COUNT;
                i = at;
            }
        }
    }

    /** One stream at a time, as a look-up is more to the compiler than a conversion. */
    private static void tabled(float[] table, MemorySegment codes, long from, MemorySegment scales, int outputs, int blocks,
                               float[] x, int at, float[] sums, int to) {
        if (codes.getClass() != Matrix.MEMORY || scales.getClass() != Matrix.MEMORY) {
            throw VectorDecode.otherClass();
        }
        IntVector entries = FloatVector.fromArray(LANES, table, 0).reinterpretAsInts();
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector sum = FloatVector.fromArray(LANES, sums, to);
        int i = at;
        int next = to;
        for (int block = 0; block < outputs * blocks; block++) {
            long code = from + (long) BLOCK * block;
            IntVector words = IntVector.fromMemorySegment(INTS, codes, code, ORDER);
            FloatVector part = words.and(15).selectFrom(entries).reinterpretAsFloats().mul(FloatVector.fromArray(LANES, x, i));
            FloatVector value = words.lanewise(VectorOperators.LSHR, 4).and(15).selectFrom(entries).reinterpretAsFloats();
            FloatVector factor = FloatVector.fromArray(LANES, x, i + COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 8).and(15).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 12).and(15).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 16).and(15).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 4 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 20).and(15).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 5 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 24).and(15).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 6 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            value = words.lanewise(VectorOperators.LSHR, 28).selectFrom(entries).reinterpretAsFloats();
            factor = FloatVector.fromArray(LANES, x, i + 7 * COUNT);
            part = FUSED ? value.fma(factor, part) : value.mul(factor).add(part);
            FloatVector scale = (FloatVector) FloatVector.fromMemorySegment(NIBBLE_SCALES, scales, code / NIBBLE_GROUP * Float.BYTES, ORDER)
                .reinterpretShape(LANES, 0);
            scale = scale.rearrange(EACH_NIBBLE_LANES);
            sum = FUSED ? part.fma(scale, sum) : part.mul(scale).add(sum);
            i += 8 * COUNT;
            if (i == at + blocks * 8 * COUNT) {
                sum.intoArray(sums, next);
                sum = zero;
                next += COUNT;
                i = at;
            }
        }
    }
}
