package jot.model;

/** A normalisation of the channels of one position. */
public sealed interface NormPlan {

    /** The number added to the variance or mean square. */
    float epsilon();

    /**
     * Layer norm: (x − mean) / √(variance + ε) · weight + bias (Ba et al. 2016, arXiv 1607.06450).
     *
     * @param epsilon ε
     * @param weighted whether there is a weight
     * @param biased whether there is a bias
     */
    record Layer(float epsilon, boolean weighted, boolean biased) implements NormPlan {
    }

    /**
     * RMS norm: x / √(mean of x² + ε) · weight (Zhang and Sennrich 2019, arXiv 1910.07467).
     *
     * @param epsilon ε
     * @param weighted whether there is a weight
     */
    record RootMeanSquare(float epsilon, boolean weighted) implements NormPlan {
    }
}
