package jot.tensor;

/** A function that a feed-forward network applies to each number. */
public sealed interface Activation {
    /** Gaussian error linear unit, {@code x · Φ(x)} (arXiv:1606.08415). */
    enum Gelu implements Activation {
        /** By tanh: {@code ½x(1 + tanh(√(2/π)(x + 0.044715x³)))}. */
        TANH,
        /** Exact: {@code ½x(1 + erf(x/√2))}. */
        ERF
    }

    /** {@code x · σ(1.702x)} (arXiv:1606.08415, section 2). */
    record QuickGelu() implements Activation { }

    /** {@code max(x, 0)}. */
    record Relu() implements Activation { }

    /** {@code max(x, 0)²} (arXiv:2109.08668). */
    record ReluSquared() implements Activation { }

    /** {@code x · σ(x)}, also called swish. */
    record Silu() implements Activation { }

    /** Hyperbolic tangent. */
    record Tanh() implements Activation { }

    /** Logistic function {@code σ(x) = 1/(1 + e⁻ˣ)}. */
    record Sigmoid() implements Activation { }

    /** The number itself. */
    record Identity() implements Activation { }

    /**
     * Expanded integral of the exponential linear unit (arXiv:2411.13010): for {@code x > 0} it is {@code αₚx² + βx}, else
     * {@code αₙ(expm1(min(x, ε)) − x) + βx}.
     *
     * @param alphaP αₚ
     * @param alphaN αₙ
     * @param beta β
     * @param epsilon ε, a small negative number
     */
    record XIelu(float alphaP, float alphaN, float beta, float epsilon) implements Activation { }
}
