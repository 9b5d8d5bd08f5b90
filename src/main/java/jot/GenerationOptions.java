package jot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import jot.generation.GenerationDefaults;
import jot.generation.GenerationSettings;
import jot.sampling.LogitStep;
import jot.sampling.SamplingChain;

/**
 * How to generate: what to draw from, when to stop, what to report.
 *
 * <p>Immutable and thread-safe; each {@code withX} returns new options. What is not set takes the value of the model's
 * {@code generation_config.json}, else the default of Hugging Face transformers (greedy choice; top-k 50 where sampling is on), but for
 * the length: where nobody sets one, text runs to the end token or the end of the context. A temperature above 0, any truncation, or a
 * count above 1 without beams means sampling; {@code withTemperature(0)} is greedy, ties go to the lowest id.
 *
 * <p>Every value is checked when it is set: {@link IllegalArgumentException} tells the range and the value found, or why two options
 * contradict each other (judged on what was set here, not on the model's defaults). Two options are equal if the same fields are set to
 * equal values.
 */
public final class GenerationOptions {
    private static final int MOST_TEXTS = 65_536;
    private static final int MOST_BEAMS = 1_024;

    /** One field and its place among the values. */
    private record Key<T>(int place, String name) {
    }

    /** All fields, in the order of {@link #toString}. */
    private static final List<Key<?>> KEYS = new ArrayList<>();

    private static final Key<Integer> MAX_TOKENS = key("maxTokens");
    private static final Key<Integer> MIN_TOKENS = key("minTokens");
    private static final Key<Double> TEMPERATURE = key("temperature");
    private static final Key<Integer> TOP_K = key("topK");
    private static final Key<Double> TOP_P = key("topP");
    private static final Key<Double> MIN_P = key("minP");
    private static final Key<Double> TYPICAL_P = key("typicalP");
    private static final Key<Double> EPSILON_CUTOFF = key("epsilonCutoff");
    private static final Key<Double> ETA_CUTOFF = key("etaCutoff");
    private static final Key<Xtc> XTC = key("xtc");
    private static final Key<Mirostat> MIROSTAT = key("mirostat");
    private static final Key<Double> REPETITION_PENALTY = key("repetitionPenalty");
    private static final Key<Double> FREQUENCY_PENALTY = key("frequencyPenalty");
    private static final Key<Double> PRESENCE_PENALTY = key("presencePenalty");
    private static final Key<Integer> NO_REPEAT_NGRAM = key("noRepeatNgram");
    private static final Key<Dry> DRY = key("dry");
    private static final Key<Map<Integer, Double>> LOGIT_BIAS = key("logitBias");
    private static final Key<List<Integer>> SUPPRESS_TOKENS = key("suppressTokens");
    private static final Key<List<Integer>> BEGIN_SUPPRESS_TOKENS = key("beginSuppressTokens");
    private static final Key<List<List<Integer>>> BAD_WORDS = key("badWords");
    private static final Key<List<LogitStep>> STEPS = key("steps");
    private static final Key<List<Integer>> END_TOKENS = key("endTokens");
    private static final Key<List<String>> STOP = key("stop");
    private static final Key<Boolean> STOP_INCLUDED = key("stopIncluded");
    private static final Key<Integer> SLIDING = key("sliding");
    private static final Key<Long> SEED = key("seed");
    private static final Key<Duration> DEADLINE = key("deadline");
    private static final Key<Cancellation> CANCELLATION = key("cancellation");
    private static final Key<Integer> LOGPROBS = key("logprobs");
    private static final Key<Integer> COUNT = key("count");
    private static final Key<Integer> BEAMS = key("beams");
    private static final Key<Double> LENGTH_PENALTY = key("lengthPenalty");
    private static final Key<Boolean> EARLY_STOPPING = key("earlyStopping");

    private static final GenerationOptions DEFAULTS = new GenerationOptions(new Object[KEYS.size()]);

    record Dry(double multiplier, double base, int allowedLength, int range, List<Integer> breakers) {
    }

    record Xtc(double threshold, double probability, List<Integer> guarded) {
    }

    record Mirostat(double tau, double eta) {
    }

    /** The value of each field, null where it is not set. */
    private final Object[] values;

    private GenerationOptions(Object[] values) {
        this.values = values;
    }

