package jot;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import jot.generation.Admission;
import jot.generation.Completion;
import jot.generation.DecodeLoop;
import jot.generation.GenerationDefaults;
import jot.generation.GenerationSettings;
import jot.generation.Generations;
import jot.generation.Inference;
import jot.generation.Interruption;
import jot.generation.PrefixCache;
import jot.generation.RunningContext;
import jot.generation.Scoring;
import jot.tokenizer.Encoding;
import jot.tokenizer.Tokenizer;

/**
 * What stands between the façade and the running of a model: options become settings, results become public types.
 *
 * <p>Thread-safe.
 */
final class Calls {
    private static final String NO_TOKENIZER = "the model's folder has no tokenizer files: expected tokenizer.json, vocab.json with "
            + "merges.txt, or tokenizer.model";

    /** Characters, of a token and of a text, by which it is seen that a text is far too long. */
    private static final int CHARACTERS_A_TOKEN = 16;
    private static final int FIRST_CHARACTERS = 1 << 18;

    private final Inference inference;
    private final GenerationDefaults defaults;
    private final Optional<Tokenizer> tokenizer;
    private final Generations generations;

    Calls(Inference inference, GenerationDefaults defaults, Optional<Tokenizer> tokenizer, LoadOptions options) {
        this.inference = inference;
        this.defaults = defaults;
        this.tokenizer = tokenizer;
        Admission admission = new Admission(options.maxConcurrent().orElse(Integer.MAX_VALUE),
                options.cacheBytes().orElse(Long.MAX_VALUE), options.whenBusy() == LoadOptions.WhenBusy.REFUSE);
        this.generations = new Generations(inference, tokenizer, admission, new PrefixCache(options.prefixCacheBytes(), admission));
    }

    Tokenizer tokenizer() {
        return tokenizer.orElseThrow(() -> new IllegalStateException(NO_TOKENIZER));
    }

    /**
     * What a call goes on from.
     *
     * @param tokens its ids
     * @param since when the call began, by {@link System#nanoTime}: encoding a text is part of it
     */
    record Prompt(int[] tokens, long since) {

        static Prompt of(int[] tokens) {
            return new Prompt(Arguments.present(tokens, "prompt"), System.nanoTime());
        }
    }

    /** A text that begins a context. */
    Prompt prompt(String text) {
        long since = System.nanoTime();
        return new Prompt(encodePrompt(Arguments.present(text, "prompt")), since);
    }

    /** Encodes a text that begins a context and has to fit it. */
    int[] encodePrompt(String text) {
        refuseFarTooLong(text);
        return encodeLong(text);
    }

    /** Encodes a text like one that begins a context, and may be longer. */
    int[] encodeLong(String text) {
        Tokenizer known = tokenizer();
        return Inference.onCarrier(() -> known.encodePrompt(text));
    }

    /** Encodes a text that goes on behind another in a context. */
    int[] encodeContinuation(String text) {
        refuseFarTooLong(text);
        Tokenizer known = tokenizer();
        return Inference.onCarrier(() -> known.encodeContinuation(text));
    }

