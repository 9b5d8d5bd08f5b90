package jot.cli;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jot.Classification;
import jot.Gpt;

/** Classifies a text, or each token of it, by a model with a head for that. */
final class ClassifyCommand implements Command {

    @Override
    public String name() {
        return "classify";
    }

    @Override
    public String summary() {
        return "says which labels fit a text, or its tokens, by a model trained to classify";
    }

    @Override
    public List<Option> options() {
        return Stream.concat(Stream.of(TextInput.TEXT.fileOption()), Models.OPTIONS.stream()).toList();
    }

    @Override
    public String synopsis() {
        return TextInput.TEXT.synopsis();
    }

    @Override
    public String examples() {
        return "jot classify sentiment-model \"What a day!\"\njot classify --adapter sentiment-lora gpt2 \"What a day!\"";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        Models.path(arguments);
        String text = TextInput.TEXT.read(arguments, console);
        try (Gpt gpt = Models.load(arguments, console)) {
            int[] tokens = gpt.tokenizer().encodePrompt(text);
            if (gpt.info().head().orElse("").equals("token classification")) {
                labelTokens(gpt, tokens, console);
            } else {
                gpt.classify(tokens).labels().stream().sorted(Comparator.comparingDouble(Classification.Label::score).reversed())
                        .forEach(label -> console.out().printf(Locale.ROOT, "%-12.6f%12.6f  %s%n", label.probability(), label.score(),
                                label.name()));
            }
        }
        return Main.DONE;
    }

    private static void labelTokens(Gpt gpt, int[] tokens, Console console) {
        float[][] scores = gpt.classifyTokens(tokens);
        for (int t = 0; t < tokens.length; t++) {
            int best = 0;
            for (int label = 1; label < scores[t].length; label++) {
                best = scores[t][label] > scores[t][best] ? label : best;
            }
            console.out().printf(Locale.ROOT, "%-12s%12.6f  %s%n", gpt.info().labels().get(best), scores[t][best],
                    gpt.tokenizer().token(tokens[t]));
        }
    }
}
