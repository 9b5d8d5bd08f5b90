package jot.generation;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import jot.model.ForwardPass;
import jot.model.HiddenStates;
import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Activations;

/** The logits, and the hidden states, after each token of a text. */
public final class Logits {

    private Logits() {
    }

    /**
     * Logits after each token.
     *
     * @param tokens at least one
     * @return {@code [tokens][vocabulary]}
     * @throws IllegalArgumentException if there are none, one is outside the vocabulary, or they do not fit the context
     * @throws IllegalStateException if the model has no language-model head
     */
    public static float[][] of(Inference inference, int[] tokens) {
        inference.requireLanguageModel();
        check(inference, tokens);
        float[][] logits = new float[tokens.length][];
        run(inference, tokens, null, logits);
        return logits;
    }

    /**
     * Hidden states before the first block, after each block, and after the final norm.
     *
     * @param logits receives what the head gives after each token, {@code [tokens][outputs]}: of a language model, its logits
     * @return {@code [blocks + 1][tokens][width]}
     */
    public static float[][][] hiddenStates(Inference inference, int[] tokens, float[][] logits) {
        check(inference, tokens);
        int[] first = new int[1];
        float[][][] states = new float[inference.architecture().blocks().size() + 1][tokens.length][];
        run(inference, tokens, (index, x, rows) -> {
            if (index == 0 && states[0][0] != null) {
                first[0] += Sequence.CHUNK;
            }
            for (int r = 0; r < rows; r++) {
                states[index][first[0] + r] = Arrays.copyOfRange(x.values(), x.at(r), x.at(r) + x.width());
            }
        }, logits);
        return states;
    }

    private static void run(Inference inference, int[] tokens, HiddenStates observer, float[][] logits) {
        int outputs = inference.architecture().head().outputs(inference.architecture().vocabulary());
        KvCache cache = inference.newCache();
        cache.expect(tokens.length);
        for (int from = 0; from < tokens.length; from += Sequence.CHUNK) {
            int first = from;
            int to = Math.min(tokens.length, from + Sequence.CHUNK);
            List<Segment> segments = List.of(new Segment(cache, tokens, from, to, Segment.Wanted.ALL));
            inference.run(() -> {
                ForwardPass pass = inference.pass().stopWhen(() -> false).observedBy(observer);
                if (outputs > 0) {
                    inference.transformer().forward(segments, pass);
                } else {
                    inference.transformer().encode(segments, pass);
                }
                pass.observedBy(null);
                Activations rows = pass.logits();
                for (int k = first; k < to; k++) {
                    int at = rows.at(pass.firstLogitRow(0) + k - first);
                    logits[k] = Arrays.copyOfRange(rows.values(), at, at + outputs);
                }
            });
        }
    }

    private static void check(Inference inference, int[] tokens) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("no tokens");
        }
        inference.checkTokens(tokens);
        if (tokens.length > inference.context()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "prompt of %,d tokens, context of %,d", tokens.length,
                    inference.context()));
        }
    }
}
