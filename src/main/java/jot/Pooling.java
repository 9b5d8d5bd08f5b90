package jot;

/** How the states of a text's tokens become one. */
public enum Pooling {
    /** Their mean. */
    MEAN,
    /** The one of the last token, which has seen all others. */
    LAST
}
