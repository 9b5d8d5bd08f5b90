package jot;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.DoubleConsumer;

/**
 * How a model is loaded.
 *
 * <p>Immutable and thread-safe; each {@code withX} returns a copy with one thing changed.
 */
public final class LoadOptions {

    /** Which kernels compute. */
    public enum Backend {
        /** Vector kernels where they run well, else scalar ones, with a logged reason. */
        AUTO,
        /** Plain Java loops. */
        SCALAR,
        /** The Vector API; loading fails, saying what to do, where it cannot run. */
        VECTOR
    }

    private static final LoadOptions DEFAULTS = new LoadOptions(OptionalInt.empty(), OptionalInt.empty(), Backend.AUTO, true, null);

    private static final int MOST_THREADS = 1_024;

    private final OptionalInt threads;
    private final OptionalInt context;
    private final Backend backend;
    private final boolean mapping;
    private final DoubleConsumer progress;

    private LoadOptions(OptionalInt threads, OptionalInt context, Backend backend, boolean mapping, DoubleConsumer progress) {
        this.threads = threads;
        this.context = context;
        this.backend = backend;
        this.mapping = mapping;
        this.progress = progress;
    }

    /**
     * A thread for each processor, the model's own context, mapped weights.
     *
     * @return the defaults
     */
    public static LoadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Sets the number of threads that compute.
     *
     * @param count 1 to 1,024
     * @return a copy with that number
     * @throws IllegalArgumentException if it is out of range
     */
    public LoadOptions withThreads(int count) {
        if (count < 1 || count > MOST_THREADS) {
            throw new IllegalArgumentException("threads: expected 1 to " + MOST_THREADS + ", found " + count);
        }
        return new LoadOptions(OptionalInt.of(count), context, backend, mapping, progress);
    }

    /**
     * Bounds the context, and with it the memory that a key/value cache can take.
     *
     * @param tokens at least 1; loading fails if the model's own context is shorter
     * @return a copy with that bound
     * @throws IllegalArgumentException if it is below 1
     */
    public LoadOptions withContext(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("context: expected at least 1 token, found " + tokens);
        }
        return new LoadOptions(threads, OptionalInt.of(tokens), backend, mapping, progress);
    }

    /**
     * Chooses the kernels.
     *
     * @param kernels which
     * @return a copy with that choice
     */
    public LoadOptions withBackend(Backend kernels) {
        return new LoadOptions(threads, context, Objects.requireNonNull(kernels, "backend"), mapping, progress);
    }

    /**
     * Says whether weights are used where their file is mapped into memory, or copied.
     *
     * <p>A mapped file must not change while the model is open; a copy takes as much memory as the file.
     *
     * @param mapped true for mapped
     * @return a copy with that choice
     */
    public LoadOptions withMapping(boolean mapped) {
        return new LoadOptions(threads, context, backend, mapped, progress);
    }

    /**
     * Lets somebody hear how far the load has come.
     *
     * @param listener receives shares from 0 to 1, on the loading thread
     * @return a copy with that listener
     */
    public LoadOptions withProgress(DoubleConsumer listener) {
        return new LoadOptions(threads, context, backend, mapping, Objects.requireNonNull(listener, "listener"));
    }

    /**
     * The number of threads, if set.
     *
     * @return 1 to 1,024
     */
    public OptionalInt threads() {
        return threads;
    }

    /**
     * The bound on the context, if set.
     *
     * @return a number of tokens
     */
    public OptionalInt context() {
        return context;
    }

    /**
     * The kernels.
     *
     * @return the choice
     */
    public Backend backend() {
        return backend;
    }

    /**
     * Whether weights are used where their file is mapped.
     *
     * @return true unless set otherwise
     */
    public boolean mapping() {
        return mapping;
    }

    Optional<DoubleConsumer> progress() {
        return Optional.ofNullable(progress);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoadOptions that && threads.equals(that.threads) && context.equals(that.context) && backend == that.backend
                && mapping == that.mapping && Objects.equals(progress, that.progress);
    }

    @Override
    public int hashCode() {
        return Objects.hash(threads, context, backend, mapping, progress);
    }

    @Override
    public String toString() {
        return "LoadOptions[threads=" + (threads.isPresent() ? threads.getAsInt() : "all") + ", context="
                + (context.isPresent() ? context.getAsInt() : "own") + ", backend=" + backend + ", mapping=" + mapping + "]";
    }
}
