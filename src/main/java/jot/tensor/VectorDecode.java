package jot.tensor;

import static jot.tensor.VectorFunctions.multiplyAdd;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows times a matrix, bound by reading the weights.
 *
 * <p>Four rows of weights are read at a time, straight from memory and a quarter of the range apart, so that each is a long stream for
 * the hardware to run ahead of. Each has a vector of sums of its own: lane {@code l} sums the inputs
 * {@code l, l + lanes, …} in order, and the lanes are folded once at the end. This order is the same for one row of activations or many
 * and for every format, so a row's bits do not depend on its company.
 */
final class VectorDecode {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final int OUTPUTS = 4;

    private VectorDecode() {
    }

    static void multiply(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                         int fromOutput, int toOutput, Scratch scratch) {
        int padded = (w.inputs() + GROUP - 1) / GROUP * GROUP;
        float[] rows = scratch.rows((toRow - fromRow) * padded);
        float[] sums = scratch.tile(OUTPUTS * OUTPUTS * COUNT);
        boolean raw = w.format() == WeightFormat.F16;
        copyRows(x, xColumn, fromRow, toRow, w.inputs(), padded, raw ? VectorWeights.F16_ACTIVATION : 1f, rows);
        float factor = raw ? VectorWeights.F16_SUM : 1f;
        boolean direct = direct(w, toRow - fromRow);
        float[] widened = direct ? null : scratch.panel(OUTPUTS * padded);
        int quarter = (toOutput - fromOutput) / OUTPUTS;
        for (int k = 0; k < quarter; k++) {
            int output = fromOutput + k;
            if (!direct) {
                widen(w, output, quarter, OUTPUTS, padded, widened);
            }
            for (int row = fromRow, count; row < toRow; row += count) {
                int from = (row - fromRow) * padded;
                count = rowsTogether(toRow - row);
                if (direct) {
                    fromMemory(w, output, quarter, rows, from, padded, count, sums);
                } else {
                    fromArray(widened, padded, rows, from, padded, count, sums);
                }
                store(sums, count, OUTPUTS, factor, bias, output, quarter, y, yColumn, row);
            }
        }
        int output = fromOutput + OUTPUTS * quarter;
        if (output < toOutput) {
            widened = scratch.panel(OUTPUTS * padded);
            widen(w, output, 1, toOutput - output, padded, widened);
            for (int row = fromRow, count; row < toRow; row += count) {
                count = rowsTogether(toRow - row);
                fromArray(widened, padded, rows, (row - fromRow) * padded, padded, count, sums);
                store(sums, count, toOutput - output, factor, bias, output, 1, y, yColumn, row);
            }
        }
    }