    private static <T> Key<T> key(String name) {
        Key<T> key = new Key<>(KEYS.size(), name);
        KEYS.add(key);
        return key;
    }

    /**
     * Options in which nothing is set.
     *
     * @return the model's own defaults
     */
    public static GenerationOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Options for greedy choice: always the likeliest token.
     *
     * @return options with temperature 0
     */
    public static GenerationOptions greedy() {
        return DEFAULTS.withTemperature(0);
    }

    // ---- how long

    /**
     * Limits the number of generated tokens.
     *
     * @param tokens 1 or more
     * @return new options
     */
    public GenerationOptions withMaxTokens(int tokens) {
        return with(MAX_TOKENS, atLeast("maxTokens", tokens, 1));
    }

    /**
     * Forbids end tokens until so many tokens are generated.
     *
     * @param tokens 0 or more
     * @return new options
     */
    public GenerationOptions withMinTokens(int tokens) {
        return with(MIN_TOKENS, atLeast("minTokens", tokens, 0));
    }

    /**
     * Sets the tokens that end a text, in place of the model's own.
     *
     * @param tokens ids; none at all means that no token ends it
     * @return new options
     */
    public GenerationOptions withEndTokens(int... tokens) {
        return with(END_TOKENS, tokenList("endTokens", tokens));
    }

    /**
     * Ends a text at the first of some strings, also if it comes spread over several tokens.
     *
     * <p>After each token the whole text is looked at: of several strings the one that begins first ends it, of those the longest. Special
     * tokens add nothing to a text, so what they are called does not occur in it: end at them by {@link #withEndTokens}.
     *
     * @param strings none of them empty; no string at all means none
     * @return new options
     */
    public GenerationOptions withStop(String... strings) {
        for (String string : Arguments.present(strings, "stop")) {
            if (Arguments.present(string, "stop").isEmpty()) {
                throw new IllegalArgumentException("stop strings must not be empty, found an empty one among " + strings.length);
            }
            requireWellFormed(string);
        }
        return with(STOP, List.of(strings));
    }

    /**
     * Says whether the text keeps the stop string that ended it.
     *
     * @param included true to keep it; by default it is cut off
     * @return new options
     */
    public GenerationOptions withStopIncluded(boolean included) {
        return with(STOP_INCLUDED, included);
    }

    /**
     * Lets a full context slide instead of ending the text.
     *
     * <p>Half of what follows the first {@code keep} tokens is then forgotten, and the rest is computed anew at its new positions. In a
     * session the text that is added before generating counts: the older tokens make room for it.
     *
     * @param keep how many of the first tokens always stay, such as the length of a system prompt; 0 or more
     * @return new options
     */
    public GenerationOptions withSliding(int keep) {
        return with(SLIDING, atLeast("sliding", keep, 0));
    }

    /**
     * Ends the text when some time has passed since the call.
     *
     * @param time 0 or more
     * @return new options
     */
    public GenerationOptions withDeadline(Duration time) {
        if (Arguments.present(time, "deadline").isNegative()) {
            throw new IllegalArgumentException("deadline must be 0 or more, found " + time);
        }
        return with(DEADLINE, time);
    }

    /**
     * Lets another thread end the text.
     *
     * @param cancellation its handle
     * @return new options
     */
    public GenerationOptions withCancellation(Cancellation cancellation) {
        return with(CANCELLATION, Arguments.present(cancellation, "cancellation"));
    }

    // ---- what to draw from

    /**
     * Divides the logits: below 1 sharpens, above 1 flattens the distribution.
     *
     * @param temperature 0 or more; 0 is greedy choice
     * @return new options
     */
    public GenerationOptions withTemperature(double temperature) {
        SamplingChain.builder().temperature(temperature);
        return with(TEMPERATURE, temperature);
    }

    /**
     * Draws from the k likeliest tokens, and those equal to the last of them.
     *
     * @param k 0 or more; 0 is off
     * @return new options
     */
    public GenerationOptions withTopK(int k) {
        SamplingChain.builder().topK(k);
        return with(TOP_K, k);
    }

    /**
     * Draws from the smallest set of likeliest tokens that holds a mass (nucleus sampling).
     *
     * @param mass 0 … 1; 1 is off
     * @return new options
     */
    public GenerationOptions withTopP(double mass) {
        SamplingChain.builder().topP(mass);
        return with(TOP_P, mass);
    }

