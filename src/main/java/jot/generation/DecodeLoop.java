package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import jot.sampling.LogProbabilities;
import jot.sampling.Sampler;
import jot.tokenizer.StreamDecoder;
import jot.tokenizer.Tokenizer;

/**
 * One generation: sends the prompt through the model, then draws token after token until something ends it.
 *
 * <p>Nothing is computed before it is asked for: the prompt with the first {@link #advance()}, a token with each. Not thread-safe.
 */
public final class DecodeLoop {

    private final Inference inference;
    private final GenerationSettings settings;
    private final Sequence sequence;
    private final int[] prompt;
    private final Sampler sampler;
    private final Interruption interruption;
    private final StreamDecoder decoder;
    private final StopScanner scanner;
    private final LogProbabilities logProbabilities = new LogProbabilities();
    private final StringBuilder text = new StringBuilder();
    private final List<Alternatives> alternatives = new ArrayList<>();

    private int[] tokens = new int[16];
    private double[] logprobs = new double[16];
    private int count;
    private int[] unread;
    private String piece = "";
    private StopCause cause;
    private long promptNanos;
    private long decodeNanos;

    /**
     * Prepares a generation; computes nothing yet.
     *
     * @param sequence what has gone through the model before the prompt; it grows by the prompt and the generated tokens
     * @param prompt tokens to begin with, at least one unless the sequence has some
     * @param tokenizer turns tokens into text, if there is one
     * @throws IllegalArgumentException if the prompt is empty, has a token outside the vocabulary, or does not fit the context
     */
    public DecodeLoop(Inference inference, Sequence sequence, int[] prompt, GenerationSettings settings, Optional<Tokenizer> tokenizer) {
        this.inference = inference;
        this.settings = settings;
        this.sequence = sequence;
        this.prompt = prompt.clone();
        check();
        int[] before = sequence.tokens();
        int[] all = Arrays.copyOf(before, before.length + prompt.length);
        System.arraycopy(prompt, 0, all, before.length, prompt.length);
        this.unread = this.prompt;
        this.sampler = settings.chain().sampler(all, settings.seed());
        this.interruption = Interruption.watch(settings.cancellation(), settings.deadline());
        this.decoder = tokenizer.map(known -> known.stream(all)).orElse(null);
        this.scanner = settings.stopStrings().scanner();
    }

    private void check() {
        if (prompt.length == 0 && sequence.length() == 0) {
            throw new IllegalArgumentException("the prompt is empty: at least one token is needed to begin with");
        }
        inference.checkTokens(prompt);
        if (prompt.length > sequence.room()) {
            String before = sequence.length() == 0 ? "" : String.format(Locale.ROOT, " after %,d", sequence.length());
            throw new IllegalArgumentException(String.format(Locale.ROOT, "prompt of %,d tokens%s, context of %,d", prompt.length, before,
                    inference.context()));
        }
    }

    /**
     * Generates one token.
     *
     * @return whether there is a new one; false once the generation has ended
     * @throws IllegalStateException if the logits are no numbers
     */
    public boolean advance() {
        piece = "";
        if (cause != null) {
            return false;
        }
        if (settings.maxTokens().isPresent() && count >= settings.maxTokens().getAsInt()) {
            return end(StopCause.MAX_TOKENS);
        }
        if (sequence.room() - unread.length <= 0) {
            return end(StopCause.CONTEXT_FULL);
        }
        Optional<StopCause> early = interrupted();
        if (early.isPresent() || !read()) {
            return end(early.or(this::interrupted).orElse(StopCause.CANCELLED));
        }
        accept(sampler.sample(sequence.logits()));
        return true;
    }

    private Optional<StopCause> interrupted() {
        return inference.isClosing() ? Optional.of(StopCause.CANCELLED) : interruption.poll();
    }

    /** Sends through the model what it has not seen yet: the prompt, later the last token. */
    private boolean read() {
        if (unread.length == 0) {
            return true;
        }
        long start = System.nanoTime();
        boolean all = sequence.append(unread, () -> interrupted().isPresent());
        long nanos = System.nanoTime() - start;
        if (count == 0) {
            promptNanos += nanos;
        } else {
            decodeNanos += nanos;
        }
        return all;
    }

    private void accept(int token) {
        record(token);
        unread = new int[] {token};
        if (settings.isEnd(token)) {
            end(StopCause.END_OF_TEXT);
            return;
        }
        if (decoder != null) {
            show(scanner.accept(decoder.push(token)));
            if (scanner.stopped()) {
                end(StopCause.STOP_STRING);
                return;
            }
        }
        if (settings.maxTokens().isPresent() && count >= settings.maxTokens().getAsInt()) {
            end(StopCause.MAX_TOKENS);
        } else if (sequence.room() <= 1) {
            end(StopCause.CONTEXT_FULL);
        }
    }

    private void record(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
            logprobs = Arrays.copyOf(logprobs, 2 * count);
        }
        logProbabilities.of(sequence.logits());
        tokens[count] = token;
        logprobs[count] = logProbabilities.logProbability(token);
        if (settings.alternatives() > 0) {
            alternatives.add(Alternatives.of(logProbabilities, settings.alternatives()));
        }
        count++;
    }

    private boolean end(StopCause reason) {
        cause = reason;
        if (decoder != null && !scanner.stopped()) {
            show(scanner.accept(decoder.finish()));
            show(scanner.finish());
        }
        return false;
    }

    private void show(String more) {
        piece += more;
        text.append(more);
    }

    /** Text that the last {@link #advance()} released; may be empty. */
    public String piece() {
        return piece;
    }

    /** All text so far. */
    public String text() {
        return text.toString();
    }

    /** The generated tokens so far. */
    public int[] tokens() {
        return Arrays.copyOf(tokens, count);
    }

    /** Natural logarithm of the model's probability of each generated token. */
    public double[] logprobs() {
        return Arrays.copyOf(logprobs, count);
    }

    /** The likeliest tokens at each position, as far as the settings ask for them. */
    public List<Alternatives> alternatives() {
        return List.copyOf(alternatives);
    }

    /** Why it ended, once it has. */
    public Optional<StopCause> cause() {
        return Optional.ofNullable(cause);
    }

    /** Seed of the draws. */
    public long seed() {
        return settings.seed();
    }

    /** Number of tokens in the prompt. */
    public int promptLength() {
        return prompt.length;
    }

    /** Time that the prompt took in the model. */
    public long promptNanos() {
        return promptNanos;
    }

    /** Time that generated tokens took in the model. */
    public long decodeNanos() {
        return decodeNanos;
    }
}
