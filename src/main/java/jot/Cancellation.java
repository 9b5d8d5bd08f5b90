package jot;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Ends generations from another thread.
 *
 * <p>Given to {@link GenerationOptions#withCancellation}, one instance may serve any number of generations. Once cancelled it stays so:
 * running generations end with {@link StopReason#CANCELLED} and the text they have, later ones at once. Thread-safe.
 */
public final class Cancellation {
    private volatile boolean cancelled;
    private final Set<Runnable> listeners = new LinkedHashSet<>();

    /**
     * A cancellation that has not been asked for.
     */
    public Cancellation() {
    }

    /**
     * Asks every generation with this cancellation to end; a second call does nothing.
     */
    public void cancel() {
        Runnable[] toTell;
        synchronized (listeners) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            toTell = listeners.toArray(Runnable[]::new);
            listeners.clear();
        }
        for (Runnable listener : toTell) {
            listener.run();
        }
    }

    /**
     * Whether {@link #cancel} was called.
     *
     * @return true from then on
     */
    public boolean isCancelled() {
        return cancelled;
    }

    /**
     * Runs something once this is cancelled, at once if it is already: on the cancelling thread, so it must be short, such as an unpark.
     *
     * @return what takes the listener off again
     */
    Runnable onCancel(Runnable listener) {
        Runnable own = listener::run;
        synchronized (listeners) {
            if (!cancelled) {
                listeners.add(own);
                return () -> {
                    synchronized (listeners) {
                        listeners.remove(own);
                    }
                };
            }
        }
        own.run();
        return () -> { };
    }

    @Override
    public String toString() {
        return cancelled ? "Cancellation[cancelled]" : "Cancellation[not cancelled]";
    }
}
