package jot;

import jot.generation.StopCause;

/**
 * Why a generation ended.
 */
public enum StopReason {
    /** The model chose an end token. */
    END_OF_TEXT,
    /** The text reached a stop string of the options. */
    STOP_STRING,
    /** As many tokens were generated as the options, or the model's {@code generation_config.json}, allow. */
    MAX_TOKENS,
    /** The context has no place for another token. */
    CONTEXT_FULL,
    /** It was cancelled, its thread was interrupted, or the model was closed. */
    CANCELLED,
    /** The deadline of the options passed. */
    DEADLINE;

    static StopReason of(StopCause cause) {
        return switch (cause) {
            case END_OF_TEXT -> END_OF_TEXT;
            case STOP_STRING -> STOP_STRING;
            case MAX_TOKENS -> MAX_TOKENS;
            case CONTEXT_FULL -> CONTEXT_FULL;
            case CANCELLED -> CANCELLED;
            case DEADLINE -> DEADLINE;
        };
    }
}
