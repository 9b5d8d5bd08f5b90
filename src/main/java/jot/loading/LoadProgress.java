package jot.loading;

/** Hears how far a load has come. */
@FunctionalInterface
public interface LoadProgress {

    /**
     * Called after each block, on the loading thread.
     *
     * @param done blocks that are ready
     * @param all blocks of the model
     */
    void report(int done, int all);
}
