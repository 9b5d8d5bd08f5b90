package jot.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import jot.cli.bench.FreshJvm;
import jot.cli.bench.JsonLine;
import jot.cli.bench.LoadBenchmark;
import jot.cli.bench.Machine;
import jot.cli.bench.Samples;
import jot.loading.LoadSettings;
import jot.tensor.Backend;

/** Measures what it takes to load a model. */
final class BenchLoadCommand implements Command {

    private static final int DEFAULT_PROMPT = 16;
    private static final int DEFAULT_FORKS = 3;
    private static final String ROW = "%-8s %18s %20s %12s %20s %16s%n";

    @Override
    public String name() {
        return "bench load";
    }

    @Override
    public String summary() {
        return "measures the time and memory that loading a model takes, and the first token";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.of("--model", "DIR", "the model folder"),
                Option.of("--weights", "F,...", "auto, f32, f16, bf16, q8, q4: formats in memory, one or several (default: auto)"),
                Option.of("--threads", "N", "threads that convert and compute (default: one a core)"),
                Option.of("--backend", "B", "auto, scalar or vector (default: auto)"),
                Option.of("-p", "N", "tokens of the prompt before the first token (default: 16)"),
                Option.of("--forks", "N", "fresh JVMs, each of which loads once; medians count; 0 loads here (default: 3)"),
                Option.flag("--no-mapping", "copy the weights into memory instead of mapping the file"),
                Option.flag("--json", "one JSON object a line"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]... --model DIR      (a second run finds the files in the system's cache)";
    }

    @Override
    public String examples() {
        return """
                jot bench load --model weights/tales
                jot bench load --model gpt2 --weights f32,q8,q4 -p 512 --forks 5""";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(0);
        if (!arguments.has("--model")) {
            throw new UsageException("--model DIR is missing: what to load");
        }
        Path folder = Models.path(arguments.text("--model").get());
        List<Integer> threads = BenchOptions.threads(arguments);
        int prompt = BenchOptions.atLeast(1, arguments, "-p", DEFAULT_PROMPT);
        int forks = BenchOptions.atLeast(0, arguments, "--forks", DEFAULT_FORKS);
        Backend backend = Models.backend(arguments.text("--backend").orElse("auto"));
        List<String> formats = BenchOptions.weights(arguments);
        if (threads.size() > 1) {
            throw new UsageException("--threads: expected one number, found " + threads.size());
        }
        if (forks == 0 && formats.size() > 1) {
            throw new UsageException("--forks 0 loads once: expected one format, found " + formats.size());
        }
        boolean json = arguments.has("--json");
        if (!json) {
            print(console, "%s; Java %s%n%n", Machine.processor(), Machine.java());
            print(console, ROW, "weights", "load", "first token", "bytes", "resident: loaded", "first token");
        }
        for (String weights : formats) {
            LoadSettings settings = new LoadSettings(threads.getFirst(), OptionalInt.empty(), backend, !arguments.has("--no-mapping"),
                    (done, all) -> { }, BenchOptions.format(weights));
            List<LoadBenchmark> loads = forks == 0 ? List.of(here(folder, settings, prompt))
                    : inFreshJvms(words(folder, weights, settings, prompt), forks, weights, console);
            print(console, "%s", json ? line(BenchOptions.label(folder), weights, threads.getFirst(), prompt, loads) : row(weights, loads));
            console.out().flush();
        }
        return Main.DONE;
    }

    private static LoadBenchmark here(Path folder, LoadSettings settings, int prompt) throws IOException {
        Models.beginWithASmallHeap();
        return LoadBenchmark.run(folder, settings, prompt);
    }

    /** The command that loads once. */
    private static List<String> words(Path folder, String weights, LoadSettings settings, int prompt) {
        List<String> words = new ArrayList<>(List.of("bench", "load", "--json", "--forks", "0", "--model", folder.toString(), "--weights",
                weights, "--threads", Integer.toString(settings.threads()), "--backend", settings.backend().name().toLowerCase(Locale.ROOT),
                "-p", Integer.toString(prompt)));
        if (!settings.mapped()) {
            words.add("--no-mapping");
        }
        return words;
    }

    private static List<LoadBenchmark> inFreshJvms(List<String> words, int forks, String weights, Console console) throws IOException {
        try {
            return FreshJvm.measure(words, forks, LoadBenchmark::read, share -> console.progress(weights, share));
        } finally {
            console.endProgress();
        }
    }

    private static String line(String label, String weights, int threads, int prompt, List<LoadBenchmark> loads) {
        return new JsonLine().with("model", label).with("weights", weights).with("threads", threads).with("prompt_tokens", prompt)
                .with("starts", loads.size()).with("load_seconds", Samples.of(loads, LoadBenchmark::loadSeconds).median())
                .with("first_token_seconds", Samples.of(loads, LoadBenchmark::firstTokenSeconds).median())
                .with("weight_bytes", loads.getFirst().weightBytes())
                .with("loaded_bytes", (long) Samples.of(loads, LoadBenchmark::loadedBytes).median())
                .with("resident_bytes", (long) Samples.of(loads, LoadBenchmark::residentBytes).median())
                .with("cpu", Machine.processor()).with("jdk", Machine.java()) + System.lineSeparator();
    }

    private static String row(String weights, List<LoadBenchmark> loads) {
        return String.format(Locale.ROOT, ROW, weights, time(Samples.of(loads, LoadBenchmark::loadSeconds)),
                time(Samples.of(loads, LoadBenchmark::firstTokenSeconds)), megabytes(loads.getFirst().weightBytes()),
                megabytes(Samples.of(loads, LoadBenchmark::loadedBytes).median()),
                megabytes(Samples.of(loads, LoadBenchmark::residentBytes).median()));
    }

    private static String time(Samples seconds) {
        return String.format(Locale.ROOT, "%.1f ± %.1f ms", 1e3 * seconds.median(), 1e3 * seconds.spread());
    }

    private static String megabytes(double bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    private static void print(Console console, String format, Object... values) {
        console.out().print(String.format(Locale.ROOT, format, values));
    }
}
