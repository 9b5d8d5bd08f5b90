package jot.cli.bench;

/**
 * Watches how much memory that belongs to no file this process has resident at most: mapped weights do not count, copies of them, caches
 * and the Java heap do.
 *
 * <p>It looks every few milliseconds, so it may miss what comes and goes faster.
 */
public final class ResidentMemory implements AutoCloseable {

    private static final long PERIOD_MILLIS = 5;

    private final Thread thread;
    private volatile long peak;
    private volatile boolean closed;

    /** Begins to watch. */
    public ResidentMemory() {
        look();
        thread = Thread.ofPlatform().daemon().name("jot-memory").start(() -> {
            while (!closed) {
                look();
                try {
                    Thread.sleep(PERIOD_MILLIS);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    private void look() {
        peak = Math.max(peak, Machine.anonymousBytes().orElse(0));
    }

    /** The most until now, in bytes; 0 where the system does not tell. */
    public long peakBytes() {
        return peak;
    }

    /** Ends watching. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
