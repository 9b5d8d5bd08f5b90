package jot.tensor;

/** How a gated feed-forward network joins its two halves (arXiv:2002.05202). */
public sealed interface GatedActivation {
    /**
     * {@code activation(gate) · up}.
     *
     * @param activation applied to the gate
     */
    record Product(Activation activation) implements GatedActivation { }

    /**
     * {@code (up + 1) · gate · σ(alpha · gate)}, the gate clamped to at most {@code limit}, up to {@code ±limit}.
     *
     * @param alpha steepness of the gate
     * @param limit above 0
     */
    record ClampedSwiglu(float alpha, float limit) implements GatedActivation { }
}
