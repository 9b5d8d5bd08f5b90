package jot.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each cut, and some in a row, against its definition worked out by sorting, on distributions of every shape. */
class CutsTest {
    /** What lies closer to its threshold than this, relatively, may go either way. */
    private static final double CLOSE = 1e-9;

    /** Shapes that the logits of a model may take, or hardly ever take. */
    enum Shape {
        NARROW, USUAL, WIDE, FLAT, ONE_HUGE, MOSTLY_FORBIDDEN, MOSTLY_LOWEST, BFLOAT16, WHOLE, SORTED;

        float[] logits(int size) {
            float[] x = SamplerTest.normal(new SplittableRandom(size), size, this == NARROW ? 0.001 : this == WIDE ? 30 : 3);
            for (int i = 0; i < size; i++) {
                x[i] = switch (this) {
                    case NARROW, USUAL, WIDE, SORTED -> x[i];
                    case FLAT -> 2.5f;
                    case ONE_HUGE -> i == size / 2 ? Float.MAX_VALUE : x[i];
                    case MOSTLY_FORBIDDEN -> i % 50 == size / 2 % 50 ? x[i] : Float.NEGATIVE_INFINITY;
                    case MOSTLY_LOWEST -> i % 50 == size / 2 % 50 ? x[i] : -Float.MAX_VALUE;
                    case BFLOAT16 -> Float.intBitsToFloat(Float.floatToRawIntBits(x[i]) & 0xFFFF0000);
                    case WHOLE -> Math.round(x[i]);
                };
            }
            if (this == SORTED) {
                Arrays.sort(x);
            }
            return x;
        }
    }

