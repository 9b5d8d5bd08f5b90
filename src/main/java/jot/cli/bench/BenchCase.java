package jot.cli.bench;

/**
 * One thing to measure.
 *
 * @param shape what the model is called
 * @param weights format of the weights in memory, as the command line has it, such as {@code q8}
 * @param threads threads that compute
 * @param promptTokens tokens of a prompt that goes into an empty cache; 0 leaves that out
 * @param generatedTokens tokens decoded one by one; 0 leaves that out
 * @param batch sequences that are decoded at once, each of them so many tokens
 * @param position tokens that are in the cache before
 * @param repetitions how often each is measured
 * @param warmUpSeconds how long it runs before at least; longer, until it no longer becomes faster
 */
public record BenchCase(String shape, String weights, int threads, int promptTokens, int generatedTokens, int batch, int position,
        int repetitions, double warmUpSeconds) {

    /** The same with other names of model and format. */
    public BenchCase named(String otherShape, String otherWeights) {
        return new BenchCase(otherShape, otherWeights, threads, promptTokens, generatedTokens, batch, position, repetitions, warmUpSeconds);
    }
}
