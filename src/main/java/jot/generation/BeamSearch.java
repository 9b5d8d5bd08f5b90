package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/**
 * The bookkeeping of beam search: which hypotheses go on, which are finished, when to end. Knows nothing of models.
 *
 * <p>The rules are those of Hugging Face transformers. At each step the (1 + number of end tokens, at least 2) · beams likeliest
 * continuations of all running hypotheses are looked at. Those that finish are kept if they are among the first {@code beams}, with the
 * score sum of log-probabilities / length^penalty, the end token counted; the best {@code beams} of those that do not finish run on. At
 * most {@code beams} finished ones are kept, the best. Not thread-safe.
 */
public final class BeamSearch {
    private final BeamSettings settings;
    private final int most;
    private final int looked;
    private final Predicate<int[]> finishes;

    private List<Hypothesis> running = List.of(new Hypothesis(new int[0], new double[0], 0, 0, 0));
    private final List<Hypothesis> finished = new ArrayList<>();
    private int length;
    private boolean done;

    /**
     * A text that is followed or finished.
     *
     * @param tokens its generated tokens
     * @param logprobs the log-probability of each
     * @param sum of the log-probabilities
     * @param score the sum divided by the length's power; 0 while it runs
     * @param parent which of the running hypotheses of the step before it continues
     */
    public record Hypothesis(int[] tokens, double[] logprobs, double sum, double score, int parent) {
        private Hypothesis then(int token, double logprob, int parentIndex) {
            int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
            double[] more = Arrays.copyOf(logprobs, tokens.length + 1);
            longer[tokens.length] = token;
            more[tokens.length] = logprob;
            return new Hypothesis(longer, more, sum + logprob, 0, parentIndex);
        }

        private Hypothesis scored(double penalty) {
            return new Hypothesis(tokens, logprobs, sum, sum / StrictMath.pow(tokens.length, penalty), parent);
        }
    }

    /**
     * A search that begins with one empty hypothesis.
     *
     * @param settings how to search
     * @param most the greatest length, 1 or more
     * @param endTokens how many end tokens there are
     * @param finishes whether a text of these generated tokens is finished, other than by its length
     */
    public BeamSearch(BeamSettings settings, int most, int endTokens, Predicate<int[]> finishes) {
        this.settings = settings;
        this.most = most;
        this.looked = Math.max(2, 1 + endTokens) * settings.beams();
        this.finishes = finishes;
    }

    /**
     * The hypotheses to be continued, best first.
     *
     * @return at most as many as beams
     */
    public List<Hypothesis> running() {
        return running;
    }

    /**
     * Continues every running hypothesis by one token.
     *
     * @param logprobs [running][vocabulary] log-probability of each next token; −∞ forbids one
     * @return whether the search goes on
     */
    public boolean step(double[][] logprobs) {
        List<Hypothesis> next = new ArrayList<>();
        boolean allFinish = true;
        boolean closed = settings.earlyStopping() == BeamSettings.EarlyStopping.ALWAYS && finished.size() == settings.beams();
        List<Hypothesis> best = likeliest(logprobs);
        length++;
        for (int rank = 0; rank < best.size(); rank++) {
            Hypothesis hypothesis = best.get(rank);
            boolean finishing = length >= most || finishes.test(hypothesis.tokens());
            allFinish &= finishing;
            if (!finishing && next.size() < settings.beams()) {
                next.add(hypothesis);
            } else if (finishing && rank < settings.beams() && !closed) {
                finish(hypothesis.scored(settings.lengthPenalty()));
            }
        }
        running = List.copyOf(next);
        done = allFinish || running.isEmpty() || isFull() && (settings.earlyStopping() == BeamSettings.EarlyStopping.ALWAYS
                || !canImprove());
        return !done;
    }

    /**
     * The best texts, best first: finished ones, and if the search was ended before there were enough, running ones after them.
     *
     * @param count how many, at most as many as beams
     * @return finished hypotheses with their scores
     */
    public List<Hypothesis> best(int count) {
        List<Hypothesis> all = new ArrayList<>(finished);
        if (!done) {
            running.stream().filter(hypothesis -> hypothesis.tokens().length > 0)
                    .map(hypothesis -> hypothesis.scored(settings.lengthPenalty())).forEach(all::add);
        }
        return List.copyOf(all.subList(0, Math.min(count, all.size())));
    }

    private boolean isFull() {
        return finished.size() == settings.beams();
    }

    /** Whether the best running hypothesis could beat the worst finished one, by the length that the settings assume. */
    private boolean canImprove() {
        boolean longest = settings.earlyStopping() == BeamSettings.EarlyStopping.NEVER && settings.lengthPenalty() > 0;
        double possible = running.getFirst().sum() / StrictMath.pow(longest ? most : length, settings.lengthPenalty());
        return possible > finished.getLast().score();
    }

    private void finish(Hypothesis hypothesis) {
        int place = finished.size();
        while (place > 0 && hypothesis.score() > finished.get(place - 1).score()) {
            place--;
        }
        finished.add(place, hypothesis);
        if (finished.size() > settings.beams()) {
            finished.removeLast();
        }
    }

    /** The likeliest continuations of all running hypotheses, equal ones in order of hypothesis and token. */
    private List<Hypothesis> likeliest(double[][] logprobs) {
        BestContinuations best = new BestContinuations(looked);
        for (int parent = 0; parent < running.size(); parent++) {
            double sum = running.get(parent).sum();
            for (int token = 0; token < logprobs[parent].length; token++) {
                best.offer(parent, token, sum + logprobs[parent][token]);
            }
        }
        return best.sorted().stream()
                .map(c -> running.get(c.parent()).then(c.token(), logprobs[c.parent()][c.token()], c.parent())).toList();
    }

    private record Continuation(int parent, int token, double sum) {
    }

    /** A bounded set of the best continuations: a list in descending order would do, a heap costs less for many beams. */
    private static final class BestContinuations {
        private final int capacity;
        private final PriorityQueue<Continuation> worstFirst;
        private double worst = Double.NEGATIVE_INFINITY;

        BestContinuations(int capacity) {
            this.capacity = capacity;
            this.worstFirst = new PriorityQueue<>(order().reversed());
        }

        private static Comparator<Continuation> order() {
            return Comparator.comparingDouble(Continuation::sum).reversed().thenComparingInt(Continuation::parent)
                    .thenComparingInt(Continuation::token);
        }

        void offer(int parent, int token, double sum) {
            if (!(sum > worst)) {
                return;
            }
            worstFirst.add(new Continuation(parent, token, sum));
            if (worstFirst.size() > capacity) {
                worstFirst.remove();
            }
            if (worstFirst.size() == capacity) {
                worst = worstFirst.element().sum();
            }
        }

        List<Continuation> sorted() {
            List<Continuation> all = new ArrayList<>(worstFirst);
            all.sort(order());
            return all;
        }
    }
}
