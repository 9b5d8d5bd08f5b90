package jot.generation;

import java.time.Duration;
import java.util.Optional;

/**
 * Whether a running generation must end before its next step: cancelled, its calling thread interrupted, or out of time.
 *
 * <p>Made when the generation begins, on its calling thread. {@link #poll} is cheap (some 30 ns), may be called from any thread and so
 * from within a long prefill. An interrupt is only looked at: the thread's flag stays set.
 */
public final class Interruption {
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final CancellationSignal signal;
    private final Thread caller;
    private final long start;
    /** Nanoseconds from the start, or null where there is no deadline. */
    private final Long allowed;

    private Interruption(CancellationSignal signal, Optional<Duration> deadline) {
        this.signal = signal;
        this.caller = Thread.currentThread();
        this.start = System.nanoTime();
        this.allowed = deadline.map(time -> time.compareTo(LONGEST) < 0 ? time.toNanos() : null).orElse(null);
    }

    /**
     * Begins to watch, for the calling thread.
     *
     * @param signal the caller's cancellation
     * @param deadline the time from now, if limited
     * @return a new watch
     */
    public static Interruption watch(CancellationSignal signal, Optional<Duration> deadline) {
        return new Interruption(signal, deadline);
    }

    /**
     * The cause to end for, if there is one now.
     *
     * @return {@link StopCause#CANCELLED}, {@link StopCause#DEADLINE} or nothing
     */
    public Optional<StopCause> poll() {
        if (signal.isCancelled() || caller.isInterrupted()) {
            return Optional.of(StopCause.CANCELLED);
        }
        if (allowed != null && System.nanoTime() - start >= allowed) {
            return Optional.of(StopCause.DEADLINE);
        }
        return Optional.empty();
    }
}
