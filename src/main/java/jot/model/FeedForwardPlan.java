package jot.model;

import java.util.OptionalInt;

import jot.tensor.Activation;
import jot.tensor.GatedActivation;

/** The feed-forward sublayer. */
public sealed interface FeedForwardPlan {

    /**
     * Two matrices around an activation, or three with a gate: down(act(up x)), or down(act(gate x) · up x).
     *
     * @param width channels between the matrices
     * @param form what stands between them
     * @param inputBias whether up and gate have biases
     * @param outputBias whether down has a bias
     */
    record Dense(int width, Form form, boolean inputBias, boolean outputBias) implements FeedForwardPlan {

        /** The same with another form. */
        public Dense withForm(Form other) {
            return new Dense(width, other, inputBias, outputBias);
        }
    }

    /**
     * A mixture of experts: a router chooses a few feed-forwards for each token and weighs what they give.
     *
     * @param experts number of experts
     * @param chosen experts that a token takes
     * @param expert the shape of each expert
     * @param router how scores become weights
     * @param routerBias whether the router has a bias
     * @param sharedWidth channels of an expert that every token takes, or empty
     * @param sharedGate whether a sigmoid of a learned score weighs the shared expert (Qwen2-MoE)
     */
    record Experts(int experts, int chosen, Dense expert, Router router, boolean routerBias, OptionalInt sharedWidth,
            boolean sharedGate) implements FeedForwardPlan {

        /** The same with an expert that every token takes, weighed by the sigmoid of a learned score. */
        public Experts withWeighedSharedExpert(int width) {
            return new Experts(experts, chosen, expert, router, routerBias, OptionalInt.of(width), true);
        }
    }

    /** What stands between the matrices of a feed-forward. */
    sealed interface Form {

        /**
         * An activation of one matrix's output.
         *
         * @param activation the activation
         */
        record Plain(Activation activation) implements Form {
        }

        /** xIELU of one matrix's output with parameters that each block has learned; {@link Plain} once they are known. */
        record LearnedXIelu() implements Form {
        }

        /**
         * Two matrices' outputs joined.
         *
         * @param activation how gate and up are joined
         */
        record Gated(GatedActivation activation) implements Form {
        }

        /** The usual gate: activation(gate) · up. */
        static Form gated(Activation activation) {
            return new Gated(new GatedActivation.Product(activation));
        }
    }

    /** How a router's scores become the weights of the chosen experts. */
    enum Router {
        /** Softmax over all experts; the chosen ones keep their probability. */
        SOFTMAX,
        /** Softmax over the chosen ones alone; the same as softmax over all, divided by the sum of the chosen ones. */
        SOFTMAX_OF_CHOSEN
    }
}
