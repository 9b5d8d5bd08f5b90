package jot.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import jot.SamplingFixtures;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    static Stream<Arguments> inverseCases() throws IOException {
        return named("sampling/inverse_cdf.json");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inverseCases")
    void drawsAreExact(String name, JsonObject c) throws IOException {
        double[] p = SamplingFixtures.doubles(c.get("probabilities"));
        for (Json json : c.array("draws")) {
            JsonObject draw = json.asObject("draw");
            double u = draw.get("u").asDouble("u");
            assertEquals(draw.integer("token"), Candidates.inverse(p, p.length, u), "u = " + u);
        }
    }

    static Stream<Arguments> mirostatCases() throws IOException {
        return named("sampling/mirostat.json");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mirostatCases")
    void mirostatFollowsTheReference(String name, JsonObject c) throws IOException {
        Mirostat mirostat = new Mirostat(SamplingFixtures.number(c.get("tau")), SamplingFixtures.number(c.get("eta")));
        JsonArray rows = c.array("logits");
        double[] uniforms = SamplingFixtures.doubles(c.get("uniforms"));
        for (int step = 0; step < rows.size(); step++) {
            JsonObject expected = c.array("renormalized").get(step).asObject("step");
            Logits logits = new Logits();
            logits.load(SamplingFixtures.floats(rows.get(step)));
            Candidates candidates = new Candidates();
            candidates.begin(logits);
            assertEquals(SamplingFixtures.number(expected.get("mu_before")), mirostat.mu(), 1e-12);
            mirostat.apply(candidates, null);
            int[] kept = new int[candidates.count()];
            Arrays.setAll(kept, candidates::id);
            assertArrayEquals(SamplingFixtures.ints(expected.get("kept")), kept);
            candidates.normalize();
            int drawn = candidates.draw(uniforms[step]);
            assertEquals(expected.integer("token"), candidates.id(drawn));
            assertEquals(SamplingFixtures.number(expected.get("surprise")), mirostat.observe(candidates.weight(drawn)), 1e-12);
            assertEquals(SamplingFixtures.number(expected.get("mu")), mirostat.mu(), 1e-12);
        }
    }

    static Stream<Arguments> dryCases() throws IOException {
        return named("sampling/dry_xtc.json").filter(arguments -> {
            try {
                return ((JsonObject) arguments.get()[1]).string("kind").equals("dry");
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dryCases")
    void dryLowersTheLogitsOfTheReference(String name, JsonObject c) throws IOException {
        Dry dry = new Dry(SamplingFixtures.number(c.get("multiplier")), SamplingFixtures.number(c.get("base")),
                c.integer("allowed_length"), c.integer("range"), SamplingFixtures.ints(c.get("sequence_breakers")));
        Logits logits = new Logits();
        logits.load(SamplingFixtures.floats(c.get("logits")));
        dry.apply(logits, new Context(SamplingFixtures.ints(c.get("prompt")), SamplingFixtures.ints(c.get("generated"))));
        assertArrayEquals(SamplingFixtures.doubles(c.get("processed")), logits.values(), 1e-9);
    }

    static Stream<Arguments> xtcCases() throws IOException {
        return named("sampling/dry_xtc.json").filter(arguments -> ((JsonObject) arguments.get()[1]).has("threshold"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("xtcCases")
    void xtcActsByItsDraw(String name, JsonObject c) throws IOException {
        Xtc xtc = new Xtc(SamplingFixtures.number(c.get("threshold")), SamplingFixtures.number(c.get("probability")),
                SamplingFixtures.ints(c.get("protected")));
        Logits logits = new Logits();
        logits.load(SamplingFixtures.floats(c.get("logits")));
        Candidates candidates = new Candidates();
        candidates.begin(logits);
        candidates.total();
        xtc.apply(candidates, SamplingFixtures.number(c.get("u")));
        double[] expected = SamplingFixtures.doubles(c.get("probabilities"));
        double[] actual = new double[expected.length];
        candidates.normalize();
        for (int i = 0; i < candidates.count(); i++) {
            actual[candidates.id(i)] = candidates.weight(i);
        }
        if (c.string("compare").equals("sorted")) {
            Arrays.sort(expected);
            Arrays.sort(actual);
        }
        assertArrayEquals(expected, actual, 1e-12);
    }

    @Test
    void theSeedFixesTheDraws() {
        SamplingChain chain = SamplingChain.builder().temperature(0.8).topK(40).topP(0.95).repetitionPenalty(1.1).build();
        List<Integer> first = generate(chain, 42, 200);
        assertEquals(first, generate(chain, 42, 200));
        assertTrue(!first.equals(generate(chain, 43, 200)));
        // What this seed gave when the generator was chosen: on every JDK and machine it must give the same.
        assertEquals(List.of(34, 36, 35, 41, 25, 6, 27, 45, 8, 47), first.subList(0, 10));
    }

    @Test
    void drawsFollowTheDistribution() {
        float[] logits = {0, 1, 2, -1, Float.NEGATIVE_INFINITY};
        SamplingChain chain = SamplingChain.builder().build();
        double[] p = chain.sampler(new int[0], 0).probabilities(logits);
        Sampler sampler = chain.sampler(new int[0], 7);
        int draws = 100_000;
        int[] counts = new int[logits.length];
        for (int i = 0; i < draws; i++) {
            counts[sampler.sample(logits)]++;
        }
        for (int i = 0; i < logits.length; i++) {
            assertEquals(p[i], counts[i] / (double) draws, 4 * Math.sqrt(p[i] * (1 - p[i]) / draws) + 1e-12);
        }
    }

    @Test
    void mirostatKeepsTheSurpriseNearItsTarget() {
        SplittableRandom random = new SplittableRandom(5);
        Sampler sampler = SamplingChain.builder().mirostat(3, 0.1).build().sampler(new int[0], 1);
        double sum = 0;
        for (int i = 0; i < 2_000; i++) {
            float[] logits = normal(random, 500, 2);
            double[] cut = sampler.probabilities(logits);
            sum -= Math.log(cut[sampler.sample(logits)]) / Math.log(2);
        }
        assertEquals(3, sum / 2_000, 0.1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void unsoundLogitsAreToldWithTokenAndPosition(boolean greedy) {
        SamplingChain chain = greedy ? SamplingChain.builder().greedy().build() : SamplingChain.builder().build();
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            Sampler sampler = chain.sampler(new int[] {1, 2, 3}, 0);
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> sampler.sample(new float[] {0, 1, bad, 2}));
            assertTrue(e.getMessage().contains("token 2") && e.getMessage().contains("position 3"), e.getMessage());
        }
        IllegalStateException e = assertThrows(IllegalStateException.class,
                () -> chain.sampler(new int[0], 0).sample(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}));
        assertTrue(e.getMessage().contains("every token is forbidden"), e.getMessage());
    }

    @Test
    void greedyTakesTheLowestOfEqualsAfterItsPenalties() {
        assertEquals(1, SamplingChain.builder().greedy().build().sampler(new int[0], 0).sample(new float[] {1, 3, 3}));
        Sampler penalised = SamplingChain.builder().greedy().noRepeatNgram(1).build().sampler(new int[] {1}, 0);
        assertEquals(2, penalised.sample(new float[] {1, 3, 3}));
        assertEquals(0, penalised.sample(new float[] {1, 3, 3}));
    }

    @Test
    void extremeValuesNeverGiveNaN() {
        float[] logits = {Float.MAX_VALUE, -Float.MAX_VALUE, 0, Float.NEGATIVE_INFINITY, Float.MIN_VALUE};
        for (double extreme : new double[] {Double.MIN_VALUE, 1e-300, 1e300, Double.MAX_VALUE}) {
            SamplingChain chain = SamplingChain.builder().temperature(extreme).repetitionPenalty(extreme).frequencyPenalty(extreme)
                    .presencePenalty(-extreme).logitBias(Map.of(2, extreme)).topK(4).topP(0.9).minP(0.1).typicalP(0.9)
                    .epsilonCutoff(0.01).etaCutoff(0.01).build();
            double sum = 0;
            for (double p : chain.sampler(new Context(new int[] {0, 1}, 2, 3), 0).probabilities(logits)) {
                assertTrue(p >= 0);
                sum += p;
            }
            assertEquals(1, sum, 1e-12);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 50, 511, 512, 513, 4_999, 5_000, 6_000, 9_999})
    void topKOfManyKeepsWhatSortingKeeps(int k) {
        SplittableRandom random = new SplittableRandom(k);
        for (int shape = 0; shape < 4; shape++) {
            float[] logits = normal(random, 10_000, shape == 1 ? 0.001 : 3);
            if (shape == 2) {
                Arrays.sort(logits);
            } else if (shape == 3) {
                for (int i = 0; i < logits.length; i++) {
                    logits[i] = Math.round(logits[i]);
                }
            }
            float[] sorted = logits.clone();
            Arrays.sort(sorted);
            float threshold = sorted[sorted.length - k];
            double[] p = SamplingChain.builder().topK(k).build().sampler(new int[0], 0).probabilities(logits);
            for (int i = 0; i < p.length; i++) {
                assertEquals(logits[i] >= threshold, p[i] > 0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 0.1, 0.5, 0.9, 0.999})
    void topPOfManyKeepsWhatSortingKeeps(double mass) {
        SplittableRandom random = new SplittableRandom(3);
        for (double scale : new double[] {0.001, 1, 8}) {
            float[] logits = normal(random, 10_000, scale);
            double[] plain = SamplingChain.builder().build().sampler(new int[0], 0).probabilities(logits);
            Integer[] order = new Integer[plain.length];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, (a, b) -> Double.compare(plain[b], plain[a]));
            double[] p = SamplingChain.builder().topP(mass).build().sampler(new int[0], 0).probabilities(logits);
            double before = 0;
            for (int token : order) {
                if (Math.abs(before - mass) > 1e-9) {
                    assertEquals(before < mass, p[token] > 0, "mass before " + before);
                }
                before += plain[token];
            }
        }
    }

    @Test
    void nothingIsAllocatedPerToken() throws JMException {
        float[] logits = normal(new SplittableRandom(1), 20_000, 2);
        Sampler sampler = SamplingChain.builder().repetitionPenalty(1.1).frequencyPenalty(0.1).noRepeatNgram(3).dry(0.8, 1.75, 2, 0)
                .temperature(0.9).topK(5_000).topP(0.95).minP(0.001).typicalP(0.95).epsilonCutoff(1e-6).etaCutoff(1e-6).xtc(0.1, 0.5)
                .build().sampler(new int[] {1, 2, 3}, 1);
        for (int i = 0; i < 300; i++) {
            sampler.sample(logits);
        }
        long before = allocated();
        for (int i = 0; i < 100; i++) {
            sampler.sample(logits);
        }
        assertTrue(allocated() - before < 50_000, "allocated " + (allocated() - before) + " bytes for 100 tokens");
    }

    private static long allocated() throws JMException {
        Object[] thread = {Thread.currentThread().threadId()};
        return (Long) ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME),
                "getThreadAllocatedBytes", thread, new String[] {long.class.getName()});
    }

    static float[] normal(SplittableRandom random, int size, double scale) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return values;
    }

    private static List<Integer> generate(SamplingChain chain, long seed, int tokens) {
        Sampler sampler = chain.sampler(new int[] {1}, seed);
        List<Integer> generated = new ArrayList<>();
        float[] logits = new float[50];
        for (int step = 0; step < tokens; step++) {
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (i * 37 + step * 11) % 97 / 16f;
            }
            generated.add(sampler.sample(logits));
        }
        return generated;
    }

    private static Stream<Arguments> named(String file) throws IOException {
        List<Arguments> cases = new ArrayList<>();
        for (JsonObject c : SamplingFixtures.cases(file)) {
            cases.add(Arguments.of(c.string("name"), c));
        }
        return cases.stream();
    }
}
