package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;
import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.sampling.LogProbabilities;
import jot.tensor.Activations;

/**
 * How likely a model finds given tokens: ln p(token | the tokens before it).
 *
 * <p>A text longer than the context is read by windows of the context's length: the first scores all it holds, each later one moves on by
 * a stride and scores what is new, so that every later token has at least the context less the stride before it. Not thread-safe.
 */
public final class Scoring {
    /** Rows whose logits are computed at once: bounds the memory that they take. */
    private static final int ROWS = 64;

    private final Inference inference;
    private final int alternatives;
    private final DoubleConsumer progress;
    private final LogProbabilities row = new LogProbabilities();

    /**
     * Scores of some tokens.
     *
     * @param tokens the scored tokens
     * @param logprobs the log-probability of each
     * @param alternatives the likeliest tokens in the place of each, as far as asked for
     */
    public record Scores(int[] tokens, double[] logprobs, List<Alternatives> alternatives) {
    }

    /**
     * Scoring with a model.
     *
     * @param alternatives how many of the likeliest tokens to report, 0 for none
     * @param progress receives the share that is done
     */
    public Scoring(Inference inference, int alternatives, DoubleConsumer progress) {
        this.inference = inference;
        this.alternatives = alternatives;
        this.progress = progress;
    }

    /**
     * Scores the tokens of a text from one on; the very first token, which has nothing before it, is not scored.
     *
     * @param tokens the text
     * @param first index of the first token to score
     * @param stride how far windows move where the text is longer than the context
     * @throws IllegalArgumentException if a token is outside the vocabulary, or nothing is left to score
     * @throws IllegalStateException if the model has no language-model head
     */
    public Scores score(int[] tokens, int first, int stride) {
        inference.requireLanguageModel();
        inference.checkTokens(tokens);
        int from = Math.max(1, first);
        requireSome(tokens, from);
        Collected collected = new Collected(tokens, from);
        int context = inference.context();
        int done = from;
        while (done < tokens.length) {
            int end = done < context ? Math.min(tokens.length, context) : Math.min(tokens.length, done + Math.max(1, stride));
            int begin = Math.max(0, end - context);
            read(inference.newCache(), tokens, begin, begin, done, end, collected);
            done = end;
        }
        return collected.scores();
    }

    /**
     * Scores the endings of several texts, each from a token of its own on; what all of them begin with is computed once.
     *
     * @param texts tokens of each text
     * @param firsts index of the first token to score in each
     * @throws IllegalArgumentException as {@link #score}
     * @throws IllegalStateException as {@link #score}
     */
    public List<Scores> endings(List<int[]> texts, int[] firsts) {
        inference.requireLanguageModel();
        int common = common(texts);
        for (int i = 0; i < firsts.length; i++) {
            inference.checkTokens(texts.get(i));
            requireSome(texts.get(i), Math.max(1, firsts[i]));
            common = Math.min(common, Math.max(1, firsts[i]) - 1);
        }
        boolean fit = texts.stream().allMatch(text -> text.length <= inference.context());
        List<Scores> all = new ArrayList<>();
        KvCache beginning = inference.newCache();
        if (fit && common > 0 && beginningServes(texts)) {
            int longest = texts.stream().mapToInt(text -> text.length).max().orElseThrow();
            beginning.expect(longest);
            read(beginning, texts.getFirst(), 0, common, Segment.Wanted.NONE, null);
        }
        for (int i = 0; i < firsts.length; i++) {
            int[] text = texts.get(i);
            if (beginning.length() == 0) {
                all.add(score(text, firsts[i], Math.max(1, inference.context() / 2)));
            } else {
                Collected collected = new Collected(text, Math.max(1, firsts[i]));
                read(beginning.fork(), text, 0, beginning.length(), Math.max(1, firsts[i]), text.length, collected);
                all.add(collected.scores());
            }
        }
        return all;
    }

    /** Whether the keys of a beginning are the same for all the texts (with LongRoPE they may depend on the length). */
    private boolean beginningServes(List<int[]> texts) {
        int shortest = texts.stream().mapToInt(text -> text.length).min().orElse(0);
        int longest = texts.stream().mapToInt(text -> text.length).max().orElse(0);
        return inference.layout().serves(shortest, longest);
    }

    private static int common(List<int[]> texts) {
        int[] first = texts.getFirst();
        int common = first.length;
        for (int[] text : texts) {
            int mismatch = Arrays.mismatch(first, text);
            common = Math.min(common, mismatch < 0 ? first.length : mismatch);
        }
        return common;
    }

    private static void requireSome(int[] tokens, int from) {
        if (from >= tokens.length) {
            throw new IllegalArgumentException("nothing to score: " + tokens.length + " tokens, the first to be scored is number "
                    + (from + 1) + ", and a first token without any before it has no score");
        }
    }

    /** Reads a window's tokens from {@code from} on, and scores those of them from {@code scored} to {@code end}. */
    private void read(KvCache cache, int[] tokens, int begin, int from, int scored, int end, Collected collected) {
        if (cache.length() == 0) {
            cache.expect(end - begin);
        }
        read(cache, tokens, from, scored - 1, Segment.Wanted.NONE, collected);
        read(cache, tokens, scored - 1, end - 1, Segment.Wanted.ALL, collected);
    }

    private void read(KvCache cache, int[] tokens, int from, int to, Segment.Wanted wanted, Collected collected) {
        int rows = wanted == Segment.Wanted.ALL ? ROWS : Sequence.CHUNK;
        for (int at = from; at < to; at += rows) {
            int chunk = at;
            List<Segment> segments = List.of(new Segment(cache, tokens, chunk, Math.min(to, chunk + rows), wanted));
            boolean[] done = new boolean[1];
            inference.run(() -> {
                ForwardPass pass = inference.pass().stopWhen(inference::isClosing).observedBy(null);
                done[0] = inference.transformer().forward(segments, pass);
                for (int k = 0; done[0] && wanted == Segment.Wanted.ALL && k < segments.getFirst().count(); k++) {
                    collected.add(chunk + k + 1, pass.logits(), pass.firstLogitRow(0) + k);
                }
            });
            if (!done[0]) {
                throw new IllegalStateException("the model was closed while it scored a text");
            }
            if (wanted == Segment.Wanted.ALL) {
                progress.accept((double) collected.count / collected.logprobs.length);
            }
        }
    }

    /** The scores of one text as they come. */
    private final class Collected {
        private final int[] tokens;
        private final int first;
        private final double[] logprobs;
        private final List<Alternatives> best = new ArrayList<>();
        private final float[] logits = new float[inference.architecture().vocabulary()];
        private int count;

        Collected(int[] tokens, int first) {
            this.tokens = tokens;
            this.first = first;
            this.logprobs = new double[tokens.length - first];
        }

        void add(int index, Activations rows, int at) {
            System.arraycopy(rows.values(), rows.at(at), logits, 0, logits.length);
            row.of(logits);
            logprobs[index - first] = row.logProbability(tokens[index]);
            if (alternatives > 0) {
                best.add(Alternatives.of(row, alternatives));
            }
            count++;
        }

        Scores scores() {
            return new Scores(Arrays.copyOfRange(tokens, first, tokens.length), logprobs, List.copyOf(best));
        }
    }
}
