package jot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ScoringTest {
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(Path.of("weights/tales"));
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    /** ln p of token i from the logits after the tokens before it. */
    private static double logprob(float[] logits, int token) {
        double max = Double.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - max);
        }
        return logits[token] - max - Math.log(sum);
    }

    @Test
    void aTextIsScoredByTheLogitsBeforeEachToken() {
        String text = "Once upon a time there was a little cat. It wanted to see the sea.";
        int[] tokens = gpt.tokenizer().encodePrompt(text);
        float[][] logits = gpt.logits(tokens);
        Score score = gpt.score(text, ScoreOptions.defaults().withLogprobs(3));
        assertArrayEquals(Arrays.copyOfRange(tokens, 1, tokens.length), score.tokens());
        double total = 0;
        for (int i = 1; i < tokens.length; i++) {
            assertEquals(logprob(logits[i - 1], tokens[i]), score.logprobs()[i - 1], 1e-4);
            assertEquals(3, score.alternatives().get(i - 1).size());
            total += score.logprobs()[i - 1];
        }
        assertEquals(total, score.total(), 1e-9);
        assertEquals(Math.exp(-total / (tokens.length - 1)), score.perplexity(), 1e-9);
    }

    @Test
    void aContinuationIsScoredFromItsFirstTokenOn() {
        Score joined = gpt.score("The cat sat on the mat.");
        Score part = gpt.score("The cat sat", " on the mat.");
        int[] tokens = gpt.tokenizer().encode(" on the mat.");
        assertArrayEquals(tokens, part.tokens());
        double[] all = joined.logprobs();
        assertArrayEquals(Arrays.copyOfRange(all, all.length - tokens.length, all.length), part.logprobs(), 1e-4);
        // A border within a token: the token that reaches beyond the context is the first one scored.
        assertEquals(part.total(), gpt.score("The cat sat o", "n the mat.").total(), 1e-4);
        assertEquals(joined.total(), gpt.score("", "The cat sat on the mat.").total(), 1e-4);
        assertThrows(IllegalArgumentException.class, () -> gpt.score("The cat", ""));
    }

    @Test
    void longTextsAreReadByWindows() throws IOException {
        int[] tokens = new Random(3).ints(60, 0, 4096).toArray();
        int context = 24;
        int stride = 10;
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(context))) {
            double[] whole = small.score(tokens).logprobs();
            assertEquals(59, whole.length);
            double[] shares = new double[1];
            String text = gpt.tokenizer().decode(tokens);
            int[] again = small.tokenizer().encodePrompt(text);
            double[] found = small.score(text, ScoreOptions.defaults().withStride(stride).withProgress(share -> {
                assertTrue(share >= shares[0] && share <= 1);
                shares[0] = share;
            })).logprobs();
            assertEquals(1, shares[0]);
            int done = context;
            for (int i = 1; i < again.length; i++) {
                if (i >= done) {
                    done = Math.min(again.length, done + stride);
                }
                int begin = Math.max(0, Math.min(done, again.length) - context);
                if (i % 3 != 0) {
                    continue;
                }
                float[][] logits = small.logits(Arrays.copyOfRange(again, begin, i));
                assertEquals(logprob(logits[i - 1 - begin], again[i]), found[i - 1], 1e-4, "token " + i);
            }
        }
    }

    /** The reference's figure over all of the unseen stories is 6.30; the first 40 windows of 512 tokens are enough to be near it. */
    @Test
    @Tag("module-path")
    void perplexityOnUnseenStoriesIsThatOfTheReference() throws IOException {
        String stories = Files.readString(Path.of("src/test/resources/tales/validation.txt"));
        int[] tokens = gpt.tokenizer().encode(stories);
        double total = 0;
        int scored = 0;
        for (int window = 0; window < 40; window++) {
            Score score = gpt.score(Arrays.copyOfRange(tokens, window * 512, (window + 1) * 512));
            total += score.total();
            scored += score.tokens().length;
        }
        assertEquals(6.3, Math.exp(-total / scored), 0.3);
    }

    @Test
    void nothingToScoreIsTold() {
        assertThrows(IllegalArgumentException.class, () -> gpt.score(5));
        assertThrows(IllegalArgumentException.class, () -> gpt.score(new int[0]));
        assertThrows(IllegalArgumentException.class, () -> gpt.score(""));
        assertThrows(IllegalArgumentException.class, () -> gpt.score(5, 4096));
        assertThrows(IllegalArgumentException.class, () -> ScoreOptions.defaults().withStride(0));
        assertThrows(IllegalArgumentException.class, () -> ScoreOptions.defaults().withLogprobs(-1));
    }

    @Test
    void theLikeliestContinuationIsChosen() {
        String context = "The sun was shining and the birds were";
        Choice choice = gpt.choose(context, " singing.", " typewriter.", " purple of.");
        assertEquals(0, choice.index());
        assertEquals(" singing.", choice.text());
        assertEquals(gpt.score(context, " singing.").total(), choice.scores()[0], 1e-4);
        assertEquals(gpt.score(context, " purple of.").total(), choice.scores()[2], 1e-4);
        Choice byByte = gpt.choose(Choice.By.BYTE, context, " singing.", " singing in the trees.");
        assertEquals(gpt.score(context, " singing in the trees.").total() / 22, byByte.scores()[1], 1e-5);
        assertThrows(IllegalArgumentException.class, () -> gpt.choose(context));
        assertThrows(IllegalArgumentException.class, () -> gpt.choose(context, " a", ""));
    }

    @Test
    void aModelWithoutALanguageModelHeadCannotScore(@TempDir Path folder) throws IOException {
        Path source = Path.of("src/test/resources/models/gpt2-classifier");
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, " ": 3}, "merges": []}}""");
        try (Gpt classifier = Gpt.load(folder)) {
            for (Executable call : List.<Executable>of(() -> classifier.score(1, 2), () -> classifier.score("a b"),
                    () -> classifier.score("a", "b"), () -> classifier.choose("a", "b", "c"))) {
                String message = assertThrows(IllegalStateException.class, call).getMessage();
                assertTrue(message.startsWith("the model has no language-model head"), message);
            }
        }
    }

    @Test
    void choosingWorksBeyondTheContext() throws IOException {
        try (Gpt small = Gpt.load(Path.of("weights/tales"), LoadOptions.defaults().withContext(12))) {
            String context = "The sun was shining and the birds were very happy because they were all";
            Choice choice = small.choose(context, " singing.", " purple of.");
            assertEquals(small.score(context, " singing.").total(), choice.scores()[0], 1e-4);
        }
    }
}
