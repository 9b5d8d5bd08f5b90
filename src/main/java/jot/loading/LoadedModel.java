package jot.loading;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

import jot.checkpoint.Checkpoint;
import jot.json.JsonObject;
import jot.model.Transformer;
import jot.tensor.KernelSelection;
import jot.tensor.ParallelKernels;
import jot.tensor.Workers;
import jot.tokenizer.Tokenizer;

/**
 * A loaded model with all that it needs to run.
 *
 * @param transformer the model
 * @param tokenizer its tokenizer, if the folder has one
 * @param config the values of its {@code config.json}
 * @param generationConfig the values of its {@code generation_config.json}, if the folder has one
 * @param description what its headers tell
 * @param kernels the kernels that it runs on
 * @param workers the threads that it runs on
 * @param selection which kernels these are, and why
 * @param checkpoint holds mapped weights
 * @param memory holds converted weights
 */
public record LoadedModel(Transformer transformer, Optional<Tokenizer> tokenizer, JsonObject config,
        Optional<JsonObject> generationConfig, ModelDescription description, ParallelKernels kernels, Workers workers,
                KernelSelection selection,
        Checkpoint checkpoint, Arena memory)
        implements AutoCloseable {

    /** Names the kernels. */
    public String backend() {
        return selection.description();
    }

    /** Files that the weights are mapped from. */
    public List<Path> files() {
        return checkpoint.files();
    }

    /** Where {@link #generationConfig()} stands, or would stand. */
    public Path generationConfigFile() {
        return ModelFolder.generationConfigBeside(files().getFirst());
    }

    /** Stops the workers and frees the weights; nothing may run any more. */
    @Override
    public void close() {
        selection.close();
        workers.close();
        checkpoint.close();
        memory.close();
    }
}
