package jot.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import jot.generation.BeamSettings.EarlyStopping;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
}
