/**
 * Running a model (internal): what a generation needs to know, when it ends, which of several texts are best.
 *
 * <p>Knows none of the option classes of package {@code jot}; the façade translates them into
 * {@link jot.generation.GenerationSettings}.
 */
package jot.generation;
