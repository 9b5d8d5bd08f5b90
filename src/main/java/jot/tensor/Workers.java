package jot.tensor;

import java.util.ArrayDeque;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The threads that compute. Callers hand in passes; passes take turns in the order in which they came; within a pass its loops are
 * split over all threads.
 *
 * <p>Thread-safe. The threads are daemons of this object's own, started by the first pass. Callers never compute and never spin: they
 * park until their pass is done, so a virtual thread lets go of its carrier. Without work the first thread parks at once and leaves its
 * processor to the caller; the others spin for half a millisecond, so that they are awake for the pass of the next token, and then park.
 * After {@link #close()} no thread is left.
 */
public final class Workers implements AutoCloseable {
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

    /** The largest number of threads. */
    public static final int MOST_THREADS = 1_024;

    /**
     * How long a helper without work looks for some before it parks: longer than a caller usually takes from one token to the next. A
     * helper that has to be woken is often put behind the leader on one processor, and then a whole token has one thread.
     */
    private static final long SPIN_NANOS = 500_000;
    /** The same where threads outnumber processors, so that whoever waits is in somebody's way. */
    private static final long CROWDED_SPIN_NANOS = 3_000;
    private static final int SPINS_PER_LOOK = 32;
    /** Ends a loop, and so its pass, that nobody waits for any more; never leaves this class. */
    private static final GivenUp GIVEN_UP = new GivenUp();

    private final int threads;
    private final String name;
    private final ThreadFactory factory;
    private final long spinNanos;

    private final ReentrantLock turn = new ReentrantLock();
    private final ArrayDeque<Submission> queue = new ArrayDeque<>();
    private final AtomicInteger queued = new AtomicInteger();
    private Worker[] started;
    private volatile boolean closed;
    private volatile boolean stopped;

    /** The loop being split: its number in the high half, the number of items not yet claimed in the low half. */
    private final AtomicLong claim = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    /** What ended the loop early; a plain field, as setting it must succeed even where no memory is left. */
    private volatile Throwable failure;
    private Patience patience = Patience.ENDLESS;
    private RangeTask task;
    private int items;
    private int grain;
    private boolean splitting;
    private volatile boolean leaderParked;

    /**
     * Describes the threads; none is started yet.
     *
     * @param threads how many compute at once, 1 to {@value #MOST_THREADS}
     * @param name prefix of the threads' names
     * @throws IllegalArgumentException if the number is out of range
     */
    public Workers(int threads, String name) {
        this(threads, name, Thread.ofPlatform().daemon().inheritInheritableThreadLocals(false).factory());
    }

    Workers(int threads, String name, ThreadFactory factory) {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new IllegalArgumentException("threads: expected 1 to " + MOST_THREADS + ", found " + threads);
        }
        this.threads = threads;
        this.name = name;
        this.factory = factory;
        this.spinNanos = threads <= Runtime.getRuntime().availableProcessors() ? SPIN_NANOS : CROWDED_SPIN_NANOS;
    }

    /**
     * Threads that compute.
     *
     * @return at least 1
     */
    public int threads() {
        return threads;
    }

    /**
     * Runs a pass on the workers and waits for its end.
     *
     * <p>An interrupt does not cut the wait short, as the pass writes into the caller's memory; the caller's interrupt status is set
     * again at the end.
     *
     * @param pass what to compute
     * @throws IllegalStateException if the workers are closed, or the caller is one of them
     */
    public void run(Pass pass) {
        run(pass, Patience.ENDLESS);
    }

    /**
     * Runs a pass on the workers and waits for its end, or gives up: before it begins, or within a loop.
     *
     * <p>A loop that is given up ends within the ranges at work, and the pass with it; what it was computing is then undefined.
     *
     * @param pass what to compute
     * @param patience when to give up; whoever changes its mind unparks the calling thread
     * @return false if it was given up before its end
     * @throws IllegalStateException if the workers are closed, or the caller is one of them
     */
    public boolean run(Pass pass, Patience patience) {
        Submission submission = new Submission(pass, patience);
        Worker leader = submit(submission);
        LockSupport.unpark(leader.thread);
        return submission.await(this);
    }

    /** Takes a pass that has not begun out of the queue. */
    private boolean withdraw(Submission submission) {
        turn.lock();
        try {
            boolean waiting = queue.remove(submission);
            if (waiting) {
                queued.decrementAndGet();
            }
            return waiting;
        } finally {
            turn.unlock();
        }
    }

    private Worker submit(Submission submission) {
        turn.lock();
        try {
            if (closed) {
                throw new IllegalStateException(name + ": the workers are closed");
            }
            if (isWorker()) {
                throw new IllegalStateException(name + ": a pass cannot be run from within a pass");
            }
            if (started == null) {
                start();
            }
            queue.add(submission);
            queued.incrementAndGet();
            return started[0];
        } finally {
            turn.unlock();
        }
    }

    private boolean isWorker() {
        if (started != null) {
            for (Worker worker : started) {
                if (worker.thread == Thread.currentThread()) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Starts all threads, the leader last; where the system gives one too few, those that began end again. */
    private void start() {
        Worker[] workers = new Worker[threads];
        for (int index = 0; index < threads; index++) {
            workers[index] = new Worker(index);
        }
        started = workers;
        try {
            for (int index = threads - 1; index >= 0; index--) {
                workers[index].thread.start();
            }
        } catch (Throwable thrown) {
            started = null;
            stopped = true;
            for (Worker worker : workers) {
                LockSupport.unpark(worker.thread);
            }
            join(workers);
            stopped = false;
            throw thrown;
        }
    }

    /**
     * Splits a loop over all threads and waits for its end; only for use within a pass, and not within another loop.
     *
     * <p>What a thread throws ends the loop and is thrown here, whichever thread it was.
     *
     * @param loop the body
     * @param count items, at least 0
     * @param grainSize items that a thread takes at a time, at least 1
     * @throws IllegalStateException if called outside a pass or within another loop
     */
    public void forEach(RangeTask loop, int count, int grainSize) {
        Worker[] workers = started;
        if (workers == null || workers[0].thread != Thread.currentThread() || splitting) {
            throw new IllegalStateException(name + ": a loop can be split only within a pass, and only once");
        }
        splitting = true;
        try {
            if (threads == 1 || count <= grainSize) {
                alone(loop, count, grainSize);
            } else {
                split(loop, count, grainSize);
            }
        } finally {
            splitting = false;
        }
    }

    /** The ranges that several threads would share, one after the other: they bound the memory of each, and how long giving up takes. */
    private void alone(RangeTask loop, int count, int grainSize) {
        for (int from = 0; from < count;) {
            int to = from + Math.min(grainSize, count - from);
            endIfGivenUp();
            loop.run(0, from, to);
            from = to;
        }
    }

    private void split(RangeTask loop, int count, int grainSize) {
        task = loop;
        items = count;
        grain = grainSize;
        unfinished.set(count);
        long number = (claim.get() >>> 32) + 1;
        claim.set(number << 32 | count);
        wakeHelpers((count - 1) / grainSize);
        work(0, number << 32);
        awaitHelpers();
        task = null;
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw Workers.<RuntimeException>asIs(thrown);
        }
    }

    private void wakeHelpers(int useful) {
        Worker[] workers = started;
        for (int index = 1; index < threads && index <= useful; index++) {
            if (workers[index].parked) {
                LockSupport.unpark(workers[index].thread);
            }
        }
    }

    /** Claims and does ranges of the loop whose number stands in the high half of {@code loop} until none is left. */
    private void work(int worker, long loop) {
        for (;;) {
            long seen = claim.get();
            int left = (int) seen;
            if (seen >>> 32 != loop >>> 32 || left == 0) {
                return;
            }
            // read before the claim succeeds: while an item is unclaimed, no other loop can take the fields
            RangeTask body = task;
            int from = items - left;
            int count = Math.min(grain, left);
            if (claim.compareAndSet(seen, seen - count)) {
                int to = from + count;
                runRange(body, worker, from, to);
                if (unfinished.addAndGet(from - to) == 0 && leaderParked) {
                    LockSupport.unpark(started[0].thread);
                }
            }
        }
    }

    private void runRange(RangeTask body, int worker, int from, int to) {
        if (failure == null) {
            try {
                endIfGivenUp();
                body.run(worker, from, to);
            } catch (Throwable thrown) {
                failure = thrown;
            }
        }
    }

    /** Ends the loop, by what it throws, if nobody waits for it any more; for use within ranges that take long. */
    void endIfGivenUp() {
        if (patience.isExhausted()) {
            throw GIVEN_UP;
        }
    }

    private void awaitHelpers() {
        long deadline = 0;
        for (int spins = 1; unfinished.get() != 0; spins++) {
            Thread.onSpinWait();
            if (spins % SPINS_PER_LOOK == 0) {
                long now = System.nanoTime();
                deadline = deadline == 0 ? now + spinNanos : deadline;
                if (now - deadline > 0) {
                    leaderParked = true;
                    while (unfinished.get() != 0) {
                        LockSupport.park(this);
                    }
                    leaderParked = false;
                } else {
                    Thread.yield();
                }
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T asIs(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /**
     * Lets the passes that were handed in end, then ends all threads and waits for them. Closing again does nothing.
     *
     * @throws IllegalStateException if called from within a pass
     */
    @Override
    public void close() {
        Worker[] workers;
        turn.lock();
        try {
            if (isWorker()) {
                throw new IllegalStateException(name + ": the workers cannot be closed from within a pass");
            }
            closed = true;
            workers = started;
        } finally {
            turn.unlock();
        }
        if (workers != null) {
            LockSupport.unpark(workers[0].thread);
            join(workers);
        }
    }

    private static void join(Worker[] workers) {
        boolean interrupted = false;
        for (Worker worker : workers) {
            for (;;) {
                try {
                    worker.thread.join();
                    break;
                } catch (InterruptedException interrupt) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** How long a caller is willing to wait for its turn on the workers. */
    public interface Patience {
        /** Waits as long as it takes. */
        Patience ENDLESS = new Patience() {
            @Override
            public boolean isExhausted() {
                return false;
            }

            @Override
            public long nanosLeft() {
                return Long.MAX_VALUE;
            }

            @Override
            public void noteInterrupt() {
                // the thread's own flag, set again at the end, says enough
            }
        };

        /**
         * Whether to give up now.
         *
         * @return true from some time on
         */
        boolean isExhausted();

        /**
         * When to ask again at the latest.
         *
         * @return nanoseconds, or {@link Long#MAX_VALUE}
         */
        long nanosLeft();

        /**
         * Called on the waiting thread when it was interrupted; its flag is cleared while it waits.
         */
        void noteInterrupt();
    }

    /** Without a stack trace, as one instance serves all. */
    private static final class GivenUp extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUp() {
            super("given up", null, false, false);
        }
    }

    /** A pass and the caller who waits for it. */
    private static final class Submission {
        private final Patience patience;
        private final Thread caller = Thread.currentThread();
        private Pass pass;
        private Throwable thrown;
        private volatile boolean done;

        Submission(Pass pass, Patience patience) {
            this.pass = pass;
            this.patience = patience;
        }

        void execute() {
            try {
                pass.run();
            } catch (Throwable failed) {
                thrown = failed;
            }
            // an idle leader still knows its last submission, which must not keep the caller's memory
            pass = null;
            done = true;
            LockSupport.unpark(caller);
        }

        /** Waits for the end; false if the pass was given up. */
        boolean await(Workers workers) {
            boolean interrupted = false;
            boolean withdrawn = false;
            while (!done && !withdrawn) {
                if (!patience.isExhausted()) {
                    park(patience.nanosLeft());
                } else if (workers.withdraw(this)) {
                    withdrawn = true;
                } else {
                    LockSupport.park(this);
                }
                if (Thread.interrupted()) {
                    interrupted = true;
                    patience.noteInterrupt();
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (thrown != null && thrown != GIVEN_UP) {
                throw Workers.<RuntimeException>asIs(thrown);
            }
            return !withdrawn && thrown == null;
        }

        private void park(long nanos) {
            if (nanos == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, Math.max(1, nanos));
            }
        }
    }

    /** One thread: number 0 leads the passes, the others help with its loops. */
    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private volatile boolean parked;

        Worker(int index) {
            this.index = index;
            this.thread = factory.newThread(this);
            this.thread.setName(name + "-" + index);
            this.thread.setContextClassLoader(null);
        }

        @Override
        public void run() {
            if (index == 0) {
                lead();
            } else {
                help();
            }
        }

        private void lead() {
            for (Submission next = next(); next != null; next = next()) {
                patience = next.patience;
                next.execute();
                patience = Patience.ENDLESS;
            }
            stopped = true;
            for (Worker worker : started) {
                LockSupport.unpark(worker.thread);
            }
        }

        /** The next pass, or null once the workers are closed and all passes are done. */
        private Submission next() {
            for (;;) {
                turn.lock();
                try {
                    Submission first = queue.poll();
                    if (first != null) {
                        queued.decrementAndGet();
                        return first;
                    }
                    if (closed) {
                        return null;
                    }
                } finally {
                    turn.unlock();
                }
                parkUntilWork(0);
            }
        }

        private void help() {
            long loop = 0;
            while (!stopped) {
                long seen = claim.get();
                if (seen >>> 32 != loop >>> 32) {
                    loop = seen;
                    work(index, loop);
                }
                idle(loop);
            }
        }

        private boolean hasWork(long loop) {
            return index == 0 ? queued.get() != 0 || closed : claim.get() >>> 32 != loop >>> 32 || stopped;
        }

        /** Returns once there may be work for a helper: spins, then parks. */
        private void idle(long loop) {
            long deadline = 0;
            for (int spins = 1; !hasWork(loop); spins++) {
                Thread.onSpinWait();
                if (spins % SPINS_PER_LOOK == 0) {
                    long now = System.nanoTime();
                    deadline = deadline == 0 ? now + spinNanos : deadline;
                    if (now - deadline > 0) {
                        parkUntilWork(loop);
                        return;
                    }
                    Thread.yield();
                }
            }
        }

        private void parkUntilWork(long loop) {
            parked = true;
            while (!hasWork(loop)) {
                LockSupport.park(Workers.this);
                Thread.interrupted();
            }
            parked = false;
        }
    }

    /** One turn on the workers: what a caller wants computed without anything else in between. */
    @FunctionalInterface
    public interface Pass {
        /**
         * Computes; runs on a worker, which may split loops with {@link Workers#forEach}.
         */
        void run();
    }
}
