/**
 * Measurements of speed and memory (internal): what {@code jot bench} measures, apart from how it is called and what it prints.
 *
 * <p>{@link jot.cli.bench.Benchmark} measures a model, {@link jot.cli.bench.MachineLimits} the machine that it runs on.
 */
package jot.cli.bench;
