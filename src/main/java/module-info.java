/**
 * GPT inference in pure Java: load published weights, generate text.
 *
 * <p>{@code jot.Gpt} is where to begin. The other exported packages are of use without a model, too: {@code jot.tokenizer} turns text
 * into token ids and back, {@code jot.checkpoint} reads named tensors, {@code jot.sampling} chooses tokens. What is not exported is
 * internal and may change with every release.
 */
module jot {
    requires jdk.incubator.vector;

    exports jot;
    exports jot.checkpoint;
    exports jot.sampling;
    exports jot.tokenizer;
}
