package jot.generation;

/**
 * Tells whether a generation is to end early; may be asked from any thread.
 */
public interface CancellationSignal {
    /** A signal that never comes. */
    CancellationSignal NEVER = new CancellationSignal() {
        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public Runnable onCancel(Runnable listener) {
            return () -> { };
        }
    };

    /**
     * Whether the signal came.
     *
     * @return true from then on
     */
    boolean isCancelled();

    /**
     * Runs something short once the signal comes, at once if it has; on the signalling thread.
     *
     * @param listener for example what wakes a waiting thread
     * @return takes the listener off again
     */
    Runnable onCancel(Runnable listener);
}
