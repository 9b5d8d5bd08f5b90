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
    private final Sampler sampler;
    private final Interruption interruption;
    private final StreamDecoder decoder;
    private final StopScanner scanner;
    private final LogProbabilities logProbabilities = new LogProbabilities();
    private final StringBuilder text = new StringBuilder();
    private final List<Alternatives> alternatives = new ArrayList<>();
    private final int promptTokens;
    private final int cachedTokens;

    private int[] tokens = new int[16];
    private double[] logprobs = new double[16];
    private int count;
    /** Tokens of the context that have not gone through the model. */
    private int[] unread;
    private String piece = "";
    private StopCause cause;
    private long promptNanos;
    private long decodeNanos;

    /**
     * Prepares a generation; computes nothing yet.
     *
     * @param sequence what has gone through the model already; it grows by the prompt and the generated tokens
     * @param prompt the tokens that follow, at least one unless the sequence has some and its logits
     * @param settings what to do
     * @param tokenizer turns tokens into text, if there is one
     * @param interruption what may end it early
     * @throws IllegalArgumentException if the prompt is empty, has a token outside the vocabulary, or does not fit the context
     */
    public DecodeLoop(Inference inference, Sequence sequence, int[] prompt, GenerationSettings settings, Optional<Tokenizer> tokenizer,
            Interruption interruption) {
        this.inference = inference;
        this.settings = settings;
        this.sequence = sequence;
        this.unread = prompt.clone();
        check(inference, sequence.length(), unread, settings);
        int[] all = contextTokens();
        this.promptTokens = all.length;
        this.cachedTokens = sequence.length();
        this.sampler = settings.chain().sampler(all, settings.seed());
        this.interruption = interruption;
        this.decoder = tokenizer.map(known -> known.stream(all)).orElse(null);
        this.scanner = settings.stopStrings().scanner();
    }

    /**
     * Checks that a generation can begin.
     *
     * @param known tokens that have gone through the model already
     * @param more the tokens that follow
     * @throws IllegalArgumentException if there is no token at all, one is outside the vocabulary, or they do not fit the context
     */
    static void check(Inference inference, int known, int[] more, GenerationSettings settings) {
        if (more.length == 0 && known == 0) {
            throw new IllegalArgumentException("the prompt is empty: at least one token is needed to begin with");
        }
        inference.checkTokens(more);
        if (settings.slideKeeping().isPresent() && settings.slideKeeping().getAsInt() > inference.context() - 2) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "sliding keeps %,d tokens, context of %,d: nothing could slide",
                    settings.slideKeeping().getAsInt(), inference.context()));
        }
        boolean slides = known > 0 && settings.slideKeeping().isPresent();
        if (slides && more.length >= inference.context() - Math.min(known, settings.slideKeeping().getAsInt())) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%,d tokens after %,d that sliding keeps, context of %,d",
                    more.length, Math.min(known, settings.slideKeeping().getAsInt()), inference.context()));
        }
        if (!slides && more.length > inference.context() - known) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "prompt of %,d tokens, context of %,d", known + more.length,
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
        if (!isReady()) {
            return false;
        }
        if (!read()) {
            endEarly();
            return false;
        }
        draw();
        return true;
    }

    /** Whether another token is to be generated; ends the generation if not. */
    boolean isReady() {
        piece = "";
        if (cause == null && isComplete()) {
            end(StopCause.MAX_TOKENS);
        }
        if (cause == null && sequence.room() - unread.length <= 0) {
            slideOrEnd();
        }
        if (cause == null) {
            interruption.poll().ifPresent(found -> end(found));
        }
        return cause == null;
    }

    private boolean isComplete() {
        return settings.maxTokens().isPresent() && count >= settings.maxTokens().getAsInt();
    }

    /**
     * Forgets half of what follows the tokens to be kept, but nothing that the model has not seen yet if that makes room enough; the rest
     * goes through the model again at its new places.
     */
    private void slideOrEnd() {
        if (settings.slideKeeping().isEmpty()) {
            end(StopCause.CONTEXT_FULL);
            return;
        }
        int[] all = contextTokens();
        int keep = Math.min(settings.slideKeeping().getAsInt(), all.length - 1);
        int half = (all.length - keep + 1) / 2;
        int seen = Math.min(half, sequence.length() - keep);
        int dropped = seen > 0 && all.length - seen < inference.context() ? seen : half;
        int stay = Math.min(keep, sequence.length());
        sequence.rewind(stay);
        unread = Arrays.copyOfRange(all, stay, all.length - dropped);
        System.arraycopy(all, keep + dropped, unread, keep - stay, all.length - keep - dropped);
    }

    /** Sends through the model what it has not seen yet: the prompt, later the last token. */
    boolean read() {
        if (unread.length == 0) {
            return true;
        }
        long start = System.nanoTime();
        int end = sequence.length() + unread.length;
        boolean all = sequence.append(unread, interruption);
        unread = Arrays.copyOfRange(unread, unread.length - (end - sequence.length()), unread.length);
        noteRead(System.nanoTime() - start);
        return all;
    }

    /** The token that alone is to go through the model next, if it is that way. */
    Optional<Integer> nextRead() {
        return unread.length == 1 ? Optional.of(unread[0]) : Optional.empty();
    }

    /** Takes note that somebody else has sent the next token through the model. */
    void wasRead(long nanos) {
        unread = new int[0];
        noteRead(nanos);
    }

    private void noteRead(long nanos) {
        if (count == 0) {
            promptNanos += nanos;
        } else {
            decodeNanos += nanos;
        }
    }

    /** Draws a token from the logits of what was read. */
    void draw() {
        if (settings.chain().hasOwnSteps()) {
            int token = sampler.sample(sequence.logits());
            Inference.onCarrier(() -> take(token));
        } else {
            Inference.onCarrier(() -> take(sampler.sample(sequence.logits())));
        }
    }

    /** Adds a token to the text; says whether that goes on. */
    private boolean take(int token) {
        record(token);
        unread = new int[] {token};
        if (settings.isEnd(token)) {
            return end(StopCause.END_OF_TEXT);
        }
        if (decoder != null) {
            show(scanner.accept(decoder.push(token)));
            if (scanner.stopped()) {
                return end(StopCause.STOP_STRING);
            }
        }
        if (isComplete()) {
            return end(StopCause.MAX_TOKENS);
        }
        return sequence.room() > 1 || settings.slideKeeping().isPresent() || end(StopCause.CONTEXT_FULL);
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

    /** Ends, unless it has ended, because of an interruption: before it got a place, or while reading. */
    public void endEarly() {
        if (cause == null) {
            piece = "";
            end(interruption.poll().orElse(StopCause.CANCELLED));
        }
    }

    /** Ends because the caller has no use for more. */
    public void cancel() {
        if (cause == null) {
            piece = "";
            end(StopCause.CANCELLED);
        }
    }

    /** Ends for a reason; false, as nothing more is to come. */
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

    /** Text that the last {@link #advance()}, or the end since, released; may be empty. */
    public String piece() {
        return piece;
    }

    /** The number of generated tokens. */
    public int count() {
        return count;
    }

    /** The token that was generated last. */
    public int lastToken() {
        return tokens[count - 1];
    }

    /** Its log-probability. */
    public double lastLogprob() {
        return logprobs[count - 1];
    }

    /** The likeliest tokens at its position, as far as the settings ask for them. */
    public Optional<Alternatives> lastAlternatives() {
        return alternatives.isEmpty() ? Optional.empty() : Optional.of(alternatives.getLast());
    }

    /** Whether it has ended. */
    public boolean hasEnded() {
        return cause != null;
    }

    Sequence sequence() {
        return sequence;
    }

    /** Lets a holding keep the pages that its sequence has; none once it has ended. */
    public void keepIn(Admission.Holding holding) {
        if (hasEnded()) {
            holding.clear();
        } else {
            holding.keep(sequence.pages());
        }
    }

    /** Bytes of cache that the rest of it may come to take beyond those that its sequence has. */
    long growth() {
        long left = settings.maxTokens().orElse(Integer.MAX_VALUE) - (long) count;
        long end = sequence.length() + unread.length + Math.max(0, left);
        boolean slides = end > inference.context() && settings.slideKeeping().isPresent();
        int from = slides ? Math.min(settings.slideKeeping().getAsInt(), sequence.length()) : sequence.length();
        return sequence.growth((int) Math.min(inference.context(), end), from);
    }

    /** The tokens that the model sees or will see next: the prompt and the text, less what slid out. */
    int[] contextTokens() {
        int[] read = sequence.tokens();
        int[] all = Arrays.copyOf(read, read.length + unread.length);
        System.arraycopy(unread, 0, all, read.length, unread.length);
        return all;
    }

    /**
     * What it came to.
     *
     * @return the result so far; its cause is {@link StopCause#CANCELLED} if nothing has ended it
     */
    public Completion completion() {
        return new Completion(decoder == null ? Optional.empty() : Optional.of(text.toString()), Arrays.copyOf(tokens, count),
                Arrays.copyOf(logprobs, count), List.copyOf(alternatives), cause == null ? StopCause.CANCELLED : cause, settings.seed(),
                promptTokens, cachedTokens, promptNanos, decodeNanos);
    }
}
