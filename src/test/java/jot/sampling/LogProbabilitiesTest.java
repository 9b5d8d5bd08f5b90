package jot.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jot.SamplingFixtures;
import jot.json.JsonArray;
import jot.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogProbabilitiesTest {
    static Stream<Arguments> cases() throws IOException {
        List<Arguments> cases = new ArrayList<>();
        for (JsonObject c : SamplingFixtures.cases("sampling/scoring.json")) {
            cases.add(Arguments.of(c.string("name"), c));
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void rowsEqualTheReference(String name, JsonObject c) throws IOException {
        JsonArray rows = c.array("logits");
        int[] ids = SamplingFixtures.ints(c.get("ids"));
        double[] expected = SamplingFixtures.doubles(c.get("logprobs"));
        double[] entropy = SamplingFixtures.doubles(c.get("entropy"));
        LogProbabilities row = new LogProbabilities();
        for (int t = 0; t < ids.length; t++) {
            row.of(SamplingFixtures.floats(rows.get(t)));
            assertEquals(expected[t], row.logProbability(ids[t]), 1e-9);
            assertEquals(entropy[t], row.entropy(), 1e-9);
            int[] top = row.top(5);
            JsonArray best = c.array("top").get(t).asArray("top");
            assertEquals(best.size(), top.length);
            for (int i = 0; i < top.length; i++) {
                JsonObject one = best.get(i).asObject("top");
                assertEquals(one.integer("id"), top[i]);
                assertEquals(SamplingFixtures.number(one.get("logprob")), row.logProbability(top[i]), 1e-9);
            }
        }
    }

    @Test
    void allGivesEachOfThem() {
        float[] logits = {1, 2, 3};
        LogProbabilities row = new LogProbabilities().of(logits);
        double[] all = new double[3];
        row.all(all);
        assertArrayEquals(new double[] {row.logProbability(0), row.logProbability(1), row.logProbability(2)}, all);
        assertThrows(IllegalArgumentException.class, () -> row.logProbability(3));
        for (float damaged : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            String message = assertThrows(IllegalStateException.class, () -> row.of(new float[] {damaged, 1})).getMessage();
            assertTrue(message.contains(damaged + ", expected a finite number: the model's weights are damaged"), message);
        }
        assertThrows(IllegalStateException.class, () -> row.of(new float[] {Float.NEGATIVE_INFINITY}));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, 1_999, 2_000, 2_001, 5_000, Integer.MAX_VALUE})
    void theLikeliestComeInOrderHoweverMany(int k) {
        SplittableRandom random = new SplittableRandom(3);
        float[] logits = new float[5_000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = i % 7 == 0 ? Float.NEGATIVE_INFINITY : i % 5 == 0 ? -0f : (float) random.nextInt(-9, 9) / 3;
        }
        int[] expected = IntStream.range(0, logits.length).boxed().sorted(Comparator.comparing((Integer token) -> -(logits[token] + 0f))
                .thenComparing(Comparator.naturalOrder())).limit(k).mapToInt(Integer::intValue).toArray();
        assertArrayEquals(expected, new LogProbabilities().of(logits).top(k));
        assertThrows(IllegalArgumentException.class, () -> new LogProbabilities().of(logits).top(-1));
    }

    @Test
    void theExponentialIsAccurate() {
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < 1_000_000; i++) {
            double x = i < 1_000 ? -i * 0.708 : -random.nextDouble() * (i % 2 == 0 ? 708 : 3);
            double expected = StrictMath.exp(x);
            assertEquals(expected, Exponential.exp(x), 4e-16 * expected, "e^" + x);
        }
        assertEquals(1, Exponential.exp(0));
        assertEquals(0, Exponential.exp(-709));
        assertEquals(0, Exponential.exp(Double.NEGATIVE_INFINITY));
    }
}
