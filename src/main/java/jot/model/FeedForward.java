package jot.model;

import java.util.Objects;
import java.util.stream.Stream;

import jot.model.ForwardPass.RowCounts;
import jot.tensor.Activations;
import jot.tensor.Matrix;

/** The feed-forward sublayer with its weights. */
public sealed interface FeedForward permits FeedForward.Dense, Experts {

    /** Reads {@code input [rows][width]}, writes {@code to [rows][width]}. */
    void apply(Activations input, Activations to, ForwardPass pass);

    /** Its matrices. */
    Stream<Matrix> matrices();

    /** As many matrices as one row goes through. */
    default Stream<Matrix> matricesOfOneRow() {
        return matrices();
    }

    /**
     * One feed-forward for all tokens.
     *
     * @param plan its shape
     * @param gate {@code [inner][width]}, or null without a gate
     * @param up {@code [inner][width]}
     * @param down {@code [width][inner]}
     */
    record Dense(FeedForwardPlan.Dense plan, Linear gate, Linear up, Linear down) implements FeedForward {

        @Override
        public void apply(Activations input, Activations to, ForwardPass pass) {
            apply(input, to, pass.rows(), pass);
        }

        /** The same for some rows of a pass. */
        void apply(Activations input, Activations to, RowCounts rows, ForwardPass pass) {
            Activations inner = pass.scratch().inner();                               // [rows][inner]
            switch (plan.form()) {
                case FeedForwardPlan.Form.Plain plain -> up.applyAndActivate(input, plain.activation(), inner, rows, pass.kernels());
                case FeedForwardPlan.Form.LearnedXIelu learned -> throw new IllegalStateException("xIELU without its parameters");
                case FeedForwardPlan.Form.Gated gated -> {
                    up.apply(input, inner, 0, rows, pass.kernels());
                    gate.applyAndGate(input, pass.scratch().gates(), gated.activation(), inner, rows, pass.kernels());
                }
            }
            down.apply(inner, to, 0, rows, pass.kernels());                           // [rows][width]
        }

        @Override
        public Stream<Matrix> matrices() {
            return Stream.of(gate, up, down).filter(Objects::nonNull).map(Linear::weight);
        }
    }
}
