package jot.cli.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import jot.sampling.Sampler;
import jot.sampling.SamplingChain;

/** What the choice of a token costs, on one thread. */
public final class SamplerBenchmark {

    /** Tokens of one measurement. */
    public static final int TOKENS = 20;
    private static final int ROWS = 8;
    private static final int PROMPT = 1_000;
    private static final int PROMPT_TOKENS = 5_000;
    /** How far logits of a model spread. */
    private static final double SPREAD = 3;

    private SamplerBenchmark() {
    }

    /**
     * The chains that are measured, by name: the usual steps; every step but top-k, which would leave the others little to do; mirostat;
     * greedy choice.
     *
     * @param vocabulary tokens to choose from, at least 16
     */
    public static Map<String, SamplingChain> chains(int vocabulary) {
        Map<String, SamplingChain> chains = new LinkedHashMap<>();
        chains.put("usual", SamplingChain.builder().repetitionPenalty(1.1).frequencyPenalty(0.1).presencePenalty(0.1).temperature(0.8)
                .topK(Math.min(50, vocabulary)).topP(0.95).minP(0.05).build());
        chains.put("all", SamplingChain.builder().logitBias(Map.of(1, 1.0)).repetitionPenalty(1.1).noRepeatNgram(3)
                .badWords(List.of(new int[] {2, 3})).minTokens(3, 1).suppressTokens(4).frequencyPenalty(0.1).presencePenalty(0.1)
                .dry(0.8, 1.75, 2, 0).temperature(0.8).topP(0.9999).minP(1e-7).typicalP(0.9999).epsilonCutoff(1e-12).etaCutoff(1e-12)
                .xtc(0.1, 0.5).build());
        chains.put("mirostat", SamplingChain.builder().mirostat(3, 0.1).build());
        chains.put("greedy", SamplingChain.builder().greedy().build());
        return chains;
    }

    /**
     * Seconds that one token takes.
     *
     * @param vocabulary tokens to choose from, at least 16
     * @param measurements how many of {@value #TOKENS} tokens each, at least 1
     * @param warmUpSeconds how long it runs before
     */
    public static Samples run(SamplingChain chain, int vocabulary, int measurements, double warmUpSeconds) {
        float[][] rows = new float[ROWS][];
        for (int i = 0; i < ROWS; i++) {
            rows[i] = logits(vocabulary, i);
        }
        int[] prompt = new int[PROMPT];
        Arrays.setAll(prompt, i -> i * 7_919 % Math.min(PROMPT_TOKENS, vocabulary));
        long begin = System.nanoTime();
        do {
            measure(chain.sampler(prompt, 1), rows, measurements);
        } while (System.nanoTime() - begin < warmUpSeconds * 1e9);
        return Samples.of(measure(chain.sampler(prompt, 2), rows, measurements));
    }

    /** Each of so many measurements takes several tokens, as some steps act by chance. */
    private static double[] measure(Sampler sampler, float[][] rows, int measurements) {
        double[] seconds = new double[measurements];
        for (int i = 0; i < measurements; i++) {
            long start = System.nanoTime();
            for (int token = 0; token < TOKENS; token++) {
                sampler.sample(rows[token % rows.length]);
            }
            seconds[i] = (System.nanoTime() - start) / 1e9 / TOKENS;
        }
        return seconds;
    }

    /** Normally distributed logits, as the sum of four evenly distributed numbers is nearly. */
    private static float[] logits(int vocabulary, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] row = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            double sum = random.nextDouble() + random.nextDouble() + random.nextDouble() + random.nextDouble() - 2;
            row[i] = (float) (SPREAD * sum * Math.sqrt(3));
        }
        return row;
    }
}
