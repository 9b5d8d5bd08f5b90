package jot.generation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
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

    /** The same for a generation whose parts may run on different threads. */
    public Interruption watchAnyThread(GenerationSettings settings) {
        return Interruption.watchAnyThread(settings.cancellation(), settings.deadline(), inference::isClosing);
    }

    /** A new, empty context that lives on from call to call. */
    public RunningContext newContext() {
        return new RunningContext(inference, admission);
    }

    /**
     * Reads a context that was saved.
     *
     * @param fingerprint tells this model from others
     * @throws jot.checkpoint.CheckpointFormatException if the file is damaged, of another version or of another model
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if it does not fit the context
     * @throws Admission.Refused if there is no room for it
     */
    public RunningContext restore(Path file, byte[] fingerprint) throws IOException, Admission.Refused {
        try (Admission.Place _ = placeForReading(Files.size(file))) {
            return RunningContext.restore(inference, admission, file, fingerprint);
        }
    }

    /** What keeps the pages of a stream counted between its pieces. */
    public Admission.Holding newHolding() {
        return admission.newHolding();
    }

    /** Gives up what a stream keeps, to those who wait for room. */
    public void release(Admission.Holding holding) {
        admission.release(holding);
    }

    /**
     * Does something other than generating, such as scoring, among the running calls.
     *
     * @param positions of cache that it may need at most
     * @throws Admission.Refused if the model is busy and refuses
     * @throws IllegalStateException if the model is closed while the call waits
     */
    public <T> T reading(long positions, Supplier<T> work) throws Admission.Refused {
        try (Admission.Place _ = placeForReading(inference.bytesOfPages(pages(Math.min(positions, inference.context()))))) {
            return work.get();
        }
    }

    private Admission.Place placeForReading(long bytes) throws Admission.Refused {
        return admission.enter(bytes, Interruption.onlyWhen(inference::isClosing))
                .orElseThrow(() -> new IllegalStateException("the model was closed while a call waited for its place"));
    }

    private static double pages(double positions) {
        return Math.ceil(positions / AttentionRows.PAGE);
    }

    /**
     * Prepares one generation; nothing is computed before its loop is asked.
     *
     * @param prompt at least one token
     * @return its loop, which has no place among the running calls yet
     */
    public DecodeLoop prepare(int[] prompt, GenerationSettings settings, Interruption interruption) {
        return Inference.onCarrier(() -> {
            Sequence sequence = prefixes.longestPrefix(prompt).orElseGet(() -> new Sequence(inference));
            int[] rest = Arrays.copyOfRange(prompt, sequence.length(), prompt.length);
            return new DecodeLoop(inference, sequence, rest, settings, tokenizer, interruption);
        });
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
        inference.requireLanguageModel();
        DecodeLoop.check(inference, 0, prompt, settings);
        Optional<Admission.Place> place = admission.enter(bytes(prompt.length, settings, 1), interruption);
        if (place.isEmpty()) {
            DecodeLoop unbegun = prepare(prompt, settings, interruption);
            unbegun.endEarly();
            return unbegun.completion();
        }
        try (Admission.Place _ = place.get()) {
            DecodeLoop loop = prepare(prompt, settings, interruption);
            run(loop, listener);
            prefixes.remember(loop.sequence());
            return loop.completion();
        }
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
        return all(prompt, settings, watch(settings));
    }

    /**
     * The same under a watch of the caller's.
     *
     * @throws Admission.Refused if the model is busy and refuses
     */
    public List<Completion> all(int[] prompt, GenerationSettings settings, Interruption interruption) throws Admission.Refused {
        inference.requireLanguageModel();
        DecodeLoop.check(inference, 0, prompt, settings);
        int together = settings.beams().map(BeamSettings::beams).orElse(Math.min(GROUP, settings.count()));
        Optional<Admission.Place> place = admission.enter(bytes(prompt.length, settings, together), interruption);
        if (place.isEmpty()) {
            return unbegun(prepare(prompt, settings, interruption), settings);
        }
        try (Admission.Place _ = place.get()) {
            DecodeLoop first = prepare(prompt, settings, interruption);
            if (!first.isReady() || !first.read()) {
                return unbegun(first, settings);
            }
            prefixes.remember(first.sequence());
            return settings.beams().isPresent() ? beams(first, settings, interruption) : samples(first, settings, interruption);
        }
    }

    /** The empty texts of a call that ended before its prompt was read: of samples as many as asked for, of a search one. */
    private static List<Completion> unbegun(DecodeLoop first, GenerationSettings settings) {
        first.endEarly();
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
                GenerationSettings own = settings.withSeed(settings.seed() + n);
                loops.add(Inference.onCarrier(() -> new DecodeLoop(inference, first.sequence().fork(), new int[0], own, tokenizer,
                        interruption)));
            }
            new SampleGroup(loops, interruption).run();
            for (DecodeLoop loop : loops) {
                completions.add(loop.completion().withPrompt(first.completion()));
            }
        }
        return List.copyOf(completions);
    }

    /**
     * Runs a part of a generation that keeps its pages between its parts, such as the next piece of a stream.
     *
     * @param part advances the loop
     * @param kept says, once the part is over, which pages are kept
     * @return false if it did not get a place
     * @throws Admission.Refused if the model is busy and refuses
     */
    public boolean within(DecodeLoop loop, Interruption interruption, Runnable part, Runnable kept) throws Admission.Refused {
        Optional<Admission.Place> place = admission.enter(loop.growth(), interruption);
        if (place.isEmpty()) {
            return false;
        }
        try (Admission.Place _ = place.get()) {
            try {
                part.run();
            } finally {
                kept.run();
            }
            return true;
        }
    }

    /** Bytes of cache that a call may need at most: the pages of the prompt, and for each text those from the last of them on. */
    private long bytes(int prompt, GenerationSettings settings, int texts) {
        double end = Math.min(inference.context(), (double) prompt + settings.maxTokens().orElse(Integer.MAX_VALUE));
        int whole = settings.slideKeeping().isPresent() ? 0 : prompt / AttentionRows.PAGE;
        return inference.bytesOfPages((texts == 1 ? 0 : pages(prompt)) + texts * (pages(end) - (texts == 1 ? 0 : whole)));
    }
}
