/**
 * The tensor core (internal): weights in their formats, activations, the kernels that multiply them, and the threads that run the kernels.
 *
 * <p>Data flows as follows: a {@link jot.tensor.Matrix} holds weights, {@link jot.tensor.Activations} hold the rows of one pass,
 * {@link jot.tensor.ParallelKernels} splits each operation into ranges, {@link jot.tensor.Workers} hands the ranges to threads, and the
 * {@link jot.tensor.Kernels} that {@link jot.tensor.KernelSelection} chose compute them. Nothing here knows files or model families.
 */
package jot.tensor;
