package jot.sampling;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Measures what the sampling chain costs a token for a vocabulary of 150,000, on one thread: run its {@code main}.
 *
 * <p>The budget is 1 ms with the usual steps and 6 ms with all steps and without top-k, whatever the logits are and however deep the
 * cuts go. A JVM start tells about itself only, as the compiler may decide otherwise in the next: compare several.
 */
public final class SamplerBenchmark {
    private static final int VOCABULARY = 150_000;
    private static final int TOKENS = 100;

    private SamplerBenchmark() {
    }

    public static void main(String[] arguments) {
        for (double spread : new double[] {0, 0.01, 1, 3, 8}) {
            float[][] rows = new float[8][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = SamplerTest.normal(new SplittableRandom(i), VOCABULARY, spread);
            }
            measure("usual steps, spread " + spread, usual(), rows);
            measure("all steps, shallow cuts, spread " + spread, all(0.9999, 1e-7, 0.9999, 1e-12), rows);
            measure("all steps, deep cuts, spread " + spread, all(0.95, 1e-4, 0.9, 1e-6), rows);
            measure("all steps, deepest cuts, spread " + spread, all(0.5, 0.05, 0.5, 3e-4), rows);
            measure("mirostat, spread " + spread, SamplingChain.builder().mirostat(3, 0.1).build(), rows);
            measure("greedy, spread " + spread, SamplingChain.builder().greedy().build(), rows);
        }
    }

    private static SamplingChain usual() {
        return SamplingChain.builder().repetitionPenalty(1.1).frequencyPenalty(0.1).presencePenalty(0.1).temperature(0.8).topK(50)
                .topP(0.95).minP(0.05).build();
    }

    private static SamplingChain all(double topP, double minP, double typicalP, double cutoff) {
        return SamplingChain.builder().logitBias(Map.of(1, 1.0)).repetitionPenalty(1.1).noRepeatNgram(3).minTokens(3, 1).suppressTokens(4)
                .frequencyPenalty(0.1).presencePenalty(0.1).dry(0.8, 1.75, 2, 0).temperature(0.8).topP(topP).minP(minP).typicalP(typicalP)
                .epsilonCutoff(cutoff).etaCutoff(cutoff).xtc(0.1, 0.5).build();
    }

    private static void measure(String name, SamplingChain chain, float[][] rows) {
        int[] prompt = new int[1_000];
        Arrays.setAll(prompt, i -> i * 7_919 % 5_000);
        Sampler sampler = chain.sampler(prompt, 1);
        long[] nanos = new long[TOKENS];
        for (int i = -TOKENS; i < TOKENS; i++) {
            long start = System.nanoTime();
            sampler.sample(rows[Math.floorMod(i, rows.length)]);
            nanos[Math.max(0, i)] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf(Locale.ROOT, "%-45s %.3f ms a token, at most %.3f%n", name, nanos[TOKENS / 2] / 1e6, nanos[TOKENS - 1] / 1e6);
    }
}
