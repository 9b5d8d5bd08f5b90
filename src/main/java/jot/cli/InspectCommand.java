package jot.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import jot.Gpt;
import jot.ModelInfo;

/** Describes a model from the headers of its files. */
final class InspectCommand implements Command {

    @Override
    public String name() {
        return "inspect";
    }

    @Override
    public String summary() {
        return "describes a model from the headers of its files; exit code 1 if Jot cannot run it";
    }

    @Override
    public List<Option> options() {
        return List.of();
    }

    @Override
    public String synopsis() {
        return "MODEL";
    }

    @Override
    public String examples() {
        return "jot inspect weights/tales";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(1);
        ModelInfo info = Gpt.inspect(Models.path(arguments));
        row(console, "family", info.family());
        row(console, "parameters", number(info.parameters()));
        if (info.runs()) {
            row(console, "shape", info.layers() + " blocks, " + number(info.width()) + " wide, " + info.heads() + " heads");
            row(console, "vocabulary", number(info.vocabulary()) + " tokens");
            row(console, "context", info.context().isPresent() ? number(info.context().getAsInt()) + " tokens" : "no limit");
        }
        row(console, "weights", String.join(", ", info.formats()) + ", " + size(info.weightBytes()));
        if (info.runs()) {
            row(console, "cache", size(info.cacheBytesPerToken()) + " a token");
            row(console, "memory", size(info.bytesNeeded()) + " with a full context");
        }
        row(console, "tokenizer", info.hasTokenizer() ? "yes" : "no files: token ids only");
        row(console, "runs", info.refusal().map(reason -> "no: " + reason).orElse("yes"));
        return info.runs() ? Main.DONE : Main.FAILED;
    }

    private static void row(Console console, String name, String value) {
        console.out().printf(Locale.ROOT, "%-12s%s%n", name, value);
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String size(long bytes) {
        return bytes < 1_000_000 ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6) : String.format(Locale.ROOT, "%.2f GB",
                        bytes / 1e9);
    }
}
