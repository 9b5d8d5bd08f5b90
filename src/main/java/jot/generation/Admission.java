package jot.generation;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds how many calls run at once and how many bytes key/value caches may take together.
 *
 * <p>A running call counts with the bytes that it may come to need, a {@link Holding} with the pages that it keeps, one that several
 * share once. Whoever finds no place waits, in the order of arrival, or is refused; who could only wait for holdings, which nobody need
 * ever give up, is refused in any case. Thread-safe.
 */
public final class Admission {
    private final int mostCalls;
    private final long mostBytes;
    private final boolean refuses;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Thread> waiting = new ArrayDeque<>();
    /** The threads whose calls run, and how many calls each has. */
    private final Map<Thread, Integer> holders = new HashMap<>();
    private final Queue<WeakReference<Holding>> holdings = new ConcurrentLinkedQueue<>();
    private Spare spare = () -> false;
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

    /**
     * Pages that are kept while no call runs on them: by a session, a stream, or a remembered beginning of prompts.
     *
     * <p>It counts until it keeps nothing or is garbage. Thread-safe, its pages as a whole.
     */
    public static final class Holding {
        private static final float[][] NOTHING = {};

        private volatile float[][] pages = NOTHING;

        private Holding() {
        }

        /** Says which pages it keeps from now on. */
        void keep(float[][] kept) {
            pages = kept;
        }

        /** Says that it keeps nothing, within a call, whose end wakes who waits; else see {@link Admission#release}. */
        void clear() {
            pages = NOTHING;
        }
    }

    /** Holdings that may be given up when somebody needs the place. */
    @FunctionalInterface
    interface Spare {
        /** Gives up one; false if there is none. */
        boolean giveUpOne();
    }

    /** Thrown where a call is refused because the model is busy. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** Says what to give up before a call waits. */
    void spare(Spare holdings) {
        spare = holdings;
    }

    /** A holding that keeps nothing yet; whoever it belongs to keeps it alive. */
    public Holding newHolding() {
        Holding holding = new Holding();
        if (mostBytes != Long.MAX_VALUE) {
            holdings.add(new WeakReference<>(holding));
        }
        return holding;
    }

    /**
     * Takes a place, waiting for it if need be; a thread that has one, such as a listener's, gets another at once.
     *
     * @param needed bytes of cache that the call may take, beyond those of holdings
     * @param interruption what ends the wait
     * @return the place, to be closed; nothing if the wait was ended
     * @throws IllegalArgumentException if the call needs more than there may ever be
     * @throws Refused if there is no place and the model is to refuse, or nothing to wait for
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
            if (holders.containsKey(Thread.currentThread()) || waiting.isEmpty() && fits(needed)) {
                return Optional.of(take(needed));
            }
            if (refuses || calls == 0 && waiting.isEmpty()) {
                throw refused(needed);
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
    private Optional<Place> await(long needed, Interruption interruption) throws Refused {
        boolean interrupted = false;
        try {
            while (true) {
                switch (decide(needed, interruption)) {
                    case Decision.Admitted admitted -> {
                        return Optional.of(admitted.place);
                    }
                    case Decision.WithoutPlace.GIVEN_UP -> {
                        return Optional.empty();
                    }
                    case Decision.WithoutPlace.WAITS -> park(interruption.nanosLeft());
                }
                if (Thread.interrupted()) {
                    interrupted = true;
                    interruption.noteInterrupt();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void park(long nanos) {
        if (nanos == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, Math.max(1, nanos));
        }
    }

    /** What becomes of a waiting call. */
    private sealed interface Decision {

        /** It has a place from now on. */
        record Admitted(Place place) implements Decision {
        }

        /** It has none: its caller no longer wants one, or it is not its turn yet. */
        enum WithoutPlace implements Decision { GIVEN_UP, WAITS }
    }

    private Decision decide(long needed, Interruption interruption) throws Refused {
        lock.lock();
        try {
            boolean gone = interruption.isExhausted();
            boolean first = waiting.peek() == Thread.currentThread();
            boolean next = !gone && first && fits(needed);
            boolean hopeless = first && calls == 0;
            if (!gone && !next && !hopeless) {
                return Decision.WithoutPlace.WAITS;
            }
            waiting.remove(Thread.currentThread());
            Decision decision = next ? new Decision.Admitted(take(needed)) : Decision.WithoutPlace.GIVEN_UP;
            wakeFirst();
            if (!gone && !next) {
                throw refused(needed);
            }
            return decision;
        } finally {
            lock.unlock();
        }
    }

    private Refused refused(long needed) {
        return new Refused(String.format(Locale.ROOT, "the model is busy: %,d calls run and may need %,d bytes of cache, sessions and "
                + "streams keep %,d; this call may need %,d more", calls, bytes, distinctBytes(), needed));
    }

    private void wakeFirst() {
        if (!waiting.isEmpty()) {
            LockSupport.unpark(waiting.peek());
        }
    }

    /** Says that a holding keeps nothing any more, and lets those who wait look whether that makes room for them. */
    void release(Holding holding) {
        holding.clear();
        wakeAll();
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

    /** Whether there is room, once as many spare holdings are given up as it takes. */
    private boolean fits(long needed) {
        if (calls >= mostCalls) {
            return false;
        }
        if (mostBytes == Long.MAX_VALUE) {
            return true;
        }
        long free = mostBytes - bytes - needed;
        while (free < heldBytes(free)) {
            if (!spare.giveUpOne()) {
                return false;
            }
        }
        return true;
    }

    /** Bytes that all holdings keep; shared pages count several times where the sum is no more than {@code enough} all the same. */
    private long heldBytes(long enough) {
        long simple = 0;
        for (Iterator<WeakReference<Holding>> all = holdings.iterator(); all.hasNext();) {
            Holding holding = all.next().get();
            if (holding == null) {
                all.remove();
            } else {
                simple += bytesOf(holding.pages);
            }
        }
        return simple <= enough ? simple : distinctBytes();
    }

    private long distinctBytes() {
        Set<float[]> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        for (WeakReference<Holding> reference : holdings) {
            Holding holding = reference.get();
            if (holding != null) {
                distinct.addAll(Arrays.asList(holding.pages));
            }
        }
        return bytesOf(distinct.toArray(float[][]::new));
    }

    private static long bytesOf(float[][] pages) {
        long sum = 0;
        for (float[] page : pages) {
            sum += (long) Float.BYTES * page.length;
        }
        return sum;
    }

    private Place take(long needed) {
        calls++;
        bytes += needed;
        Thread holder = Thread.currentThread();
        holders.merge(holder, 1, Integer::sum);
        return () -> give(needed, holder);
    }

    private void give(long needed, Thread holder) {
        lock.lock();
        try {
            holders.computeIfPresent(holder, (key, count) -> count == 1 ? null : count - 1);
            calls--;
            bytes -= needed;
            wakeFirst();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Bytes that count under the bound: what the running calls may need and what is kept beside them.
     *
     * @return what is promised and held together
     */
    public long bytes() {
        lock.lock();
        try {
            return bytes + distinctBytes();
        } finally {
            lock.unlock();
        }
    }
}
