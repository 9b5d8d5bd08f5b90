package jot.generation;

/**
 * Why a generation ended; the façade's {@code StopReason} has the same names and explains them.
 */
public enum StopCause {
    /** An end token was chosen. */
    END_OF_TEXT,
    /** A stop string came up. */
    STOP_STRING,
    /** The greatest number of tokens is reached. */
    MAX_TOKENS,
    /** No place is left in the context. */
    CONTEXT_FULL,
    /** Cancelled, interrupted or closed. */
    CANCELLED,
    /** The deadline passed. */
    DEADLINE
}
