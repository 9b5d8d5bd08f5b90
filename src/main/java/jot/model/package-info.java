/**
 * The Transformer (internal).
 *
 * <p>Three things are kept apart. The blueprint is {@link jot.model.Architecture} with its plans: numbers and sealed choices. The
 * weights are {@link jot.model.Transformer}, {@link jot.model.Block}, {@link jot.model.Attention}, {@link jot.model.FeedForward}: records
 * that never change. The state is {@link jot.model.KvCache}, one for each sequence, and {@link jot.model.ForwardPass} with its
 * {@link jot.model.Scratch}, one for whoever runs passes.
 *
 * <p>Data flows embedding → blocks → final norm → head, over rows: each row is a token at a position of a sequence.
 */
package jot.model;
