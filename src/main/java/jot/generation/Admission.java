package jot.generation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds how many generations run at once and how many bytes their key/value caches may take together.
 *
 * <p>Whoever finds no place waits, in the order of arrival, or is refused. Thread-safe.
 */
public final class Admission {
    private final int mostCalls;
    private final long mostBytes;
    private final boolean refuses;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Thread> waiting = new ArrayDeque<>();
    private final List<Thread> holders = new ArrayList<>();
    private int calls;
    private long bytes;

    /**
     * Bounds of one model.
     *
     * @param mostCalls the most calls at once, {@link Integer#MAX_VALUE} for any number
     * @param mostBytes the most bytes of cache, {@link Long#MAX_VALUE} for any number
     * @param refuses whether a call that finds no place is refused instead of waiting
     */
    public Admission(int mostCalls, long mostBytes, boolean refuses) {
        this.mostCalls = mostCalls;
        this.mostBytes = mostBytes;
        this.refuses = refuses;
    }

    /** A place among the running calls. */
    @FunctionalInterface
    public interface Place extends AutoCloseable {
        @Override
        void close();
    }

    /** Thrown where a call is refused because the model is busy. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /**
     * Takes a place, waiting for it if need be; a thread that has one, such as a listener's, gets another at once.
     *
     * @param needed bytes of cache that the call may take
     * @param interruption what ends the wait
     * @return the place, to be closed; nothing if the wait was ended
     * @throws IllegalArgumentException if the call needs more than there may ever be
     * @throws Refused if there is no place and the model is to refuse
     */
    public Optional<Place> enter(long needed, Interruption interruption) throws Refused {
        if (mostCalls == Integer.MAX_VALUE && mostBytes == Long.MAX_VALUE) {
            return Optional.of(() -> { });
        }
        if (needed > mostBytes) {
            throw new IllegalArgumentException(String.format(Locale.ROOT,
                    "the call may need %,d bytes of key/value cache, all together may take %,d: set maxTokens or allow more", needed,
                    mostBytes));
        }
        lock.lock();
        try {
            boolean nested = holders.contains(Thread.currentThread());
            if (nested || waiting.isEmpty() && fits(needed)) {
                return Optional.of(take(needed));
            }
            if (refuses) {
                throw new Refused(String.format(Locale.ROOT, "the model is busy: %,d calls run and hold %,d bytes of cache", calls, bytes));
            }
            waiting.add(Thread.currentThread());
        } finally {
            lock.unlock();
        }
        Runnable off = interruption.wakeOnCancel();
        try {
            return await(needed, interruption);
        } finally {
            off.run();
        }
    }

    /** Waits until the calling thread is the first in the queue and finds a place. */
    private Optional<Place> await(long needed, Interruption interruption) {
        while (true) {
            lock.lock();
            try {
                boolean gone = interruption.isExhausted();
                boolean next = waiting.peek() == Thread.currentThread() && fits(needed);
                if (gone || next) {
                    waiting.remove(Thread.currentThread());
                    Place place = gone ? null : take(needed);
                    wakeFirst();
                    return Optional.ofNullable(place);
                }
            } finally {
                lock.unlock();
            }
            LockSupport.parkNanos(this, Math.max(1, interruption.nanosLeft()));
        }
    }

    private void wakeFirst() {
        if (!waiting.isEmpty()) {
            LockSupport.unpark(waiting.peek());
        }
    }

    /** Lets everyone who waits look whether to go on waiting. */
    void wakeAll() {
        lock.lock();
        try {
            waiting.forEach(LockSupport::unpark);
        } finally {
            lock.unlock();
        }
    }

    private boolean fits(long needed) {
        return calls < mostCalls && needed <= mostBytes - bytes;
    }

    private Place take(long needed) {
        calls++;
        bytes += needed;
        Thread holder = Thread.currentThread();
        holders.add(holder);
        return () -> give(needed, holder);
    }

    private void give(long needed, Thread holder) {
        lock.lock();
        try {
            holders.remove(holder);
            calls--;
            bytes -= needed;
            wakeFirst();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Bytes that the running calls may take together.
     *
     * @return what is promised to them
     */
    public long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