    static Stream<Arguments> shapes() {
        return Stream.of(Shape.values()).flatMap(shape -> IntStream.of(1, 2, 7, 1_000, 9_000).mapToObj(size -> Arguments.of(shape, size)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void topKKeepsWhatItsDefinitionKeeps(Shape shape, int size) {
        for (int k : new int[] {1, 3, 50, 600, 5_000}) {
            float[] sorted = shape.logits(size);
            Arrays.sort(sorted);
            float border = sorted[Math.max(0, size - k)];
            check(SamplingChain.builder().topK(k), shape, size, (x, p, i) -> x[i] - border);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void topPKeepsWhatItsDefinitionKeeps(Shape shape, int size) {
        for (double mass : new double[] {1e-6, 0.3, 0.9, 0.9999}) {
            double[] p = softmax(shape.logits(size));
            double[] before = massBefore(p, Comparator.comparingDouble(i -> -p[i]));
            check(SamplingChain.builder().topP(mass), shape, size, (x, _, i) -> before[i] == 0 ? 1 : mass - before[i]);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void minPKeepsWhatItsDefinitionKeeps(Shape shape, int size) {
        for (double share : new double[] {1e-6, 0.1, 1}) {
            double threshold = share * greatest(softmax(shape.logits(size)));
            check(SamplingChain.builder().minP(share), shape, size, (x, p, i) -> p[i] / threshold - 1);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void typicalKeepsWhatItsDefinitionKeeps(Shape shape, int size) {
        for (double mass : new double[] {0.2, 0.9, 0.9999}) {
            double[] p = softmax(shape.logits(size));
            double entropy = entropy(p);
            double[] distance = Arrays.stream(p).map(q -> Math.abs(-Math.log(q) - entropy)).toArray();
            double[] before = massBefore(p, Comparator.comparingDouble(i -> distance[i]));
            double border = IntStream.range(0, size).filter(i -> before[i] == 0 || before[i] < mass).mapToDouble(i -> distance[i]).max()
                    .orElseThrow();
            check(SamplingChain.builder().typicalP(mass), shape, size, (x, _, i) -> border - distance[i] + CLOSE);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void theCutoffsKeepWhatTheirDefinitionKeeps(Shape shape, int size) {
        for (double epsilon : new double[] {1e-7, 1e-3, 0.4}) {
            double[] all = softmax(shape.logits(size));
            double threshold = Math.min(epsilon, greatest(all));
            check(SamplingChain.builder().epsilonCutoff(epsilon), shape, size, (x, p, i) -> p[i] / threshold - 1);
            double eta = Math.min(threshold, Math.sqrt(epsilon) * Math.exp(-entropy(all)));
            check(SamplingChain.builder().etaCutoff(epsilon), shape, size, (x, p, i) -> p[i] / eta - 1);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void aRowOfCutsIsEachCutOfWhatTheOneBeforeLeft(Shape shape, int size) {
        float[] row = shape.logits(size);
        double[] p = probabilities(SamplingChain.builder().topP(0.95), row);
        for (SamplingChain.Builder next : List.of(SamplingChain.builder().minP(1e-3), SamplingChain.builder().typicalP(0.9),
                SamplingChain.builder().epsilonCutoff(1e-4), SamplingChain.builder().etaCutoff(1e-4))) {
            p = probabilities(next, left(row, p));
        }
        double[] together = probabilities(SamplingChain.builder().topP(0.95).minP(1e-3).typicalP(0.9).epsilonCutoff(1e-4).etaCutoff(1e-4),
                row);
        assertArrayEquals(p, together, 1e-12);
    }

    @Test
    void theGreatestVocabularyTakesEveryShape() {
        for (Shape shape : Shape.values()) {
            float[] row = shape.logits(256_000);
            SamplingChain chain = SamplingChain.builder().repetitionPenalty(1.1).noRepeatNgram(2).frequencyPenalty(0.1).dry(0.8, 1.75, 2, 0)
                    .temperature(0.9).topP(0.99).minP(1e-6).typicalP(0.95).epsilonCutoff(1e-9).etaCutoff(1e-9).xtc(0.1, 0.5).build();
            Sampler first = chain.sampler(new int[] {1, 2, 1}, 9);
            Sampler again = chain.sampler(new int[] {1, 2, 1}, 9);
            for (int i = 0; i < 5; i++) {
                double p = first.probabilities(row)[first.context().length()];
                int token = first.sample(row);
                assertEquals(token, again.sample(row), shape + " " + p);
                assertTrue(row[token] > Float.NEGATIVE_INFINITY);
            }
        }
    }

    /** How far a token is above its threshold: it stays if that is not negative. */
    private interface Margin {
        double of(float[] x, double[] p, int token);
    }

    private static void check(SamplingChain.Builder chain, Shape shape, int size, Margin margin) {
        float[] x = shape.logits(size);
        double[] before = softmax(x);
        double[] after = probabilities(chain, x);
        double kept = 0;
        double sum = 0;
        for (int i = 0; i < size; i++) {
            kept += after[i] > 0 ? before[i] : 0;
            sum += after[i];
        }
        assertEquals(1, sum, 1e-12);
        for (int i = 0; i < size; i++) {
            double above = margin.of(x, before, i);
            if (before[i] < 1e-300) {
                assertEquals(0, after[i], 1e-300);
            } else if (Math.abs(above) > CLOSE || above == 0) {
                assertEquals(above >= 0, after[i] > 0, "token " + i + " with p " + before[i] + ", margin " + above);
            }
            assertEquals(after[i] > 0 ? before[i] / kept : 0, after[i], 1e-12);
        }
    }

    private static double[] probabilities(SamplingChain.Builder chain, float[] x) {
        return chain.build().sampler(new int[0], 0).probabilities(x);
    }

    private static float[] left(float[] x, double[] p) {
        float[] left = x.clone();
        for (int i = 0; i < x.length; i++) {
            left[i] = p[i] > 0 ? x[i] : Float.NEGATIVE_INFINITY;
        }
        return left;
    }

    private static double greatest(double[] p) {
        return Arrays.stream(p).max().orElseThrow();
    }

    private static double entropy(double[] p) {
        return -Arrays.stream(p).filter(q -> q > 0).map(q -> q * Math.log(q)).sum();
    }

    private static double[] softmax(float[] x) {
        double max = IntStream.range(0, x.length).mapToDouble(i -> x[i]).max().orElseThrow();
        double[] powers = IntStream.range(0, x.length).mapToDouble(i -> Math.exp(x[i] - max)).toArray();
        double total = Arrays.stream(powers).sum();
        return Arrays.stream(powers).map(q -> q / total).toArray();
    }

    /** For each token, the mass of those before it in an order; equal tokens are in order of id. */
    private static double[] massBefore(double[] p, Comparator<Integer> order) {
        double[] before = new double[p.length];
        double mass = 0;
        for (int token : IntStream.range(0, p.length).boxed().sorted(order).toList()) {
            before[token] = mass;
            mass += p[token];
        }
        return before;
    }
}
