package jot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import jot.generation.Admission;
import jot.generation.DecodeLoop;
import jot.generation.GenerationSettings;
import jot.generation.Inference;
import jot.generation.Interruption;
import jot.generation.RunningContext;

/**
 * A context that grows from call to call: what is in it has gone through the model and never goes again.
 *
 * <p>Text and tokens are appended, generations go on from there and stay in it, their end token and what a stop string cut off included.
 * A fork costs next to nothing, as it shares what was computed until one of the two goes on; so a long instruction can be computed once
 * and used by many forks. Nothing has to be closed: a session is memory, and useless once its model is closed. What it keeps counts under
 * {@link LoadOptions#withCacheBytes}; {@code rewind(0)} gives it back at once.
 *
 * <p>Whatever ends a generation early, a listener that throws included, leaves the session usable: what was generated is part of it, and so
 * is what was to be appended, even if it has not gone through the model yet.
 *
 * <p>Not thread-safe: a second thread that comes while one is at work gets an {@link IllegalStateException}. Forks are independent of
 * each other.
 *
 * <pre>{@code
 * Session story = gpt.session();
 * story.append("Once upon a time there was a cat.");
 * Session other = story.fork();
 * System.out.println(story.generate(GenerationOptions.defaults()));
 * System.out.println(other.generate("One day, it found a boat.", GenerationOptions.defaults()));
 * }</pre>
 */
public final class Session {
    private final Calls calls;
    private final Gpt gpt;
    private final RunningContext context;
    private final AtomicBoolean busy = new AtomicBoolean();

    Session(Gpt gpt, Calls calls, RunningContext context) {
        this.gpt = gpt;
        this.calls = calls;
        this.context = context;
    }

    /**
     * Appends text and sends it through the model.
     *
     * @param text at the beginning encoded as a prompt, later as text that goes on
     * @return this
     * @throws IllegalArgumentException if the text cannot be encoded or does not fit the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed or has no tokenizer, or another thread uses this session
     */
    public Session append(String text) {
        Arguments.present(text, "text");
        return alone(() -> appendAll(encode(text)));
    }

    /**
     * Appends tokens and sends them through the model.
     *
     * @param tokens token ids
     * @return this
     * @throws IllegalArgumentException if one is outside the vocabulary or they do not fit the context
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed or another thread uses this session
     */
    public Session append(int... tokens) {
        Arguments.present(tokens, "tokens");
        return alone(() -> appendAll(tokens));
    }

