/**
 * Named tensors from the files in which models are published.
 *
 * <p>{@link jot.checkpoint.Checkpoint#open(java.nio.file.Path)} is the one way in, for a file, an index of shards or a folder.
 */
package jot.checkpoint;