    /**
     * Draws from the tokens with at least this share of the greatest probability.
     *
     * @param share 0 … 1; 0 is off
     * @return new options
     */
    public GenerationOptions withMinP(double share) {
        SamplingChain.builder().minP(share);
        return with(MIN_P, share);
    }

    /**
     * Draws from the tokens whose surprise is closest to the expected one, up to a mass (locally typical sampling).
     *
     * @param mass above 0, at most 1; 1 is off
     * @return new options
     */
    public GenerationOptions withTypicalP(double mass) {
        SamplingChain.builder().typicalP(mass);
        return with(TYPICAL_P, mass);
    }

    /**
     * Draws from the tokens of at least this probability.
     *
     * @param epsilon 0 … 1; 0 and 1 are off
     * @return new options
     */
    public GenerationOptions withEpsilonCutoff(double epsilon) {
        SamplingChain.builder().epsilonCutoff(epsilon);
        return with(EPSILON_CUTOFF, epsilon);
    }

    /**
     * Draws from the tokens of at least a probability that falls as the entropy rises.
     *
     * @param epsilon 0 … 1; 0 and 1 are off
     * @return new options
     */
    public GenerationOptions withEtaCutoff(double epsilon) {
        SamplingChain.builder().etaCutoff(epsilon);
        return with(ETA_CUTOFF, epsilon);
    }

    /**
     * Removes, by chance, all top choices but the least probable of them (XTC).
     *
     * @param threshold the probability from which a token is a top choice, above 0 and at most 1
     * @param probability how often this happens, 0 … 1; 0 is off
     * @param guarded tokens, such as a newline and the end token, that are never removed: where one would be, nothing is
     * @return new options
     */
    public GenerationOptions withXtc(double threshold, double probability, int... guarded) {
        SamplingChain.builder().xtc(threshold, probability, Arguments.present(guarded, "guarded"));
        return with(XTC, new Xtc(threshold, probability, tokenList("guarded tokens", guarded)));
    }

    /**
     * Keeps the surprise of the text near a target, in place of all truncations (mirostat 2.0).
     *
     * @param tau the target in bits, above 0
     * @param eta how fast the cut follows, 0 or more
     * @return new options
     */
    public GenerationOptions withMirostat(double tau, double eta) {
        SamplingChain.builder().mirostat(tau, eta);
        return with(MIROSTAT, new Mirostat(tau, eta));
    }

    /**
     * Makes every token of prompt and text less likely: divides positive logits, multiplies negative ones.
     *
     * @param penalty above 0; 1 is off, below 1 rewards repetition
     * @return new options
     */
    public GenerationOptions withRepetitionPenalty(double penalty) {
        SamplingChain.builder().repetitionPenalty(penalty);
        return with(REPETITION_PENALTY, penalty);
    }

    /**
     * Lowers the logit of a token by this for each time that it was generated.
     *
     * @param penalty a finite number; 0 is off, below 0 rewards repetition
     * @return new options
     */
    public GenerationOptions withFrequencyPenalty(double penalty) {
        SamplingChain.builder().frequencyPenalty(penalty);
        return with(FREQUENCY_PENALTY, penalty);
    }

    /**
     * Lowers the logit of every token that was generated.
     *
     * @param penalty a finite number; 0 is off, below 0 rewards repetition
     * @return new options
     */
    public GenerationOptions withPresencePenalty(double penalty) {
        SamplingChain.builder().presencePenalty(penalty);
        return with(PRESENCE_PENALTY, penalty);
    }

    /**
     * Forbids to repeat a sequence of n tokens that prompt and text hold already.
     *
     * @param n 0 or more; 0 is off
     * @return new options
     */
    public GenerationOptions withNoRepeatNgram(int n) {
        SamplingChain.builder().noRepeatNgram(n);
        return with(NO_REPEAT_NGRAM, n);
    }

