package jot.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jot.Gpt;
import jot.sampling.LogProbabilities;

/** Shows what a model finds likely after a text. */
final class LogitsCommand implements Command {

    private static final int DEFAULT_TOP = 10;

    @Override
    public String name() {
        return "logits";
    }

    @Override
    public String summary() {
        return "shows the likeliest next tokens of a text: id, logit, probability, token";
    }

    @Override
    public List<Option> options() {
        return Stream.concat(Stream.of(Option.of("--top", "K", "how many tokens to show (default: 10)"), TextInput.TEXT.fileOption()),
                Models.OPTIONS.stream()).toList();
    }

    @Override
    public String synopsis() {
        return TextInput.TEXT.synopsis();
    }

    @Override
    public String examples() {
        return "jot logits --top 5 weights/tales \"Once upon a\"";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        int top = arguments.integer("--top").orElse(DEFAULT_TOP);
        if (top < 1) {
            throw new UsageException("--top: expected at least 1, found " + top);
        }
        Models.path(arguments);
        String text = TextInput.TEXT.read(arguments, console);
        try (Gpt gpt = Models.load(arguments, console)) {
            float[][] logits = gpt.logits(gpt.tokenizer().encodePrompt(text));
            LogProbabilities row = new LogProbabilities().of(logits[logits.length - 1]);
            for (int id : row.top(top)) {
                console.out().printf(Locale.ROOT, "%6d %10.4f %9.3f %% %s%n", id, logits[logits.length - 1][id],
                        100 * StrictMath.exp(row.logProbability(id)), quoted(gpt.tokenizer().decode(id)));
            }
            return Main.DONE;
        }
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"';
    }
}
