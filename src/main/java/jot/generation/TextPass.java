package jot.generation;

import java.util.List;
import java.util.Locale;

import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.model.Transformer;

/**
 * Sends a whole text through a model once, in chunks, and shows what it leaves.
 *
 * <p>Immutable; the model's passes take turns.
 *
 * @param inference the model
 * @param tokens the text
 */
record TextPass(Inference inference, int[] tokens) {

    /**
     * Checks the text.
     *
     * @throws IllegalArgumentException if it has no tokens, one is outside the vocabulary, or they do not fit the context
     */
    TextPass {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("no tokens");
        }
        inference.checkTokens(tokens);
        if (tokens.length > inference.context()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "prompt of %,d tokens, context of %,d", tokens.length,
                    inference.context()));
        }
    }

    /** What a pass computes: one of the methods of {@link Transformer}. */
    @FunctionalInterface
    interface Reading {
        boolean run(Transformer transformer, List<Segment> segments, ForwardPass pass);
    }

    /** Sees what a pass leaves for a position; the pass is over, but no other has begun. */
    @FunctionalInterface
    interface Listener {
        void accept(int position, int row, ForwardPass pass);
    }

    /** Reads every position. */
    void readAll(Reading reading, Listener listener) {
        read(tokens.length, Segment.Wanted.ALL, reading, listener);
    }

    /**
     * Reads one position.
     *
     * <p>What comes after it cannot change it and is not computed; but the text counts as long as it is, for rotary positions that depend
     * on that.
     */
    void readAt(int position, Reading reading, Listener listener) {
        read(position + 1, Segment.Wanted.LAST, reading, listener);
    }

    private void read(int end, Segment.Wanted wanted, Reading reading, Listener listener) {
        KvCache cache = inference.newCache();
        cache.expect(tokens.length);
        for (int from = 0; from < end; from += Sequence.CHUNK) {
            int first = from;
            int to = Math.min(end, from + Sequence.CHUNK);
            Segment segment = new Segment(cache, tokens, from, to,
                    wanted == Segment.Wanted.LAST && to < end ? Segment.Wanted.NONE : wanted);
            inference.run(() -> {
                ForwardPass pass = inference.pass().stopWhen(() -> false).observedBy(null);
                reading.run(inference.transformer(), List.of(segment), pass);
                show(segment, first, to, pass, listener);
            });
        }
    }

    private static void show(Segment segment, int from, int to, ForwardPass pass, Listener listener) {
        int row = pass.firstLogitRow(0);
        switch (segment.wanted()) {
            case NONE -> { }
            case LAST -> listener.accept(to - 1, row, pass);
            case ALL -> {
                for (int position = from; position < to; position++) {
                    listener.accept(position, row + position - from, pass);
                }
            }
        }
    }
}
