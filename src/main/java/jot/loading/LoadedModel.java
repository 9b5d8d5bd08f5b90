package jot.loading;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
 * @param adapters what was merged into the weights
 */
public record LoadedModel(Transformer transformer, Optional<Tokenizer> tokenizer, JsonObject config,
        Optional<JsonObject> generationConfig, ModelDescription description, ParallelKernels kernels, Workers workers,
        KernelSelection selection, Checkpoint checkpoint, Arena memory, List<MergedAdapter> adapters)
        implements AutoCloseable {

    /** Keeps its own copy of the list. */
    public LoadedModel {
        adapters = List.copyOf(adapters);
    }

    /**
     * An adapter that was merged.
     *
     * @param checkpoint holds its tensors, some of which the model may use where they are
     * @param configuration its configuration, as text
     * @param strength how far the weights went towards it
     */
    public record MergedAdapter(Checkpoint checkpoint, String configuration, double strength) {
    }

    /** Names the kernels. */
    public String backend() {
        return selection.description();
    }

    /** Files that the weights are mapped from. */
    public List<Path> files() {
        return Stream.concat(Stream.of(checkpoint), adapters.stream().map(MergedAdapter::checkpoint))
                .flatMap(each -> each.files().stream()).toList();
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
        adapters.forEach(adapter -> adapter.checkpoint().close());
        memory.close();
    }
}
