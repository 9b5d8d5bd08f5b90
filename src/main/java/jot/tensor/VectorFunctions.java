package jot.tensor;

import static jdk.incubator.vector.VectorOperators.FMA;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@link Elementary} on lanes: the same operations in the same order, hence the same bits.
 *
 * <p>No method here takes or returns a vector, nor does any other of Jot's: one that the compiler does not inline, today or after it
 * compiles a caller anew, would make an object of each vector, at a tenth of the speed. What loops hand each other lies in arrays.
 */
final class VectorFunctions {
    static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
    private static final int COUNT = LANES.length();
    private static final VectorSpecies<Float> HALF = half(LANES);
    private static final VectorSpecies<Float> QUARTER = half(HALF);
    private static final VectorMask<Float> UPPER_EIGHT = VectorMask.fromLong(LANES, 0xFF00);
    private static final VectorMask<Float> UPPER_FOUR = VectorMask.fromLong(LANES, 0xF0F0);
    private static final VectorMask<Float> UPPER_TWO = VectorMask.fromLong(LANES, 0xCCCC);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(LANES, 0xAAAA);
    private static final VectorShuffle<Float> SWAP_EIGHTS = swap(8);
    private static final VectorShuffle<Float> SWAP_FOURS = swap(4);
    private static final VectorShuffle<Float> SWAP_TWOS = swap(2);
    private static final VectorShuffle<Float> SWAP_ONES = swap(1);
    private static final int BIAS = 127;
    private static final int FRACTION_BITS = 23;
    /** Powers of two down to 2⁻¹⁵⁰ are raised by this many to be normal floats, and lowered by a last multiplication. */
    private static final int RAISED = 64;
    private static final float LOWERED = 0x1p-64f;
    private static final int SIGN = 0x80000000;
    /** Numbers that an activation takes at a time, so that what its loops hand each other stays in the first-level cache. */
    static final int CHUNK = 1024;
    /** Vectors that are folded at a time, for the same reason. */
    private static final int FOLDED_TOGETHER = 8 * COUNT;

    private VectorFunctions() {
    }

