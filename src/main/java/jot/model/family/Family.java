package jot.model.family;

import java.util.List;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;

/**
 * A family of models: how its configuration becomes an architecture, and what its tensors are called.
 *
 * <p>Implementations are stateless and thread-safe.
 */
public interface Family {

    /** The values of {@code model_type} that it reads. */
    List<String> modelTypes();

    /**
     * Reads a configuration.
     *
     * @throws CheckpointFormatException if a value is missing, absurd, or something that Jot does not do
     */
    Architecture architecture(Config config) throws CheckpointFormatException;

    /**
     * Reads a configuration beside the tensors it belongs to, for the few families whose published configurations leave something
     * open that only the tensors tell.
     *
     * @param checkpoint the tensors; their shapes are looked at, never their values
     * @throws CheckpointFormatException if a value is missing, absurd, or something that Jot does not do
     */
    default Architecture architecture(Config config, Checkpoint checkpoint) throws CheckpointFormatException {
        return architecture(config);
    }

    /** Whether it reads weights quantised by a method, named as {@code quant_method} names it. */
    default boolean readsQuantization(String method) {
        return false;
    }

    /** The tensors of a model with this configuration. */
    TensorTable tensors(Config config) throws CheckpointFormatException;
}
