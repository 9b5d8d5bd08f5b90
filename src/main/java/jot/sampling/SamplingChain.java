package jot.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which steps turn logits into a token, in the order in which they run.
 *
 * <p>The order is fixed, whatever the order of the builder's calls: logit bias, repetition penalty, n-grams, bad words, minimum length,
 * suppressed tokens, frequency and presence penalty, DRY, the caller's steps; then, unless the choice is greedy, temperature, top-k,
 * top-p, min-p, typical, epsilon, eta and XTC, or mirostat in place of all these cuts. A step at the value that changes nothing is left
 * out. Immutable and thread-safe; each generation has a {@link Sampler} of its own.
 */
public final class SamplingChain {
    private final List<LogitStep> steps;
    private final List<Candidates.Cut> cuts;
    private final Mirostat mirostat;
    private final boolean greedy;
    private final boolean ownSteps;
    private final List<String> descriptions;

    private SamplingChain(List<LogitStep> steps, List<Candidates.Cut> cuts, Mirostat mirostat, boolean greedy, boolean ownSteps,
            List<String> descriptions) {
        this.steps = List.copyOf(steps);
        this.cuts = List.copyOf(cuts);
        this.mirostat = mirostat;
        this.greedy = greedy;
        this.ownSteps = ownSteps;
        this.descriptions = List.copyOf(descriptions);
    }

