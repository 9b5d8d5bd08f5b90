/**
 * GPT inference in pure Java: load published weights, generate text.
 */
module jot {
    requires jdk.incubator.vector;

    exports jot.sampling;

    exports jot.checkpoint;
    exports jot.tokenizer;

}
