package jot;

/**
 * Says that a model has no place for another call, under bounds that refuse instead of letting it wait.
 *
 * @see LoadOptions#withWhenBusy
 */
public final class BusyException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    BusyException(String message, Throwable cause) {
        super(message, cause);
    }
}
