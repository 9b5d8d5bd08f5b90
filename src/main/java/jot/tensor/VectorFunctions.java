package jot.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The functions of {@link Elementary} on lanes: the same operations in the same order, hence the same bits. */
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

    private VectorFunctions() {
    }

    private static VectorSpecies<Float> half(VectorSpecies<Float> species) {
        return VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, species.vectorBitSize() / 2)));
    }

    static FloatVector multiplyAdd(FloatVector a, FloatVector b, FloatVector c) {
        return Elementary.FUSED ? a.fma(b, c) : a.mul(b).add(c);
    }

    private static FloatVector multiplyAdd(FloatVector a, FloatVector b, float c) {
        return multiplyAdd(a, b, FloatVector.broadcast(LANES, c));
    }

    /**
     * Adds up the lanes of a stored vector: the upper half to the lower, again and again, and the last four from left to right.
     *
     * <p>Vectors are handed over in arrays wherever the callee may not be inlined, or each would become an object.
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
     * @param sums holds the vectors one after the other, with room up to a multiple of {@link #COUNT} of them; afterwards number v is the
     *     sum of vector v
     * @param vectors how many
     */
    static void foldAll(float[] sums, int vectors) {
        for (int v = 0; v < vectors; v += COUNT) {
            int at = v * COUNT;
            if (COUNT == 16) {
                foldFours(fours(sums, at), fours(sums, at + COUNT), fours(sums, at + 2 * COUNT), fours(sums, at + 3 * COUNT), sums, v);
            } else if (COUNT == 8) {
                foldFours(pair(sums, at), pair(sums, at + COUNT), pair(sums, at + 2 * COUNT), pair(sums, at + 3 * COUNT), sums, v);
            } else {
                foldFours(FloatVector.fromArray(LANES, sums, at), FloatVector.fromArray(LANES, sums, at + COUNT),
                    FloatVector.fromArray(LANES, sums, at + 2 * COUNT), FloatVector.fromArray(LANES, sums, at + 3 * COUNT), sums, v);
            }
        }
    }

    /** Four vectors, each four from the next, of 16 lanes, folded to four lanes each. */
    private static FloatVector fours(float[] sums, int at) {
        FloatVector even = halves(FloatVector.fromArray(LANES, sums, at), FloatVector.fromArray(LANES, sums, at + 8 * COUNT),
            UPPER_EIGHT, SWAP_EIGHTS);
        FloatVector odd = halves(FloatVector.fromArray(LANES, sums, at + 4 * COUNT),
            FloatVector.fromArray(LANES, sums, at + 12 * COUNT), UPPER_EIGHT, SWAP_EIGHTS);
        return halves(even, odd, UPPER_FOUR, SWAP_FOURS);
    }

    /** Two vectors of eight lanes, four from each other, folded to four lanes each. */
    private static FloatVector pair(float[] sums, int at) {
        return halves(FloatVector.fromArray(LANES, sums, at), FloatVector.fromArray(LANES, sums, at + 4 * COUNT), UPPER_FOUR,
            SWAP_FOURS);
    }

    /** The halves of a added in its lower lanes, those of b in the upper ones. */
    private static FloatVector halves(FloatVector a, FloatVector b, VectorMask<Float> upper, VectorShuffle<Float> swap) {
        return a.blend(b, upper).add(b.blend(a, upper).rearrange(swap));
    }

    /** Adds the lanes of each four from left to right: those of a go to lanes 0, 4, …, those of b to 1, 5, … */
    private static void foldFours(FloatVector a, FloatVector b, FloatVector c, FloatVector d, float[] to, int at) {
        FloatVector abEven = a.blend(b.rearrange(SWAP_ONES), ODD);
        FloatVector abOdd = a.rearrange(SWAP_ONES).blend(b, ODD);
        FloatVector cdEven = c.blend(d.rearrange(SWAP_ONES), ODD);
        FloatVector cdOdd = c.rearrange(SWAP_ONES).blend(d, ODD);
        FloatVector first = abEven.blend(cdEven.rearrange(SWAP_TWOS), UPPER_TWO);
        FloatVector second = abOdd.blend(cdOdd.rearrange(SWAP_TWOS), UPPER_TWO);
        FloatVector third = abEven.rearrange(SWAP_TWOS).blend(cdEven, UPPER_TWO);
        FloatVector fourth = abOdd.rearrange(SWAP_TWOS).blend(cdOdd, UPPER_TWO);
        first.add(second).add(third).add(fourth).intoArray(to, at);
    }

    /** The largest lane of a stored vector. */
    static float largest(float[] lanes, int at) {
        float largest = lanes[at];
        for (int lane = 1; lane < COUNT; lane++) {
            largest = Math.max(largest, lanes[at + lane]);
        }
        return largest;
    }

    private static FloatVector expm1Reduced(FloatVector r) {
        FloatVector p = multiplyAdd(FloatVector.broadcast(LANES, Elementary.E4), r, Elementary.E3);
        p = multiplyAdd(p, r, Elementary.E2);
        p = multiplyAdd(p, r, Elementary.E1);
        p = multiplyAdd(p, r, Elementary.E0);
        return multiplyAdd(p, r.mul(r), r);
    }

    private static FloatVector reduced(FloatVector clamped, FloatVector n) {
        FloatVector high = multiplyAdd(n, FloatVector.broadcast(LANES, -Elementary.LN2_HIGH), clamped);
        return multiplyAdd(n, FloatVector.broadcast(LANES, -Elementary.LN2_LOW), high);
    }

    private static IntVector whole(FloatVector shifted) {
        return shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(Elementary.ROUND));
    }

    private static FloatVector power(IntVector n) {
        return n.add(BIAS).lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats();
    }

    static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.min(Elementary.EXP_HIGHEST).max(Elementary.EXP_LOWEST);
        FloatVector shifted = multiplyAdd(clamped, FloatVector.broadcast(LANES, Elementary.LOG2_E), Elementary.ROUND);
        FloatVector r = reduced(clamped, shifted.sub(Elementary.ROUND));
        FloatVector q = expm1Reduced(r).add(1f);
        IntVector whole = whole(shifted);
        IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
        return q.mul(power(half)).mul(power(whole.sub(half)));
    }

    /**
     * The exponentials, bit for bit, of some numbers minus the largest of them, in place, and in {@code lanes} their sums. As no power of
     * two is large then, one factor can be fixed, which saves a fifth of the operations. All of it stands in one method, so that the
     * compiler has nothing to leave out.
     */
    static void exponentials(float[] x, int from, int count, float largest, float[] lanes) {
        if (count == 0) {
            return;
        }
        FloatVector sum = FloatVector.zero(LANES);
        for (int k = from; k < from + count; k += COUNT) {
            FloatVector clamped = FloatVector.fromArray(LANES, x, k).sub(largest).max(Elementary.EXP_LOWEST);
            FloatVector shifted = multiplyAdd(clamped, FloatVector.broadcast(LANES, Elementary.LOG2_E), Elementary.ROUND);
            FloatVector n = shifted.sub(Elementary.ROUND);
            FloatVector r = multiplyAdd(n, FloatVector.broadcast(LANES, -Elementary.LN2_HIGH), clamped);
            r = multiplyAdd(n, FloatVector.broadcast(LANES, -Elementary.LN2_LOW), r);
            FloatVector p = multiplyAdd(FloatVector.broadcast(LANES, Elementary.E4), r, Elementary.E3);
            p = multiplyAdd(p, r, Elementary.E2);
            p = multiplyAdd(p, r, Elementary.E1);
            p = multiplyAdd(p, r, Elementary.E0);
            p = multiplyAdd(p, r.mul(r), r).add(1f);
            IntVector raised = shifted.reinterpretAsInts().add(BIAS + RAISED - Float.floatToRawIntBits(Elementary.ROUND));
            p = p.mul(raised.lanewise(VectorOperators.LSHL, FRACTION_BITS).reinterpretAsFloats()).mul(LOWERED);
            p.intoArray(x, k);
            sum = sum.add(p);
        }
        sum.intoArray(lanes, 0);
    }

    static FloatVector expm1(FloatVector x) {
        FloatVector clamped = x.min(Elementary.EXPM1_HIGHEST).max(Elementary.EXP_LOWEST);
        FloatVector shifted = multiplyAdd(clamped, FloatVector.broadcast(LANES, Elementary.LOG2_E), Elementary.ROUND);
        FloatVector q = expm1Reduced(reduced(clamped, shifted.sub(Elementary.ROUND)));
        FloatVector s = power(whole(shifted).max(-126));
        return multiplyAdd(s, q, s.sub(1f));
    }

    private static FloatVector copySign(FloatVector magnitude, FloatVector sign) {
        return magnitude.reinterpretAsInts().and(~SIGN).or(sign.reinterpretAsInts().and(SIGN)).reinterpretAsFloats();
    }

    static FloatVector tanh(FloatVector x) {
        FloatVector e = expm1(x.abs().min(Elementary.TANH_HIGHEST).mul(2f));
        return copySign(e.div(e.add(2f)), x);
    }

    /** {@code x / (1 + e⁻ᵘ)}. */
    private static FloatVector gated(FloatVector x, FloatVector minusU) {
        return x.div(exp(minusU).add(1f));
    }

    static FloatVector geluTanh(FloatVector x) {
        FloatVector twice = x.mul(multiplyAdd(FloatVector.broadcast(LANES, Elementary.GELU_CUBIC), x.mul(x), Elementary.GELU_LINEAR));
        return gated(x, twice.neg());
    }

    static FloatVector erf(FloatVector x) {
        FloatVector a = x.abs().min(Elementary.ERF_HIGHEST);
        FloatVector t = a.mul(a);
        FloatVector small = multiplyAdd(FloatVector.broadcast(LANES, Elementary.S6), t, Elementary.S5);
        small = multiplyAdd(small, t, Elementary.S4);
        small = multiplyAdd(small, t, Elementary.S3);
        small = multiplyAdd(small, t, Elementary.S2);
        small = multiplyAdd(small, t, Elementary.S1);
        small = multiplyAdd(small, t, Elementary.S0).mul(a);
        FloatVector log = multiplyAdd(FloatVector.broadcast(LANES, Elementary.C6), a, Elementary.C5);
        log = multiplyAdd(log, a, Elementary.C4);
        log = multiplyAdd(log, a, Elementary.C3);
        log = multiplyAdd(log, a, Elementary.C2);
        log = multiplyAdd(log, a, Elementary.C1);
        log = multiplyAdd(log, a, Elementary.C0);
        FloatVector large = FloatVector.broadcast(LANES, 1f).sub(exp(log));
        return copySign(large.blend(small, a.compare(VectorOperators.LT, 1f)), x);
    }

    static FloatVector xielu(Activation.XIelu shape, FloatVector x) {
        FloatVector linear = x.mul(shape.beta());
        FloatVector positive = x.mul(shape.alphaP()).mul(x).add(linear);
        FloatVector negative = expm1(x.min(shape.epsilon())).sub(x).mul(shape.alphaN()).add(linear);
        return negative.blend(positive, x.compare(VectorOperators.GT, 0f));
    }

    static FloatVector geluErf(FloatVector x) {
        return x.mul(0.5f).mul(erf(x.mul(Elementary.SQRT_HALF)).add(1f));
    }

    static FloatVector quickGelu(FloatVector x) {
        return gated(x, x.mul(-Elementary.QUICK));
    }

    static FloatVector silu(FloatVector x) {
        return gated(x, x.neg());
    }

    static FloatVector sigmoid(FloatVector x) {
        return gated(FloatVector.broadcast(LANES, 1f), x.neg());
    }

    static FloatVector clampedSwiglu(GatedActivation.ClampedSwiglu shape, FloatVector gate, FloatVector up) {
        FloatVector g = gate.min(shape.limit());
        FloatVector u = up.min(shape.limit()).max(-shape.limit());
        return u.add(1f).mul(gated(g, g.mul(-shape.alpha())));
    }

    /**
     * Applies an activation in place, in a loop of its own for each function: a choice among functions inside a loop would make the
     * compiler keep vectors in memory. The last numbers, fewer than a vector's, go through {@link Elementary}, which gives the same bits.
     */
    static void activate(Activation activation, float[] x, int from, int width) {
        int to = from + width - width % COUNT;
        switch (activation) {
            case Activation.Gelu.TANH -> geluTanh(x, from, to);
            case Activation.Gelu.ERF -> geluErf(x, from, to);
            case Activation.QuickGelu _ -> quickGelu(x, from, to);
            case Activation.Relu _ -> relu(x, from, to);
            case Activation.ReluSquared _ -> reluSquared(x, from, to);
            case Activation.Silu _ -> silu(x, from, to);
            case Activation.Tanh _ -> tanh(x, from, to);
            case Activation.Sigmoid _ -> sigmoid(x, from, to);
            case Activation.Identity _ -> { }
            case Activation.XIelu shape -> xielu(shape, x, from, to);
        }
        for (int i = to; i < from + width; i++) {
            x[i] = Elementary.apply(activation, x[i]);
        }
    }

    private static void geluTanh(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            geluTanh(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void geluErf(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            geluErf(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void quickGelu(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            quickGelu(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void relu(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            FloatVector.fromArray(LANES, x, i).max(0f).intoArray(x, i);
        }
    }

    private static void reluSquared(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            FloatVector positive = FloatVector.fromArray(LANES, x, i).max(0f);
            positive.mul(positive).intoArray(x, i);
        }
    }

    private static void silu(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            silu(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void tanh(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            tanh(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void sigmoid(float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            sigmoid(FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    private static void xielu(Activation.XIelu shape, float[] x, int from, int to) {
        if (from == to) {
            return;
        }
        for (int i = from; i < to; i += COUNT) {
            xielu(shape, FloatVector.fromArray(LANES, x, i)).intoArray(x, i);
        }
    }

    /** Joins the halves of a gated network; the gate is overwritten. */
    static void gate(GatedActivation activation, float[] gate, int gateFrom, float[] up, int upFrom, float[] y, int yFrom, int width) {
        switch (activation) {
            case GatedActivation.Product product -> {
                activate(product.activation(), gate, gateFrom, width);
                multiply(gate, gateFrom, up, upFrom, y, yFrom, width);
            }
            case GatedActivation.ClampedSwiglu shape -> clampedSwiglu(shape, gate, gateFrom, up, upFrom, y, yFrom, width);
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
                                      float[] y, int yFrom, int width) {
        if (width == 0) {
            return;
        }
        int whole = width - width % COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector g = FloatVector.fromArray(LANES, gate, gateFrom + i);
            FloatVector u = FloatVector.fromArray(LANES, up, upFrom + i);
            clampedSwiglu(shape, g, u).intoArray(y, yFrom + i);
        }
        for (int i = whole; i < width; i++) {
            y[yFrom + i] = Elementary.clampedSwiglu(shape, gate[gateFrom + i], up[upFrom + i]);
        }
    }
}
