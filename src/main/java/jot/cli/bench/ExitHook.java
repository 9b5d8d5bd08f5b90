package jot.cli.bench;

/** Something to be done if the JVM is told to end before this is closed. */
public final class ExitHook implements AutoCloseable {

    private final Thread thread;

    private ExitHook(Thread thread) {
        this.thread = thread;
    }

    /**
     * Has something done at the JVM's end.
     *
     * @param task what, in a thread of its own, while others may still run
     * @return a hook that is to be closed once that is no longer wanted
     * @throws IllegalStateException if the JVM is ending already
     */
    public static ExitHook of(Runnable task) {
        Thread thread = new Thread(task, "jot-exit");
        Runtime.getRuntime().addShutdownHook(thread);
        return new ExitHook(thread);
    }

    /** Takes it back; if the JVM is ending already, it is done all the same. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(thread);
        } catch (IllegalStateException ending) {
            return;
        }
    }
}
