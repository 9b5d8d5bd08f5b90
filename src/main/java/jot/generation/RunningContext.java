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
    private final Sequence sequence;
    /** All tokens; the sequence holds the first of them. */
    private int[] tokens;
    /** Whether the sequence's logits follow its last token. */
    private boolean current;

    /** An empty context. */
    public RunningContext(Inference inference) {
        this(inference, new Sequence(inference), new int[0], true);
    }

    private RunningContext(Inference inference, Sequence sequence, int[] tokens, boolean current) {
        this.inference = inference;
        this.sequence = sequence;
        this.tokens = tokens;
        this.current = current;
    }

    /** The number of tokens. */
    public int position() {
        return tokens.length;
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
        return new RunningContext(inference, sequence.fork(), tokens.clone(), current);
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
            current = false;
        }
    }

    /**
     * Adds tokens and sends them through the model.
     *
     * @param interruption what may stop this; the tokens then count all the same and go through the model later
     * @throws IllegalArgumentException if one is outside the vocabulary or they do not fit the context
     */
    public void append(int[] more, Interruption interruption) {
        inference.checkTokens(more);
        if (more.length > inference.context() - tokens.length) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%,d tokens after %,d, context of %,d", more.length,
                    tokens.length, inference.context()));
        }
        tokens = joined(tokens, more);
        if (sequence.length() < tokens.length && sequence.append(unread(), interruption)) {
            current = true;
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
        if (more.length == 0 && !current && sequence.length() == tokens.length && tokens.length > 0) {
            sequence.rewind(tokens.length - 1);
        }
        return new DecodeLoop(inference, sequence, joined(unread(), more), settings, tokenizer, interruption);
    }

    /** Takes over the tokens of a loop that was prepared here. */
    public void follow(DecodeLoop loop) {
        tokens = loop.contextTokens();
        current = true;
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
    public static RunningContext restore(Inference inference, Path file, byte[] fingerprint) throws IOException {
        ContextFile.Saved saved = new ContextFile(file, fingerprint).read(inference);
        return new RunningContext(inference, saved.sequence(), saved.tokens(), false);
    }
}
