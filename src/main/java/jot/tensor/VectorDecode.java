package jot.tensor;

import static jot.tensor.VectorFunctions.multiplyAdd;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows times a matrix, bound by reading the weights.
 *
 * <p>Four rows of weights, of 32-bit floats eight, are read at a time, straight from memory and as far apart as the range allows, so that
 * each is a long stream for the hardware to run ahead of. Each has a vector of sums of its own: lane {@code l} sums the inputs
 * {@code l, l + lanes, …} in order, and the lanes are folded once at the end. This order is the same for one row of activations or many,
 * so a row's bits do not depend on its company. Codes have kernels of their own, {@link VectorCodes}.
 */
final class VectorDecode {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final int OUTPUTS = 4;
    private static final int EIGHT = 8;

    private VectorDecode() {
    }

    static void multiply(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                         int fromOutput, int toOutput, Scratch scratch) {
        if (w.format() instanceof WeightFormat.Coded coded && LaneKernels.keepsCodes(coded, w.inputs(), COUNT)) {
            VectorCodes.multiply(w, coded, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
            return;
        }
        if (w.format() == WeightFormat.F32 && toRow - fromRow == 1 && direct(w, 1) && toOutput - fromOutput >= EIGHT) {
            f32Row(w, bias, x.values(), x.at(fromRow) + xColumn, y.values(), y.at(fromRow) + yColumn, fromOutput, toOutput, scratch);
            return;
        }
        boolean raw = w.format() == WeightFormat.F16;
        float factor = raw ? VectorWeights.F16_SUM : 1f;
        int padded = (w.inputs() + GROUP - 1) / GROUP * GROUP;
        float[] sums = scratch.tile(OUTPUTS * OUTPUTS * COUNT);
        boolean direct = direct(w, toRow - fromRow);
        boolean inPlace = direct && !raw;
        float[] rows = inPlace ? x.values() : scratch.rows((toRow - fromRow) * padded);
        int stride = inPlace ? x.stride() : padded;
        int first = inPlace ? x.at(fromRow) + xColumn : 0;
        if (!inPlace) {
            copyRows(x, xColumn, fromRow, toRow, w.inputs(), padded, raw ? VectorWeights.F16_ACTIVATION : 1f, rows);
        }
        float[] widened = scratch.panel(OUTPUTS * padded);
        int inputs = inPlace ? w.inputs() : padded;
        int quarter = (toOutput - fromOutput) / OUTPUTS;
        for (int k = 0; k < quarter; k++) {
            int output = fromOutput + k;
            if (!direct) {
                widen(w, output, quarter, OUTPUTS, padded, widened);
            }
            for (int row = fromRow, count; row < toRow; row += count) {
                int from = first + (row - fromRow) * stride;
                count = rowsTogether(toRow - row);
                if (direct) {
                    fromMemory(w, output, quarter, rows, from, stride, count, sums);
                } else {
                    fromArray(widened, padded, padded, rows, from, stride, count, sums);
                }
                store(sums, count, OUTPUTS, factor, bias, output, quarter, y, yColumn, row);
            }
        }
        int output = fromOutput + OUTPUTS * quarter;
        if (output < toOutput && direct && quarter > 0) {
            for (int row = fromRow, count; row < toRow; row += count) {
                count = rowsTogether(toRow - row);
                fromMemory(w, toOutput - OUTPUTS, 1, rows, first + (row - fromRow) * stride, stride, count, sums);
                store(sums, count, OUTPUTS, factor, bias, toOutput - OUTPUTS, 1, y, yColumn, row);
            }
        } else if (output < toOutput) {
            widen(w, output, 1, toOutput - output, padded, widened);
            for (int row = fromRow, count; row < toRow; row += count) {
                count = rowsTogether(toRow - row);
                fromArray(widened, padded, inputs, rows, first + (row - fromRow) * stride, stride, count, sums);
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
        return w.format() instanceof WeightFormat.Plain plain && w.inputs() % COUNT == 0 && (plain == WeightFormat.Plain.F32 || rows == 1);
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
                float sum = VectorFunctions.fold(sums, (r * OUTPUTS + o) * COUNT) * factor;
                y.values()[at + o * distance] = bias == null ? sum : sum + bias[output + o * distance];
            }
        }
    }

    /** Sums of one, two or four rows over four rows of weights in memory; F32 only where rows are several. */
    private static void fromMemory(Matrix w, int output, int distance, float[] x, int at, int stride, int rows, float[] sums) {
        WeightFormat.Plain plain = (WeightFormat.Plain) w.format();
        long row = (long) plain.size() * w.inputs();
        switch (plain) {
            case F32 -> f32(w.codes(), output * row, distance * row, w.inputs(), x, at, stride, rows, sums);
            case F16 -> f16(w.codes(), output * row, distance * row, w.inputs(), x, at, sums);
            case BF16 -> bf16(w.codes(), output * row, distance * row, w.inputs(), x, at, sums);
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
        a.intoArray(sums, 0);
        b.intoArray(sums, COUNT);
        c.intoArray(sums, 2 * COUNT);
        d.intoArray(sums, 3 * COUNT);
    }

    /** One row times 32-bit floats: eight streams, an eighth of the range apart; outputs that are left over are computed with others. */
    private static void f32Row(Matrix w, float[] bias, float[] x, int at, float[] y, int to, int fromOutput, int toOutput,
                               Scratch scratch) {
        float[] sums = scratch.tile(EIGHT * COUNT);
        long row = (long) Float.BYTES * w.inputs();
        int eighth = (toOutput - fromOutput) / EIGHT;
        for (int output = fromOutput; output < fromOutput + eighth; output++) {
            f32Eight(w.codes(), output * row, eighth * row, w.inputs(), x, at, sums);
            storeEight(sums, bias, output, eighth, y, to);
        }
        if (EIGHT * eighth < toOutput - fromOutput) {
            f32Eight(w.codes(), (toOutput - EIGHT) * row, row, w.inputs(), x, at, sums);
            storeEight(sums, bias, toOutput - EIGHT, 1, y, to);
        }
    }

    private static void storeEight(float[] sums, float[] bias, int output, int distance, float[] y, int to) {
        for (int o = 0; o < EIGHT; o++) {
            int at = output + o * distance;
            float sum = VectorFunctions.fold(sums, o * COUNT);
            y[to + at] = bias == null ? sum : sum + bias[at];
        }
    }

    private static void f32Eight(MemorySegment w, long from, long row, int inputs, float[] x, int at, float[] sums) {
        FloatVector a = FloatVector.zero(LANES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector f = a;
        FloatVector g = a;
        FloatVector h = a;
        long w1 = from + row;
        long w2 = w1 + row;
        long w3 = w2 + row;
        long w4 = w3 + row;
        long w5 = w4 + row;
        long w6 = w5 + row;
        long w7 = w6 + row;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            long step = 4L * i;
            a = multiplyAdd(VectorWeights.f32(w, from + step), v, a);
            b = multiplyAdd(VectorWeights.f32(w, w1 + step), v, b);
            c = multiplyAdd(VectorWeights.f32(w, w2 + step), v, c);
            d = multiplyAdd(VectorWeights.f32(w, w3 + step), v, d);
            e = multiplyAdd(VectorWeights.f32(w, w4 + step), v, e);
            f = multiplyAdd(VectorWeights.f32(w, w5 + step), v, f);
            g = multiplyAdd(VectorWeights.f32(w, w6 + step), v, g);
            h = multiplyAdd(VectorWeights.f32(w, w7 + step), v, h);
        }
        a.intoArray(sums, 0);
        b.intoArray(sums, COUNT);
        c.intoArray(sums, 2 * COUNT);
        d.intoArray(sums, 3 * COUNT);
        e.intoArray(sums, 4 * COUNT);
        f.intoArray(sums, 5 * COUNT);
        g.intoArray(sums, 6 * COUNT);
        h.intoArray(sums, 7 * COUNT);
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
        a0.intoArray(sums, 0);
        b0.intoArray(sums, COUNT);
        c0.intoArray(sums, 2 * COUNT);
        d0.intoArray(sums, 3 * COUNT);
        a1.intoArray(sums, 4 * COUNT);
        b1.intoArray(sums, 5 * COUNT);
        c1.intoArray(sums, 6 * COUNT);
        d1.intoArray(sums, 7 * COUNT);
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
        a0.intoArray(sums, 0);
        b0.intoArray(sums, COUNT);
        c0.intoArray(sums, 2 * COUNT);
        d0.intoArray(sums, 3 * COUNT);
        a1.intoArray(sums, 4 * COUNT);
        b1.intoArray(sums, 5 * COUNT);
        c1.intoArray(sums, 6 * COUNT);
        d1.intoArray(sums, 7 * COUNT);
        a2.intoArray(sums, 8 * COUNT);
        b2.intoArray(sums, 9 * COUNT);
        c2.intoArray(sums, 10 * COUNT);
        d2.intoArray(sums, 11 * COUNT);
        a3.intoArray(sums, 12 * COUNT);
        b3.intoArray(sums, 13 * COUNT);
        c3.intoArray(sums, 14 * COUNT);
        d3.intoArray(sums, 15 * COUNT);
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
        a.intoArray(sums, 0);
        b.intoArray(sums, COUNT);
        c.intoArray(sums, 2 * COUNT);
        d.intoArray(sums, 3 * COUNT);
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
        a.intoArray(sums, 0);
        b.intoArray(sums, COUNT);
        c.intoArray(sums, 2 * COUNT);
        d.intoArray(sums, 3 * COUNT);
    }

    /** Sums of one, two or four rows over four widened rows. */
    private static void fromArray(float[] w, int row, int inputs, float[] x, int at, int stride, int rows, float[] sums) {
        switch (rows) {
            case 4 -> arrayFour(w, row, inputs, x, at, stride, sums);
            case 2 -> arrayTwo(w, row, inputs, x, at, stride, sums);
            default -> arrayOne(w, row, inputs, x, at, sums);
        }
    }

    private static void arrayOne(float[] w, int row, int inputs, float[] x, int at, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        int w2 = 2 * row;
        int w3 = 3 * row;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, row + i);
            FloatVector c = FloatVector.fromArray(LANES, w, w2 + i);
            FloatVector d = FloatVector.fromArray(LANES, w, w3 + i);
            FloatVector v = FloatVector.fromArray(LANES, x, at + i);
            a0 = multiplyAdd(a, v, a0);
            b0 = multiplyAdd(b, v, b0);
            c0 = multiplyAdd(c, v, c0);
            d0 = multiplyAdd(d, v, d0);
        }
        a0.intoArray(sums, 0);
        b0.intoArray(sums, COUNT);
        c0.intoArray(sums, 2 * COUNT);
        d0.intoArray(sums, 3 * COUNT);
    }

