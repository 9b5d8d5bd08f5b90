package jot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import jot.generation.Admission;
import jot.generation.GenerationDefaults;
import jot.generation.Inference;
import jot.generation.Logits;
import jot.generation.TextReadings;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelFingerprint;
import jot.loading.ModelInspector;
import jot.loading.ModelLoader;
import jot.loading.Processors;
import jot.model.HeadPlan;
import jot.tensor.WeightFormat;
import jot.tokenizer.Tokenizer;

/**
 * A GPT model, ready to generate text.
 *
 * <p>Thread-safe: any number of threads, virtual ones included, may call one model at once, each with its own options and result; their
 * forward passes take turns. Virtual ones park while the model computes, and what they compute themselves leaves a carrier, where there
 * are several, to others. Its weights never change.
 *
 * <p>Repeatable: the same model, prompt, options and seed give the same tokens and the same log-probabilities to the last bit, for any
 * number of threads, whatever else runs, on the first call and on the ten-thousandth. Sums are taken in another order, and logits may
 * differ in their last bits, between machines with vectors of different widths, between vector and scalar kernels, and where a text is
 * read in other pieces: in the parts of a {@link Session}, or behind a beginning that {@link LoadOptions#withPrefixCacheBytes} kept. A
 * token may then differ where two are all but equally good.
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
    private final Calls calls;
    private volatile byte[] fingerprint;

    private Gpt(LoadedModel model, GenerationDefaults defaults, LoadOptions options) {
        this.model = model;
        this.inference = new Inference(model.transformer(), model.kernels(), model.workers(), model.files());
        this.calls = new Calls(inference, defaults, model.tokenizer(), options);
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
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged, says something that Jot does not do, or an adapter belongs to
     *     another model
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if an option asks for more than the model has
     * @throws IllegalStateException if vector kernels are asked for and cannot run
     */
    public static Gpt load(Path path, LoadOptions options) throws IOException {
        LoadedModel model = ModelLoader.load(Arguments.present(path, "path"), settings(Arguments.present(options, "options")));
        try {
            Gpt gpt = new Gpt(model, GenerationDefaults.read(model.generationConfig(), model.config(), model.generationConfigFile()),
                    options);
            if (!options.mapping()) {
                gpt.fingerprint();
            }
            return gpt;
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private static LoadSettings settings(LoadOptions options) {
        int threads = options.threads().orElseGet(Processors::defaultThreads);
        jot.tensor.Backend backend = switch (options.backend()) {
            case AUTO -> jot.tensor.Backend.AUTO;
            case SCALAR -> jot.tensor.Backend.SCALAR;
            case VECTOR -> jot.tensor.Backend.VECTOR;
        };
        return new LoadSettings(threads, options.context(), backend, options.mapping(),
                (done, all) -> options.progress().ifPresent(listener -> listener.accept((double) done / all)), format(options),
                options.adapters().stream().map(adapter -> new LoadSettings.AdapterChoice(adapter.folder(), adapter.scale())).toList());
    }

    private static Optional<WeightFormat> format(LoadOptions options) {
        return switch (options.weights()) {
            case AUTO -> Optional.empty();
            case F32 -> Optional.of(WeightFormat.F32);
            case F16 -> Optional.of(WeightFormat.F16);
            case BF16 -> Optional.of(WeightFormat.BF16);
            case Q8 -> Optional.of(WeightFormat.Q8);
            case Q4 -> Optional.of(WeightFormat.Q4);
        };
    }

    /**
     * Describes a model from the headers of its files, without loading it.
     *
     * <p>Jot can run the model if {@link #load(Path)} would take it: tensors, tokenizer and generation defaults are held against the
     * configuration. Only the weights themselves are not read, so that numbers in them that are infinite or none remain unseen.
     *
     * @param path a model folder, or one file of weights within it
     * @return what the headers tell; also of a model that Jot cannot run
     * @throws jot.checkpoint.CheckpointFormatException if there is no model, or its configuration or the headers of its weights cannot
     *     be made out
     * @throws IOException if a file cannot be read
     */
    public static ModelInfo inspect(Path path) throws IOException {
        return new ModelInfo(ModelInspector.inspect(Arguments.present(path, "path"), GenerationDefaults::read));
    }

    /**
     * Continues a text with the model's own settings.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public Generation generate(String prompt) {
        return generate(prompt, GenerationOptions.defaults());
    }

    /**
     * Continues a text.
     *
     * <p>Options that are not set take the model's values. A prompt that fills the context leaves no place for a token: the text is then
     * empty, and the reason {@link StopReason#CONTEXT_FULL}. Cancellation, deadline, interrupt and close end the text with their reason,
     * between two tokens as well as in the middle of a long prompt, and what there is of it comes back; an interrupt leaves the thread's
     * flag set.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; what they leave open the model's {@code generation_config.json} decides
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public Generation generate(String prompt, GenerationOptions options) {
        return generate(prompt, options, piece -> { });
    }

    /**
     * Continues a text and hands it over as it grows.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; what they leave open the model's {@code generation_config.json} decides
     * @param listener receives pieces of whole characters on the calling thread, in order; together they are the text. What it throws
     *     ends the text and reaches the caller
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public Generation generate(String prompt, GenerationOptions options, Consumer<String> listener) {
        return generate(calls.prompt(prompt), options, listener);
    }

    /**
     * Continues a sequence of tokens; needs no tokenizer.
     *
     * @param prompt token ids, at least one
     * @param options how
     * @return what the model wrote; without a tokenizer its tokens alone
     * @throws IllegalArgumentException if the prompt is empty, has a token outside the vocabulary, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed or has no language-model head, or the options forbid every token
     */
    public Generation generate(int[] prompt, GenerationOptions options) {
        return generate(Calls.Prompt.of(prompt), options, piece -> { });
    }

    private Generation generate(Calls.Prompt prompt, GenerationOptions options, Consumer<String> listener) {
        Arguments.present(listener, "listener");
        return calls.generate(prompt, options, Calls.pieces(listener), listener);
    }

    /**
     * Continues a text and shows each token as it is drawn, with its log-probability and what else might have been drawn.
     *
     * <p>The texts of the tokens together are the text: what was held back, as it might have become a stop string or was half a character,
     * comes with the last token once more where a cancellation, a deadline, an interrupt or a close ends the text.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; beams, which draw no tokens one after the other, show none
     * @param listener receives the tokens on the calling thread, in order; the last one twice where {@link GeneratedToken} says so
     * @return what the model wrote
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public Generation onToken(String prompt, GenerationOptions options, Consumer<GeneratedToken> listener) {
        Arguments.present(listener, "listener");
        return calls.generate(calls.prompt(prompt), options, Calls.tokens(listener), text -> { });
    }

    /**
     * Continues a text, piece by piece as they are asked for.
     *
     * <p>No token is computed that nobody asked for. Between two pieces the stream holds no thread, so it may simply be dropped; closing it
     * cancels the generation, and so does closing the model.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how; what they leave open the model's {@code generation_config.json} decides
     * @return pieces of whole characters, which together are the text; sequential
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public Stream<String> stream(String prompt, GenerationOptions options) {
        return calls.stream(calls.prompt(prompt), options);
    }

    /**
     * Continues a text in several ways; the prompt goes through the model once.
     *
     * @param prompt the text to go on from; special tokens written in it count as such
     * @param options how: {@link GenerationOptions#withCount} samples, the n-th with the seed + n, or the best of
     *         {@link GenerationOptions#withBeams}, best first, all of them where no count is set
     * @return as many results as asked for; fewer beams if the search was cut short or finds no more, but at least one
     * @throws IllegalArgumentException if the prompt is empty, cannot be encoded, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, has no tokenizer or no language-model head, or the options forbid every token
     */
    public List<Generation> generateAll(String prompt, GenerationOptions options) {
        return calls.generateAll(calls.prompt(prompt), options);
    }

    /**
     * Continues a sequence of tokens in several ways; needs no tokenizer.
     *
     * @param prompt token ids, at least one
     * @param options as for {@link #generateAll(String, GenerationOptions)}
     * @return as many results as asked for; fewer beams if the search was cut short or finds no more, but at least one
     * @throws IllegalArgumentException if the prompt is empty, has a token outside the vocabulary, or is longer than the context;
     *     if an option names a token outside the vocabulary, or options contradict each other
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed or has no language-model head, or the options forbid every token
     */
    public List<Generation> generateAll(int[] prompt, GenerationOptions options) {
        return calls.generateAll(Calls.Prompt.of(prompt), options);
    }

    /**
     * A new, empty running context.
     *
     * @return the session, for one thread at a time
     * @throws IllegalStateException if the model is closed
     */
    public Session session() {
        try (Inference.Use _ = inference.use()) {
            return new Session(this, calls, calls.generations().newContext());
        }
    }

    /**
     * A running context that {@link Session#save} wrote.
     *
     * @param file where it was saved
     * @return a session that goes on from there
     * @throws jot.checkpoint.CheckpointFormatException if the file is damaged, of another version, or of another model
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it is longer than the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed, or its files changed while mapped
     */
    public Session session(Path file) throws IOException {
        Arguments.present(file, "file");
        try (Inference.Use _ = inference.use()) {
            return new Session(this, calls, calls.generations().restore(file, fingerprint()));
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    /** Tells this model from others. It is taken once, and at load where files are not mapped, as they may change later. */
    byte[] fingerprint() {
        byte[] known = fingerprint;
        if (known == null) {
            known = inference.reading(() -> ModelFingerprint.of(model));
            fingerprint = known;
        }
        return known;
    }

    /**
     * How likely the model finds a text.
     *
     * @param text the text, encoded as a prompt; longer than the context, it is read by windows
     * @return the log-probabilities of its tokens; a first token without anything before it is not scored
     * @throws IllegalArgumentException if it cannot be encoded or has no token to score
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, is closed, or has no tokenizer
     */
    public Score score(String text) {
        return score(text, ScoreOptions.defaults());
    }

    /**
     * How likely the model finds a text.
     *
     * @param text the text, encoded as a prompt; longer than the context, it is read by windows
     * @param options stride of the windows, alternatives to report, who hears of the progress
     * @return the log-probabilities of its tokens; a first token without anything before it is not scored
     * @throws IllegalArgumentException if it cannot be encoded or has no token to score
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, is closed, or has no tokenizer
     */
    public Score score(String text, ScoreOptions options) {
        return calls.score(calls.encodeLong(Arguments.present(text, "text")), 0, options);
    }

    /**
     * How likely the model finds a sequence of tokens.
     *
     * @param tokens at least two; more than the context holds, they are read by windows with a stride of half the context
     * @return the log-probabilities of all tokens but the first
     * @throws IllegalArgumentException if there are fewer, or one is outside the vocabulary
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, or is closed
     */
    public Score score(int... tokens) {
        return calls.score(Arguments.present(tokens, "tokens"), 0, ScoreOptions.defaults());
    }

    /**
     * How likely the model finds a continuation of a text.
     *
     * @param context the text before it, may be empty
     * @param continuation the text to score
     * @return the log-probabilities of the tokens of the joined text, from the first that reaches beyond the context
     * @throws IllegalArgumentException if the continuation is empty, the texts cannot be encoded, or no token can be scored
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, is closed, or has no tokenizer
     */
    public Score score(String context, String continuation) {
        return calls.score(Arguments.present(context, "context"), Arguments.present(continuation, "continuation"),
                ScoreOptions.defaults());
    }

    /**
     * The likeliest of some continuations of a text, by their log-probabilities.
     *
     * @param context the text before them, computed once
     * @param options the continuations, at least one, none of them empty
     * @return which one
     * @throws IllegalArgumentException if there is none, one is empty, or a text cannot be encoded
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, is closed, or has no tokenizer
     */
    public Choice choose(String context, String... options) {
        return choose(Choice.By.TOTAL, context, options);
    }

    /**
     * The likeliest of some continuations of a text.
     *
     * @param by how continuations of different lengths are compared
     * @param context the text before them, computed once
     * @param options the continuations, at least one, none of them empty
     * @return which one
     * @throws IllegalArgumentException if there is none, one is empty, or a text cannot be encoded
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, is closed, or has no tokenizer
     */
    public Choice choose(Choice.By by, String context, String... options) {
        return calls.choose(Arguments.present(by, "by"), Arguments.present(context, "context"), options);
    }

    /**
     * The logits after each token of a sequence: how likely the model finds each token of the vocabulary to follow.
     *
     * @param tokens token ids, at least one
     * @return {@code [tokens][vocabulary]}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no language-model head, or is closed
     */
    public float[][] logits(int... tokens) {
        Arguments.present(tokens, "tokens");
        return calls.reading(tokens.length, () -> Logits.of(inference, tokens));
    }

    /**
     * Says which label fits a text, by the model's head for sequences; of a reward model, how good the text is.
     *
     * @param text encoded as a prompt is, with what the model's tokenizer puts around it
     * @return every label with its score and probability
     * @throws IllegalArgumentException if the text is empty, cannot be encoded, or is longer than the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no head that classifies sequences, is closed, or has no tokenizer
     */
    public Classification classify(String text) {
        return classify(encode(text));
    }

    /**
     * Says which label fits a sequence of tokens, by the model's head for sequences.
     *
     * <p>The head reads the last token that is not padding, where the model's configuration names a padding token.
     *
     * @param tokens token ids, at least one
     * @return every label with its score and probability
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no head that classifies sequences, or is closed
     */
    public Classification classify(int... tokens) {
        Arguments.present(tokens, "tokens");
        float[] scores = calls.reading(tokens.length, () -> TextReadings.classify(inference, tokens));
        return Classification.of((HeadPlan.SequenceClassifier) inference.architecture().head(), scores);
    }

    /**
     * Scores of the labels for each token, by the model's head for tokens.
     *
     * @param tokens token ids, at least one
     * @return {@code [tokens][labels]}, the labels in the order of {@link ModelInfo#labels()}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no head that classifies tokens, or is closed
     */
    public float[][] classifyTokens(int... tokens) {
        Arguments.present(tokens, "tokens");
        return calls.reading(tokens.length, () -> TextReadings.classifyTokens(inference, tokens));
    }

    /**
     * Scores of several texts by the second head of a model with two: how well each goes on, compared with the others.
     *
     * @param choices token ids of each text, at least one
     * @param positions the position in each text whose state is scored, mostly the last
     * @return {@code [choices]}
     * @throws IllegalArgumentException if there are not as many positions as texts, one lies outside its text, a text has no tokens or one
     *     outside the vocabulary, or is longer than the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model has no second head, or is closed
     */
    public float[] choiceLogits(int[][] choices, int[] positions) {
        Arguments.present(positions, "positions");
        long longest = 0;
        for (int[] choice : Arguments.present(choices, "choices")) {
            longest = Math.max(longest, Arguments.present(choice, "choices").length);
        }
        return calls.reading(longest, () -> TextReadings.choices(inference, choices, positions));
    }

    /**
     * A text as a point whose neighbours mean something alike: the mean of its final states, of length 1.
     *
     * <p>The dot product of two such points is the cosine of their angle.
     *
     * @param text encoded as a prompt is, with what the model's tokenizer puts around it
     * @return {@code [width]}
     * @throws IllegalArgumentException if the text is empty, cannot be encoded, or is longer than the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed or has no tokenizer
     */
    public float[] embed(String text) {
        return embed(text, Pooling.MEAN, true);
    }

    /**
     * A sequence of tokens as a point: the mean of its final states, of length 1.
     *
     * @param tokens token ids, at least one
     * @return {@code [width]}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed
     */
    public float[] embed(int... tokens) {
        return embed(tokens, Pooling.MEAN, true);
    }

    /**
     * A text as a point, as a model was trained to make it.
     *
     * @param text encoded as a prompt is, with what the model's tokenizer puts around it
     * @param pooling how the states of its tokens become one
     * @param normalised whether to scale the result to length 1
     * @return {@code [width]}
     * @throws IllegalArgumentException if the text is empty, cannot be encoded, or is longer than the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed or has no tokenizer
     */
    public float[] embed(String text, Pooling pooling, boolean normalised) {
        return embed(encode(text), pooling, normalised);
    }

    /**
     * A sequence of tokens as a point, as a model was trained to make it.
     *
     * <p>The states are those after the final norm, where the model has one, and before any head.
     *
     * @param tokens token ids, at least one
     * @param pooling how the states of the tokens become one
     * @param normalised whether to scale the result to length 1
     * @return {@code [width]}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they are more than the context holds
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call
     * @throws IllegalStateException if the model is closed
     */
    public float[] embed(int[] tokens, Pooling pooling, boolean normalised) {
        Arguments.present(tokens, "tokens");
        Arguments.present(pooling, "pooling");
        float[] embedding = calls.reading(tokens.length, () -> switch (pooling) {
            case MEAN -> TextReadings.mean(inference, tokens);
            case LAST -> TextReadings.last(inference, tokens);
        });
        return normalised ? TextReadings.normalised(embedding) : embedding;
    }

    /**
     * The model's tokenizer.
     *
     * @return the tokenizer, usable on its own
     * @throws IllegalStateException if the model's folder has no tokenizer files
     */
    public Tokenizer tokenizer() {
        return calls.tokenizer();
    }

    private int[] encode(String text) {
        return calls.encodePrompt(Arguments.present(text, "text"));
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

    /** What it is and what it runs on, for logs. */
    @Override
    public String toString() {
        return "Gpt[" + info() + "; " + backend() + "]";
    }
}
