package jot.loading;

import java.util.Optional;
import java.util.OptionalInt;

import jot.tensor.Backend;
import jot.tensor.WeightFormat;

/**
 * How a model is to be loaded.
 *
 * @param threads worker threads
 * @param context a bound on the context below the model's own, or empty
 * @param backend which kernels
 * @param mapped whether weights are used where the file is mapped, or else copied into memory
 * @param progress hears how far the load has come
 * @param weights the format in which matrices are held, or empty for that of the file
 */
public record LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress,
        Optional<WeightFormat> weights) {

    /** Settings that hold matrices as the file does. */
    public LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress) {
        this(threads, context, backend, mapped, progress, Optional.empty());
    }
}
