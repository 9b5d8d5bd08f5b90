package jot.model;

import jot.tensor.Activations;

/** Sees the residual stream of a pass as it goes by. */
@FunctionalInterface
public interface HiddenStates {

    /**
     * Called after the embedding (0), after each block (1 … n − 1), and after the final norm (n).
     *
     * @param index how many blocks have run
     * @param states {@code [rows][width]}, to be read before returning
     * @param rows rows of the pass
     */
    void accept(int index, Activations states, int rows);
}