    private static void arrayTwo(float[] w, int row, int inputs, float[] x, int at, int stride, float[] sums) {
        FloatVector zero = FloatVector.zero(LANES);
        FloatVector a0 = zero;
        FloatVector b0 = zero;
        FloatVector c0 = zero;
        FloatVector d0 = zero;
        FloatVector a1 = zero;
        FloatVector b1 = zero;
        FloatVector c1 = zero;
        FloatVector d1 = zero;
        int w2 = 2 * row;
        int w3 = 3 * row;
        int x1 = at + stride;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, row + i);
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
        a0.intoArray(sums, 0);
        b0.intoArray(sums, COUNT);
        c0.intoArray(sums, 2 * COUNT);
        d0.intoArray(sums, 3 * COUNT);
        a1.intoArray(sums, 4 * COUNT);
        b1.intoArray(sums, 5 * COUNT);
        c1.intoArray(sums, 6 * COUNT);
        d1.intoArray(sums, 7 * COUNT);
    }

    private static void arrayFour(float[] w, int row, int inputs, float[] x, int at, int stride, float[] sums) {
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
        int w2 = 2 * row;
        int w3 = 3 * row;
        int x1 = at + stride;
        int x2 = at + 2 * stride;
        int x3 = at + 3 * stride;
        for (int i = 0; i < inputs; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, w, i);
            FloatVector b = FloatVector.fromArray(LANES, w, row + i);
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
        a0.intoArray(sums, 0);
        b0.intoArray(sums, COUNT);
        c0.intoArray(sums, 2 * COUNT);
        d0.intoArray(sums, 3 * COUNT);
        a1.intoArray(sums, 4 * COUNT);
        b1.intoArray(sums, 5 * COUNT);
        c1.intoArray(sums, 6 * COUNT);
        d1.intoArray(sums, 7 * COUNT);
        a2.intoArray(sums, 8 * COUNT);
        b2.intoArray(sums, 9 * COUNT);
        c2.intoArray(sums, 10 * COUNT);
        d2.intoArray(sums, 11 * COUNT);
        a3.intoArray(sums, 12 * COUNT);
        b3.intoArray(sums, 13 * COUNT);
        c3.intoArray(sums, 14 * COUNT);
        d3.intoArray(sums, 15 * COUNT);
    }
}
