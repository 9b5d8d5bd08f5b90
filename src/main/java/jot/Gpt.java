package jot;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import jot.generation.DecodeLoop;
import jot.generation.GenerationDefaults;
import jot.generation.GenerationSettings;
import jot.generation.Inference;
import jot.generation.Logits;
import jot.generation.Sequence;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelInspector;
import jot.loading.ModelLoader;
import jot.tokenizer.Tokenizer;

/**
 * A GPT model, ready to generate text.
 *
 * <p>Thread-safe: any number of threads, virtual ones included, may call one model at once, each with its own options and result; their
 * forward passes take turns. Its weights never change. The same model, options and seed give the same tokens, for any number of threads,
 * whatever else runs, from the first call on.
 *
 * <pre>{@code
 * try (Gpt gpt = Gpt.load(Path.of("weights/tales"))) {
 *     System.out.println(gpt.generate("Once upon a time"));
 * }
 * }</pre>
 */
public final class Gpt implements AutoCloseable {

    private final LoadedModel model;
    private final Inference inference;
    private final GenerationDefaults defaults;

    private Gpt(LoadedModel model, GenerationDefaults defaults) {
        this.model = model;
        this.inference = new Inference(model.transformer(), model.kernels(), model.workers());
        this.defaults = defaults;
    }

    /**
     * Loads a model with default options.
     *
     * @param path a model folder as published on a model hub, or one file of weights within it
     * @return the model, to be closed by the caller
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged, or says something that Jot does not do
     * @throws IOException if a file cannot be read
     */
    public static Gpt load(Path path) throws IOException {
        return load(path, LoadOptions.defaults());
    }

    /**
     * Loads a model.
     *
     * @param path a model folder as published on a model hub, or one file of weights within it
     * @param options how
     * @return the model, to be closed by the caller
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged, or says something that Jot does not do
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if an option asks for more than the model has
     * @throws IllegalStateException if vector kernels are asked for and cannot run
     */
    public static Gpt load(Path path, LoadOptions options) throws IOException {
        LoadedModel model = ModelLoader.load(Objects.requireNonNull(path, "path"), settings(options));
        try {
            return new Gpt(model, GenerationDefaults.read(model.generationConfig(), model.config(), path));
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static LoadSettings settings(LoadOptions options) {
        int threads = options.threads().orElseGet(() -> Runtime.getRuntime().availableProcessors());
        jot.tensor.Backend backend = switch (options.backend()) {
            case AUTO -> jot.tensor.Backend.AUTO;
            case SCALAR -> jot.tensor.Backend.SCALAR;
            case VECTOR -> jot.tensor.Backend.VECTOR;
        };
        return new LoadSettings(threads, options.context(), backend, options.mapping(),
                (done, all) -> options.progress().ifPresent(listener -> listener.accept((double) done / all)));
    }

    /**
     * Describes a model from the headers of its files, without loading it.
     *
     * @param path a model folder, or one file of weights within it
     * @return what the headers tell; also of a model that Jot cannot run
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged
     * @throws IOException if a file cannot be read
     */
    public static ModelInfo inspect(Path path) throws IOException {
        return new ModelInfo(ModelInspector.inspect(Objects.requireNonNull(path, "path")));
    }

    /**
     * Continues a text with the model's own settings.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context
     * @throws IllegalStateException if the model is closed or has no tokenizer
     */
    public Generation generate(String prompt) {
        return generate(prompt, GenerationOptions.defaults());
    }

    /**
     * Continues a text.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; what they leave open the model's {@code generation_config.json} decides
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context
     * @throws IllegalStateException if the model is closed or has no tokenizer
     */
    public Generation generate(String prompt, GenerationOptions options) {
        return generate(prompt, options, piece -> { });
    }

    /**
     * Continues a text and hands it over as it grows.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; what they leave open the model's {@code generation_config.json} decides
     * @param listener receives pieces of whole characters on the calling thread, in order; together they are the text
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context
     * @throws IllegalStateException if the model is closed or has no tokenizer
     */
    public Generation generate(String prompt, GenerationOptions options, Consumer<String> listener) {
        return generate(encodePrompt(prompt), options, listener);
    }

    /**
     * Continues a sequence of tokens; needs no tokenizer.
     *
     * @param prompt token ids, at least one
     * @param options how
     * @return what the model wrote; without a tokenizer its tokens alone
     * @throws IllegalArgumentException if the prompt is empty, has a token outside the vocabulary, or is longer than the context
     * @throws IllegalStateException if the model is closed
     */
    public Generation generate(int[] prompt, GenerationOptions options) {
        return generate(prompt, options, piece -> { });
    }

    private Generation generate(int[] prompt, GenerationOptions options, Consumer<String> listener) {
        Objects.requireNonNull(listener, "listener");
        long start = System.nanoTime();
        try (Inference.Use _ = inference.use()) {
            DecodeLoop loop = loop(prompt, options);
            boolean more = true;
            while (more) {
                more = loop.advance();
                if (!loop.piece().isEmpty()) {
                    listener.accept(loop.piece());
                }
            }
            return result(loop, start);
        }
    }

    private DecodeLoop loop(int[] prompt, GenerationOptions options) {
        GenerationSettings settings = options.resolve(defaults, info().vocabulary(), prompt.length);
        return new DecodeLoop(inference, new Sequence(inference), prompt, settings, model.tokenizer());
    }

    private Generation result(DecodeLoop loop, long start) {
        Timings timings = new Timings(Duration.ofNanos(loop.promptNanos()), Duration.ofNanos(loop.decodeNanos()),
                Duration.ofNanos(System.nanoTime() - start), loop.promptLength(), loop.tokens().length);
        return Generation.of(loop, model.tokenizer().isPresent(), timings);
    }

    /**
     * The logits after each token of a sequence: how likely the model finds each token of the vocabulary to follow.
     *
     * @param tokens token ids, at least one
     * @return {@code [tokens][vocabulary]}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws IllegalStateException if the model is closed
     */
    public float[][] logits(int... tokens) {
        try (Inference.Use _ = inference.use()) {
            return Logits.of(inference, tokens);
        }
    }

    /**
     * The model's tokenizer.
     *
     * @return the tokenizer, usable on its own
     * @throws IllegalStateException if the model's folder has no tokenizer files
     */
    public Tokenizer tokenizer() {
        return model.tokenizer().orElseThrow(() -> new IllegalStateException("the model's folder has no tokenizer files: expected "
                + "tokenizer.json, vocab.json with merges.txt, or tokenizer.model"));
    }

    private int[] encodePrompt(String prompt) {
        return tokenizer().encodePrompt(Objects.requireNonNull(prompt, "prompt"));
    }

    /**
     * What the headers of the model's files tell.
     *
     * @return a description
     */
    public ModelInfo info() {
        return new ModelInfo(model.description());
    }

    /**
     * The kernels in use.
     *
     * @return such as {@code vector 512-bit, 2 threads}
     */
    public String backend() {
        int threads = model.workers().threads();
        return model.backend() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /**
     * Ends running generations, waits for them, and frees the weights.
     *
     * <p>They return the text they have with {@link StopReason#CANCELLED}. A second call does nothing.
     *
     * @throws IllegalStateException if called from within a listener of this model
     */
    @Override
    public void close() {
        if (inference.close()) {
            model.close();
        }
    }
}
