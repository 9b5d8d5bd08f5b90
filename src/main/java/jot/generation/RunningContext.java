package jot.generation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import jot.tokenizer.Tokenizer;

/**
 * A context that lives on from call to call: its tokens, and the cache of those that have gone through the model.
 *
 * <p>Not thread-safe.
 */
public final class RunningContext {
    private final Inference inference;
    private final Admission admission;
    private final Admission.Holding holding;
    private final Sequence sequence;
    /** All tokens; the sequence holds the first of them. */
    private int[] tokens;

    /**
     * An empty context.
     *
     * @param admission where its pages count
     */
    public RunningContext(Inference inference, Admission admission) {
        this(inference, admission, new Sequence(inference), new int[0]);
    }

    private RunningContext(Inference inference, Admission admission, Sequence sequence, int[] tokens) {
        this.inference = inference;
        this.admission = admission;
        this.holding = admission.newHolding();
        this.sequence = sequence;
        this.tokens = tokens;
        holding.keep(sequence.pages());
    }

    /** The number of tokens. */
    public int position() {
        return tokens.length;
    }

    /** How many of the tokens have gone through the model. */
    int read() {
        return sequence.length();
    }

    /** The tokens. */
    public int[] tokens() {
        return tokens.clone();
    }

    /** Bytes of its cache, pages shared with others included. */
    public long cacheBytes() {
        return sequence.cacheBytes();
    }

    /** A second context that goes on from here; the cache so far is shared until one of them writes. */
    public RunningContext fork() {
        return new RunningContext(inference, admission, sequence.fork(), tokens.clone());
    }

    /**
     * Forgets all tokens from a position on.
     *
     * @throws IllegalArgumentException if there is no such position
     */
    public void rewind(int position) {
        if (position < 0 || position > tokens.length) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "position %,d, expected 0 to %,d", position, tokens.length));
        }
        tokens = Arrays.copyOf(tokens, position);
        if (position < sequence.length()) {
            sequence.rewind(position);
            holding.keep(sequence.pages());
            admission.wakeAll();
        }
    }

    /**
     * Adds tokens and sends them through the model.
     *
     * @param interruption what may stop this; the tokens then count all the same and go through the model later
     * @throws IllegalArgumentException if one is outside the vocabulary or they do not fit the context
     * @throws Admission.Refused if the model is busy and refuses; the tokens then are not added
     */
    public void append(int[] more, Interruption interruption) throws Admission.Refused {
        inference.checkTokens(more);
        if (more.length > inference.context() - tokens.length) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%,d tokens after %,d, context of %,d", more.length,
                    tokens.length, inference.context()));
        }
        if (sequence.length() == tokens.length + more.length) {
            return;
        }
        Optional<Admission.Place> place = admission.enter(sequence.growth(tokens.length + more.length, sequence.length()), interruption);
        tokens = joined(tokens, more);
        if (place.isPresent()) {
            try (Admission.Place _ = place.get()) {
                try {
                    sequence.append(unread(), interruption);
                } finally {
                    holding.keep(sequence.pages());
                }
            }
        }
    }

    /**
     * Prepares a generation that goes on from here.
     *
     * @param more tokens to add first, perhaps none
     * @return its loop; {@link #follow} takes over what it did
     * @throws IllegalArgumentException as {@link #append}, or if there is no token at all
     */
    public DecodeLoop loop(int[] more, GenerationSettings settings, Optional<Tokenizer> tokenizer, Interruption interruption) {
        inference.checkTokens(more);
        if (more.length == 0 && !sequence.hasLogits() && sequence.length() == tokens.length && tokens.length > 0) {
            sequence.rewind(tokens.length - 1);
        }
        return new DecodeLoop(inference, sequence, joined(unread(), more), settings, tokenizer, interruption);
    }

    /** Takes over the tokens of a loop that was prepared here. */
    public void follow(DecodeLoop loop) {
        tokens = loop.contextTokens();
        holding.keep(sequence.pages());
    }

    private int[] unread() {
        return Arrays.copyOfRange(tokens, sequence.length(), tokens.length);
    }

    private static int[] joined(int[] first, int[] second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /**
     * Writes the context with its cache into a file.
     *
     * @param fingerprint tells this model from others
     * @throws IOException if the file cannot be written
     */
    public void save(Path file, byte[] fingerprint) throws IOException {
        new ContextFile(file, fingerprint).write(tokens, sequence);
    }

    /**
     * Reads a context that was saved.
     *
     * @param fingerprint tells this model from others
     * @throws jot.checkpoint.CheckpointFormatException if the file is damaged, of another version or of another model
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if it does not fit the context
     */
    static RunningContext restore(Inference inference, Admission admission, Path file, byte[] fingerprint) throws IOException {
        ContextFile.Saved saved = new ContextFile(file, fingerprint).read(inference);
        return new RunningContext(inference, admission, saved.sequence(), saved.tokens());
    }
}
