package jot;

/** Checks arguments of public methods. */
final class Arguments {
    private Arguments() {
    }

    /**
     * An argument that must not be null.
     *
     * @throws IllegalArgumentException with the parameter's name if it is
     */
    static <T> T present(T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + ": expected a value, found null");
        }
        return value;
    }
}
