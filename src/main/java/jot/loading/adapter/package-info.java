/**
 * The tensors of a model by name, and what LoRA adapters make of them (internal).
 *
 * <p>{@link jot.loading.adapter.WeightSource} is what weights are read from. {@link jot.loading.adapter.Adapter} reads an adapter's folder,
 * {@link jot.loading.adapter.AdaptedModel} makes of a source and an adapter another source.
 */
package jot.loading.adapter;