    /**
     * Lowers the logits of tokens that would lengthen a repetition, the more the longer it is (DRY).
     *
     * @param multiplier the penalty of a match of the allowed length, 0 or more; 0 is off
     * @param base how the penalty grows with each token more, 1 or more
     * @param allowedLength the shortest match that is penalised, 1 or more
     * @param range how many of the last tokens are looked at, 0 for all
     * @param breakers tokens, such as a newline, that end a match
     * @return new options
     */
    public GenerationOptions withDry(double multiplier, double base, int allowedLength, int range, int... breakers) {
        SamplingChain.builder().dry(multiplier, base, allowedLength, range, Arguments.present(breakers, "breakers"));
        return with(DRY, new Dry(multiplier, base, allowedLength, range, tokenList("breakers", breakers)));
    }

    /**
     * Lowers the logits of tokens that would lengthen a repetition, looking at the whole context (DRY).
     *
     * @param multiplier the penalty of a match of the allowed length, 0 or more; 0 is off
     * @param base how the penalty grows with each token more, 1 or more
     * @param allowedLength the shortest match that is penalised, 1 or more
     * @return new options
     */
    public GenerationOptions withDry(double multiplier, double base, int allowedLength) {
        return withDry(multiplier, base, allowedLength, 0);
    }

    /**
     * Adds to the logits of single tokens.
     *
     * @param biases token id → bias; −100 and less forbids the token
     * @return new options
     */
    public GenerationOptions withLogitBias(Map<Integer, Double> biases) {
        Arguments.present(biases, "logitBias").forEach((token, bias) -> {
            Arguments.present(token, "logitBias");
            Arguments.present(bias, "logitBias");
        });
        SamplingChain.builder().logitBias(biases);
        return with(LOGIT_BIAS, Collections.unmodifiableMap(new TreeMap<>(biases)));
    }

    /**
     * Forbids tokens.
     *
     * @param tokens their ids
     * @return new options
     */
    public GenerationOptions withSuppressTokens(int... tokens) {
        return with(SUPPRESS_TOKENS, tokenList("suppressTokens", tokens));
    }

    /**
     * Forbids tokens as the first one of the text.
     *
     * @param tokens their ids
     * @return new options
     */
    public GenerationOptions withBeginSuppressTokens(int... tokens) {
        return with(BEGIN_SUPPRESS_TOKENS, tokenList("beginSuppressTokens", tokens));
    }

    /**
     * Forbids sequences of tokens.
     *
     * @param words each of at least one token
     * @return new options
     */
    public GenerationOptions withBadWords(List<int[]> words) {
        Arguments.present(words, "badWords").forEach(word -> Arguments.present(word, "badWords"));
        SamplingChain.builder().badWords(words);
        return with(BAD_WORDS, words.stream().map(word -> tokenList("badWords", word)).toList());
    }

    /**
     * Adds a step of one's own, which runs after the penalties and before temperature and truncation.
     *
     * @param step the step; it may serve many generations at once
     * @return new options with this step after those added before
     */
    public GenerationOptions withStep(LogitStep step) {
        List<LogitStep> steps = new ArrayList<>(get(STEPS).orElse(List.of()));
        steps.add(Arguments.present(step, "step"));
        return with(STEPS, List.copyOf(steps));
    }

    /**
     * Fixes the draws: the same model, prompt, options and seed give the same tokens, whatever the number of threads, whatever else
     * runs, on the first call and on the ten-thousandth.
     *
     * <p>Between machines with vectors of different widths, with and without vector kernels, or where a prompt is read in other pieces (in
     * the parts of a session, or behind a kept beginning), the model's logits may differ in the last bits, as sums are taken in another
     * order; a draw that falls on such a border, or two logits that are all but equal, may then give
     * another token. What is drawn from given logits is the same everywhere.
     *
     * <p>The generator is {@value jot.sampling.Sampler#GENERATOR} of {@code java.util.random}. Of several texts, number n takes the
     * seed + n. Without a seed each call takes a new one, which the result reports.
     *
     * @param seed any number
     * @return new options
     */
    public GenerationOptions withSeed(long seed) {
        return with(SEED, seed);
    }

    // ---- how many, and what to report

    /**
     * Asks for several texts: samples, or the best of the beams.
     *
     * @param texts 1 … 65,536
     * @return new options
     */
    public GenerationOptions withCount(int texts) {
        return with(COUNT, between("count", texts, 1, MOST_TEXTS));
    }

