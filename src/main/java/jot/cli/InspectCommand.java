package jot.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import jot.Gpt;
import jot.ModelInfo;

/** Describes a model from the headers of its files. */
final class InspectCommand implements Command {

    private static final int MOST_LABELS = 8;

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
        Table table = new Table(console);
        table.row("family", info.family());
        info.head().ifPresent(head -> table.row("head", head));
        if (!info.labels().isEmpty()) {
            table.row("labels", labels(info.labels()));
        }
        table.row("parameters", number(info.parameters()));
        if (info.runs()) {
            table.row("shape", info.layers() + " blocks, " + number(info.width()) + " wide, " + info.heads() + " heads");
            table.row("vocabulary", number(info.vocabulary()) + " tokens");
            table.row("context", info.context().isPresent() ? number(info.context().getAsInt()) + " tokens" : "no limit");
        }
        table.row("files", String.join(", ", info.formats()) + ", " + size(info.weightBytes()));
        table.row("tokenizer", info.hasTokenizer() ? "yes" : "no files: token ids only");
        if (info.runs()) {
            memory(info, table);
        }
        table.verdict(info);
        return info.runs() ? Main.DONE : Main.FAILED;
    }

    private static String labels(List<String> names) {
        String shown = String.join(", ", names.subList(0, Math.min(MOST_LABELS, names.size())));
        return names.size() > MOST_LABELS ? shown + " and " + (names.size() - MOST_LABELS) + " more" : shown;
    }

    /** One line for each size: formats of the same size share it. */
    private static void memory(ModelInfo info, Table table) {
        boolean bounded = info.context().isPresent();
        long cache = info.context().orElse(0) * info.cacheBytesPerToken();
        table.row("cache", size(info.cacheBytesPerToken()) + " a token" + (bounded ? ", " + size(cache) + " for a full context" : ""));
        table.heading("in memory", "weights", bounded ? "and a full context" : "");
        Map<Long, List<String>> sizes = new LinkedHashMap<>();
        info.weightBytesByFormat().forEach((format, bytes) -> sizes.computeIfAbsent(bytes, _ -> new ArrayList<>()).add(format));
        Optional<String> stored = info.formats().stream().filter(info.weightBytesByFormat()::containsKey).findFirst();
        sizes.forEach((bytes, formats) -> table.line(String.join(", ", formats), size(bytes), bounded ? size(bytes + cache) : "",
                stored.filter(formats::contains).isPresent() ? "as in the files" : ""));
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String size(long bytes) {
        return bytes < 1_000_000 ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6) : String.format(Locale.ROOT, "%.2f GB",
                        bytes / 1e9);
    }

    /** Rows of names and values; on a terminal the names are bold and the verdict has a colour. */
    private static final class Table {
        private static final String BOLD = "\u001b[1m";
        private static final String GREEN = "\u001b[32m";
        private static final String RED = "\u001b[31m";
        private static final String PLAIN = "\u001b[0m";

        private final Console console;
        private final boolean styled;

        private Table(Console console) {
            this.console = console;
            this.styled = console.terminal() && System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
        }

        private void row(String name, String value) {
            print(style(BOLD, String.format(Locale.ROOT, "%-12s", name)) + value);
        }

        private void heading(String name, String first, String second) {
            print("");
            print(style(BOLD, String.format(Locale.ROOT, "%-12s%-12s%s", name, first, second)));
        }

        private void line(String name, String first, String second, String remark) {
            print(String.format(Locale.ROOT, "%-12s%-12s%-20s%s", name, first, second, remark).stripTrailing());
        }

        private void verdict(ModelInfo info) {
            print("");
            row("runs", info.refusal().map(reason -> style(RED, "no") + ": " + reason).orElse(style(GREEN, "yes")));
        }

        private void print(String line) {
            console.out().println(line.stripTrailing());
        }

        private String style(String code, String text) {
            return styled ? code + text + PLAIN : text;
        }
    }
}
