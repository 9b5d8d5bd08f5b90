package jot.loading;

import java.util.Arrays;

import jot.model.Linear;

/**
 * The two matrices before a gate.
 *
 * @param gate {@code [inner][width]}
 * @param up {@code [inner][width]}
 */
record GateAndUp(Linear gate, Linear up) {

    /** The halves of one matrix {@code [2 · inner][width]}, all of the gate first, over the same memory. */
    static GateAndUp halves(Linear both) {
        int inner = both.outputs() / 2;
        return new GateAndUp(part(both, 0, inner), part(both, inner, 2 * inner));
    }

    private static Linear part(Linear both, int from, int to) {
        return new Linear(both.weight().slice(from, to), both.bias() == null ? null : Arrays.copyOfRange(both.bias(), from, to));
    }
}