    /**
     * Searches for the likeliest text with so many hypotheses.
     *
     * @param beams 1 … 1,024; 1 is off
     * @return new options
     */
    public GenerationOptions withBeams(int beams) {
        return with(BEAMS, between("beams", beams, 1, MOST_BEAMS));
    }

    /**
     * Sets the exponent of the length by which the score of a beam is divided.
     *
     * @param penalty a finite number; 0 prefers short texts, greater values longer ones
     * @return new options
     */
    public GenerationOptions withLengthPenalty(double penalty) {
        if (!Double.isFinite(penalty)) {
            throw new IllegalArgumentException("lengthPenalty must be a finite number, found " + penalty);
        }
        return with(LENGTH_PENALTY, penalty);
    }

    /**
     * Says when a search with beams ends.
     *
     * @param early true: as soon as there are as many finished texts as beams; false: when no better one is likely
     * @return new options
     */
    public GenerationOptions withEarlyStopping(boolean early) {
        return with(EARLY_STOPPING, early);
    }

    /**
     * Reports the likeliest tokens at each position, with their log-probabilities.
     *
     * @param k how many, 0 or more; 0 is off, and of more than the vocabulary has, all are reported
     * @return new options
     */
    public GenerationOptions withLogprobs(int k) {
        return with(LOGPROBS, atLeast("logprobs", k, 0));
    }

    // ---- the distribution

    /**
     * The distribution that the next token is drawn from, after every step of the chain.
     *
     * <p>Needs no model: what is not set is off, and the temperature is 1. Greedy choice has all its mass on one token. Mirostat starts
     * anew, and XTC counts with the probability that it acts.
     *
     * @param logits [vocabulary] logits of the next token, finite or −∞; left unchanged
     * @param prompt the prompt's tokens
     * @param generated the tokens generated after it
     * @return [vocabulary] probabilities
     * @throws IllegalArgumentException if there is no logit, one is NaN or +∞, or a token here or in the options is outside the vocabulary
     * @throws IllegalStateException if the steps forbid every token
     */
    public float[] probabilities(float[] logits, int[] prompt, int[] generated) {
        return OptionResolver.probabilities(this, logits, prompt, generated);
    }

    /** Joins these options with a model's defaults, for one prompt. */
    GenerationSettings resolve(GenerationDefaults defaults, int vocabulary, int promptLength) {
        return new OptionResolver(this, defaults).settings(vocabulary, promptLength);
    }

    // ---- what is set

    /**
     * The greatest number of generated tokens.
     *
     * @return the value, if set
     */
    public Optional<Integer> maxTokens() {
        return get(MAX_TOKENS);
    }

    /**
     * The least number of generated tokens.
     *
     * @return the value, if set
     */
    public Optional<Integer> minTokens() {
        return get(MIN_TOKENS);
    }

    /**
     * The tokens that end a text.
     *
     * @return the value, if set
     */
    public Optional<List<Integer>> endTokens() {
        return get(END_TOKENS);
    }

    /**
     * The strings that end a text.
     *
     * @return the value, if set
     */
    public Optional<List<String>> stop() {
        return get(STOP);
    }

    /**
     * Whether the text keeps its stop string.
     *
     * @return the value, if set
     */
    public Optional<Boolean> stopIncluded() {
        return get(STOP_INCLUDED);
    }

    /**
     * How many first tokens stay when a full context slides.
     *
     * @return the value, if set
     */
    public Optional<Integer> sliding() {
        return get(SLIDING);
    }

    /**
     * The time for one call.
     *
     * @return the value, if set
     */
    public Optional<Duration> deadline() {
        return get(DEADLINE);
    }

    /**
     * The handle that ends the text.
     *
     * @return the value, if set
     */
    public Optional<Cancellation> cancellation() {
        return get(CANCELLATION);
    }

    /**
     * The temperature.
     *
     * @return the value, if set
     */
    public Optional<Double> temperature() {
        return get(TEMPERATURE);
    }

    /**
     * The k of top-k.
     *
     * @return the value, if set
     */
    public Optional<Integer> topK() {
        return get(TOP_K);
    }

    /**
     * The mass of the nucleus.
     *
     * @return the value, if set
     */
    public Optional<Double> topP() {
        return get(TOP_P);
    }

    /**
     * The share of the greatest probability.
     *
     * @return the value, if set
     */
    public Optional<Double> minP() {
        return get(MIN_P);
    }

