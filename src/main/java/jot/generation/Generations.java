package jot.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import jot.tensor.AttentionRows;
import jot.tokenizer.Tokenizer;

/**
 * Runs the calls of one model: takes a place among those running, goes on from a known beginning of the prompt, decodes.
 *
 * <p>Thread-safe.
 */
public final class Generations {
    /** Texts of one prompt that go through the model together: bounds what their caches take. */
    private static final int GROUP = 16;

    private final Inference inference;
    private final Optional<Tokenizer> tokenizer;
    private final Admission admission;
    private final PrefixCache prefixes;

    /** Calls of a model under some bounds. */
    public Generations(Inference inference, Optional<Tokenizer> tokenizer, Admission admission, PrefixCache prefixes) {
        this.inference = inference;
        this.tokenizer = tokenizer;
        this.admission = admission;
        this.prefixes = prefixes;
        inference.whenClosing(admission::wakeAll);
    }

    /** Begins to watch for whatever may end a call of the calling thread. */
    public Interruption watch(GenerationSettings settings) {
        return Interruption.watch(settings.cancellation(), settings.deadline(), inference::isClosing);
    }

    /**
     * Prepares one generation; nothing is computed before its loop is asked.
     *
     * @param prompt at least one token
     * @return its loop, which has no place among the running calls yet
     */
    public DecodeLoop prepare(int[] prompt, GenerationSettings settings, Interruption interruption) {
        inference.checkTokens(prompt);
        Sequence sequence = prefixes.longestPrefix(prompt).orElseGet(() -> new Sequence(inference));
        int[] rest = Arrays.copyOfRange(prompt, sequence.length(), prompt.length);
        return new DecodeLoop(inference, sequence, rest, settings, tokenizer, interruption);
    }

    /**
     * Generates one text.
     *
     * @param listener called after each token, on the calling thread
     * @throws Admission.Refused if the model is busy and refuses
     */
    public Completion one(int[] prompt, GenerationSettings settings, Consumer<DecodeLoop> listener) throws Admission.Refused {
        if (settings.beams().isPresent()) {
            return all(prompt, settings).getFirst();
        }
        Interruption interruption = watch(settings);
        DecodeLoop loop = prepare(prompt, settings, interruption);
        Optional<Admission.Place> place = admission.enter(bytes(prompt.length, settings, 1), interruption);
        if (place.isEmpty()) {
            loop.endEarly();
            return loop.completion();
        }
        try (Admission.Place _ = place.get()) {
            run(loop, listener);
        }
        prefixes.remember(loop.sequence());
        return loop.completion();
    }

    /** Runs a generation to its end and shows it to a listener after each token. */
    public static void run(DecodeLoop loop, Consumer<DecodeLoop> listener) {
        boolean more = true;
        while (more) {
            more = loop.advance();
            listener.accept(loop);
        }
    }

    /**
     * Generates several texts of one prompt, which goes through the model once: samples, or the best beams.
     *
     * @return as many as the settings ask for; fewer beams if there are not as many, but at least one
     * @throws Admission.Refused if the model is busy and refuses
     */
    public List<Completion> all(int[] prompt, GenerationSettings settings) throws Admission.Refused {
        Interruption interruption = watch(settings);
        DecodeLoop first = prepare(prompt, settings, interruption);
        int together = settings.beams().map(BeamSettings::beams).orElse(Math.min(GROUP, settings.count()));
        Optional<Admission.Place> place = admission.enter(bytes(prompt.length, settings, together), interruption);
        if (place.isEmpty()) {
            first.endEarly();
            return unbegun(first, settings);
        }
        try (Admission.Place _ = place.get()) {
            if (!first.isReady()) {
                return unbegun(first, settings);
            }
            if (!first.read()) {
                first.endEarly();
                return unbegun(first, settings);
            }
            prefixes.remember(first.sequence());
            return settings.beams().isPresent() ? beams(first, settings, interruption) : samples(first, settings, interruption);
        }
    }

    /** The empty texts of a call that ended before its prompt was read: of samples as many as asked for, of a search one. */
    private static List<Completion> unbegun(DecodeLoop first, GenerationSettings settings) {
        Completion empty = first.completion();
        int texts = settings.beams().isPresent() ? 1 : settings.count();
        return IntStream.range(0, texts).mapToObj(n -> empty.withSeed(empty.seed() + n)).toList();
    }

    private List<Completion> beams(DecodeLoop first, GenerationSettings settings, Interruption interruption) {
        Completion prompt = first.completion();
        List<Completion> found = new BeamLoop(first.sequence(), settings, tokenizer, interruption)
                .run(prompt.cachedTokens(), prompt.promptNanos());
        if (found.isEmpty() && interruption.poll().isEmpty()) {
            throw new IllegalStateException("every token is forbidden at position " + first.sequence().length() + " by the steps: "
                    + settings.chain());
        }
        if (found.isEmpty()) {
            first.endEarly();
            return List.of(first.completion());
        }
        return found;
    }

    private List<Completion> samples(DecodeLoop first, GenerationSettings settings, Interruption interruption) {
        List<Completion> completions = new ArrayList<>();
        for (int from = 0; from < settings.count(); from += GROUP) {
            int to = Math.min(settings.count(), from + GROUP);
            List<DecodeLoop> loops = new ArrayList<>();
            for (int n = from; n < to; n++) {
                loops.add(new DecodeLoop(inference, first.sequence().fork(), new int[0], settings.withSeed(settings.seed() + n), tokenizer,
                        interruption));
            }
            new SampleGroup(loops, interruption).run();
            for (DecodeLoop loop : loops) {
                completions.add(loop.completion().withPrompt(first.completion()));
            }
        }
        return List.copyOf(completions);
    }

    /**
     * Runs a part of a call that has been prepared, such as the next pieces of a stream.
     *
     * @param positions of cache that it may need at most
     * @return false if it did not get a place
     * @throws Admission.Refused if the model is busy and refuses
     */
    public boolean within(long positions, Interruption interruption, Runnable part) throws Admission.Refused {
        Optional<Admission.Place> place = admission.enter(positions * inference.cacheBytesPerPosition(), interruption);
        if (place.isEmpty()) {
            return false;
        }
        try (Admission.Place _ = place.get()) {
            part.run();
            return true;
        }
    }

    /** Bytes of cache that a call may need at most. */
    private long bytes(int prompt, GenerationSettings settings, int texts) {
        long own = Math.max(0, Math.min(settings.maxTokens().orElse(Integer.MAX_VALUE), (long) inference.context() - prompt));
        double positions = prompt + (double) texts * (own + AttentionRows.PAGE);
        double needed = positions * inference.cacheBytesPerPosition();
        return needed < Long.MAX_VALUE ? (long) needed : Long.MAX_VALUE;
    }
}