    /**
     * Refuses a text of which a first part alone has twice the tokens that a context holds: all of it might take many seconds, in which
     * nobody looks whether the call was cancelled.
     */
    private void refuseFarTooLong(String text) {
        Tokenizer known = tokenizer();
        long length = Math.max(FIRST_CHARACTERS, (long) CHARACTERS_A_TOKEN * inference.context());
        if (text.length() <= 2 * length) {
            return;
        }
        int end = Character.isHighSurrogate(text.charAt((int) length - 1)) ? (int) length - 1 : (int) length;
        String part = text.substring(0, end);
        int tokens = Inference.onCarrier(() -> known.count(part));
        if (tokens / 2 > inference.context()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "text of more than %,d tokens, which the first %,d of its %,d "
                    + "characters have, context of %,d", tokens, end, text.length(), inference.context()));
        }
    }

    /** Options and defaults joined for a call that began at a time of {@link System#nanoTime}. */
    GenerationSettings settings(GenerationOptions options, int promptLength, long since) {
        GenerationSettings settings = Inference.onCarrier(
                () -> options.resolve(defaults, inference.architecture().vocabulary(), promptLength));
        if (settings.stopStrings().isPresent() && tokenizer.isEmpty()) {
            throw new IllegalStateException("stop strings need text, but " + NO_TOKENIZER);
        }
        return settings.after(timeSince(since));
    }

    static Duration timeSince(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }

    Generation generate(Prompt prompt, GenerationOptions options, Consumer<DecodeLoop> listener, Consumer<String> whole) {
        requireOne(options);
        try (Inference.Use _ = inference.use()) {
            GenerationSettings settings = settings(options, prompt.tokens.length, prompt.since);
            Completion completion = generations.one(prompt.tokens, settings, listener);
            if (settings.beams().isPresent()) {
                completion.text().filter(text -> !text.isEmpty()).ifPresent(whole);
            }
            return Generation.of(completion, timeSince(prompt.since));
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    /** Runs a generation of a session, within the bounds on calls at once. */
    void run(DecodeLoop loop, RunningContext context, Interruption interruption, Consumer<DecodeLoop> listener) {
        try {
            if (!generations.within(loop, interruption, () -> Generations.run(loop, listener), () -> context.follow(loop))) {
                loop.endEarly();
                context.follow(loop);
            }
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    /** What a model says of given tokens, asked for within the bounds on calls at once. */
    <T> T reading(long positions, Supplier<T> work) {
        try (Inference.Use _ = inference.use()) {
            return generations.reading(positions, work);
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    static void requireOne(GenerationOptions options) {
        Arguments.present(options, "options");
        if (options.count().orElse(1) > 1) {
            throw new IllegalArgumentException("contradictory options: count " + options.count().get()
                    + " asks for several texts, which generateAll returns");
        }
    }

    List<Generation> generateAll(Prompt prompt, GenerationOptions options) {
        Arguments.present(options, "options");
        try (Inference.Use _ = inference.use()) {
            List<Completion> completions = generations.all(prompt.tokens, settings(options, prompt.tokens.length, prompt.since));
            Duration total = timeSince(prompt.since);
            return completions.stream().map(completion -> Generation.of(completion, total)).toList();
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    /** Shows the pieces of text of a running generation to a listener. */
    static Consumer<DecodeLoop> pieces(Consumer<String> listener) {
        return loop -> {
            if (!loop.piece().isEmpty()) {
                listener.accept(loop.piece());
            }
        };
    }

    /** Shows the tokens of a running generation to a listener; what its end alone releases comes with the last token once more. */
    static Consumer<DecodeLoop> tokens(Consumer<GeneratedToken> listener) {
        int[] seen = new int[1];
        return loop -> {
            boolean released = loop.count() > 0 && !loop.piece().isEmpty();
            if (loop.count() > seen[0] || released) {
                seen[0] = loop.count();
                List<TokenLogprob> alternatives = loop.lastAlternatives().map(Generation::list).orElse(List.of());
                listener.accept(new GeneratedToken(loop.count() - 1, loop.lastToken(), loop.piece(), loop.lastLogprob(), alternatives));
            }
        };
    }

    Stream<String> stream(Prompt prompt, GenerationOptions options) {
        requireOne(options);
        try (Inference.Use _ = inference.use()) {
            GenerationSettings settings = settings(options, prompt.tokens.length, prompt.since);
            Interruption interruption = generations.watchAnyThread(settings);
            if (settings.beams().isPresent()) {
                return Stream.of(prompt.tokens).map(tokens -> beamText(tokens, settings, interruption)).filter(text -> !text.isEmpty())
                        .onClose(interruption::stop);
            }
            DecodeLoop loop = generations.prepare(prompt.tokens, settings, interruption);
            TextPieces pieces = new TextPieces(inference, generations, loop, interruption);
            return StreamSupport.stream(pieces, false).onClose(pieces::close);
        }
    }

    /** The text that a search finds, which is there all at once. */
    private String beamText(int[] prompt, GenerationSettings settings, Interruption interruption) {
        Optional<Inference.Use> use = inference.useUnlessClosing();
        if (use.isEmpty()) {
            return "";
        }
        if (Thread.currentThread().isInterrupted()) {
            interruption.noteInterrupt();
        }
        try (Inference.Use _ = use.get()) {
            return generations.all(prompt, settings, interruption).getFirst().text().orElseThrow();
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    Score score(int[] tokens, int first, ScoreOptions options) {
        int stride = Arguments.present(options, "options").stride().orElse(Math.max(1, inference.context() / 2));
        return Score.of(reading(tokens.length,
                () -> new Scoring(inference, options.logprobs(), options.progress()).score(tokens, first, stride)));
    }

    Score score(String context, String continuation, ScoreOptions options) {
        Joined joined = joined(context, continuation);
        return score(joined.tokens, joined.first, options);
    }

    Choice choose(Choice.By by, String context, String... options) {
        if (Arguments.present(options, "options").length == 0) {
            throw new IllegalArgumentException("no options to choose from");
        }
        List<int[]> texts = new ArrayList<>();
        int[] firsts = new int[options.length];
        for (int i = 0; i < options.length; i++) {
            Joined joined = joined(context, options[i]);
            texts.add(joined.tokens);
            firsts[i] = joined.first;
        }
        long longest = texts.stream().mapToInt(text -> text.length).max().orElseThrow();
        List<Scoring.Scores> scores = reading(2 * longest, () -> new Scoring(inference, 0, share -> { }).endings(texts, firsts));
        double[] totals = new double[options.length];
        for (int i = 0; i < options.length; i++) {
            double total = Arrays.stream(scores.get(i).logprobs()).sum();
            totals[i] = by == Choice.By.TOTAL ? total : total / options[i].getBytes(StandardCharsets.UTF_8).length;
        }
        return new Choice(options, totals);
    }

    /** The tokens of a context with a continuation, and the first of them that reaches beyond the context. */
    private record Joined(int[] tokens, int first) {
    }

    private Joined joined(String context, String continuation) {
        if (Arguments.present(continuation, "continuation").isEmpty()) {
            throw new IllegalArgumentException("a continuation must not be empty");
        }
        Tokenizer known = tokenizer();
        Encoding encoding = Inference.onCarrier(() -> known.encoding(context + continuation));
        int[][] offsets = encoding.offsets();
        int first = 0;
        while (first < offsets.length && offsets[first][1] <= context.length()) {
            first++;
        }
        return new Joined(encoding.ids(), first);
    }

    Inference inference() {
        return inference;
    }

    Generations generations() {
        return generations;
    }

    Optional<Tokenizer> optionalTokenizer() {
        return tokenizer;
    }
}