    /**
     * The mass of typical tokens.
     *
     * @return the value, if set
     */
    public Optional<Double> typicalP() {
        return get(TYPICAL_P);
    }

    /**
     * The ε of the epsilon cutoff.
     *
     * @return the value, if set
     */
    public Optional<Double> epsilonCutoff() {
        return get(EPSILON_CUTOFF);
    }

    /**
     * The ε of the eta cutoff.
     *
     * @return the value, if set
     */
    public Optional<Double> etaCutoff() {
        return get(ETA_CUTOFF);
    }

    /**
     * The repetition penalty.
     *
     * @return the value, if set
     */
    public Optional<Double> repetitionPenalty() {
        return get(REPETITION_PENALTY);
    }

    /**
     * The frequency penalty.
     *
     * @return the value, if set
     */
    public Optional<Double> frequencyPenalty() {
        return get(FREQUENCY_PENALTY);
    }

    /**
     * The presence penalty.
     *
     * @return the value, if set
     */
    public Optional<Double> presencePenalty() {
        return get(PRESENCE_PENALTY);
    }

    /**
     * The length of sequences that may not repeat.
     *
     * @return the value, if set
     */
    public Optional<Integer> noRepeatNgram() {
        return get(NO_REPEAT_NGRAM);
    }

    /**
     * The biases of single tokens.
     *
     * @return the value, if set; unmodifiable
     */
    public Optional<Map<Integer, Double>> logitBias() {
        return get(LOGIT_BIAS);
    }

    /**
     * The forbidden tokens.
     *
     * @return the value, if set
     */
    public Optional<List<Integer>> suppressTokens() {
        return get(SUPPRESS_TOKENS);
    }

    /**
     * The tokens forbidden at the beginning.
     *
     * @return the value, if set
     */
    public Optional<List<Integer>> beginSuppressTokens() {
        return get(BEGIN_SUPPRESS_TOKENS);
    }

    /**
     * The forbidden sequences of tokens.
     *
     * @return the value, if set
     */
    public Optional<List<List<Integer>>> badWords() {
        return get(BAD_WORDS);
    }

    /**
     * The caller's own steps.
     *
     * @return the value, if set
     */
    public Optional<List<LogitStep>> steps() {
        return get(STEPS);
    }

    /**
     * The seed of the draws.
     *
     * @return the value, if set
     */
    public Optional<Long> seed() {
        return get(SEED);
    }

    /**
     * The number of texts.
     *
     * @return the value, if set
     */
    public Optional<Integer> count() {
        return get(COUNT);
    }

    /**
     * The number of beams.
     *
     * @return the value, if set
     */
    public Optional<Integer> beams() {
        return get(BEAMS);
    }

    /**
     * The exponent of the length in the score of a beam.
     *
     * @return the value, if set
     */
    public Optional<Double> lengthPenalty() {
        return get(LENGTH_PENALTY);
    }

    /**
     * Whether a search with beams ends early.
     *
     * @return the value, if set
     */
    public Optional<Boolean> earlyStopping() {
        return get(EARLY_STOPPING);
    }

    /**
     * The number of alternatives to report.
     *
     * @return the value, if set
     */
    public Optional<Integer> logprobs() {
        return get(LOGPROBS);
    }

    Optional<Dry> dry() {
        return get(DRY);
    }

    Optional<Xtc> xtc() {
        return get(XTC);
    }

    Optional<Mirostat> mirostat() {
        return get(MIROSTAT);
    }

    /** Whether the options themselves ask for greedy choice. */
    boolean asksForGreedy() {
        return temperature().orElse(1.0) == 0;
    }

    /** Whether the options themselves ask for sampling, other than by a count. */
    boolean asksForSampling() {
        return sampling() != null;
    }

    boolean asksForBeams() {
        return beams().orElse(1) > 1;
    }

    // ---- values

    @SuppressWarnings("unchecked") // with() pairs each key with a value of its type.
    private <T> Optional<T> get(Key<T> key) {
        return Optional.ofNullable((T) values[key.place()]);
    }

    private <T> GenerationOptions with(Key<T> key, T value) {
        Object[] more = values.clone();
        more[key.place()] = Arguments.present(value, key.name());
        GenerationOptions options = new GenerationOptions(more);
        options.refuseContradictions();
        return options;
    }

