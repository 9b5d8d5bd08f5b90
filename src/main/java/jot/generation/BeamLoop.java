package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import jot.generation.BeamSearch.Hypothesis;
import jot.sampling.Context;
import jot.sampling.LogProbabilities;
import jot.sampling.Sampler;
import jot.tokenizer.StreamDecoder;
import jot.tokenizer.Tokenizer;

/**
 * Beam search on a model: all running hypotheses go through it in one pass a token, and share the cache of what they have in common.
 *
 * <p>As Hugging Face transformers does, penalties act on log-probabilities. Not thread-safe.
 */
final class BeamLoop {
    private final GenerationSettings settings;
    private final Optional<Tokenizer> tokenizer;
    private final Interruption interruption;
    private final int[] prompt;
    private final int room;
    private final BeamSearch search;
    private final Sampler penalties;
    private final LogProbabilities logProbabilities = new LogProbabilities();
    private List<Sequence> sequences;
    private double[][] rows = {};
    private long decodeNanos;

    /** A search that goes on from a sequence that holds the whole prompt, with its logits. */
    BeamLoop(Sequence prompt, GenerationSettings settings, Optional<Tokenizer> tokenizer, Interruption interruption) {
        this.settings = settings;
        this.tokenizer = tokenizer;
        this.interruption = interruption;
        this.prompt = prompt.tokens();
        this.room = prompt.room();
        this.search = new BeamSearch(settings.beams().orElseThrow(), most(), settings.endTokens().size(), this::finishes);
        this.penalties = settings.chain().sampler(new int[0], settings.seed());
        this.sequences = List.of(prompt);
    }

    private int most() {
        return Math.min(settings.maxTokens().orElse(Integer.MAX_VALUE), room);
    }

    /** Searches to the end; returns as many of the best texts as asked for, best first. */
    List<Completion> run(int cachedTokens, long promptNanos) {
        Optional<StopCause> early = interruption.poll();
        while (early.isEmpty() && step() && advance()) {
            early = interruption.poll();
        }
        Optional<StopCause> cause = interruption.poll();
        return search.best(settings.count()).stream().map(found -> completion(found, cause, cachedTokens, promptNanos)).toList();
    }

    /** Continues every running hypothesis by one token; false once the search is over. */
    private boolean step() {
        return settings.chain().hasOwnSteps() ? search.step(scores()) : Inference.onCarrier(() -> search.step(scores()));
    }

    /** Log-probabilities of what may follow each running hypothesis, {@code [running][vocabulary]}. */
    private double[][] scores() {
        int running = search.running().size();
        int vocabulary = sequences.getFirst().logits().length;
        if (rows.length != running) {
            int old = rows.length;
            rows = Arrays.copyOf(rows, running);
            for (int i = old; i < running; i++) {
                rows[i] = new double[vocabulary];
            }
        }
        for (int i = 0; i < running; i++) {
            logProbabilities.of(sequences.get(i).logits()).all(rows[i]);
            if (!settings.chain().isPlain()) {
                penalties.penalise(rows[i], new Context(prompt, search.running().get(i).tokens()));
            }
        }
        return rows;
    }

    /** Gives each running hypothesis its sequence and sends its last token through the model. */
    private boolean advance() {
        long start = System.nanoTime();
        List<Sequence> next = new ArrayList<>();
        for (Hypothesis hypothesis : search.running()) {
            Sequence parent = sequences.get(hypothesis.parent());
            boolean free = search.running().stream().filter(other -> other.parent() == hypothesis.parent()).count() == 1;
            next.add(free ? parent : parent.fork());
        }
        sequences = next;
        int[] tokens = search.running().stream().mapToInt(hypothesis -> hypothesis.tokens()[hypothesis.tokens().length - 1]).toArray();
        boolean done = Sequence.appendEach(sequences, tokens, interruption);
        decodeNanos += System.nanoTime() - start;
        return done;
    }

    private boolean finishes(int[] tokens) {
        return settings.isEnd(tokens[tokens.length - 1]) || settings.stopStrings().isPresent() && read(tokens).stopped;
    }

    /** The text of some generated tokens, and whether a stop string ended it. */
    private record Text(String text, boolean stopped) {
    }

    private Text read(int[] tokens) {
        if (tokenizer.isEmpty()) {
            return new Text("", false);
        }
        StreamDecoder decoder = tokenizer.get().stream(prompt);
        StopScanner scanner = settings.stopStrings().scanner();
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            if (!settings.isEnd(token)) {
                text.append(scanner.accept(decoder.push(token)));
            }
        }
        boolean stopped = scanner.stopped();
        if (!stopped) {
            text.append(scanner.accept(decoder.finish())).append(scanner.finish());
        }
        return new Text(text.toString(), stopped);
    }

    private Completion completion(Hypothesis found, Optional<StopCause> early, int cachedTokens, long promptNanos) {
        Text text = read(found.tokens());
        return new Completion(tokenizer.map(known -> text.text), found.tokens(), found.logprobs(), List.of(),
                cause(found.tokens(), text.stopped, early), settings.seed(), prompt.length, cachedTokens, promptNanos, decodeNanos);
    }

    private StopCause cause(int[] tokens, boolean stopped, Optional<StopCause> early) {
        if (settings.isEnd(tokens[tokens.length - 1])) {
            return StopCause.END_OF_TEXT;
        }
        if (stopped) {
            return StopCause.STOP_STRING;
        }
        if (tokens.length < most()) {
            return early.orElse(StopCause.CANCELLED);
        }
        return settings.maxTokens().orElse(Integer.MAX_VALUE) <= room ? StopCause.MAX_TOKENS : StopCause.CONTEXT_FULL;
    }
}
