package jot;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import jot.loading.ModelDescription;
import jot.model.Architecture;
import jot.model.CacheLayout;

/**
 * What the headers of a model's files tell.
 *
 * <p>Immutable and thread-safe.
 */
public final class ModelInfo {

    private final ModelDescription description;

    ModelInfo(ModelDescription description) {
        this.description = description;
    }

    /**
     * The family, as the model's configuration names it.
     *
     * @return such as {@code gpt2}
     */
    public String family() {
        return description.family();
    }

    /**
     * Whether Jot can run the model, as far as can be seen without its weights.
     *
     * @return false where {@link #refusal()} says why
     */
    public boolean runs() {
        return description.refusal().isEmpty();
    }

    /**
     * Why Jot cannot run the model.
     *
     * @return the reason, if it cannot
     */
    public Optional<String> refusal() {
        return description.refusal();
    }

    /**
     * The number of parameters; what several parts share counts once.
     *
     * @return elements of all weights
     */
    public long parameters() {
        return description.parameters();
    }

    /**
     * The data types of the weights in the files, the most frequent first.
     *
     * @return such as {@code F16}
     */
    public List<String> formats() {
        return description.formats();
    }

    /**
     * Bytes of the weights.
     *
     * @return bytes in the files, which is what they take mapped
     */
    public long weightBytes() {
        return description.weightBytes();
    }

    /**
     * Bytes of the weights in memory, for each format that they can be held in.
     *
     * @return bytes by the name of the format, {@code F32}, {@code F16}, {@code BF16}, {@code Q8} and {@code Q4} in this order; empty if
     *     Jot cannot run the model
     */
    public Map<String, Long> weightBytesByFormat() {
        return description.heldBytes();
    }

    /**
     * Bytes that the key/value cache takes for each token of a context.
     *
     * @return 0 if Jot cannot run the model
     */
    public long cacheBytesPerToken() {
        return description.architecture().map(architecture -> new CacheLayout(architecture).bytesPerPosition()).orElse(0L);
    }

    /**
     * Bytes for the weights and one full context.
     *
     * @return the weights alone where the context has no limit
     */
    public long bytesNeeded() {
        return weightBytes() + context().orElse(0) * cacheBytesPerToken();
    }

    /**
     * The number of blocks.
     *
     * @return 0 if Jot cannot run the model
     */
    public int layers() {
        return description.architecture().map(architecture -> architecture.blocks().size()).orElse(0);
    }

    /**
     * Channels of the residual stream.
     *
     * @return 0 if Jot cannot run the model
     */
    public int width() {
        return description.architecture().map(Architecture::width).orElse(0);
    }

    /**
     * Query heads of the first block.
     *
     * @return 0 if Jot cannot run the model
     */
    public int heads() {
        return description.architecture().map(architecture -> architecture.blocks().getFirst().attention().heads()).orElse(0);
    }

    /**
     * Rows of the token embedding.
     *
     * @return 0 if Jot cannot run the model
     */
    public int vocabulary() {
        return description.architecture().map(Architecture::vocabulary).orElse(0);
    }

    /**
     * The greatest number of tokens, prompt and generated.
     *
     * @return empty where the model sets no limit, or Jot cannot run it
     */
    public OptionalInt context() {
        return description.architecture().map(Architecture::context).orElse(OptionalInt.empty());
    }

    /**
     * What reads the model's last states.
     *
     * @return such as {@code language model} or {@code sequence classification}; empty if Jot cannot run the model
     */
    public Optional<String> head() {
        return description.architecture().map(architecture -> architecture.head().describe());
    }

    /**
     * The names of the labels of a classifier, in the order of their ids.
     *
     * @return empty where there are none, or Jot cannot run the model
     */
    public List<String> labels() {
        return description.architecture().map(architecture -> architecture.head().labelNames()).orElse(List.of());
    }

    /**
     * Whether the folder has tokenizer files.
     *
     * @return false if only token ids go in and come out
     */
    public boolean hasTokenizer() {
        return description.tokenizer();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModelInfo that && description.equals(that.description);
    }

    @Override
    public int hashCode() {
        return description.hashCode();
    }

    @Override
    public String toString() {
        return family() + " of " + String.format(java.util.Locale.ROOT, "%,d", parameters()) + " parameters in "
                + String.join(", ", formats()) + (runs() ? "" : ", not supported");
    }
}
