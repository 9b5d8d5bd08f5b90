package jot.sampling;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Chooses the tokens of one generation: runs the chain over a model's logits and draws.
 *
 * <p>The pseudo-random generator is {@code L64X128MixRandom} of {@code java.util.random} (in the module {@code java.base}), created
 * from the seed. A draw is inverse transform sampling: c = 0; for i = 0, 1, …: c ← c + p_i in float64; the token is the first i with
 * p_i &gt; 0 and c &gt; u, u = {@code nextDouble()} in [0, 1). Each token takes one such number (and one more before it if XTC is on);
 * greedy choice takes none and prefers the lowest id among equals. So the same logits, chain and seed give the same tokens on every JDK and
 * machine.
 *
 * <p>Not thread-safe: one instance a generation. Its memory is reused from token to token.
 */
public final class Sampler {
    /** The name of the pseudo-random generator. */
    public static final String GENERATOR = "L64X128MixRandom";

    private final SamplingChain chain;
    private final Context context;
    private final RandomGenerator random;
    private final Mirostat mirostat;
    private final Logits logits = new Logits();
    private final Candidates candidates = new Candidates();

    Sampler(SamplingChain chain, Context context, long seed) {
        this.chain = chain;
        this.context = context;
        this.random = RandomGeneratorFactory.of(GENERATOR).create(seed);
        this.mirostat = chain.mirostat() == null ? null : chain.mirostat().fresh();
    }

    /**
     * The tokens so far: the prompt and what was chosen.
     *
     * @return the context, which grows with each choice
     */
    public Context context() {
        return context;
    }

    /**
     * Chooses the next token and adds it to the context.
     *
     * @param modelLogits [vocabulary] logits of the next token; −∞ forbids one. Left unchanged
     * @return the token's id
     * @throws IllegalStateException if a logit is NaN or +∞ (which one and at which position), or if every token is forbidden
     */
    public int sample(float[] modelLogits) {
        int token = choose(SamplingChain.present(modelLogits, "modelLogits"));
        context.append(token);
        return token;
    }

    /**
     * Adds a token that something else chose to the context.
     *
     * @param token its id
     */
    public void accept(int token) {
        context.append(token);
    }

    /**
     * The distribution that the next token is drawn from; nothing is drawn, and the context stays.
     *
     * <p>Greedy choice has all its mass on one token. XTC acts by chance: the distribution is the mean of what is left with and without
     * it.
     *
     * @param modelLogits [vocabulary] logits of the next token, left unchanged
     * @return [vocabulary] probabilities, their sum is 1
     * @throws IllegalStateException if a logit is NaN or +∞, or if every token is forbidden
     */
    public double[] probabilities(float[] modelLogits) {
        double[] p = new double[SamplingChain.present(modelLogits, "modelLogits").length];
        if (chain.isGreedy()) {
            p[greedy(modelLogits)] = 1;
            return p;
        }
        Xtc xtc = prepare(modelLogits);
        if (xtc == null) {
            addProbabilities(p, 1);
            return p;
        }
        addProbabilities(p, 1 - xtc.probability());
        xtc.apply(candidates, 0);
        addProbabilities(p, xtc.probability());
        return p;
    }

    /**
     * Runs the steps before temperature and cuts over log-probabilities, as beam search does, for another context than this sampler's.
     *
     * @param values [vocabulary] log-probabilities, changed in place
     * @param before the tokens before the next one
     */
    public void penalise(double[] values, Context before) {
        SamplingChain.present(before, "before");
        logits.load(SamplingChain.present(values, "values"));
        for (LogitStep step : chain.steps()) {
            step.apply(logits, before);
        }
        System.arraycopy(logits.values(), 0, values, 0, values.length);
    }

    private int choose(float[] modelLogits) {
        if (chain.isGreedy()) {
            return greedy(modelLogits);
        }
        Xtc xtc = prepare(modelLogits);
        if (xtc != null) {
            xtc.apply(candidates, random);
        }
        candidates.normalize();
        int drawn = candidates.draw(random.nextDouble());
        if (mirostat != null) {
            mirostat.observe(candidates.weight(drawn));
        }
        return candidates.id(drawn);
    }

    private int greedy(float[] modelLogits) {
        int token = chain.isPlain() ? plainArgmax(modelLogits) : penalisedArgmax(modelLogits);
        if (token < 0) {
            throw allForbidden();
        }
        return token;
    }

    private int penalisedArgmax(float[] modelLogits) {
        load(modelLogits);
        applySteps();
        return logits.argmax();
    }

    /** The first of the greatest logits, or −1 if all are −∞. */
    private int plainArgmax(float[] modelLogits) {
        float best = Float.NEGATIVE_INFINITY;
        int token = -1;
        boolean sound = true;
        for (int i = 0; i < modelLogits.length; i++) {
            float x = modelLogits[i];
            sound &= x < Float.POSITIVE_INFINITY;
            if (x > best) {
                best = x;
                token = i;
            }
        }
        if (!sound) {
            throw unsound(modelLogits, Logits.firstUnsound(modelLogits));
        }
        return token;
    }

    /** Runs all steps and cuts but XTC, which is returned if it is on. */
    private Xtc prepare(float[] modelLogits) {
        load(modelLogits);
        applySteps();
        candidates.begin(logits);
        if (candidates.isEmpty()) {
            throw allForbidden();
        }
        if (mirostat != null) {
            mirostat.apply(candidates, random);
        }
        for (Candidates.Cut cut : chain.cuts()) {
            if (cut instanceof Xtc xtc) {
                return xtc;
            }
            cut.apply(candidates, random);
        }
        return null;
    }

    private void load(float[] modelLogits) {
        int unsound = logits.load(modelLogits);
        if (unsound >= 0) {
            throw unsound(modelLogits, unsound);
        }
    }

    private void applySteps() {
        for (LogitStep step : chain.steps()) {
            step.apply(logits, context);
        }
    }

    private void addProbabilities(double[] p, double share) {
        double total = candidates.total();
        for (int i = 0; i < candidates.count(); i++) {
            p[candidates.id(i)] += share * (candidates.weight(i) / total);
        }
    }

    private IllegalStateException unsound(float[] modelLogits, int token) {
        return new IllegalStateException("the logit of token " + token + " at position " + context.length() + " is " + modelLogits[token]
                + ", expected a finite number: the model's weights are damaged or out of range");
    }

    private IllegalStateException allForbidden() {
        return new IllegalStateException("every token is forbidden at position " + context.length() + " by the steps: " + chain);
    }
}
