package jot.tensor;

import static jot.tensor.VectorFunctions.multiplyAdd;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows times a matrix of codes, bound by reading the codes.
 *
 * <p>In a group of 32 inputs the codes are multiplied by the activations as they are, and the group's sum by its scale: lane {@code l}
 * sums the inputs {@code l, l + lanes, …} of a group, then the groups in order. Minimums need only each group's sum of activations. Each
 * row of activations goes through the same steps, alone or not. One row of codes is taken at a time: a load of codes is some hundred
 * nodes to the compiler, which stops inlining beyond 18,000 in a method, and then every vector becomes an object.
 */
final class VectorCodes {
    private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final int OUTPUTS = 4;

    private VectorCodes() {
    }

    static void multiply(Matrix w, WeightFormat.Coded format, float[] bias, Activations x, int xColumn, Activations y, int yColumn,
                         int fromRow, int toRow, int fromOutput, int toOutput, Scratch scratch) {
        int groups = format.groups(w.inputs());
        int stride = groups * GROUP + sumsWidth(groups);
        float[] rows = scratch.rows((toRow - fromRow) * stride);
        float[] lanes = scratch.tile(OUTPUTS * COUNT);
        for (int row = fromRow; row < toRow; row++) {
            copyRow(x.values(), x.at(row) + xColumn, w.inputs(), groups, format.minimum(), rows, (row - fromRow) * stride, lanes);
        }
        // scales [outputs][groups] and as many minimums, each followed by a vector of zeros
        int factors = (toOutput - fromOutput) * groups;
        float[] planes = scratch.panel(2 * (factors + COUNT));
        copyPlane(w.scales(), fromOutput, groups, planes, 0, factors);
        if (format.minimum()) {
            copyPlane(w.minimums(), fromOutput, groups, planes, factors + COUNT, factors);
        }
        for (int output = fromOutput; output < toOutput; output += OUTPUTS) {
            int outputs = Math.min(OUTPUTS, toOutput - output);
            int plane = (output - fromOutput) * groups;
            for (int row = fromRow; row < toRow; row++) {
                int at = (row - fromRow) * stride;
                codes(w, format, output, outputs, planes, plane, rows, at, lanes);
                if (format.minimum()) {
                    minimums(planes, plane + factors + COUNT, rows, at + groups * GROUP, groups, outputs, lanes);
                }
                int to = y.at(row) + yColumn + output;
                for (int o = 0; o < outputs; o++) {
                    float sum = VectorFunctions.fold(lanes, o * COUNT);
                    y.values()[to + o] = bias == null ? sum : sum + bias[output + o];
                }
            }
        }
    }

    private static int sumsWidth(int groups) {
        return (groups + COUNT - 1) / COUNT * COUNT;
    }

    private static void copyPlane(MemorySegment plane, int output, int groups, float[] to, int at, int count) {
        MemorySegment.copy(plane, Matrix.FLOAT, 4L * output * groups, to, at, count);
        Arrays.fill(to, at + count, at + count + COUNT, 0f);
    }

    /** A row padded with zeros to whole groups, and behind it, if wanted, the sum of each group. */
    private static void copyRow(float[] x, int from, int inputs, int groups, boolean withSums, float[] to, int at, float[] lanes) {
        System.arraycopy(x, from, to, at, inputs);
        int end = at + groups * GROUP;
        Arrays.fill(to, at + inputs, end + sumsWidth(groups), 0f);
        for (int group = 0; group < groups && withSums; group++) {
            FloatVector sum = FloatVector.zero(LANES);
            for (int j = 0; j < GROUP; j += COUNT) {
                sum = sum.add(FloatVector.fromArray(LANES, to, at + group * GROUP + j));
            }
            sum.intoArray(lanes, 0);
            to[end + group] = VectorFunctions.fold(lanes, 0);
        }
    }

    /** Adds minimums times sums of activations to the lanes; beyond the last group the sums are 0. */
    private static void minimums(float[] minimums, int at, float[] sums, int from, int groups, int outputs, float[] lanes) {
        for (int o = 0; o < outputs; o++) {
            FloatVector sum = FloatVector.fromArray(LANES, lanes, o * COUNT);
            for (int group = 0; group < groups; group += COUNT) {
                FloatVector minimum = FloatVector.fromArray(LANES, minimums, at + o * groups + group);
                sum = multiplyAdd(minimum, FloatVector.fromArray(LANES, sums, from + group), sum);
            }
            sum.intoArray(lanes, o * COUNT);
        }
    }

