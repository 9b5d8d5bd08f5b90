package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Activations;
import jot.tensor.AttentionRows;

/**
 * Tokens that have gone through the model, with their cache and the logits of what may follow.
 *
 * <p>Not thread-safe.
 */
public final class Sequence {

    /** Tokens of a prompt that go through the model together; bounds the buffers. */
    static final int CHUNK = 512;

    private final Inference inference;
    /** Empty until something has gone through the model. */
    private float[] logits;
    /** Whether a fork has the same array. */
    private boolean logitsShared;
    /** The length that the logits follow, or −1. */
    private int logitsAt = -1;
    private KvCache cache;
    private int[] tokens;

    /**
     * An empty sequence.
     *
     * @throws IllegalStateException if the model has no language-model head
     */
    public Sequence(Inference inference) {
        this(languageModel(inference), inference.newCache(), new float[0], new int[64]);
    }

    private static Inference languageModel(Inference inference) {
        inference.requireLanguageModel();
        return inference;
    }

    private Sequence(Inference inference, KvCache cache, float[] logits, int[] tokens) {
        this.inference = inference;
        this.cache = cache;
        this.logits = logits;
        this.tokens = tokens;
    }

    /** A sequence whose cache was saved; its logits have to be computed anew. */
    static Sequence restored(Inference inference, KvCache cache, int[] tokens) {
        return new Sequence(inference, cache, new float[0], tokens.clone());
    }

    KvCache cache() {
        return cache;
    }

    /** Tokens so far. */
    public int length() {
        return cache.length();
    }

    /** The tokens so far. */
    public int[] tokens() {
        return Arrays.copyOf(tokens, length());
    }

    /** Places left in the context. */
    public int room() {
        return inference.context() - length();
    }

    /** Logits of the next token, {@code [vocabulary]}; the array is reused. */
    public float[] logits() {
        return logits;
    }

    /** Bytes of its cache. */
    public long cacheBytes() {
        return cache.bytes();
    }

    /** The pages of its cache; to read only. */
    float[][] pages() {
        return cache.heldPages();
    }

    /**
     * Bytes of cache that it may come to take beyond what it has.
     *
     * @param end the greatest length that it may come to
     * @param from the first position that may be written, at most the length
     */
    long growth(int end, int from) {
        int kept = cache.serves(end) ? from / AttentionRows.PAGE : 0;
        return inference.bytesOfPages(KvCache.pagesOf(end) - kept);
    }

    /** A second sequence that goes on from here; the cache so far and the logits are shared. */
    public Sequence fork() {
        Sequence fork = new Sequence(inference, cache.fork(), logits, Arrays.copyOf(tokens, Math.max(64, length())));
        logitsShared = true;
        fork.logitsShared = true;
        fork.logitsAt = logitsAt;
        return fork;
    }

    /** How many tokens at the beginning are those of another text. */
    int common(int[] other) {
        int mismatch = Arrays.mismatch(tokens, 0, length(), other, 0, other.length);
        return mismatch < 0 ? length() : mismatch;
    }

    /** Forgets all tokens from a position on; the logits are those of whatever is appended next. */
    public void rewind(int position) {
        cache.rewind(position);
        logitsAt = logitsAt > position ? -1 : logitsAt;
    }

    /** Forgets all tokens from a position on, and keeps the memory of their cache for as many others. */
    public void restart(int position) {
        cache.restart(position);
        logitsAt = logitsAt > position ? -1 : logitsAt;
    }

    /** Whether the logits are those of what may follow its last token. */
    boolean hasLogits() {
        return logitsAt == length();
    }

    /**
     * Sends tokens through the model and leaves the logits of what may follow.
     *
     * @param stopped asked between blocks whether to stop
     * @return whether all were appended; if not, whole chunks may have been
     * @throws IllegalArgumentException if a token is outside the vocabulary or they do not fit the context
     */
    public boolean append(int[] more, BooleanSupplier stopped) {
        return append(more, Interruption.when(stopped));
    }

