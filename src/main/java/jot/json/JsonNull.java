package jot.json;

/**
 * The JSON value {@code null}.
 */
public enum JsonNull implements Json {

    /** The one value. */
    NULL;

    @Override
    public String describe() {
        return "null";
    }
}
