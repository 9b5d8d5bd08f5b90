package jot.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jot.cli.bench.JsonLine;
import jot.cli.bench.Machine;
import jot.cli.bench.TokenizerBenchmark;
import jot.tokenizer.Tokenizer;

/** Measures a tokenizer. */
final class BenchTokenizerCommand implements Command {

    private static final int DEFAULT_REPETITIONS = 7;
    private static final int DEFAULT_WARM_UP = 3;

    @Override
    public String name() {
        return "bench tokenizer";
    }

    @Override
    public String summary() {
        return "measures how fast a tokenizer encodes and decodes a text, on one thread";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.of("--text", "FILE", "the text, in UTF-8; all of it is encoded in each measurement"),
                Option.of("--model", "DIR", "the model folder that has the tokenizer, in place of TOKENIZER"),
                Option.of("--repetitions", "N", "measurements, of which the median counts (default: 7)"),
                BenchOptions.warmUpOption(DEFAULT_WARM_UP),
                Option.flag("--json", "one JSON object in a line"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]... --text FILE [TOKENIZER]      (TOKENIZER: a tokenizer file, or a folder that has one)";
    }

    @Override
    public String examples() {
        return """
                jot bench tokenizer --text stories.txt --model weights/tales
                jot bench tokenizer --text stories.txt weights/tales/tokenizer.json""";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(1);
        if (arguments.has("--model") == arguments.place(0).isPresent()) {
            throw new UsageException("expected one of --model DIR and a tokenizer file");
        }
        if (!arguments.has("--text")) {
            throw new UsageException("--text FILE is missing: the text to measure with");
        }
        int repetitions = BenchOptions.atLeast(1, arguments, "--repetitions", DEFAULT_REPETITIONS);
        double warmUp = BenchOptions.warmUp(arguments, DEFAULT_WARM_UP);
        Path path = Models.path(arguments.text("--model").or(() -> arguments.place(0)).get());
        Tokenizer tokenizer = Tokenizer.load(path);
        String text = TextInput.readFile(Models.path(arguments.text("--text").get()));
        if (text.isEmpty()) {
            throw new IOException(arguments.text("--text").get() + ": expected some text, found an empty file");
        }
        TokenizerBenchmark result = TokenizerBenchmark.run(tokenizer, text, repetitions, warmUp);
        console.out().print(arguments.has("--json") ? json(BenchOptions.label(path), result) : table(result));
        return Main.DONE;
    }

    private static String json(String label, TokenizerBenchmark result) {
        return new JsonLine().with("tokenizer", label).with("text_bytes", result.textBytes()).with("tokens", result.tokens())
                .with("encode_megabytes_per_second", result.encode().median() / 1e6)
                .with("encode_spread", result.encode().spread() / 1e6)
                .with("decode_megabytes_per_second", result.decode().median() / 1e6)
                .with("decode_spread", result.decode().spread() / 1e6).with("decoded_equal", result.equal())
                .with("cpu", Machine.processor()).with("jdk", Machine.java()) + System.lineSeparator();
    }

    private static String table(TokenizerBenchmark result) {
        return String.format(Locale.ROOT, """
                %s; Java %s
                %.2f MB of text, %,d tokens, %.2f bytes a token%s

                encode %8.1f ± %.1f MB/s
                decode %8.1f ± %.1f MB/s
                """, Machine.processor(), Machine.java(), result.textBytes() / 1e6, result.tokens(),
                (double) result.textBytes() / result.tokens(), result.equal() ? "" : "; decoding does not give the text again",
                result.encode().median() / 1e6, result.encode().spread() / 1e6, result.decode().median() / 1e6,
                result.decode().spread() / 1e6);
    }
}