    /**
     * Sends tokens through the model and leaves the logits of what may follow.
     *
     * @param stopped asked while waiting for a turn and between blocks whether to stop
     * @return whether all were appended; if not, whole chunks may have been
     * @throws IllegalArgumentException if a token is outside the vocabulary or they do not fit the context
     * @throws OutOfMemoryError if there is no room for their cache or the buffers of a pass; whole chunks may have been appended
     */
    boolean append(int[] more, Interruption stopped) {
        inference.checkTokens(more);
        if (more.length > room()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "%,d tokens after %,d, context of %,d", more.length, length(),
                    inference.context()));
        }
        ensureTokens(length() + more.length);
        System.arraycopy(more, 0, tokens, length(), more.length);
        int end = length() + more.length;
        if (!cache.serves(end) && !computeKeysAnew(end, stopped)) {
            return false;
        }
        cache.expect(end);
        return forward(cache, end, true, stopped);
    }

    /** Fills another cache with the tokens so far, for a context of another length; keeps the old one if stopped. */
    private boolean computeKeysAnew(int end, Interruption stopped) {
        KvCache fresh = inference.newCache();
        fresh.expect(end);
        if (!forward(fresh, length(), false, stopped)) {
            return false;
        }
        cache = fresh;
        logitsAt = -1;
        return true;
    }

    /** Runs the tokens before {@code end} that are not in a cache yet, in chunks; their room is reserved before anything is computed. */
    private boolean forward(KvCache into, int end, boolean wanted, Interruption stopped) {
        into.reserve(end - into.length());
        try {
            while (into.length() < end) {
                int to = Math.min(end, into.length() + CHUNK);
                if (!chunk(into, to, wanted && to == end, stopped)) {
                    return false;
                }
            }
            return true;
        } finally {
            into.trim();
        }
    }

    private boolean chunk(KvCache into, int to, boolean last, Interruption stopped) {
        boolean[] done = new boolean[1];
        List<Segment> segments = List.of(new Segment(into, tokens, into.length(), to, last ? Segment.Wanted.LAST : Segment.Wanted.NONE));
        inference.run(() -> {
            ForwardPass pass = inference.pass().stopWhen(stopped::isExhausted).observedBy(null);
            done[0] = inference.transformer().forward(segments, pass);
            if (done[0] && last) {
                takeLogits(pass, 0);
            }
        }, stopped);
        return done[0];
    }

    /**
     * Sends one token of each of some sequences through the model, all in one pass.
     *
     * @param sequences different ones of one model
     * @param next the token of each
     * @return whether they were appended; if not, none was
     */
    public static boolean appendEach(List<Sequence> sequences, int[] next, Interruption stopped) {
        Inference inference = sequences.getFirst().inference;
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < next.length; i++) {
            if (!sequences.get(i).prepare(next[i], stopped)) {
                return false;
            }
            Sequence sequence = sequences.get(i);
            segments.add(new Segment(sequence.cache, sequence.tokens, sequence.length(), sequence.length() + 1, Segment.Wanted.LAST));
        }
        boolean[] done = new boolean[1];
        inference.run(() -> {
            ForwardPass pass = inference.pass().stopWhen(stopped::isExhausted).observedBy(null);
            done[0] = inference.transformer().forward(segments, pass);
            for (int i = 0; done[0] && i < next.length; i++) {
                sequences.get(i).takeLogits(pass, i);
            }
        }, stopped);
        return done[0];
    }

    private void takeLogits(ForwardPass pass, int segment) {
        if (logits.length == 0 || logitsShared) {
            logits = new float[inference.architecture().vocabulary()];
            logitsShared = false;
        }
        Activations rows = pass.logits();
        System.arraycopy(rows.values(), rows.at(pass.firstLogitRow(segment)), logits, 0, logits.length);
        logitsAt = length();
    }

    /** Puts a token behind the others, not yet in the cache. */
    private boolean prepare(int token, Interruption stopped) {
        int end = length() + 1;
        ensureTokens(end);
        tokens[end - 1] = token;
        if (!cache.serves(end) && !computeKeysAnew(end, stopped)) {
            return false;
        }
        cache.expect(end);
        return true;
    }

    private void ensureTokens(int count) {
        if (count > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(count, 2 * tokens.length));
        }
    }
}
