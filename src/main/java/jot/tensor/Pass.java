package jot.tensor;

/** One turn on the workers: what a caller wants computed without anything else in between. */
@FunctionalInterface
public interface Pass {
    /**
     * Computes; runs on a worker, which may split loops with {@link Workers#forEach}.
     */
    void run();
}