    private Session appendAll(int[] tokens) {
        try (Inference.Use _ = calls.inference().use()) {
            context.append(tokens, Interruption.when(calls.inference()::isClosing));
            return this;
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    /**
     * Generates text that goes on from here.
     *
     * @param options how; beams and a count above 1 are refused
     * @return what the model wrote, which now is part of this context
     * @throws IllegalArgumentException if the session is empty or an option does not fit
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed, the options forbid every token, or another thread uses this session
     */
    public Generation generate(GenerationOptions options) {
        return generate(options, piece -> { });
    }

    /**
     * Generates text that goes on from here and hands it over as it grows.
     *
     * @param options how; beams and a count above 1 are refused
     * @param listener receives pieces of whole characters on the calling thread, in order; together they are the text
     * @return what the model wrote, which now is part of this context
     * @throws IllegalArgumentException if the session is empty or an option does not fit
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed, the options forbid every token, or another thread uses this session
     */
    public Generation generate(GenerationOptions options, Consumer<String> listener) {
        return alone(() -> run(Calls.Prompt.of(new int[0]), options, listener));
    }

    /**
     * Appends text and generates what follows it.
     *
     * @param text at the beginning encoded as a prompt, later as text that goes on
     * @param options how; beams and a count above 1 are refused
     * @return what the model wrote, which now is part of this context, as is the text
     * @throws IllegalArgumentException if the text cannot be encoded or does not fit the context, or an option does not fit
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed or has no tokenizer, the options forbid every token, or another thread uses this
     *     session
     */
    public Generation generate(String text, GenerationOptions options) {
        return generate(text, options, piece -> { });
    }

    /**
     * Appends text, generates what follows it and hands that over as it grows.
     *
     * @param text at the beginning encoded as a prompt, later as text that goes on
     * @param options how; beams and a count above 1 are refused
     * @param listener receives pieces of whole characters on the calling thread, in order; together they are the text
     * @return what the model wrote, which now is part of this context, as is the text
     * @throws IllegalArgumentException if the text cannot be encoded or does not fit the context, or an option does not fit
     * @throws BusyException if the bounds of {@link LoadOptions} leave no place for the call; the session is then as before
     * @throws IllegalStateException if the model is closed or has no tokenizer, the options forbid every token, or another thread uses this
     *     session
     */
    public Generation generate(String text, GenerationOptions options, Consumer<String> listener) {
        Arguments.present(text, "text");
        long since = System.nanoTime();
        return alone(() -> run(new Calls.Prompt(encode(text), since), options, listener));
    }

    private Generation run(Calls.Prompt more, GenerationOptions options, Consumer<String> listener) {
        Arguments.present(listener, "listener");
        Calls.requireOne(options);
        try (Inference.Use _ = calls.inference().use()) {
            GenerationSettings settings = calls.settings(options, context.position() + more.tokens().length, more.since());
            if (settings.beams().isPresent()) {
                throw new IllegalArgumentException("contradictory options: a session follows one text, a search with beams several");
            }
            Interruption interruption = calls.generations().watch(settings);
            DecodeLoop loop = Inference.onCarrier(() -> context.loop(more.tokens(), settings, calls.optionalTokenizer(), interruption));
            calls.run(loop, context, interruption, Calls.pieces(listener));
            return Generation.of(loop.completion(), Calls.timeSince(more.since()));
        }
    }

    /**
     * A second session that goes on from here, independent of this one.
     *
     * @return the fork; what is cached so far is shared, not copied
     * @throws IllegalStateException if another thread uses this session
     */
    public Session fork() {
        return alone(() -> new Session(gpt, calls, context.fork()));
    }

    /**
     * Goes back to an earlier position and forgets what came after it.
     *
     * @param position 0 … {@link #position()}
     * @return this
     * @throws IllegalArgumentException if there is no such position
     * @throws IllegalStateException if another thread uses this session
     */
    public Session rewind(int position) {
        return alone(() -> {
            context.rewind(position);
            return this;
        });
    }

    /**
     * The number of tokens in this context.
     *
     * @return 0 for an empty session
     * @throws IllegalStateException if another thread uses this session
     */
    public int position() {
        return alone(context::position);
    }

    /**
     * The tokens in this context.
     *
     * @return a new array
     * @throws IllegalStateException if another thread uses this session
     */
    public int[] tokens() {
        return alone(context::tokens);
    }

    /**
     * The bytes of its key/value cache, what it shares with forks included.
     *
     * @return bytes
     * @throws IllegalStateException if another thread uses this session
     */
    public long cacheBytes() {
        return alone(context::cacheBytes);
    }

    /**
     * Writes this context with its cache into a file, for {@link Gpt#session(Path)}.
     *
     * @param file where; an existing file is replaced once all is written
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the model is closed, its files changed while mapped, or another thread uses this session
     */
    public void save(Path file) throws IOException {
        Arguments.present(file, "file");
        enter();
        try (Inference.Use _ = calls.inference().use()) {
            context.save(file, gpt.fingerprint());
        } finally {
            busy.set(false);
        }
    }

    /**
     * How long it is; may be asked while another thread uses it.
     */
    @Override
    public String toString() {
        return "Session[" + context.position() + " tokens" + (busy.get() ? ", in use]" : "]");
    }

    private int[] encode(String text) {
        return context.position() == 0 ? calls.encodePrompt(text) : calls.encodeContinuation(text);
    }

    /** Does something that no second thread may do at the same time. */
    private <T> T alone(Supplier<T> work) {
        enter();
        try {
            return work.get();
        } finally {
            busy.set(false);
        }
    }

    private void enter() {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "the session is in use by another thread, or by the caller of this listener: give each a fork()");
        }
    }
}
