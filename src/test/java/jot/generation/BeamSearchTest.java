package jot.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import jot.generation.BeamSettings.EarlyStopping;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BeamSearchTest {
    private static final int VOCABULARY = 4;
    private static final int END = 3;

    /** A made-up model: log-probabilities that depend on all tokens before. */
    private static double[] logprobs(int[] tokens) {
        double[] x = new double[VOCABULARY];
        double total = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            x[i] = Math.floorMod(31 * Arrays.hashCode(tokens) + 17 * i * i + i, 97) / 40.0;
            total += Math.exp(x[i]);
        }
        for (int i = 0; i < VOCABULARY; i++) {
            x[i] -= Math.log(total);
        }
        return x;
    }

    private static BeamSearch search(BeamSettings settings, int most, Function<int[], double[]> model) {
        BeamSearch search = new BeamSearch(settings, most, 1, tokens -> tokens[tokens.length - 1] == END);
        while (search.step(search.running().stream().map(h -> model.apply(h.tokens())).toArray(double[][]::new))) {
            assertTrue(search.running().size() <= settings.beams());
        }
        return search;
    }

    private static void enumerate(int[] tokens, double sum, int most, double penalty, List<BeamSearch.Hypothesis> all) {
        if (tokens.length > 0 && (tokens[tokens.length - 1] == END || tokens.length == most)) {
            all.add(new BeamSearch.Hypothesis(tokens, new double[0], sum, sum / Math.pow(tokens.length, penalty), 0));
            return;
        }
        double[] next = logprobs(tokens);
        for (int token = 0; token < VOCABULARY; token++) {
            int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
            longer[tokens.length] = token;
            enumerate(longer, sum + next[token], most, penalty, all);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.6, 1, 2, -1})
    void enoughBeamsFindWhatTryingAllTextsFinds(double penalty) {
        List<BeamSearch.Hypothesis> all = new ArrayList<>();
        enumerate(new int[0], 0, 4, penalty, all);
        all.sort(Comparator.comparingDouble(BeamSearch.Hypothesis::score).reversed());
        BeamSettings settings = new BeamSettings(300, penalty, EarlyStopping.NEVER);
        List<BeamSearch.Hypothesis> found = search(settings, 4, BeamSearchTest::logprobs).best(5);
        for (int i = 0; i < 5; i++) {
            assertArrayEquals(all.get(i).tokens(), found.get(i).tokens());
            assertEquals(all.get(i).score(), found.get(i).score(), 1e-12);
        }
    }

    @Test
    void aHypothesisKnowsItsLogprobsAndItsScore() {
        for (BeamSearch.Hypothesis h : search(new BeamSettings(3, 0.7, EarlyStopping.HEURISTIC), 6, BeamSearchTest::logprobs).best(3)) {
            double sum = 0;
            for (int i = 0; i < h.tokens().length; i++) {
                double expected = logprobs(Arrays.copyOf(h.tokens(), i))[h.tokens()[i]];
                assertEquals(expected, h.logprobs()[i], 1e-12);
                sum += expected;
            }
            assertEquals(sum / Math.pow(h.tokens().length, 0.7), h.score(), 1e-12);
        }
    }

    @Test
    void earlyStoppingEndsWithAsManyFinishedTextsAsBeams() {
        int[] steps = new int[1];
        Function<int[], double[]> endsSoon = tokens -> {
            steps[0]++;
            return new double[] {-1, -1.5, -3, -0.9};
        };
        assertEquals(2, search(new BeamSettings(2, 1, EarlyStopping.ALWAYS), 50, endsSoon).best(9).size());
        int early = steps[0];
        steps[0] = 0;
        search(new BeamSettings(2, 2, EarlyStopping.NEVER), 50, endsSoon);
        assertTrue(early < steps[0], early + " and " + steps[0]);
    }

    @Test
    void forbiddenTokensNeverComeUp() {
        Function<int[], double[]> narrow = tokens -> new double[] {-0.5, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY,
            Double.NEGATIVE_INFINITY};
        List<BeamSearch.Hypothesis> found = search(new BeamSettings(3, 1, EarlyStopping.HEURISTIC), 4, narrow).best(3);
        assertEquals(1, found.size());
        assertArrayEquals(new int[] {0, 0, 0, 0}, found.getFirst().tokens());
    }

    @Test
    void anUnfinishedSearchTellsWhatItHas() {
        BeamSearch search = new BeamSearch(new BeamSettings(2, 1, EarlyStopping.HEURISTIC), 9, 0, tokens -> false);
        assertTrue(search.best(2).isEmpty());
        search.step(new double[][] {{-1, -2, -3, -4}});
        assertEquals(2, search.best(2).size());
        assertEquals(0, search.best(1).getFirst().tokens()[0]);
        assertFalse(search.running().isEmpty());
    }

    /** Another random model: log-probabilities of {@code size} tokens that depend on all tokens before. */
    private static double[] logprobs(int[] tokens, int size, long seed) {
        SplittableRandom random = new SplittableRandom(seed + 31L * Arrays.hashCode(tokens));
        double[] x = random.doubles(size).map(value -> 3 * value).toArray();
        double total = Arrays.stream(x).map(Math::exp).sum();
        return Arrays.stream(x).map(value -> value - Math.log(total)).toArray();
    }

    /** A text on its way through the search in its plainest form. */
    private record Row(int[] tokens, double score, boolean finished) {
    }

    private static List<Row> best(List<Row> rows, int count) {
        List<Row> sorted = new ArrayList<>(rows);
        sorted.sort(Comparator.comparingDouble(Row::score).reversed());
        return sorted.subList(0, Math.min(count, sorted.size()));
    }

    private static boolean allFinished(List<Row> rows) {
        return rows.stream().allMatch(Row::finished);
    }

    /**
     * The search as the reference library writes it, over tables of fixed size in which a score of −10⁹ stands for "none".
     */
    private static List<Row> tables(BeamSettings settings, int most, int ends, int size, long seed) {
        int beams = settings.beams();
        double none = -1e9;
        List<Row> running = new ArrayList<>(List.of(new Row(new int[0], 0, false)));
        List<Row> finished = new ArrayList<>();
        for (int i = 0; i < beams; i++) {
            finished.add(new Row(new int[0], none, false));
        }
        boolean always = settings.earlyStopping() == EarlyStopping.ALWAYS;
        boolean hopeful = true;
        for (int length = 1; hopeful; length++) {
            List<Row> all = new ArrayList<>();
            for (Row row : running) {
                double[] next = logprobs(row.tokens, size, seed);
                for (int token = 0; token < size; token++) {
                    int[] longer = Arrays.copyOf(row.tokens, length);
                    longer[length - 1] = token;
                    all.add(new Row(longer, row.score + next[token], token < ends || length >= most));
                }
            }
            List<Row> top = best(all, Math.max(2, 1 + ends) * beams);
            running = best(top.stream().map(row -> new Row(row.tokens, row.score + (row.finished ? none : 0), false)).toList(), beams);
            boolean closed = always && allFinished(finished);
            List<Row> merged = new ArrayList<>(finished);
            for (int rank = 0; rank < top.size(); rank++) {
                Row row = top.get(rank);
                boolean just = row.finished && rank < beams;
                double score = row.score / Math.pow(length, settings.lengthPenalty()) + (closed ? none : 0) + (just ? 0 : none);
                merged.add(new Row(row.tokens, score, just));
            }
            finished = best(merged, beams);
            double worst = allFinished(finished) ? finished.getLast().score : none;
            boolean never = settings.earlyStopping() == EarlyStopping.NEVER && settings.lengthPenalty() > 0;
            hopeful = running.getFirst().score / Math.pow(never ? most : length, settings.lengthPenalty()) > worst
                    && !(always && allFinished(finished)) && !allFinished(top);
        }
        return finished.stream().filter(Row::finished).toList();
    }

    @ParameterizedTest
    @EnumSource
    void everySearchFindsWhatTheReferencesTablesFind(EarlyStopping early) {
        SplittableRandom random = new SplittableRandom(early.ordinal());
        int ended = 0;
        for (int round = 0; round < 2_000; round++) {
            long seed = random.nextLong();
            int ends = random.nextInt(3);
            int most = 1 + random.nextInt(9);
            double penalty = new double[] {1, 0.6, 1.5, 0, -0.5, 2}[random.nextInt(6)];
            BeamSettings settings = new BeamSettings(1 + random.nextInt(4), penalty, early);
            List<Row> expected = tables(settings, most, ends, 12, seed);
            BeamSearch search = new BeamSearch(settings, most, ends, tokens -> tokens[tokens.length - 1] < ends);
            while (search.step(search.running().stream().map(h -> logprobs(h.tokens(), 12, seed)).toArray(double[][]::new))) {
                assertFalse(search.running().isEmpty());
            }
            List<BeamSearch.Hypothesis> found = search.best(settings.beams());
            assertEquals(expected.stream().map(row -> Arrays.toString(row.tokens)).toList(),
                    found.stream().map(h -> Arrays.toString(h.tokens())).toList(), settings + " of " + most + " with " + ends + " ends");
            for (int i = 0; i < found.size(); i++) {
                assertEquals(expected.get(i).score, found.get(i).score(), 1e-12);
                ended += found.get(i).tokens().length < most ? 1 : 0;
            }
        }
        assertTrue(ended > 500, ended + " ended early");
    }
}
