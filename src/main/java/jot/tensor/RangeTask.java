package jot.tensor;

/** Work on numbered items that can be split anywhere. */
@FunctionalInterface
public interface RangeTask {
    /**
     * Does the items {@code [from, to)}; several threads call at once with ranges that don't overlap.
     *
     * @param worker number of the calling worker, below {@link Workers#threads()}; no two threads at work have the same
     * @param from first item
     * @param to item after the last
     */
    void run(int worker, int from, int to);
}