    private static VectorSpecies<Float> half(VectorSpecies<Float> species) {
        return VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, species.vectorBitSize() / 2)));
    }

    /**
     * Adds up the lanes of a stored vector: the upper half to the lower, again and again, and the last four from left to right.
     *
     * @param lanes holds the vector at {@code at}; overwritten
     */
    static float fold(float[] lanes, int at) {
        if (COUNT == 16) {
            FloatVector.fromArray(HALF, lanes, at).add(FloatVector.fromArray(HALF, lanes, at + 8)).intoArray(lanes, at);
            FloatVector.fromArray(QUARTER, lanes, at).add(FloatVector.fromArray(QUARTER, lanes, at + 4)).intoArray(lanes, at);
        } else if (COUNT == 8) {
            FloatVector.fromArray(HALF, lanes, at).add(FloatVector.fromArray(HALF, lanes, at + 4)).intoArray(lanes, at);
        }
        return lanes[at] + lanes[at + 1] + lanes[at + 2] + lanes[at + 3];
    }

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(LANES, lane -> (lane ^ distance) & COUNT - 1);
    }

    /**
     * Adds up the lanes of stored vectors, each as {@link #fold} does.
     *
     * @param sums holds the vectors one after the other, with room up to a multiple of {@link #COUNT} of them; afterwards number v from
     *     there on is the sum of vector v
     * @param at where the vectors begin
     * @param vectors how many
     */
    static void foldAll(float[] sums, int at, int vectors) {
        int from = 0;
        do {
            int to = Math.min(vectors, from + FOLDED_TOGETHER);
            if (COUNT == 16) {
                foldEights(sums, at, from, to);
            }
            if (COUNT >= 8) {
                foldFours(sums, at, from, to);
            }
            foldLast(sums, at, from, to);
            from = to;
        } while (from < vectors);
    }

    /** Of 16 vectors each of the first eight takes the halves of its own added up in its lower lanes, those of the eighth from it above. */
    private static void foldEights(float[] sums, int at, int from, int to) {
        for (int v = from; v < to; v += COUNT) {
            for (int i = at + v * COUNT; i < at + (v + 8) * COUNT; i += COUNT) {
                FloatVector a = FloatVector.fromArray(LANES, sums, i);
                FloatVector b = FloatVector.fromArray(LANES, sums, i + 8 * COUNT);
                a.blend(b, UPPER_EIGHT).add(b.blend(a, UPPER_EIGHT).rearrange(SWAP_EIGHTS)).intoArray(sums, i);
            }
        }
    }

    /** The same with eight vectors and quarters, or halves of eight lanes. */
    private static void foldFours(float[] sums, int at, int from, int to) {
        for (int v = from; v < to; v += COUNT) {
            for (int i = at + v * COUNT; i < at + (v + 4) * COUNT; i += COUNT) {
                FloatVector a = FloatVector.fromArray(LANES, sums, i);
                FloatVector b = FloatVector.fromArray(LANES, sums, i + 4 * COUNT);
                a.blend(b, UPPER_FOUR).add(b.blend(a, UPPER_FOUR).rearrange(SWAP_FOURS)).intoArray(sums, i);
            }
        }
    }

    /** Adds the lanes of each four from left to right: those of the first of four vectors go to lanes 0, 4, …, of the next to 1, 5, … */
    private static void foldLast(float[] sums, int at, int from, int to) {
        for (int v = from; v < to; v += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, sums, at + v * COUNT);
            FloatVector b = FloatVector.fromArray(LANES, sums, at + (v + 1) * COUNT);
            FloatVector c = FloatVector.fromArray(LANES, sums, at + (v + 2) * COUNT);
            FloatVector d = FloatVector.fromArray(LANES, sums, at + (v + 3) * COUNT);
            FloatVector abEven = a.blend(b.rearrange(SWAP_ONES), ODD);
            FloatVector abOdd = a.rearrange(SWAP_ONES).blend(b, ODD);
            FloatVector cdEven = c.blend(d.rearrange(SWAP_ONES), ODD);
            FloatVector cdOdd = c.rearrange(SWAP_ONES).blend(d, ODD);
            FloatVector first = abEven.blend(cdEven.rearrange(SWAP_TWOS), UPPER_TWO);
            FloatVector second = abOdd.blend(cdOdd.rearrange(SWAP_TWOS), UPPER_TWO);
            FloatVector third = abEven.rearrange(SWAP_TWOS).blend(cdEven, UPPER_TWO);
            FloatVector fourth = abOdd.rearrange(SWAP_TWOS).blend(cdOdd, UPPER_TWO);
            first.add(second).add(third).add(fourth).intoArray(sums, at + v);
        }
    }

    /** The largest lane of a stored vector. */
    static float largest(float[] lanes, int at) {
        float largest = lanes[at];
        for (int lane = 1; lane < COUNT; lane++) {
            largest = Math.max(largest, lanes[at + lane]);
        }
        return largest;
    }

    /**
     * The exponentials, bit for bit, of some numbers minus the largest of them, in place, and in {@code lanes} their sums. As no power of
     * two is large then, one factor can be fixed, which saves a fifth of the operations.
     */
    static void exponentials(float[] x, int from, int count, float largest, float[] lanes) {
        if (count == 0) {
            return;
        }
        if (!Elementary.FUSED) {
            exponentialsOneByOne(x, from, count, largest, lanes);
            return;
        }
        FloatVector sum = FloatVector.zero(LANES);
        for (int k = from; k < from + count; k += COUNT) {
            FloatVector clamped = FloatVector.fromArray(LANES, x, k).sub(largest).max(Elementary.EXP_LOWEST);
            FloatVector shifted = clamped.fma(Elementary.LOG2_E, Elementary.ROUND);
            FloatVector n = shifted.sub(Elementary.ROUND);
            FloatVector r = n.lanewise(FMA, -Elementary.LN2_HIGH, clamped);
            r = n.lanewise(FMA, -Elementary.LN2_LOW, r);
            FloatVector p = r.fma(Elementary.E4, Elementary.E3).lanewise(FMA, r, Elementary.E2).lanewise(FMA, r, Elementary.E1)
                .lanewise(FMA, r, Elementary.E0);
            p = p.fma(r.mul(r), r).add(1f);
            IntVector raised = shifted.reinterpretAsInts().add(BIAS + RAISED - Float.floatToRawIntBits(Elementary.ROUND));
            p = p.mul(raised.lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats()).mul(LOWERED);
            p.intoArray(x, k);
            sum = sum.add(p);
        }
        sum.intoArray(lanes, 0);
    }

    private static void exponentialsOneByOne(float[] x, int from, int count, float largest, float[] lanes) {
        Arrays.fill(lanes, 0, COUNT, 0f);
        for (int k = 0; k < count; k++) {
            x[from + k] = Elementary.exp(x[from + k] - largest);
            lanes[k % COUNT] += x[from + k];
        }
    }

    /**
     * Applies an activation in place.
     *
     * <p>It goes over {@link #CHUNK} numbers at a time in several loops, which hand each other numbers in {@code between}. Each loop holds
     * all that it does and calls nothing but the Vector API: a method of vectors that the compiler one day does not inline would make an
     * object of each. The last numbers, fewer than a vector's, go through {@link Elementary}, which gives the same bits, and so do all of
     * them where multiplication and addition are not one instruction.
     *
     * @param between room for {@link #CHUNK} numbers; overwritten
     */
    static void activate(Activation activation, float[] x, int from, int width, float[] between) {
        int vectors = vectors(width);
        for (int done = 0; done < vectors; done += CHUNK) {
            activateChunk(activation, x, from + done, Math.min(CHUNK, vectors - done), between);
        }
        for (int i = from + vectors; i < from + width; i++) {
            x[i] = Elementary.apply(activation, x[i]);
        }
    }

    /** How many of some numbers go through vectors. */
    private static int vectors(int width) {
        return Elementary.FUSED ? width - width % COUNT : 0;
    }

    /**
     * Applies an activation to a multiple of {@link #COUNT} numbers, at most {@link #CHUNK}, where multiplication and addition are one
     * instruction.
     */
    static void activateChunk(Activation activation, float[] x, int from, int count, float[] between) {
        switch (activation) {
            case Activation.Gelu.TANH -> {
                geluExponents(x, from, count, between);
                exp(between, count);
                divideByOneMore(x, from, count, between);
            }
            case Activation.Gelu.ERF -> {
                erfExponents(x, from, count, between);
                exp(between, count);
                geluErf(x, from, count, between);
            }
            case Activation.QuickGelu _ -> gated(x, from, count, -Elementary.QUICK, between);
            case Activation.Silu _ -> gated(x, from, count, -1f, between);
            case Activation.Sigmoid _ -> sigmoid(x, from, count, between);
            case Activation.Tanh _ -> tanh(x, from, count, between);
            case Activation.XIelu shape -> {
                smallest(x, from, count, shape.epsilon(), between);
                expm1(between, count);
                xielu(shape, x, from, count, between);
            }
            case Activation.Relu _ -> relu(x, from, count);
            case Activation.ReluSquared _ -> reluSquared(x, from, count);
            case Activation.Identity _ -> { }
        }
    }

    /** {@code x / (1 + e^(factor · x))}. */
    private static void gated(float[] x, int from, int count, float factor, float[] between) {
        scaled(x, from, count, factor, between);
        exp(between, count);
        divideByOneMore(x, from, count, between);
    }

    private static void sigmoid(float[] x, int from, int count, float[] between) {
        scaled(x, from, count, -1f, between);
        exp(between, count);
        Arrays.fill(x, from, from + count, 1f);
        divideByOneMore(x, from, count, between);
    }

    private static void tanh(float[] x, int from, int count, float[] between) {
        tanhExponents(x, from, count, between);
        expm1(between, count);
        tanhOfExponentials(x, from, count, between);
    }

    /** {@code x = cap · tanh(x / cap)}, for any number of numbers; {@code between} as for an activation. */
    static void softcap(float[] x, int from, int width, float cap, float[] between) {
        int vectors = vectors(width);
        for (int done = 0; done < vectors; done += CHUNK) {
            int at = from + done;
            int count = Math.min(CHUNK, vectors - done);
            divide(x, at, count, cap);
            tanh(x, at, count, between);
            scaled(x, at, count, cap, between);
            System.arraycopy(between, 0, x, at, count);
        }
        for (int i = from + vectors; i < from + width; i++) {
            x[i] = Elementary.tanh(x[i] / cap) * cap;
        }
    }

    /** {@code eˣ} in place. */
    private static void exp(float[] x, int count) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector clamped = FloatVector.fromArray(LANES, x, i).min(Elementary.EXP_HIGHEST).max(Elementary.EXP_LOWEST);
            FloatVector shifted = clamped.fma(Elementary.LOG2_E, Elementary.ROUND);
            FloatVector n = shifted.sub(Elementary.ROUND);
            FloatVector r = n.lanewise(FMA, -Elementary.LN2_HIGH, clamped);
            r = n.lanewise(FMA, -Elementary.LN2_LOW, r);
            FloatVector p = r.fma(Elementary.E4, Elementary.E3).lanewise(FMA, r, Elementary.E2).lanewise(FMA, r, Elementary.E1)
                .lanewise(FMA, r, Elementary.E0);
            p = p.fma(r.mul(r), r).add(1f);
            IntVector whole = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(Elementary.ROUND));
            IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
            IntVector other = whole.sub(half);
            p = p.mul(half.add(BIAS).lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats());
            p.mul(other.add(BIAS).lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats()).intoArray(x, i);
        }
    }

    /** {@code eˣ − 1} in place. */
    private static void expm1(float[] x, int count) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector clamped = FloatVector.fromArray(LANES, x, i).min(Elementary.EXPM1_HIGHEST).max(Elementary.EXP_LOWEST);
            FloatVector shifted = clamped.fma(Elementary.LOG2_E, Elementary.ROUND);
            FloatVector n = shifted.sub(Elementary.ROUND);
            FloatVector r = n.lanewise(FMA, -Elementary.LN2_HIGH, clamped);
            r = n.lanewise(FMA, -Elementary.LN2_LOW, r);
            FloatVector p = r.fma(Elementary.E4, Elementary.E3).lanewise(FMA, r, Elementary.E2).lanewise(FMA, r, Elementary.E1)
                .lanewise(FMA, r, Elementary.E0);
            p = p.fma(r.mul(r), r);
            IntVector whole = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(Elementary.ROUND)).max(-126);
            FloatVector s = whole.add(BIAS).lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats();
            s.fma(p, s.sub(1f)).intoArray(x, i);
        }
    }

    /** {@code factor · x} to {@code to}. */
    private static void scaled(float[] x, int from, int count, float factor, float[] to) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector.fromArray(LANES, x, from + i).mul(factor).intoArray(to, i);
        }
    }

    private static void smallest(float[] x, int from, int count, float bound, float[] to) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector.fromArray(LANES, x, from + i).min(bound).intoArray(to, i);
        }
    }

    private static void divide(float[] x, int from, int count, float divisor) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector.fromArray(LANES, x, from + i).div(divisor).intoArray(x, from + i);
        }
    }

    /** {@code x / (1 + exponentials)} in place. */
    private static void divideByOneMore(float[] x, int from, int count, float[] exponentials) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector divisor = FloatVector.fromArray(LANES, exponentials, i).add(1f);
            FloatVector.fromArray(LANES, x, from + i).div(divisor).intoArray(x, from + i);
        }
    }

    /** {@code −2u} of {@code ½x(1 + tanh u) = x / (1 + e⁻²ᵘ)}. */
    private static void geluExponents(float[] x, int from, int count, float[] to) {
        if (count == 0) {
            return;
        }
        FloatVector cubic = FloatVector.broadcast(LANES, Elementary.GELU_CUBIC);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, from + i);
            v.mul(cubic.lanewise(FMA, v.mul(v), Elementary.GELU_LINEAR)).neg().intoArray(to, i);
        }
    }

    /** {@code ln(1 − erf(a))} for the magnitudes of {@code x / √2}. */
    private static void erfExponents(float[] x, int from, int count, float[] to) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector a = FloatVector.fromArray(LANES, x, from + i).mul(Elementary.SQRT_HALF).abs().min(Elementary.ERF_HIGHEST);
            FloatVector log = a.fma(Elementary.C6, Elementary.C5).lanewise(FMA, a, Elementary.C4).lanewise(FMA, a, Elementary.C3)
                .lanewise(FMA, a, Elementary.C2).lanewise(FMA, a, Elementary.C1).lanewise(FMA, a, Elementary.C0);
            log.intoArray(to, i);
        }
    }

    /** {@code ½x(1 + erf(x / √2))} in place, where {@code 1 − erf} of large magnitudes is given. */
    private static void geluErf(float[] x, int from, int count, float[] complements) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, from + i);
            FloatVector scaled = v.mul(Elementary.SQRT_HALF);
            FloatVector a = scaled.abs().min(Elementary.ERF_HIGHEST);
            FloatVector t = a.mul(a);
            FloatVector small = t.fma(Elementary.S6, Elementary.S5).lanewise(FMA, t, Elementary.S4).lanewise(FMA, t, Elementary.S3)
                .lanewise(FMA, t, Elementary.S2).lanewise(FMA, t, Elementary.S1).lanewise(FMA, t, Elementary.S0).mul(a);
            FloatVector large = FloatVector.broadcast(LANES, 1f).sub(FloatVector.fromArray(LANES, complements, i));
            IntVector magnitude = large.blend(small, a.compare(VectorOperators.LT, 1f)).reinterpretAsInts().and(~SIGN);
            FloatVector erf = magnitude.or(scaled.reinterpretAsInts().and(SIGN)).reinterpretAsFloats();
            v.mul(0.5f).mul(erf.add(1f)).intoArray(x, from + i);
        }
    }

    private static void tanhExponents(float[] x, int from, int count, float[] to) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector.fromArray(LANES, x, from + i).abs().min(Elementary.TANH_HIGHEST).mul(2f).intoArray(to, i);
        }
    }

    /** {@code tanh |x| = e / (e + 2)} with the sign of x, where {@code e = e^(2|x|) − 1} is given. */
    private static void tanhOfExponentials(float[] x, int from, int count, float[] exponentials) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector e = FloatVector.fromArray(LANES, exponentials, i);
            IntVector magnitude = e.div(e.add(2f)).reinterpretAsInts().and(~SIGN);
            IntVector sign = FloatVector.fromArray(LANES, x, from + i).reinterpretAsInts().and(SIGN);
            magnitude.or(sign).reinterpretAsFloats().intoArray(x, from + i);
        }
    }

    private static void xielu(Activation.XIelu shape, float[] x, int from, int count, float[] exponentials) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(LANES, x, from + i);
            FloatVector linear = v.mul(shape.beta());
            FloatVector positive = v.mul(shape.alphaP()).mul(v).add(linear);
            FloatVector negative = FloatVector.fromArray(LANES, exponentials, i).sub(v).mul(shape.alphaN()).add(linear);
            negative.blend(positive, v.compare(VectorOperators.GT, 0f)).intoArray(x, from + i);
        }
    }

    private static void relu(float[] x, int from, int count) {
        if (count == 0) {
            return;
        }
        for (int i = from; i < from + count; i += COUNT) {
            FloatVector.fromArray(LANES, x, i).max(0f).intoArray(x, i);
        }
    }

    private static void reluSquared(float[] x, int from, int count) {
        if (count == 0) {
            return;
        }
        for (int i = from; i < from + count; i += COUNT) {
            FloatVector positive = FloatVector.fromArray(LANES, x, i).max(0f);
            positive.mul(positive).intoArray(x, i);
        }
    }

    /** Joins the halves of a gated network; the gate is overwritten, and so is {@code between}, as for an activation. */
    static void gate(GatedActivation activation, float[] gate, int gateFrom, float[] up, int upFrom, float[] y, int yFrom, int width,
                     float[] between) {
        switch (activation) {
            case GatedActivation.Product product -> {
                activate(product.activation(), gate, gateFrom, width, between);
                multiply(gate, gateFrom, up, upFrom, y, yFrom, width);
            }
            case GatedActivation.ClampedSwiglu shape -> clampedSwiglu(shape, gate, gateFrom, up, upFrom, y, yFrom, width, between);
        }
    }

    private static void multiply(float[] gate, int gateFrom, float[] up, int upFrom, float[] y, int yFrom, int width) {
        if (width == 0) {
            return;
        }
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(LANES, gate, gateFrom + i).mul(FloatVector.fromArray(LANES, up, upFrom + i)).intoArray(y, yFrom + i);
        }
        for (int i = whole; i < width; i++) {
            y[yFrom + i] = gate[gateFrom + i] * up[upFrom + i];
        }
    }

    private static void clampedSwiglu(GatedActivation.ClampedSwiglu shape, float[] gate, int gateFrom, float[] up, int upFrom,
                                      float[] y, int yFrom, int width, float[] between) {
        int vectors = vectors(width);
        for (int done = 0; done < vectors; done += CHUNK) {
            int count = Math.min(CHUNK, vectors - done);
            clampedExponents(shape, gate, gateFrom + done, count, between);
            exp(between, count);
            clampedProducts(shape, gate, gateFrom + done, up, upFrom + done, y, yFrom + done, count, between);
        }
        for (int i = vectors; i < width; i++) {
            y[yFrom + i] = Elementary.clampedSwiglu(shape, gate[gateFrom + i], up[upFrom + i]);
        }
    }

    private static void clampedExponents(GatedActivation.ClampedSwiglu shape, float[] gate, int from, int count, float[] to) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector.fromArray(LANES, gate, from + i).min(shape.limit()).mul(-shape.alpha()).intoArray(to, i);
        }
    }

    /** {@code (up + 1) · gate / (1 + exponentials)} of clamped halves. */
    private static void clampedProducts(GatedActivation.ClampedSwiglu shape, float[] gate, int gateFrom, float[] up, int upFrom,
                                        float[] y, int yFrom, int count, float[] exponentials) {
        if (count == 0) {
            return;
        }
        for (int i = 0; i < count; i += COUNT) {
            FloatVector g = FloatVector.fromArray(LANES, gate, gateFrom + i).min(shape.limit());
            FloatVector u = FloatVector.fromArray(LANES, up, upFrom + i).min(shape.limit()).max(-shape.limit());
            FloatVector divisor = FloatVector.fromArray(LANES, exponentials, i).add(1f);
            u.add(1f).mul(g.div(divisor)).intoArray(y, yFrom + i);
        }
    }
}
