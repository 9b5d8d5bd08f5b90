package jot.generation;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import jot.tensor.Workers;

/**
 * Whether a running generation must end before its next step: cancelled, its model closed, its thread interrupted, or out of time.
 *
 * <p>Made when the call begins, on its calling thread. {@link #poll} is cheap (some 30 ns), may be called from any thread and so from
 * within a long prefill. An interrupt is only looked at: the thread's flag stays set, or is set again at the end of a wait.
 */
public final class Interruption implements Workers.Patience {
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final CancellationSignal signal;
    private final BooleanSupplier closing;
    private final Thread caller;
    private final boolean heedsInterrupts;
    private final long start = System.nanoTime();
    /** Nanoseconds from the start; {@link Long#MAX_VALUE} where there is no deadline. */
    private final long allowed;
    private volatile boolean interrupted;
    private volatile Thread waiting;

    private Interruption(CancellationSignal signal, Optional<Duration> deadline, BooleanSupplier closing, Thread caller,
            boolean heedsInterrupts) {
        this.signal = signal;
        this.closing = closing;
        this.caller = caller;
        this.heedsInterrupts = heedsInterrupts;
        this.allowed = deadline.filter(time -> time.compareTo(LONGEST) < 0).map(Duration::toNanos).orElse(Long.MAX_VALUE);
    }

    /**
     * Begins to watch, for the calling thread.
     *
     * @param signal the caller's cancellation
     * @param deadline the time from now, if limited
     * @param closing whether the model is about to be closed
     * @return a new watch
     */
    public static Interruption watch(CancellationSignal signal, Optional<Duration> deadline, BooleanSupplier closing) {
        return new Interruption(signal, deadline, closing, Thread.currentThread(), true);
    }

    /**
     * Begins to watch for a generation whose parts may run on different threads; each notes its own thread's interrupt.
     *
     * @param signal the caller's cancellation
     * @param deadline the time from now, if limited
     * @param closing whether the model is about to be closed
     * @return a new watch
     */
    public static Interruption watchAnyThread(CancellationSignal signal, Optional<Duration> deadline, BooleanSupplier closing) {
        return new Interruption(signal, deadline, closing, null, true);
    }

    /**
     * Stops when a condition says so, or its thread is interrupted while it waits.
     *
     * @param stopped the condition
     * @return a new watch
     */
    public static Interruption when(BooleanSupplier stopped) {
        return new Interruption(CancellationSignal.NEVER, Optional.empty(), stopped, null, true);
    }

    /**
     * Stops when a condition says so, and for nothing else: an interrupt leaves its flag set, and that is all.
     *
     * @param stopped the condition
     * @return a new watch
     */
    public static Interruption onlyWhen(BooleanSupplier stopped) {
        return new Interruption(CancellationSignal.NEVER, Optional.empty(), stopped, null, false);
    }

    /**
     * The cause to end for, if there is one now.
     *
     * @return {@link StopCause#CANCELLED}, {@link StopCause#DEADLINE} or nothing
     */
    public Optional<StopCause> poll() {
        if (isCancelled()) {
            return Optional.of(StopCause.CANCELLED);
        }
        return nanosLeft() <= 0 ? Optional.of(StopCause.DEADLINE) : Optional.empty();
    }

    private boolean isCancelled() {
        return signal.isCancelled() || closing.getAsBoolean() || interrupted || caller != null && caller.isInterrupted();
    }

    @Override
    public boolean isExhausted() {
        return isCancelled() || nanosLeft() <= 0;
    }

    @Override
    public long nanosLeft() {
        return allowed == Long.MAX_VALUE ? allowed : allowed - (System.nanoTime() - start);
    }

    @Override
    public void noteInterrupt() {
        interrupted |= heedsInterrupts;
    }

    /**
     * Ends the generation from any thread, as its cancellation would.
     */
    public void stop() {
        interrupted = true;
        LockSupport.unpark(waiting);
    }

    /**
     * Wakes the calling thread, should it be parked, when the cancellation comes.
     *
     * @return ends this
     */
    Runnable wakeOnCancel() {
        Thread thread = Thread.currentThread();
        waiting = thread;
        Runnable off = signal.onCancel(() -> LockSupport.unpark(thread));
        return () -> {
            waiting = null;
            off.run();
        };
    }
}
