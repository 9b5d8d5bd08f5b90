package jot.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jot.Gpt;

/** Measures how well a model predicts a text. */
final class ScoreCommand implements Command {

    private static final int DEFAULT_WINDOW = 512;

    @Override
    public String name() {
        return "score";
    }

    @Override
    public String summary() {
        return "prints the perplexity of a text file";
    }

    @Override
    public List<Option> options() {
        return Stream.concat(Stream.of(
                Option.of("--window", "N", "tokens that the model sees at a time (default: 512, or its context if shorter)"),
                Option.of("--stride", "N", "how far the window moves; all that is new in it is scored (default: the window)")),
                Models.OPTIONS.stream()).toList();
    }

    @Override
    public String synopsis() {
        return "[OPTION]... MODEL FILE      (UTF-8; special tokens written in it count as such, nothing is put in front)";
    }

    @Override
    public String examples() {
        return "jot score weights/tales stories.txt\njot score --window 512 --stride 256 weights/tales stories.txt";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        Models.path(arguments);
        Path file = Models.path(arguments.place(1, "FILE, a text file"));
        try (Gpt gpt = Models.load(arguments, console)) {
            int context = gpt.info().context().orElse(Integer.MAX_VALUE);
            int window = arguments.integer("--window").orElse(Math.min(DEFAULT_WINDOW, context));
            if (window < 2 || window > context) {
                throw new UsageException("--window: expected 2 to " + context + ", found " + window);
            }
            int stride = arguments.integer("--stride").orElse(window);
            if (stride < 1 || stride > window) {
                throw new UsageException("--stride: expected 1 to the window of " + window + ", found " + stride);
            }
            int[] tokens = gpt.tokenizer().encode(TextInput.readFile(file));
            if (tokens.length < 2) {
                throw new IOException(file + ": expected a text of at least two tokens, found " + tokens.length);
            }
            Sum sum = sum(gpt, tokens, window, stride, console);
            console.out().printf(Locale.ROOT, "tokens      %d%nscored      %d%n", tokens.length, sum.count);
            console.out().printf(Locale.ROOT, "mean negative log-likelihood  %.8f%n", -sum.total / sum.count);
            console.out().printf(Locale.ROOT, "perplexity  %.6f%n", StrictMath.exp(-sum.total / sum.count));
            return Main.DONE;
        }
    }

    /** Each window begins anew, so that its first token is not scored; later windows score only what the one before did not hold. */
    private static Sum sum(Gpt gpt, int[] tokens, int window, int stride, Console console) {
        double total = 0;
        long count = 0;
        int scored = 0;
        for (int from = 0; scored < tokens.length; from += stride) {
            int to = Math.min(tokens.length, from + window);
            int fresh = Math.min(to - scored, to - from - 1);
            if (fresh > 0) {
                double[] logprobs = gpt.score(Arrays.copyOfRange(tokens, from, to)).logprobs();
                for (int i = logprobs.length - fresh; i < logprobs.length; i++) {
                    total += logprobs[i];
                }
                count += fresh;
            }
            scored = to;
            console.progress("scoring", (double) scored / tokens.length);
        }
        console.endProgress();
        return new Sum(total, count);
    }

    private record Sum(double total, long count) {
    }
}
