/**
 * A folder becomes a model (internal).
 *
 * <p>{@link jot.loading.ModelLoader} reads the configuration, asks the family for the blueprint and the names of the tensors, and lets
 * {@link jot.loading.TransformerBuilder} take them from the checkpoint. Layouts are made uniform here, once.
 */
package jot.loading;
