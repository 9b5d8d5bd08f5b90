/**
 * Llama and the families that follow its shape (internal): RMS norms, rotary positions, a feed-forward with a gate, mixtures of experts.
 *
 * <p>One file a family, each a table and a reading of its configuration; {@link jot.model.family.llama.LlamaReading} holds what nearly
 * all of them share.
 */
package jot.model.family.llama;