    private static int rowsTogether(int left) {
        return left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    /** Copies rows without gaps, pads them with zeros and multiplies them. */
    private static void copyRows(Activations x, int xColumn, int fromRow, int toRow, int inputs, int padded, float factor, float[] to) {
        for (int row = fromRow; row < toRow; row++) {
            int from = x.at(row) + xColumn;
            int at = (row - fromRow) * padded;
            System.arraycopy(x.values(), from, to, at, inputs);
            Arrays.fill(to, at + inputs, at + padded, 0f);
            if (factor != 1f) {
                for (int i = 0; i < padded; i += COUNT) {
                    FloatVector.fromArray(LANES, to, at + i).mul(factor).intoArray(to, at + i);
                }
            }
        }
    }

    /** Whether weights go from memory to registers; else they are widened to an array first, as several rows share the effort. */
    private static boolean direct(Matrix w, int rows) {
        return switch (w.format()) {
            case WeightFormat.Plain plain -> w.inputs() % COUNT == 0 && (plain == WeightFormat.Plain.F32 || rows == 1);
            case WeightFormat.Coded coded -> w.inputs() % GROUP == 0 && rows == 1 && COUNT >= 8 && (coded.bits() == 8 || COUNT == 16);
        };
    }

    private static void widen(Matrix w, int output, int distance, int outputs, int padded, float[] to) {
        for (int o = 0; o < OUTPUTS; o++) {
            int at = o * padded;
            if (o < outputs) {
                VectorWeights.widen(w, output + o * distance, 0, w.inputs(), to, at, true);
                Arrays.fill(to, at + w.inputs(), at + padded, 0f);
            } else {
                Arrays.fill(to, at, at + padded, 0f);
            }
        }
    }

    private static void store(float[] sums, int rows, int outputs, float factor, float[] bias, int output, int distance,
                              Activations y, int yColumn, int row) {
        for (int r = 0; r < rows; r++) {
            int at = y.at(row + r) + yColumn + output;
            for (int o = 0; o < outputs; o++) {
                float sum = sums[(r * OUTPUTS + o) * COUNT] * factor;
                y.values()[at + o * distance] = bias == null ? sum : sum + bias[output + o * distance];
            }
        }
    }

    private static void fold(float[] sums, int index, FloatVector v) {
        sums[index * COUNT] = VectorFunctions.fold(v, sums, index * COUNT);
    }

    /** Sums of one, two or four rows over four rows of weights in memory; F32 only where rows are several. */
    private static void fromMemory(Matrix w, int output, int distance, float[] x, int at, int stride, int rows, float[] sums) {
        switch (w.format()) {
            case WeightFormat.Plain.F32 ->
                f32(w.codes(), 4L * output * w.inputs(), 4L * distance * w.inputs(), w.inputs(), x, at, stride, rows, sums);
            case WeightFormat.Plain.F16 -> f16(w.codes(), 2L * output * w.inputs(), 2L * distance * w.inputs(), w.inputs(), x, at, sums);
            case WeightFormat.Plain.BF16 -> bf16(w.codes(), 2L * output * w.inputs(), 2L * distance * w.inputs(), w.inputs(), x, at, sums);
            case WeightFormat.Coded coded -> {
                long plane = 4L * output * coded.groups(w.inputs());
                long codes = (long) output * coded.rowBytes(w.inputs());
                fromCodes(w, coded, distance, codes, plane, x, at, sums);
            }
        }
    }

    private static void fromCodes(Matrix w, WeightFormat.Coded coded, int distance, long codes, long plane, float[] x, int at,
            float[] sums) {
        if (coded.bits() == 8) {
            if (coded.minimum()) {
                bytesAndMinimums(w, distance, codes, plane, x, at, sums);
            } else {
                bytes(w, distance, codes, plane, x, at, sums);
            }
        } else {
            if (coded.minimum()) {
                nibblesAndMinimums(w, coded.table(), distance, codes, plane, x, at, sums);
            } else {
                nibbles(w, coded.table(), distance, codes, plane, x, at, sums);
            }
        }
    }

    private static void f32(MemorySegment w, long from, long row, int inputs, float[] x, int at, int stride, int rows, float[] sums) {
        switch (rows) {
            case 4 -> f32Four(w, from, row, inputs, x, at, stride, sums);
            case 2 -> f32Two(w, from, row, inputs, x, at, stride, sums);
            default -> f32One(w, from, row, inputs, x, at, sums);
        }
    }

    private static void f32One(MemorySegment w, long from, long row, int inputs, float[] x, int at, float[] sums) {
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            long step = 4L * i;
            a = multiplyAdd(VectorWeights.f32(w, from + step), v, a);
            b = multiplyAdd(VectorWeights.f32(w, w1 + step), v, b);
            c = multiplyAdd(VectorWeights.f32(w, w2 + step), v, c);
            d = multiplyAdd(VectorWeights.f32(w, w3 + step), v, d);
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static void f32Two(MemorySegment w, long from, long row, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        int x1 = at + stride;
        for (int i = 0; i < inputs; i += COUNT) {
            long step = 4L * i;
            FloatVector a = VectorWeights.f32(w, from + step);
            FloatVector b = VectorWeights.f32(w, w1 + step);
            FloatVector c = VectorWeights.f32(w, w2 + step);
            FloatVector d = VectorWeights.f32(w, w3 + step);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
            v = FloatVector.fromArray(LANES, x, x1 + i);
            a1 = multiplyAdd(a, v, a1);
            b1 = multiplyAdd(b, v, b1);
            c1 = multiplyAdd(c, v, c1);
            d1 = multiplyAdd(d, v, d1);
        }
        fold(sums, 0, a0);
        fold(sums, 1, b0);
        fold(sums, 2, c0);
        fold(sums, 3, d0);
        fold(sums, 4, a1);
        fold(sums, 5, b1);
        fold(sums, 6, c1);
        fold(sums, 7, d1);
    }

    private static void f32Four(MemorySegment w, long from, long row, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector c2 = zero;
        FloatVector d2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector c3 = zero;
        FloatVector d3 = zero;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        int x1 = at + stride;
        int x2 = at + 2 * stride;
        int x3 = at + 3 * stride;
        for (int i = 0; i < inputs; i += COUNT) {
            long step = 4L * i;
            FloatVector a = VectorWeights.f32(w, from + step);
            FloatVector b = VectorWeights.f32(w, w1 + step);
            FloatVector c = VectorWeights.f32(w, w2 + step);
            FloatVector d = VectorWeights.f32(w, w3 + step);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
            v = FloatVector.fromArray(LANES, x, x1 + i);
            a1 = multiplyAdd(a, v, a1);
            b1 = multiplyAdd(b, v, b1);
            c1 = multiplyAdd(c, v, c1);
            d1 = multiplyAdd(d, v, d1);
            v = FloatVector.fromArray(LANES, x, x2 + i);
            a2 = multiplyAdd(a, v, a2);
            b2 = multiplyAdd(b, v, b2);
            c2 = multiplyAdd(c, v, c2);
            d2 = multiplyAdd(d, v, d2);
            v = FloatVector.fromArray(LANES, x, x3 + i);
            a3 = multiplyAdd(a, v, a3);
            b3 = multiplyAdd(b, v, b3);
            c3 = multiplyAdd(c, v, c3);
            d3 = multiplyAdd(d, v, d3);
        }
        fold(sums, 0, a0);
        fold(sums, 1, b0);
        fold(sums, 2, c0);
        fold(sums, 3, d0);
        fold(sums, 4, a1);
        fold(sums, 5, b1);
        fold(sums, 6, c1);
        fold(sums, 7, d1);
        fold(sums, 8, a2);
        fold(sums, 9, b2);
        fold(sums, 10, c2);
        fold(sums, 11, d2);
        fold(sums, 12, a3);
        fold(sums, 13, b3);
        fold(sums, 14, c3);
        fold(sums, 15, d3);
    }

    private static void f16(MemorySegment w, long from, long row, int inputs, float[] x, int at, float[] sums) {
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            long step = 2L * i;
            a = multiplyAdd(VectorWeights.f16(w, from + step), v, a);
            b = multiplyAdd(VectorWeights.f16(w, w1 + step), v, b);
            c = multiplyAdd(VectorWeights.f16(w, w2 + step), v, c);
            d = multiplyAdd(VectorWeights.f16(w, w3 + step), v, d);
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static void bf16(MemorySegment w, long from, long row, int inputs, float[] x, int at, float[] sums) {
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            long step = 2L * i;
            a = multiplyAdd(VectorWeights.bf16(w, from + step), v, a);
            b = multiplyAdd(VectorWeights.bf16(w, w1 + step), v, b);
            c = multiplyAdd(VectorWeights.bf16(w, w2 + step), v, c);
            d = multiplyAdd(VectorWeights.bf16(w, w3 + step), v, d);
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static FloatVector factor(MemorySegment plane, long at) {
        return FloatVector.broadcast(LANES, plane.get(Matrix.FLOAT, at));
    }

    private static void bytes(Matrix w, int distance, long from, long plane, float[] x, int at, float[] sums) {
        MemorySegment codes = w.codes();
        MemorySegment scales = w.scales();
        int inputs = w.inputs();
        long row = (long) distance * inputs;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        long planeRow = 4L * distance * (inputs / GROUP);
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < inputs; i += GROUP) {
            long p = plane + i / GROUP * Float.BYTES;
            FloatVector s0 = factor(scales, p);
            FloatVector s1 = factor(scales, p + planeRow);
            FloatVector s2 = factor(scales, p + 2 * planeRow);
            FloatVector s3 = factor(scales, p + 3 * planeRow);
            for (int j = i; j < i + GROUP; j += COUNT) {
                FloatVector v = FloatVector.fromArray(LANES, x, at + j);
                a = multiplyAdd(s0.mul(VectorWeights.q8(codes, from + j)), v, a);
                b = multiplyAdd(s1.mul(VectorWeights.q8(codes, w1 + j)), v, b);
                c = multiplyAdd(s2.mul(VectorWeights.q8(codes, w2 + j)), v, c);
                d = multiplyAdd(s3.mul(VectorWeights.q8(codes, w3 + j)), v, d);
            }
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static void bytesAndMinimums(Matrix w, int distance, long from, long plane, float[] x, int at, float[] sums) {
        MemorySegment codes = w.codes();
        MemorySegment scales = w.scales();
        MemorySegment minimums = w.minimums();
        int inputs = w.inputs();
        long row = (long) distance * inputs;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        long planeRow = 4L * distance * (inputs / GROUP);
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < inputs; i += GROUP) {
            long p = plane + i / GROUP * Float.BYTES;
            FloatVector s0 = factor(scales, p);
            FloatVector s1 = factor(scales, p + planeRow);
            FloatVector s2 = factor(scales, p + 2 * planeRow);
            FloatVector s3 = factor(scales, p + 3 * planeRow);
            FloatVector m0 = factor(minimums, p);
            FloatVector m1 = factor(minimums, p + planeRow);
            FloatVector m2 = factor(minimums, p + 2 * planeRow);
            FloatVector m3 = factor(minimums, p + 3 * planeRow);
            for (int j = i; j < i + GROUP; j += COUNT) {
                FloatVector v = FloatVector.fromArray(LANES, x, at + j);
                a = multiplyAdd(multiplyAdd(s0, VectorWeights.q8(codes, from + j), m0), v, a);
                b = multiplyAdd(multiplyAdd(s1, VectorWeights.q8(codes, w1 + j), m1), v, b);
                c = multiplyAdd(multiplyAdd(s2, VectorWeights.q8(codes, w2 + j), m2), v, c);
                d = multiplyAdd(multiplyAdd(s3, VectorWeights.q8(codes, w3 + j), m3), v, d);
            }
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static void nibbles(Matrix w, float[] values, int distance, long from, long plane, float[] x, int at, float[] sums) {
        FloatVector table = FloatVector.fromArray(LANES, values, 0);
        MemorySegment codes = w.codes();
        MemorySegment scales = w.scales();
        int inputs = w.inputs();
        long row = (long) distance * inputs / 2;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        long planeRow = 4L * distance * (inputs / GROUP);
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < inputs; i += GROUP) {
            long p = plane + i / GROUP * Float.BYTES;
            FloatVector s0 = factor(scales, p);
            FloatVector s1 = factor(scales, p + planeRow);
            FloatVector s2 = factor(scales, p + 2 * planeRow);
            FloatVector s3 = factor(scales, p + 3 * planeRow);
            FloatVector low = FloatVector.fromArray(LANES, x, at + i);
            FloatVector high = FloatVector.fromArray(LANES, x, at + i + COUNT);
            long step = i / 2;
            IntVector pairs = VectorWeights.pairs(codes, from + step);
            a = multiplyAdd(s0.mul(VectorWeights.look(table, pairs)), low, a);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            a = multiplyAdd(s0.mul(VectorWeights.look(table, pairs)), high, a);
            pairs = VectorWeights.pairs(codes, w1 + step);
            b = multiplyAdd(s1.mul(VectorWeights.look(table, pairs)), low, b);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            b = multiplyAdd(s1.mul(VectorWeights.look(table, pairs)), high, b);
            pairs = VectorWeights.pairs(codes, w2 + step);
            c = multiplyAdd(s2.mul(VectorWeights.look(table, pairs)), low, c);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            c = multiplyAdd(s2.mul(VectorWeights.look(table, pairs)), high, c);
            pairs = VectorWeights.pairs(codes, w3 + step);
            d = multiplyAdd(s3.mul(VectorWeights.look(table, pairs)), low, d);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            d = multiplyAdd(s3.mul(VectorWeights.look(table, pairs)), high, d);
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    private static void nibblesAndMinimums(Matrix w, float[] values, int distance, long from, long plane, float[] x, int at, float[] sums) {
        FloatVector table = FloatVector.fromArray(LANES, values, 0);
        MemorySegment codes = w.codes();
        MemorySegment scales = w.scales();
        MemorySegment minimums = w.minimums();
        int inputs = w.inputs();
        long row = (long) distance * inputs / 2;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        long planeRow = 4L * distance * (inputs / GROUP);
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < inputs; i += GROUP) {
            long p = plane + i / GROUP * Float.BYTES;
            FloatVector s0 = factor(scales, p);
            FloatVector s1 = factor(scales, p + planeRow);
            FloatVector s2 = factor(scales, p + 2 * planeRow);
            FloatVector s3 = factor(scales, p + 3 * planeRow);
            FloatVector m0 = factor(minimums, p);
            FloatVector m1 = factor(minimums, p + planeRow);
            FloatVector m2 = factor(minimums, p + 2 * planeRow);
            FloatVector m3 = factor(minimums, p + 3 * planeRow);
            FloatVector low = FloatVector.fromArray(LANES, x, at + i);
            FloatVector high = FloatVector.fromArray(LANES, x, at + i + COUNT);
            long step = i / 2;
            IntVector pairs = VectorWeights.pairs(codes, from + step);
            a = multiplyAdd(multiplyAdd(s0, VectorWeights.look(table, pairs), m0), low, a);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            a = multiplyAdd(multiplyAdd(s0, VectorWeights.look(table, pairs), m0), high, a);
            pairs = VectorWeights.pairs(codes, w1 + step);
            b = multiplyAdd(multiplyAdd(s1, VectorWeights.look(table, pairs), m1), low, b);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            b = multiplyAdd(multiplyAdd(s1, VectorWeights.look(table, pairs), m1), high, b);
            pairs = VectorWeights.pairs(codes, w2 + step);
            c = multiplyAdd(multiplyAdd(s2, VectorWeights.look(table, pairs), m2), low, c);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            c = multiplyAdd(multiplyAdd(s2, VectorWeights.look(table, pairs), m2), high, c);
            pairs = VectorWeights.pairs(codes, w3 + step);
            d = multiplyAdd(multiplyAdd(s3, VectorWeights.look(table, pairs), m3), low, d);
            pairs = pairs.lanewise(VectorOperators.LSHR, 4);
            d = multiplyAdd(multiplyAdd(s3, VectorWeights.look(table, pairs), m3), high, d);
        }
        fold(sums, 0, a);
        fold(sums, 1, b);
        fold(sums, 2, c);
        fold(sums, 3, d);
    }

    /** Sums of one, two or four rows over four widened rows. */
    private static void fromArray(float[] w, int inputs, float[] x, int at, int stride, int rows, float[] sums) {
        switch (rows) {
            case 4 -> arrayFour(w, inputs, x, at, stride, sums);
            case 2 -> arrayTwo(w, inputs, x, at, stride, sums);
            default -> arrayOne(w, inputs, x, at, stride, sums);
        }
    }

    private static void arrayOne(float[] w, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        int w2 = 2 * stride;
        int w3 = 3 * stride;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, stride + i);
            FloatVector c = FloatVector.fromArray(LANES, w, w2 + i);
            FloatVector d = FloatVector.fromArray(LANES, w, w3 + i);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
        }
        fold(sums, 0, a0);
        fold(sums, 1, b0);
        fold(sums, 2, c0);
        fold(sums, 3, d0);
    }

    private static void arrayTwo(float[] w, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        int w2 = 2 * stride;
        int w3 = 3 * stride;
        int x1 = at + stride;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, stride + i);
            FloatVector c = FloatVector.fromArray(LANES, w, w2 + i);
            FloatVector d = FloatVector.fromArray(LANES, w, w3 + i);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
            v = FloatVector.fromArray(LANES, x, x1 + i);
            a1 = multiplyAdd(a, v, a1);
            b1 = multiplyAdd(b, v, b1);
            c1 = multiplyAdd(c, v, c1);
            d1 = multiplyAdd(d, v, d1);
        }
        fold(sums, 0, a0);
        fold(sums, 1, b0);
        fold(sums, 2, c0);
        fold(sums, 3, d0);
        fold(sums, 4, a1);
        fold(sums, 5, b1);
        fold(sums, 6, c1);
        fold(sums, 7, d1);
    }

    private static void arrayFour(float[] w, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        FloatVector a2 = zero;
        FloatVector b2 = zero;
        FloatVector c2 = zero;
        FloatVector d2 = zero;
        FloatVector a3 = zero;
        FloatVector b3 = zero;
        FloatVector c3 = zero;
        FloatVector d3 = zero;
        int w2 = 2 * stride;
        int w3 = 3 * stride;
        int x1 = at + stride;
        int x2 = at + 2 * stride;
        int x3 = at + 3 * stride;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, stride + i);
            FloatVector c = FloatVector.fromArray(LANES, w, w2 + i);
            FloatVector d = FloatVector.fromArray(LANES, w, w3 + i);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
            v = FloatVector.fromArray(LANES, x, x1 + i);
            a1 = multiplyAdd(a, v, a1);
            b1 = multiplyAdd(b, v, b1);
            c1 = multiplyAdd(c, v, c1);
            d1 = multiplyAdd(d, v, d1);
            v = FloatVector.fromArray(LANES, x, x2 + i);
            a2 = multiplyAdd(a, v, a2);
            b2 = multiplyAdd(b, v, b2);
            c2 = multiplyAdd(c, v, c2);
            d2 = multiplyAdd(d, v, d2);
            v = FloatVector.fromArray(LANES, x, x3 + i);
            a3 = multiplyAdd(a, v, a3);
            b3 = multiplyAdd(b, v, b3);
            c3 = multiplyAdd(c, v, c3);
            d3 = multiplyAdd(d, v, d3);
        }
        fold(sums, 0, a0);
        fold(sums, 1, b0);
        fold(sums, 2, c0);
        fold(sums, 3, d0);
        fold(sums, 4, a1);
        fold(sums, 5, b1);
        fold(sums, 6, c1);
        fold(sums, 7, d1);
        fold(sums, 8, a2);
        fold(sums, 9, b2);
        fold(sums, 10, c2);
        fold(sums, 11, d2);
        fold(sums, 12, a3);
        fold(sums, 13, b3);
        fold(sums, 14, c3);
        fold(sums, 15, d3);
    }
}
