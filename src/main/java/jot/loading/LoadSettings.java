package jot.loading;

import java.util.OptionalInt;

import jot.tensor.Backend;

/**
 * How a model is to be loaded.
 *
 * @param threads worker threads
 * @param context a bound on the context below the model's own, or empty
 * @param backend which kernels
 * @param mapped whether weights are used where the file is mapped, or else copied into memory
 * @param progress hears how far the load has come
 */
public record LoadSettings(int threads, OptionalInt context, Backend backend, boolean mapped, LoadProgress progress) {
}
