package jot.tensor;

import static jot.tensor.VectorFunctions.multiplyAdd;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows times a matrix of codes.
 *
 * <p>Codes are read as vectors of 32-bit words, each of which holds four or eight codes of one group, and shifted apart: one load gives
 * four or eight vectors of codes, where loads of single codes would take as many. The activations are laid out beforehand as the shifts
 * bring the codes ({@link LaneKernels.Words}). A lane sums the products of a word's codes, then multiplies by the scale of its group;
 * minimums need only each group's sum of activations. Each row of activations goes through the same steps, alone or not.
 *
 * <p>Four rows of codes are read side by side, a quarter of the range apart, so that each is a long stream for the hardware to run ahead
 * of, and the four chains of sums overlap.
 */
final class VectorCodes {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, LANES.vectorShape());
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final int COUNT = LANES.length();
    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final boolean FUSED = Elementary.FUSED;
    private static final int OUTPUTS = 4;
    /** Outputs of each stream whose lanes are kept until they are folded all at once. */
    private static final int STEP = 16;
    /** Lanes of a group of bytes, and of a group of nibbles. */
    private static final int BYTE_LANES = GROUP / 4;
    private static final int NIBBLE_LANES = GROUP / 8;
    private static final VectorShuffle<Float> EACH_BYTE_LANES = VectorShuffle.fromOp(LANES, lane -> lane / BYTE_LANES);
    private static final VectorShuffle<Float> EACH_NIBBLE_LANES = VectorShuffle.fromOp(LANES, lane -> lane / NIBBLE_LANES);

    private VectorCodes() {
    }

    static void multiply(Matrix w, WeightFormat.Coded format, float[] bias, Activations x, int xColumn, Activations y, int yColumn,
                         int fromRow, int toRow, int fromOutput, int toOutput, Scratch scratch) {
        int rows = toRow - fromRow;
        int stride = LaneKernels.Words.floats(format, w.inputs(), COUNT);
        float[] spread = scratch.rows(rows * stride);
        for (int r = 0; r < rows; r++) {
            LaneKernels.Words.spread(format, x.values(), x.at(fromRow + r) + xColumn, w.inputs(), COUNT, spread, r * stride);
        }
        int groups = format.groups(w.inputs());
        int outputs = toOutput - fromOutput;
        // scales [outputs][groups] and as many minimums, each followed by a vector of zeros
        int plane = outputs * groups + COUNT;
        float[] planes = scratch.panel(2 * plane);
        copyPlane(w.scales(), fromOutput, groups, planes, 0, outputs * groups);
        if (format.minimum()) {
            copyPlane(w.minimums(), fromOutput, groups, planes, plane, outputs * groups);
        }
        float[] lanes = scratch.tile(STEP * rows * OUTPUTS * COUNT);
        int quarter = outputs / OUTPUTS;
        for (int k = 0; k < quarter; k += STEP) {
            int count = Math.min(STEP, quarter - k);
            step(w, format, fromOutput + k, quarter, count, spread, rows, stride, planes, k * groups, plane, lanes);
            store(lanes, rows, count, OUTPUTS, bias, fromOutput + k, quarter, y, yColumn, fromRow);
        }
        for (int k = OUTPUTS * quarter; k < outputs; k++) {
            step(w, format, fromOutput + k, 0, 1, spread, rows, stride, planes, k * groups, plane, lanes);
            store(lanes, rows, 1, 1, bias, fromOutput + k, 0, y, yColumn, fromRow);
        }
    }

    private static void copyPlane(MemorySegment plane, int output, int groups, float[] to, int at, int count) {
        MemorySegment.copy(plane, Matrix.FLOAT, (long) Float.BYTES * output * groups, to, at, count);
        Arrays.fill(to, at + count, at + count + COUNT, 0f);
    }

    /** Some consecutive outputs of each stream; streams are {@code distance} outputs apart. Sums are {@code [output][row][stream]}. */
    private static void step(Matrix w, WeightFormat.Coded format, int output, int distance, int count, float[] x, int rows, int stride,
                             float[] planes, int at, int plane, float[] lanes) {
        int groups = format.groups(w.inputs());
        Arrays.fill(lanes, 0, count * rows * OUTPUTS * COUNT, 0f);
        for (int k = 0; k < count; k++) {
            int scales = at + k * groups;
            for (int r = 0; r < rows; r++) {
                int to = (k * rows + r) * OUTPUTS * COUNT;
                codes(w, format, output + k, distance, planes, scales, x, r * stride, lanes, to);
                if (format.minimum()) {
                    int sums = (r + 1) * stride - LaneKernels.Words.sums(groups, COUNT);
                    minimums(planes, scales + plane, distance * groups, x, sums, groups, lanes, to);
                }
            }
        }
    }

    private static void store(float[] lanes, int rows, int count, int streams, float[] bias, int output, int distance, Activations y,
                              int yColumn, int fromRow) {
        for (int k = 0; k < count; k++) {
            for (int r = 0; r < rows; r++) {
                int to = y.at(fromRow + r) + yColumn;
                for (int o = 0; o < streams; o++) {
                    int at = output + k + o * distance;
                    float sum = VectorFunctions.fold(lanes, ((k * rows + r) * OUTPUTS + o) * COUNT);
                    y.values()[to + at] = bias == null ? sum : sum + bias[at];
                }
            }
        }
    }

    /** Adds minimums times sums of activations to the lanes; beyond the last group the sums are 0. */
    private static void minimums(float[] minimums, int at, int stride, float[] sums, int from, int groups, float[] lanes, int to) {
        FloatVector a = FloatVector.fromArray(LANES, lanes, to);
        FloatVector b = FloatVector.fromArray(LANES, lanes, to + COUNT);
        FloatVector c = FloatVector.fromArray(LANES, lanes, to + 2 * COUNT);
        FloatVector d = FloatVector.fromArray(LANES, lanes, to + 3 * COUNT);
        int at1 = at + stride;
        int at2 = at1 + stride;
        int at3 = at2 + stride;
        for (int group = 0; group < groups; group += COUNT) {
            FloatVector sum = FloatVector.fromArray(LANES, sums, from + group);
            a = multiplyAdd(FloatVector.fromArray(LANES, minimums, at + group), sum, a);
            b = multiplyAdd(FloatVector.fromArray(LANES, minimums, at1 + group), sum, b);
            c = multiplyAdd(FloatVector.fromArray(LANES, minimums, at2 + group), sum, c);
            d = multiplyAdd(FloatVector.fromArray(LANES, minimums, at3 + group), sum, d);
        }
        a.intoArray(lanes, to);
        b.intoArray(lanes, to + COUNT);
        c.intoArray(lanes, to + 2 * COUNT);
        d.intoArray(lanes, to + 3 * COUNT);
    }

    /** Adds the products of four outputs to their lanes: whole blocks, then, if the row does not end with one, the block at its end. */
    private static void codes(Matrix w, WeightFormat.Coded format, int output, int distance, float[] scales, int plane, float[] x, int at,
                              float[] lanes, int to) {
        int bytes = format.rowBytes(w.inputs());
        int groups = format.groups(w.inputs());
        int block = Integer.BYTES * COUNT;
        int whole = bytes / block;
        long from = (long) output * bytes;
        long apart = (long) distance * bytes;
        blocks(w.codes(), format, from, apart, whole, scales, plane, distance * groups, x, at, lanes, to);
        if (whole * block < bytes) {
            int last = at + whole * COUNT * LaneKernels.Words.codes(format);
            blocks(w.codes(), format, from + bytes - block, apart, 1, scales, plane + groups - block / (bytes / groups),
                distance * groups, x, last, lanes, to);
        }
    }

    private static void blocks(MemorySegment codes, WeightFormat.Coded format, long from, long apart, int blocks, float[] scales, int plane,
                               int stride, float[] x, int at, float[] lanes, int to) {
        if (format.bits() == 8) {
            bytes(codes, from, apart, blocks, scales, plane, stride, x, at, lanes, to);
        } else if (format.counting()) {
            nibbles(codes, from, apart, blocks, scales, plane, stride, x, at, lanes, to);
        } else {
            tabled(format.table(), codes, from, apart, blocks, scales, plane, stride, x, at, lanes, to);
        }
    }

    private static FloatVector x(float[] x, int at) {
        return FloatVector.fromArray(LANES, x, at);
    }

    private static FloatVector nibbleScales(float[] scales, int at) {
        return COUNT <= NIBBLE_LANES ? FloatVector.broadcast(LANES, scales[at])
            : FloatVector.fromArray(LANES, scales, at).rearrange(EACH_NIBBLE_LANES);
    }

    /** Each code is moved to the highest bits of its word, so that it keeps its sign: it comes times 2²⁴. */
    private static void bytes(MemorySegment codes, long from, long apart, int blocks, float[] scales, int plane, int stride,
                              float[] x, int at, float[] lanes, int to) {
        FloatVector a = FloatVector.fromArray(LANES, lanes, to);
        FloatVector b = FloatVector.fromArray(LANES, lanes, to + COUNT);
        FloatVector c = FloatVector.fromArray(LANES, lanes, to + 2 * COUNT);
        FloatVector d = FloatVector.fromArray(LANES, lanes, to + 3 * COUNT);
        long from1 = from + apart;
        long from2 = from1 + apart;
        long from3 = from2 + apart;
        int plane1 = plane + stride;
        int plane2 = plane1 + stride;
        int plane3 = plane2 + stride;
        IntVector mask = IntVector.broadcast(INTS, 0xFF000000);
        for (int block = 0; block < blocks; block++) {
            long step = (long) Integer.BYTES * COUNT * block;
            int group = block * COUNT / BYTE_LANES;
            int i = at + block * 4 * COUNT;
            FloatVector x0 = FloatVector.fromArray(LANES, x, i);
            FloatVector x1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector x2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector x3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, codes, from + step, ORDER);
            FloatVector code = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            FloatVector part = code.mul(x0);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            FloatVector scale = COUNT <= BYTE_LANES ? FloatVector.broadcast(LANES, scales[plane + group])
                : FloatVector.fromArray(LANES, scales, plane + group).rearrange(EACH_BYTE_LANES);
            a = FUSED ? part.fma(scale, a) : part.mul(scale).add(a);
            words = IntVector.fromMemorySegment(INTS, codes, from1 + step, ORDER);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            scale = COUNT <= BYTE_LANES ? FloatVector.broadcast(LANES, scales[plane1 + group])
                : FloatVector.fromArray(LANES, scales, plane1 + group).rearrange(EACH_BYTE_LANES);
            b = FUSED ? part.fma(scale, b) : part.mul(scale).add(b);
            words = IntVector.fromMemorySegment(INTS, codes, from2 + step, ORDER);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            scale = COUNT <= BYTE_LANES ? FloatVector.broadcast(LANES, scales[plane2 + group])
                : FloatVector.fromArray(LANES, scales, plane2 + group).rearrange(EACH_BYTE_LANES);
            c = FUSED ? part.fma(scale, c) : part.mul(scale).add(c);
            words = IntVector.fromMemorySegment(INTS, codes, from3 + step, ORDER);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 24).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 16).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHL, 8).and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            scale = COUNT <= BYTE_LANES ? FloatVector.broadcast(LANES, scales[plane3 + group])
                : FloatVector.fromArray(LANES, scales, plane3 + group).rearrange(EACH_BYTE_LANES);
            d = FUSED ? part.fma(scale, d) : part.mul(scale).add(d);
        }
        a.intoArray(lanes, to);
        b.intoArray(lanes, to + COUNT);
        c.intoArray(lanes, to + 2 * COUNT);
        d.intoArray(lanes, to + 3 * COUNT);
    }

    /** Each code is left where it is in its word: code {@code k} comes times 2⁴ᵏ, but the highest, which would be a sign. */
    private static void nibbles(MemorySegment codes, long from, long apart, int blocks, float[] scales, int plane, int stride,
                                float[] x, int at, float[] lanes, int to) {
        FloatVector a = FloatVector.fromArray(LANES, lanes, to);
        FloatVector b = FloatVector.fromArray(LANES, lanes, to + COUNT);
        FloatVector c = FloatVector.fromArray(LANES, lanes, to + 2 * COUNT);
        FloatVector d = FloatVector.fromArray(LANES, lanes, to + 3 * COUNT);
        long from1 = from + apart;
        long from2 = from1 + apart;
        long from3 = from2 + apart;
        int plane1 = plane + stride;
        int plane2 = plane1 + stride;
        int plane3 = plane2 + stride;
        IntVector mask0 = IntVector.broadcast(INTS, 0xF);
        IntVector mask1 = IntVector.broadcast(INTS, 0xF0);
        IntVector mask2 = IntVector.broadcast(INTS, 0xF00);
        IntVector mask3 = IntVector.broadcast(INTS, 0xF000);
        IntVector mask4 = IntVector.broadcast(INTS, 0xF0000);
        IntVector mask5 = IntVector.broadcast(INTS, 0xF00000);
        IntVector mask6 = IntVector.broadcast(INTS, 0xF000000);
        for (int block = 0; block < blocks; block++) {
            long step = (long) Integer.BYTES * COUNT * block;
            int group = block * COUNT / NIBBLE_LANES;
            int i = at + block * 8 * COUNT;
            FloatVector x0 = FloatVector.fromArray(LANES, x, i);
            FloatVector x1 = FloatVector.fromArray(LANES, x, i + COUNT);
            FloatVector x2 = FloatVector.fromArray(LANES, x, i + 2 * COUNT);
            FloatVector x3 = FloatVector.fromArray(LANES, x, i + 3 * COUNT);
            FloatVector x4 = FloatVector.fromArray(LANES, x, i + 4 * COUNT);
            FloatVector x5 = FloatVector.fromArray(LANES, x, i + 5 * COUNT);
            FloatVector x6 = FloatVector.fromArray(LANES, x, i + 6 * COUNT);
            FloatVector x7 = FloatVector.fromArray(LANES, x, i + 7 * COUNT);
            IntVector words = IntVector.fromMemorySegment(INTS, codes, from + step, ORDER);
            FloatVector code = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            FloatVector part = code.mul(x0);
            code = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            code = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x4, part) : code.mul(x4).add(part);
            code = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x5, part) : code.mul(x5).add(part);
            code = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x6, part) : code.mul(x6).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x7, part) : code.mul(x7).add(part);
            FloatVector scale = COUNT <= NIBBLE_LANES ? FloatVector.broadcast(LANES, scales[plane + group])
                : FloatVector.fromArray(LANES, scales, plane + group).rearrange(EACH_NIBBLE_LANES);
            a = FUSED ? part.fma(scale, a) : part.mul(scale).add(a);
            words = IntVector.fromMemorySegment(INTS, codes, from1 + step, ORDER);
            code = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            code = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x4, part) : code.mul(x4).add(part);
            code = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x5, part) : code.mul(x5).add(part);
            code = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x6, part) : code.mul(x6).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x7, part) : code.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES ? FloatVector.broadcast(LANES, scales[plane1 + group])
                : FloatVector.fromArray(LANES, scales, plane1 + group).rearrange(EACH_NIBBLE_LANES);
            b = FUSED ? part.fma(scale, b) : part.mul(scale).add(b);
            words = IntVector.fromMemorySegment(INTS, codes, from2 + step, ORDER);
            code = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            code = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x4, part) : code.mul(x4).add(part);
            code = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x5, part) : code.mul(x5).add(part);
            code = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x6, part) : code.mul(x6).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x7, part) : code.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES ? FloatVector.broadcast(LANES, scales[plane2 + group])
                : FloatVector.fromArray(LANES, scales, plane2 + group).rearrange(EACH_NIBBLE_LANES);
            c = FUSED ? part.fma(scale, c) : part.mul(scale).add(c);
            words = IntVector.fromMemorySegment(INTS, codes, from3 + step, ORDER);
            code = (FloatVector) words.and(mask0).convertShape(VectorOperators.I2F, LANES, 0);
            part = code.mul(x0);
            code = (FloatVector) words.and(mask1).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x1, part) : code.mul(x1).add(part);
            code = (FloatVector) words.and(mask2).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x2, part) : code.mul(x2).add(part);
            code = (FloatVector) words.and(mask3).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x3, part) : code.mul(x3).add(part);
            code = (FloatVector) words.and(mask4).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x4, part) : code.mul(x4).add(part);
            code = (FloatVector) words.and(mask5).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x5, part) : code.mul(x5).add(part);
            code = (FloatVector) words.and(mask6).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x6, part) : code.mul(x6).add(part);
            code = (FloatVector) words.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, LANES, 0);
            part = FUSED ? code.fma(x7, part) : code.mul(x7).add(part);
            scale = COUNT <= NIBBLE_LANES ? FloatVector.broadcast(LANES, scales[plane3 + group])
                : FloatVector.fromArray(LANES, scales, plane3 + group).rearrange(EACH_NIBBLE_LANES);
            d = FUSED ? part.fma(scale, d) : part.mul(scale).add(d);
        }
        a.intoArray(lanes, to);
        b.intoArray(lanes, to + COUNT);
        c.intoArray(lanes, to + 2 * COUNT);
        d.intoArray(lanes, to + 3 * COUNT);
    }

    /** One output at a time, as a look-up is more to the compiler than a conversion. */
    private static void tabled(float[] table, MemorySegment codes, long from, long apart, int blocks, float[] scales, int plane, int stride,
                               float[] x, int at, float[] lanes, int to) {
        for (int o = 0; o < OUTPUTS; o++) {
            tabledOne(table, codes, from + o * apart, blocks, scales, plane + o * stride, x, at, lanes, to + o * COUNT);
        }
    }

    private static void tabledOne(float[] table, MemorySegment codes, long from, int blocks, float[] scales, int plane, float[] x, int at,
                                  float[] lanes, int to) {
        FloatVector values = FloatVector.fromArray(LANES, table, 0);
        FloatVector sum = FloatVector.fromArray(LANES, lanes, to);
        for (int block = 0; block < blocks; block++) {
            IntVector words = IntVector.fromMemorySegment(INTS, codes, from + (long) Integer.BYTES * COUNT * block, ORDER);
            int i = at + block * 8 * COUNT;
            FloatVector part = VectorWeights.look(values, words).mul(x(x, i));
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 4)), x(x, i + COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 8)), x(x, i + 2 * COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 12)), x(x, i + 3 * COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 16)), x(x, i + 4 * COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 20)), x(x, i + 5 * COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 24)), x(x, i + 6 * COUNT), part);
            part = multiplyAdd(VectorWeights.look(values, words.lanewise(VectorOperators.LSHR, 28)), x(x, i + 7 * COUNT), part);
            sum = multiplyAdd(part, nibbleScales(scales, plane + block * COUNT / NIBBLE_LANES), sum);
        }
        sum.intoArray(lanes, to);
    }
}
