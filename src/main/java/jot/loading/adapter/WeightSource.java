package jot.loading.adapter;

import java.nio.file.Path;
import java.util.Set;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;

/**
 * The named tensors of which a model is built: those of its files, or what adapters make of them.
 *
 * <p>Whoever reads weights asks here, so that nobody else knows of adapters. Not thread-safe.
 */
public interface WeightSource {

    /** The tensors of a checkpoint as they are. */
    static WeightSource of(Checkpoint checkpoint) {
        return new Stored(checkpoint);
    }

    /** The names of all tensors. */
    Set<String> names();

    /** The tensor of one of the names. */
    Tensor tensor(String name);

    /** The shape of a tensor, without computing it. */
    long[] shape(String name);

    /** The type of a tensor's elements, without computing it. */
    DataType dataType(String name);

    /** The file that one of the names is in. */
    Path file(String name);

    /** The file to name where a tensor is missing. */
    Path file();

    /** Names that adapters brought, beyond what the model's own files have: such as a bias for a matrix that had none. */
    default Set<String> added() {
        return Set.of();
    }

    /** A checkpoint. */
    record Stored(Checkpoint checkpoint) implements WeightSource {

        @Override
        public Set<String> names() {
            return checkpoint.names();
        }

        @Override
        public Tensor tensor(String name) {
            return checkpoint.tensor(name);
        }

        @Override
        public long[] shape(String name) {
            return checkpoint.shape(name);
        }

        @Override
        public DataType dataType(String name) {
            return checkpoint.tensor(name).dataType();
        }

        @Override
        public Path file(String name) {
            return checkpoint.tensor(name).file();
        }

        @Override
        public Path file() {
            return checkpoint.files().getFirst();
        }
    }
}
