package jot.reference;

import java.util.List;

import jot.tensor.Backend;
import jot.tensor.KernelSelection;

/** The kernels that can run on the JVM of the tests. */
public final class Backends {

    private Backends() {
    }

    /** Scalar kernels, and vector kernels where the module is there. */
    public static List<Backend> runnable() {
        try {
            KernelSelection.choose(Backend.VECTOR);
            return List.of(Backend.SCALAR, Backend.VECTOR);
        } catch (IllegalStateException e) {
            return List.of(Backend.SCALAR);
        }
    }
}
