/**
 * The families of models (internal): for each one file with a table of tensor names and a reading of its configuration.
 *
 * <p>A new family is a new {@link jot.model.family.Family} in {@link jot.model.family.Families}. It says what its configuration means
 * as an {@link jot.model.Architecture} and which names its tensors have as a {@link jot.model.family.TensorTable}; loading and the
 * forward pass need no change unless it brings a new mechanism.
 */
package jot.model.family;