    private void refuseContradictions() {
        String reason = contradiction();
        if (reason != null) {
            throw new IllegalArgumentException("contradictory options: " + reason);
        }
    }

    /** What two options that are set have against each other, or null. */
    private String contradiction() {
        Key<?> truncation = truncation();
        int texts = count().orElse(1);
        int beams = beams().orElse(1);
        if (asksForGreedy() && truncation != null) {
            return "temperature 0 always takes the likeliest token, so " + named(truncation) + " has no effect";
        }
        if (asksForGreedy() && texts > 1 && beams == 1) {
            return "temperature 0 always takes the likeliest token, so " + texts + " texts would be the same one";
        }
        if (mirostat().isPresent() && truncation != MIROSTAT) {
            return "mirostat takes the place of all truncations, so " + named(truncation) + " has no effect";
        }
        if (minTokens().isPresent() && maxTokens().isPresent() && minTokens().get() > maxTokens().get()) {
            return "minTokens " + minTokens().get() + " is more than maxTokens " + maxTokens().get();
        }
        return beams > 1 ? contradictionOfBeams(beams, texts) : null;
    }

    private String contradictionOfBeams(int beams, int texts) {
        if (asksForSampling()) {
            return "a search with " + beams + " beams does not draw, so " + named(sampling()) + " has no effect";
        }
        if (texts > beams) {
            return texts + " texts cannot come from " + beams + " beams";
        }
        if (sliding().isPresent()) {
            return "a search with beams cannot slide its context";
        }
        return logprobs().orElse(0) > 0 ? "a search with beams reports no alternatives" : null;
    }

    /** The first option that is set to a value that asks for sampling, or null. */
    private Key<?> sampling() {
        return temperature().orElse(0.0) > 0 ? TEMPERATURE : truncation();
    }

    /** The first option that truncates the distribution, or null; values that switch a truncation off do not count. */
    private Key<?> truncation() {
        if (topK().orElse(0) > 0) {
            return TOP_K;
        }
        if (topP().orElse(1.0) < 1) {
            return TOP_P;
        }
        if (minP().orElse(0.0) > 0) {
            return MIN_P;
        }
        if (typicalP().orElse(1.0) < 1) {
            return TYPICAL_P;
        }
        if (epsilonCutoff().orElse(0.0) > 0 && epsilonCutoff().get() < 1) {
            return EPSILON_CUTOFF;
        }
        if (etaCutoff().orElse(0.0) > 0 && etaCutoff().get() < 1) {
            return ETA_CUTOFF;
        }
        if (xtc().isPresent() && xtc().get().probability() > 0) {
            return XTC;
        }
        return mirostat().isPresent() ? MIROSTAT : null;
    }

    /** An option with its value, for a message. */
    private String named(Key<?> key) {
        return key.name() + " " + switch (values[key.place()]) {
            case Xtc xtc -> xtc.threshold();
            case Mirostat mirostat -> mirostat.tau();
            case Object value -> value;
        };
    }

    private static int atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " must be " + least + " or more, found " + value);
        }
        return value;
    }

    private static int between(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be between " + least + " and " + most + ", found " + value);
        }
        return value;
    }

    private static List<Integer> tokenList(String name, int[] tokens) {
        for (int token : Arguments.present(tokens, name)) {
            if (token < 0) {
                throw new IllegalArgumentException(name + " must be token ids of 0 or more, found " + token);
            }
        }
        return Arrays.stream(tokens).boxed().toList();
    }

    private static void requireWellFormed(String string) {
        for (int i = 0; i < string.length(); i++) {
            boolean pair = Character.isHighSurrogate(string.charAt(i)) && i + 1 < string.length()
                    && Character.isLowSurrogate(string.charAt(i + 1));
            if (pair) {
                i++;
            } else if (Character.isSurrogate(string.charAt(i))) {
                throw new IllegalArgumentException("stop strings must be well-formed text, found half a character at index " + i);
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GenerationOptions options && Arrays.equals(values, options.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        List<String> fields = KEYS.stream().filter(key -> values[key.place()] != null).map(key -> key.name() + "=" + values[key.place()])
                .toList();
        return "GenerationOptions[" + String.join(", ", fields) + "]";
    }
}
