package jot.tensor;

/** Which kernels a model is to use. */
public enum Backend {
    /** The fastest that run well on this JVM. */
    AUTO,
    /** Plain Java. */
    SCALAR,
    /** The Vector API, or an error that says what is missing. */
    VECTOR
}
