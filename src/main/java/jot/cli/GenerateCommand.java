package jot.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import jot.Generation;
import jot.GenerationOptions;
import jot.Gpt;
import jot.Timings;

/** Continues a text. */
final class GenerateCommand implements Command {

    private static final List<Option> OWN = List.of(
            Option.of("--max-tokens", "N", "the most tokens to generate"),
            Option.of("--min-tokens", "N", "no end token before this many"),
            Option.of("--temperature", "T", "0 is greedy, above 0 samples"),
            Option.of("--top-k", "K", "sample from the K likeliest tokens"),
            Option.of("--top-p", "P", "sample from the likeliest tokens with mass P (nucleus)"),
            Option.of("--min-p", "P", "sample from tokens at least P times as likely as the likeliest"),
            Option.of("--repetition-penalty", "R", "above 1 makes tokens of the text less likely"),
            Option.of("--stop", "TEXT", "end before this text (may be given several times)"),
            Option.of("--seed", "N", "the same seed gives the same text"),
            Option.of("--deadline", "SECONDS", "end after this time"),
            Option.flag("--greedy", "always take the likeliest token"));

    @Override
    public String name() {
        return "generate";
    }

    @Override
    public String summary() {
        return "continues a text";
    }

    @Override
    public List<Option> options() {
        return Stream.concat(OWN.stream(), Models.OPTIONS.stream()).toList();
    }

    @Override
    public String synopsis() {
        return "[OPTION]... MODEL [PROMPT]      (without PROMPT it is read from standard input)";
    }

    @Override
    public String examples() {
        return """
                jot generate weights/tales "Once upon a time"
                jot generate --max-tokens 40 --temperature 0.8 --seed 7 weights/tales "The dog"
                cat prompt.txt | jot generate --greedy weights/tales > story.txt""";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        Models.path(arguments);
        GenerationOptions options = options(arguments);
        String prompt = console.textOr(arguments.place(1));
        try (Gpt gpt = Models.load(arguments, console)) {
            long start = System.nanoTime();
            long[] first = new long[1];
            console.out().print(prompt);
            console.out().flush();
            Generation generation = gpt.generate(prompt, options, piece -> {
                if (first[0] == 0) {
                    first[0] = System.nanoTime() - start;
                }
                console.out().print(piece);
                console.out().flush();
            });
            console.out().println();
            if (console.terminal()) {
                console.err().println(figures(generation, first[0], gpt.backend()));
            }
            return Main.DONE;
        }
    }

    private static String figures(Generation generation, long first, String backend) {
        Timings timings = generation.timings();
        return String.format(Locale.ROOT, "[%d tokens, %.1f tokens/s, first after %.2f s, %s, seed %d, %s]", generation.tokens().length,
                timings.generatedTokensPerSecond(), first / 1e9, generation.stopReason(), generation.seed(), backend);
    }

    private static GenerationOptions options(Arguments arguments) throws UsageException {
        GenerationOptions options = arguments.has("--greedy") ? GenerationOptions.greedy() : GenerationOptions.defaults();
        try {
            options = arguments.integer("--max-tokens").map(options::withMaxTokens).orElse(options);
            options = arguments.integer("--min-tokens").map(options::withMinTokens).orElse(options);
            options = arguments.number("--temperature").map(options::withTemperature).orElse(options);
            options = arguments.integer("--top-k").map(options::withTopK).orElse(options);
            options = arguments.number("--top-p").map(options::withTopP).orElse(options);
            options = arguments.number("--min-p").map(options::withMinP).orElse(options);
            options = arguments.number("--repetition-penalty").map(options::withRepetitionPenalty).orElse(options);
            options = arguments.longInteger("--seed").map(options::withSeed).orElse(options);
            options = arguments.seconds("--deadline").map(options::withDeadline).orElse(options);
            return arguments.texts("--stop").isEmpty() ? options : options.withStop(arguments.texts("--stop").toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }
}
