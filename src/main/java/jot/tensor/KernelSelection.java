package jot.tensor;

/**
 * Which kernels run on this JVM, and why.
 *
 * <p>Immutable and thread-safe.
 */
public final class KernelSelection {
    private final Kernels kernels;

    private KernelSelection(Kernels kernels) {
        this.kernels = kernels;
    }

    /**
     * Chooses kernels.
     *
     * @param backend what is asked for
     * @return the choice
     * @throws IllegalStateException if vector kernels are asked for and cannot run; the message says what to change
     */
    public static KernelSelection choose(Backend backend) {
        return new KernelSelection(new ScalarKernels());
    }

    Kernels kernels() {
        return kernels;
    }

    /**
     * Names the kernels.
     *
     * @return for example {@code vector 512-bit} or {@code scalar}
     */
    public String description() {
        return kernels.description();
    }
}
