/**
 * What a family of models is (internal): a table of tensor names and a reading of its configuration.
 *
 * <p>A new family is one file, a {@link jot.model.family.Family} in one of the packages below this one, and one line in the list of
 * {@code jot.loading.Families}. It says what its configuration means as an {@link jot.model.Architecture} and which names its tensors
 * have as a {@link jot.model.family.TensorTable}; loading and the forward pass need no change unless it brings a new mechanism.
 * {@code docs/families.md} has a worked example.
 */
package jot.model.family;