    /**
     * A builder of a chain without any step, which draws from softmax(x).
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** An argument that must not be null. */
    static <T> T present(T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + ": expected a value, found null");
        }
        return value;
    }

    /**
     * A sampler for one generation.
     *
     * @param prompt the tokens before the first one to be generated
     * @param seed the seed of its pseudo-random generator
     * @return a new sampler
     */
    public Sampler sampler(int[] prompt, long seed) {
        return new Sampler(this, new Context(present(prompt, "prompt")), seed);
    }

    /**
     * A sampler for one generation that has begun.
     *
     * @param context the tokens before the next one; it belongs to the sampler from now on
     * @param seed the seed of its pseudo-random generator
     * @return a new sampler
     */
    public Sampler sampler(Context context, long seed) {
        return new Sampler(this, present(context, "context"), seed);
    }

    /**
     * Whether the likeliest token is taken, without any draw.
     *
     * @return true if the choice is greedy
     */
    public boolean isGreedy() {
        return greedy;
    }

    /**
     * Whether the logits reach the choice unchanged, so that greedy choice is their plain maximum.
     *
     * @return true if no step changes the logits
     */
    public boolean isPlain() {
        return steps.isEmpty() && cuts.isEmpty() && mirostat == null;
    }

    /**
     * Whether some steps are the caller's own, which may do anything.
     *
     * @return true if {@link Builder#step} added one
     */
    public boolean hasOwnSteps() {
        return ownSteps;
    }

    /**
     * The steps with their values, in order, such as {@code temperature 0.7} and {@code top_k 50}.
     *
     * @return one line a step
     */
    public List<String> descriptions() {
        return descriptions;
    }

    List<LogitStep> steps() {
        return steps;
    }

    List<Candidates.Cut> cuts() {
        return cuts;
    }

    /** The parameters of mirostat, or null. */
    Mirostat mirostat() {
        return mirostat;
    }

    @Override
    public String toString() {
        return descriptions.isEmpty() ? (greedy ? "greedy" : "softmax") : (greedy ? "greedy after " : "") + String.join(", ", descriptions);
    }

    /**
     * Collects the steps of a chain; every value is checked when it is given.
     *
     * <p>Not thread-safe. Each method returns this builder and throws {@link IllegalArgumentException} with the range and the value
     * found if the value is out of range.
     */
    public static final class Builder {
        /** Tokens that a description lists; of more it tells how many there are. */
        private static final int LISTED = 16;

        private Map<Integer, Double> logitBias = Map.of();
        private double repetitionPenalty = 1;
        private int noRepeatNgram;
        private List<int[]> badWords = List.of();
        private int minTokens;
        private int[] endTokens = {};
        private int[] suppressed = {};
        private int[] suppressedAtBegin = {};
        private double frequencyPenalty;
        private double presencePenalty;
        private Dry dry;
        private String dryDescription;
        private final List<LogitStep> own = new ArrayList<>();
        private double temperature = 1;
        private int topK;
        private double topP = 1;
        private double minP;
        private double typicalP = 1;
        private double epsilonCutoff;
        private double etaCutoff;
        private Xtc xtc;
        private String xtcDescription;
        private Mirostat mirostat;
        private String mirostatDescription;

        private Builder() {
        }

        /**
         * Adds to the logits of single tokens.
         *
         * @param biases token id → finite bias; −100 and less forbids the token
         * @return this
         */
        public Builder logitBias(Map<Integer, Double> biases) {
            present(biases, "biases").forEach((token, bias) -> {
                requireToken("logit bias", present(token, "biases"));
                present(bias, "biases");
                require(Double.isFinite(bias), "logit bias of token " + token, "a finite number", bias);
            });
            this.logitBias = Map.copyOf(biases);
            return this;
        }

        /**
         * Penalises every token of the context.
         *
         * @param penalty above 0; 1 is off
         * @return this
         */
        public Builder repetitionPenalty(double penalty) {
            require(penalty > 0 && Double.isFinite(penalty), "repetition penalty", "above 0 and finite", penalty);
            this.repetitionPenalty = penalty;
            return this;
        }

        /**
         * Forbids to repeat an n-gram.
         *
         * @param n 0 or more; 0 is off
         * @return this
         */
        public Builder noRepeatNgram(int n) {
            require(n >= 0, "size of n-grams that may not repeat", "0 or more", n);
            this.noRepeatNgram = n;
            return this;
        }

        /**
         * Forbids sequences of tokens.
         *
         * @param words each one token or more
         * @return this
         */
        public Builder badWords(List<int[]> words) {
            for (int[] word : present(words, "words")) {
                if (present(word, "words").length == 0) {
                    throw new IllegalArgumentException("a bad word must have at least one token, found none");
                }
                requireTokens("bad word", word);
            }
            this.badWords = words.stream().map(int[]::clone).toList();
            return this;
        }

        /**
         * Forbids the end tokens until enough tokens are generated.
         *
         * @param tokens the least number of generated tokens, 0 or more
         * @param ends the end tokens
         * @return this
         */
        public Builder minTokens(int tokens, int... ends) {
            require(tokens >= 0, "minimum of tokens", "0 or more", tokens);
            requireTokens("end token", ends);
            this.minTokens = tokens;
            this.endTokens = ends.clone();
            return this;
        }

        /**
         * Forbids tokens throughout.
         *
         * @param tokens the token ids
         * @return this
         */
        public Builder suppressTokens(int... tokens) {
            requireTokens("suppressed token", tokens);
            this.suppressed = tokens.clone();
            return this;
        }

        /**
         * Forbids tokens as the first generated one.
         *
         * @param tokens the token ids
         * @return this
         */
        public Builder beginSuppressTokens(int... tokens) {
            requireTokens("token suppressed at the beginning", tokens);
            this.suppressedAtBegin = tokens.clone();
            return this;
        }

        /**
         * Lowers a logit by f for each time that the token was generated.
         *
         * @param penalty any finite number; 0 is off
         * @return this
         */
        public Builder frequencyPenalty(double penalty) {
            require(Double.isFinite(penalty), "frequency penalty", "a finite number", penalty);
            this.frequencyPenalty = penalty;
            return this;
        }

        /**
         * Lowers the logit of every generated token.
         *
         * @param penalty any finite number; 0 is off
         * @return this
         */
        public Builder presencePenalty(double penalty) {
            require(Double.isFinite(penalty), "presence penalty", "a finite number", penalty);
            this.presencePenalty = penalty;
            return this;
        }

        /**
         * Lowers the logits of tokens that would lengthen a repetition ("don't repeat yourself").
         *
         * @param multiplier the penalty of a match of the allowed length, 0 or more; 0 is off
         * @param base growth of the penalty with each token more, 1 or more
         * @param allowedLength the shortest match that is penalised, 1 or more
         * @param range how many of the last tokens are looked at, 0 for all
         * @param breakers tokens that end a match
         * @return this
         */
        public Builder dry(double multiplier, double base, int allowedLength, int range, int... breakers) {
            require(multiplier >= 0 && Double.isFinite(multiplier), "DRY multiplier", "0 or more and finite", multiplier);
            require(base >= 1 && Double.isFinite(base), "DRY base", "1 or more and finite", base);
            require(allowedLength >= 1, "DRY allowed length", "1 or more", allowedLength);
            require(range >= 0, "DRY range", "0 or more", range);
            requireTokens("DRY sequence breaker", breakers);
            this.dry = multiplier == 0 ? null : new Dry(multiplier, base, allowedLength, range, breakers);
            this.dryDescription = "dry " + multiplier + " " + base + " " + allowedLength + " " + range;
            return this;
        }

        /**
         * Adds a step of the caller, after those added before.
         *
         * @param step the step
         * @return this
         */
        public Builder step(LogitStep step) {
            own.add(present(step, "step"));
            return this;
        }

        /**
         * Divides the logits.
         *
         * @param value 0 or more; 1 is off, 0 makes the choice greedy
         * @return this
         */
        public Builder temperature(double value) {
            require(value >= 0 && Double.isFinite(value), "temperature", "0 or more and finite", value);
            this.temperature = value;
            return this;
        }

        /**
         * Keeps the k likeliest tokens.
         *
         * @param k 0 or more; 0 is off
         * @return this
         */
        public Builder topK(int k) {
            require(k >= 0, "top-k", "0 or more", k);
            this.topK = k;
            return this;
        }

        /**
         * Keeps the nucleus of a mass.
         *
         * @param mass 0 … 1; 1 is off
         * @return this
         */
        public Builder topP(double mass) {
            requireShare("top-p", mass);
            this.topP = mass;
            return this;
        }

        /**
         * Keeps tokens with a share of the greatest probability.
         *
         * @param share 0 … 1; 0 is off
         * @return this
         */
        public Builder minP(double share) {
            requireShare("min-p", share);
            this.minP = share;
            return this;
        }

        /**
         * Keeps tokens of typical surprise.
         *
         * @param mass above 0, at most 1; 1 is off
         * @return this
         */
        public Builder typicalP(double mass) {
            require(mass > 0 && mass <= 1, "typical-p", "above 0 and at most 1", mass);
            this.typicalP = mass;
            return this;
        }

        /**
         * Keeps tokens of a least probability.
         *
         * @param epsilon 0 … 1; 0 and 1 are off
         * @return this
         */
        public Builder epsilonCutoff(double epsilon) {
            requireShare("epsilon cutoff", epsilon);
            this.epsilonCutoff = epsilon;
            return this;
        }

        /**
         * Keeps tokens of a least probability that follows the entropy.
         *
         * @param epsilon 0 … 1; 0 and 1 are off
         * @return this
         */
        public Builder etaCutoff(double epsilon) {
            requireShare("eta cutoff", epsilon);
            this.etaCutoff = epsilon;
            return this;
        }

        /**
         * Removes the top choices by chance.
         *
         * @param threshold probability from which a token is a top choice, above 0 and at most 1
         * @param probability how often the step acts, 0 … 1; 0 is off
         * @param guarded tokens that must not be removed: if one would be, the step does nothing
         * @return this
         */
        public Builder xtc(double threshold, double probability, int... guarded) {
            require(threshold > 0 && threshold <= 1, "XTC threshold", "above 0 and at most 1", threshold);
            requireShare("XTC probability", probability);
            requireTokens("protected token", guarded);
            this.xtc = probability == 0 ? null : new Xtc(threshold, probability, guarded);
            this.xtcDescription = "xtc " + threshold + " " + probability;
            return this;
        }

        /**
         * Steers the surprise of the text, in place of all cuts.
         *
         * @param tau the target in bits, above 0
         * @param eta the rate of learning, 0 or more
         * @return this
         */
        public Builder mirostat(double tau, double eta) {
            require(tau > 0 && Double.isFinite(tau), "mirostat tau", "above 0 and finite", tau);
            require(eta >= 0 && Double.isFinite(eta), "mirostat eta", "0 or more and finite", eta);
            this.mirostat = new Mirostat(tau, eta);
            this.mirostatDescription = "mirostat " + tau + " " + eta;
            return this;
        }

        /**
         * Takes the likeliest token; temperature and cuts are then left out.
         *
         * @return this
         */
        public Builder greedy() {
            this.temperature = 0;
            return this;
        }

        /**
         * The chain of all steps that change something.
         *
         * @return a new chain
         */
        public SamplingChain build() {
            List<LogitStep> steps = new ArrayList<>();
            List<Candidates.Cut> cuts = new ArrayList<>();
            List<String> names = new ArrayList<>();
            addPenalties(steps, names);
            boolean greedy = temperature == 0;
            if (!greedy && temperature != 1) {
                add(steps, names, new Temperature(temperature), "temperature " + temperature);
            }
            if (!greedy && mirostat != null) {
                names.add(mirostatDescription);
            } else if (!greedy) {
                addCuts(cuts, names);
            }
            return new SamplingChain(steps, cuts, greedy ? null : mirostat, greedy, !own.isEmpty(), names);
        }

        private void addPenalties(List<LogitStep> steps, List<String> names) {
            if (!logitBias.isEmpty()) {
                add(steps, names, new LogitBias(logitBias), "logit_bias of " + logitBias.size() + " tokens");
            }
            if (repetitionPenalty != 1) {
                add(steps, names, new RepetitionPenalty(repetitionPenalty), "repetition_penalty " + repetitionPenalty);
            }
            if (noRepeatNgram > 0) {
                add(steps, names, new NoRepeatNgram(noRepeatNgram), "no_repeat_ngram_size " + noRepeatNgram);
            }
            if (!badWords.isEmpty()) {
                add(steps, names, new BadWords(badWords), "bad_words_ids of " + badWords.size() + " words");
            }
            if (minTokens > 0 && endTokens.length > 0) {
                add(steps, names, SuppressTokens.before(minTokens, endTokens), "min_new_tokens " + minTokens);
            }
            if (suppressed.length > 0) {
                add(steps, names, SuppressTokens.always(suppressed), "suppress_tokens " + list(suppressed));
            }
            if (suppressedAtBegin.length > 0) {
                add(steps, names, SuppressTokens.before(1, suppressedAtBegin), "begin_suppress_tokens " + list(suppressedAtBegin));
            }
            if (frequencyPenalty != 0 || presencePenalty != 0) {
                add(steps, names, new FrequencyPresencePenalty(frequencyPenalty, presencePenalty),
                        "frequency_penalty " + frequencyPenalty + ", presence_penalty " + presencePenalty);
            }
            if (dry != null) {
                add(steps, names, dry, dryDescription);
            }
            for (LogitStep step : own) {
                add(steps, names, step, "a step of the caller");
            }
        }

        private void addCuts(List<Candidates.Cut> cuts, List<String> names) {
            if (topK > 0) {
                add(cuts, names, new TopK(topK), "top_k " + topK);
            }
            if (topP < 1) {
                add(cuts, names, new TopP(topP), "top_p " + topP);
            }
            if (minP > 0) {
                add(cuts, names, new MinP(minP), "min_p " + minP);
            }
            if (typicalP < 1) {
                add(cuts, names, new TypicalP(typicalP), "typical_p " + typicalP);
            }
            if (epsilonCutoff > 0 && epsilonCutoff < 1) {
                add(cuts, names, new EpsilonCutoff(epsilonCutoff), "epsilon_cutoff " + epsilonCutoff);
            }
            if (etaCutoff > 0 && etaCutoff < 1) {
                add(cuts, names, new EtaCutoff(etaCutoff), "eta_cutoff " + etaCutoff);
            }
            if (xtc != null) {
                add(cuts, names, xtc, xtcDescription);
            }
        }

        private static <T> void add(List<? super T> steps, List<String> names, T step, String name) {
            steps.add(step);
            names.add(name);
        }

        private static String list(int[] tokens) {
            if (tokens.length <= LISTED) {
                return Arrays.toString(tokens);
            }
            String shown = Arrays.toString(Arrays.copyOf(tokens, LISTED));
            return shown.substring(0, shown.length() - 1) + String.format(Locale.ROOT, ", … %,d tokens]", tokens.length);
        }

        private static void requireShare(String name, double value) {
            require(value >= 0 && value <= 1, name, "between 0 and 1", value);
        }

        private static void requireTokens(String name, int[] tokens) {
            for (int token : present(tokens, name)) {
                requireToken(name, token);
            }
        }

        private static void requireToken(String name, int token) {
            require(token >= 0, name, "a token id of 0 or more", token);
        }

        private static void require(boolean holds, String name, String range, Object found) {
            if (!holds) {
                throw new IllegalArgumentException(String.format(Locale.ROOT, "%s must be %s, found %s", name, range, found));
            }
        }
    }
}
