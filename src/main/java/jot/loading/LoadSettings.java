package jot.loading;

import java.nio.file.Path;
import java.util.List;
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
 * @param adapters what to merge into the weights, in this order
 */
public record LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress,
        Optional<WeightFormat> weights, List<AdapterChoice> adapters) {

    /** Keeps its own copy of the list. */
    public LoadSettings {
        adapters = List.copyOf(adapters);
    }

    /** Settings without adapters that hold matrices as the file does. */
    public LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress) {
        this(threads, context, backend, mapped, progress, Optional.empty(), List.of());
    }

    /** Settings without adapters. */
    public LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress,
            Optional<WeightFormat> weights) {
        this(threads, context, backend, mapped, progress, weights, List.of());
    }

    /**
     * An adapter to merge.
     *
     * @param folder where it is
     * @param strength how far to go from the model's own weights to the adapter's, 1 for all the way
     */
    public record AdapterChoice(Path folder, double strength) {
    }
}