    /** Sums of some outputs, a vector of lanes each. */
    private static void codes(Matrix w, WeightFormat.Coded format, int output, int outputs, float[] scales, int plane, float[] x, int at,
                              float[] lanes) {
        MemorySegment codes = w.codes();
        int groups = format.groups(w.inputs());
        int bytes = format.rowBytes(w.inputs());
        long from = (long) output * bytes;
        if (format.bits() == 8) {
            for (int o = 0; o < outputs; o++) {
                if (COUNT == 16) {
                    bytes16(codes, from + (long) o * bytes, scales, plane + o * groups, groups, x, at, lanes, o * COUNT);
                } else {
                    bytes8(codes, from + (long) o * bytes, scales, plane + o * groups, groups, x, at, lanes, o * COUNT);
                }
            }
        } else if (!format.counting()) {
            for (int o = 0; o < outputs; o++) {
                tabled16(format.table(), codes, from + (long) o * bytes, scales, plane + o * groups, groups, x, at, lanes, o * COUNT);
            }
        } else {
            for (int o = 0; o < outputs; o++) {
                if (COUNT == 16) {
                    nibbles16(codes, from + (long) o * bytes, scales, plane + o * groups, groups, x, at, lanes, o * COUNT);
                } else {
                    nibbles8(codes, from + (long) o * bytes, scales, plane + o * groups, groups, x, at, lanes, o * COUNT);
                }
            }
        }
    }

    private static FloatVector x(float[] x, int at) {
        return FloatVector.fromArray(LANES, x, at);
    }

    private static FloatVector scale(float[] scales, int at) {
        return FloatVector.broadcast(LANES, scales[at]);
    }

    private static void bytes16(MemorySegment codes, long from, float[] scales, int plane, int groups, float[] x, int at,
                                float[] lanes, int to) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int group = 0; group < groups; group++) {
            int i = group * GROUP;
            FloatVector part = VectorWeights.q8(codes, from + i).mul(x(x, at + i));
            part = multiplyAdd(VectorWeights.q8(codes, from + i + 16), x(x, at + i + 16), part);
            sum = multiplyAdd(part, scale(scales, plane + group), sum);
        }
        sum.intoArray(lanes, to);
    }

    private static void bytes8(MemorySegment codes, long from, float[] scales, int plane, int groups, float[] x, int at,
                                float[] lanes, int to) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int group = 0; group < groups; group++) {
            int i = group * GROUP;
            FloatVector part = VectorWeights.q8(codes, from + i).mul(x(x, at + i));
            part = multiplyAdd(VectorWeights.q8(codes, from + i + 8), x(x, at + i + 8), part);
            part = multiplyAdd(VectorWeights.q8(codes, from + i + 16), x(x, at + i + 16), part);
            part = multiplyAdd(VectorWeights.q8(codes, from + i + 24), x(x, at + i + 24), part);
            sum = multiplyAdd(part, scale(scales, plane + group), sum);
        }
        sum.intoArray(lanes, to);
    }

    private static FloatVector low(IntVector pairs) {
        return (FloatVector) pairs.and(15).convert(VectorOperators.I2F, 0);
    }

    private static FloatVector high(IntVector pairs) {
        return (FloatVector) pairs.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0);
    }

    private static void nibbles16(MemorySegment codes, long from, float[] scales, int plane, int groups, float[] x, int at,
                                float[] lanes, int to) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int group = 0; group < groups; group++) {
            int i = group * GROUP;
            IntVector pairs = VectorWeights.pairs(codes, from + i / 2);
            FloatVector part = low(pairs).mul(x(x, at + i));
            part = multiplyAdd(high(pairs), x(x, at + i + 16), part);
            sum = multiplyAdd(part, scale(scales, plane + group), sum);
        }
        sum.intoArray(lanes, to);
    }

    private static void nibbles8(MemorySegment codes, long from, float[] scales, int plane, int groups, float[] x, int at,
                                float[] lanes, int to) {
        FloatVector sum = FloatVector.zero(LANES);
        for (int group = 0; group < groups; group++) {
            int i = group * GROUP;
            IntVector first = VectorWeights.pairs(codes, from + i / 2);
            IntVector second = VectorWeights.pairs(codes, from + i / 2 + 8);
            FloatVector part = low(first).mul(x(x, at + i));
            part = multiplyAdd(low(second), x(x, at + i + 8), part);
            part = multiplyAdd(high(first), x(x, at + i + 16), part);
            part = multiplyAdd(high(second), x(x, at + i + 24), part);
            sum = multiplyAdd(part, scale(scales, plane + group), sum);
        }
        sum.intoArray(lanes, to);
    }

    private static void tabled16(float[] table, MemorySegment codes, long from, float[] scales, int plane, int groups, float[] x,
                                 int at, float[] lanes, int to) {
        FloatVector values = FloatVector.fromArray(LANES, table, 0);
        FloatVector sum = FloatVector.zero(LANES);
        for (int group = 0; group < groups; group++) {
            int i = group * GROUP;
            IntVector pairs = VectorWeights.pairs(codes, from + i / 2);
            FloatVector part = VectorWeights.look(values, pairs).mul(x(x, at + i));
            part = multiplyAdd(VectorWeights.look(values, pairs.lanewise(VectorOperators.LSHR, 4)), x(x, at + i + 16), part);
            sum = multiplyAdd(part, scale(scales, plane + group), sum);
        }
        sum.intoArray(lanes, to);
    }
}
