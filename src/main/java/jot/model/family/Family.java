package jot.model.family;

import java.util.List;

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

    /** The tensors of a model with this configuration. */
    TensorTable tensors(Config config) throws CheckpointFormatException;
}
