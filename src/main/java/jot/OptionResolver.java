package jot;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import jot.generation.BeamSettings;
import jot.generation.CancellationSignal;
import jot.generation.GenerationDefaults;
import jot.generation.GenerationSettings;
import jot.generation.StopStrings;
import jot.sampling.Context;
import jot.sampling.LogitStep;
import jot.sampling.SamplingChain;

/**
 * The one place where a caller's options and a model's defaults become the settings of a generation.
 */
final class OptionResolver {
    /** What transformers samples from where nobody sets top-k. */
    private static final int DEFAULT_TOP_K = 50;

    private final GenerationOptions options;
    private final GenerationDefaults defaults;

    OptionResolver(GenerationOptions options, GenerationDefaults defaults) {
        this.options = options;
        this.defaults = defaults;
    }

    /** The distribution that options alone lead to. */
    static float[] probabilities(GenerationOptions options, float[] logits, int[] prompt, int[] generated) {
        OptionResolver resolver = new OptionResolver(options, GenerationDefaults.none());
        resolver.requireKnownTokens(Arguments.present(logits, "logits").length);
        requireTokens("prompt", Arguments.present(prompt, "prompt"), logits.length);
        requireTokens("generated tokens", Arguments.present(generated, "generated"), logits.length);
        if (logits.length == 0) {
            throw new IllegalArgumentException("no logits to choose from");
        }
        for (int i = 0; i < logits.length; i++) {
            if (!(logits[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("logits must be finite or -Infinity, found " + logits[i] + " for token " + i);
            }
        }
        SamplingChain chain = resolver.chain(!options.asksForGreedy(), 0, 0);
        double[] exact = chain.sampler(new Context(prompt, generated), 0).probabilities(logits);
        float[] probabilities = new float[exact.length];
        for (int i = 0; i < exact.length; i++) {
            probabilities[i] = (float) exact[i];
        }
        return probabilities;
    }

    GenerationSettings settings(int vocabulary, int promptLength) {
        requireKnownTokens(vocabulary);
        refuseLackingSteps();
        Optional<BeamSettings> beams = beams();
        boolean sampling = samples(beams.isPresent());
        return new GenerationSettings(chain(sampling, DEFAULT_TOP_K, promptLength), options.seed().orElseGet(OptionResolver::newSeed),
                count(beams), beams, maxTokens(promptLength), endTokens(), stopStrings(), deadline(), cancellation(),
                options.logprobs().orElse(0), options.sliding().map(OptionalInt::of).orElse(OptionalInt.empty()));
    }

    private boolean samples(boolean beams) {
        if (options.temperature().isPresent()) {
            return !options.asksForGreedy();
        }
        if (options.asksForSampling()) {
            return true;
        }
        if (beams) {
            return false;
        }
        boolean severalSamples = options.count().orElse(1) > 1;
        return severalSamples || defaults.doSample() && defaults.number("temperature").orElse(1.0) > 0;
    }

    private SamplingChain chain(boolean sampling, int defaultTopK, int promptLength) {
        SamplingChain.Builder chain = SamplingChain.builder();
        addPenalties(chain, promptLength);
        if (!sampling) {
            return chain.greedy().build();
        }
        set(options.temperature(), "temperature", defaults.number("temperature").filter(value -> value > 0), chain::temperature);
        if (options.mirostat().isPresent()) {
            chain.mirostat(options.mirostat().get().tau(), options.mirostat().get().eta());
            return chain.build();
        }
        set(options.topK(), "top_k", defaults.integer("top_k").or(() -> Optional.of(defaultTopK)), chain::topK);
        set(options.topP(), "top_p", defaults.number("top_p"), chain::topP);
        set(options.minP(), "min_p", defaults.number("min_p"), chain::minP);
        set(options.typicalP(), "typical_p", defaults.number("typical_p"), chain::typicalP);
        set(options.epsilonCutoff(), "epsilon_cutoff", defaults.number("epsilon_cutoff"), chain::epsilonCutoff);
        set(options.etaCutoff(), "eta_cutoff", defaults.number("eta_cutoff"), chain::etaCutoff);
        options.xtc().ifPresent(xtc -> chain.xtc(xtc.threshold(), xtc.probability(), ints(xtc.guarded())));
        return chain.build();
    }

    private void addPenalties(SamplingChain.Builder chain, int promptLength) {
        set(options.logitBias(), "sequence_bias", defaults.logitBias(), chain::logitBias);
        set(options.repetitionPenalty(), "repetition_penalty", defaults.number("repetition_penalty"), chain::repetitionPenalty);
        set(options.noRepeatNgram(), "no_repeat_ngram_size", defaults.integer("no_repeat_ngram_size"), chain::noRepeatNgram);
        set(options.badWords(), "bad_words_ids", defaults.badWords(),
                words -> chain.badWords(words.stream().map(OptionResolver::ints).toList()));
        set(options.minTokens(), "min_new_tokens", defaultMinTokens(promptLength), least -> chain.minTokens(least, ints(endTokens())));
        set(options.suppressTokens(), "suppress_tokens", defaults.tokens("suppress_tokens"),
                tokens -> chain.suppressTokens(ints(tokens)));
        set(options.beginSuppressTokens(), "begin_suppress_tokens", defaults.tokens("begin_suppress_tokens"),
                tokens -> chain.beginSuppressTokens(ints(tokens)));
        options.frequencyPenalty().ifPresent(chain::frequencyPenalty);
        options.presencePenalty().ifPresent(chain::presencePenalty);
        options.dry().ifPresent(dry -> chain.dry(dry.multiplier(), dry.base(), dry.allowedLength(), dry.range(), ints(dry.breakers())));
        for (LogitStep step : options.steps().orElse(List.of())) {
            chain.step(step);
        }
    }

    /** Gives a step the caller's value, else the model's. */
    private static <T> void set(Optional<T> own, String key, Optional<T> fromFile, Consumer<T> step) {
        if (own.isPresent()) {
            step.accept(own.get());
        } else if (fromFile.isPresent()) {
            try {
                step.accept(fromFile.get());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("generation_config.json, " + key + ": " + e.getMessage()
                        + "; set this option to generate", e);
            }
        }
    }

    /** {@code min_length} counts the prompt and comes after {@code min_new_tokens}. */
    private Optional<Integer> defaultMinTokens(int promptLength) {
        return defaults.integer("min_new_tokens")
                .or(() -> defaults.integer("min_length").map(length -> Math.max(0, length - promptLength)));
    }

    /** {@code max_length} counts the prompt and comes after {@code max_new_tokens}. */
    private OptionalInt maxTokens(int promptLength) {
        Optional<Integer> tokens = options.maxTokens().or(() -> defaults.integer("max_new_tokens"));
        if (tokens.isPresent()) {
            return OptionalInt.of(tokens.get());
        }
        Optional<Integer> length = defaults.integer("max_length");
        if (length.isPresent() && length.get() <= promptLength) {
            throw new IllegalArgumentException("prompt of " + promptLength + " tokens, but generation_config.json limits prompt and text "
                    + "to max_length " + length.get() + ": set maxTokens");
        }
        return length.map(most -> OptionalInt.of(most - promptLength)).orElse(OptionalInt.empty());
    }

    private List<Integer> endTokens() {
        return options.endTokens().orElseGet(defaults::endTokens);
    }

    private StopStrings stopStrings() {
        return new StopStrings(options.stop().or(defaults::stopStrings).orElse(List.of()), options.stopIncluded().orElse(false));
    }

    private Optional<Duration> deadline() {
        return options.deadline().or(() -> defaults.number("max_time").filter(seconds -> seconds >= 0)
                .map(seconds -> Duration.ofNanos((long) (seconds * 1e9))));
    }

    private CancellationSignal cancellation() {
        return options.cancellation().<CancellationSignal>map(CancelledBy::new).orElse(CancellationSignal.NEVER);
    }

    /** Beams of the caller, else of the model unless the caller asks for sampling. */
    private Optional<BeamSettings> beams() {
        boolean free = !options.asksForSampling() && options.sliding().isEmpty() && options.logprobs().orElse(0) == 0;
        int beams = options.beams().orElse(free ? defaults.integer("num_beams").orElse(1) : 1);
        if (beams <= 1) {
            requireBeamsFor(options.lengthPenalty(), "lengthPenalty");
            requireBeamsFor(options.earlyStopping(), "earlyStopping");
            return Optional.empty();
        }
        BeamSettings.EarlyStopping early = options.earlyStopping()
                .map(flag -> flag ? BeamSettings.EarlyStopping.ALWAYS : BeamSettings.EarlyStopping.HEURISTIC)
                .or(defaults::earlyStopping).orElse(BeamSettings.EarlyStopping.HEURISTIC);
        double penalty = options.lengthPenalty().or(() -> defaults.number("length_penalty")).orElse(1.0);
        return Optional.of(new BeamSettings(beams, penalty, early));
    }

    private static void requireBeamsFor(Optional<?> option, String name) {
        if (option.isPresent()) {
            throw new IllegalArgumentException("contradictory options: " + name + " is for a search with beams, and none is set");
        }
    }

    private int count(Optional<BeamSettings> beams) {
        return options.count().orElse(beams.map(BeamSettings::beams).orElse(1));
    }

    private void refuseLackingSteps() {
        for (Map.Entry<String, String> key : defaults.lacking().entrySet()) {
            throw new IllegalArgumentException("generation_config.json sets " + key.getKey() + " to " + key.getValue()
                    + ", a step that Jot lacks; remove the key to generate without it");
        }
        boolean callerDecides = options.temperature().isPresent() || options.asksForSampling() || options.beams().isPresent();
        if (!callerDecides && defaults.doSample() && defaults.integer("num_beams").orElse(1) > 1) {
            throw new IllegalArgumentException("generation_config.json sets num_beams to " + defaults.integer("num_beams").get()
                    + " together with do_sample, which Jot lacks; set either beams or a temperature");
        }
    }

    private void requireKnownTokens(int vocabulary) {
        options.logitBias().ifPresent(biases -> requireTokens("logitBias", ints(List.copyOf(biases.keySet())), vocabulary));
        options.endTokens().ifPresent(tokens -> requireTokens("endTokens", ints(tokens), vocabulary));
        options.suppressTokens().ifPresent(tokens -> requireTokens("suppressTokens", ints(tokens), vocabulary));
        options.beginSuppressTokens().ifPresent(tokens -> requireTokens("beginSuppressTokens", ints(tokens), vocabulary));
        options.badWords().ifPresent(words -> words.forEach(word -> requireTokens("badWords", ints(word), vocabulary)));
        options.dry().ifPresent(dry -> requireTokens("DRY breakers", ints(dry.breakers()), vocabulary));
        options.xtc().ifPresent(xtc -> requireTokens("tokens guarded from XTC", ints(xtc.guarded()), vocabulary));
    }

    private static void requireTokens(String name, int[] tokens, int vocabulary) {
        for (int token : tokens) {
            if (token < 0 || token >= vocabulary) {
                throw new IllegalArgumentException(name + ": token " + token + " is outside the vocabulary of " + vocabulary);
            }
        }
    }

    private static long newSeed() {
        return new SplittableRandom().nextLong();
    }

    private static int[] ints(List<Integer> tokens) {
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The public handle as the generation sees it. */
    private record CancelledBy(Cancellation handle) implements CancellationSignal {
        @Override
        public boolean isCancelled() {
            return handle.isCancelled();
        }

        @Override
        public Runnable onCancel(Runnable listener) {
            return handle.onCancel(listener);
        }
    }
}
