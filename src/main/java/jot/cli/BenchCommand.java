package jot.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import jot.LoadOptions;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.loading.Processors;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;

/** Measures speed, and says what share of this machine's limits it is. */
final class BenchCommand implements Command {

    private static final int DEFAULT_PROMPT = 512;
    private static final int DEFAULT_GENERATED = 128;
    private static final int DEFAULT_REPETITIONS = 5;

    @Override
    public String name() {
        return "bench";
    }

    @Override
    public String summary() {
        return "measures prompt and generation speed, also as shares of this machine's limits";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.of("--shape", "NAME", "gpt2, gpt2-medium, gpt2-xl or llama-1b, with random weights (default: gpt2)"),
                Option.of("--model", "DIR", "a model folder instead"),
                Option.of("--weights", "F", "auto, f32, f16, bf16, q8 or q4: the format in memory (default: auto)"),
                Option.of("--threads", "N", "threads that compute (default: one a core)"),
                Option.of("--backend", "B", "auto, scalar or vector (default: auto)"),
                Option.of("-p", "N", "tokens of the prompt (default: 512)"),
                Option.of("-n", "N", "tokens to generate (default: 128)"),
                Option.of("--repetitions", "N", "measurements, of which the median counts (default: 5)"),
                Option.of("--write", "DIR", "only write the shape as a model folder"),
                Option.flag("--json", "one JSON object a line"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public String examples() {
        return """
                jot bench --shape gpt2
                jot bench --model weights/tales -p 256 -n 200 --threads 1
                jot bench --shape gpt2 --write /tmp/gpt2-random""";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(0);
        if (arguments.has("--model") && arguments.has("--shape")) {
            throw new UsageException("--model and --shape contradict each other");
        }
        positive(arguments, "--repetitions", DEFAULT_REPETITIONS);
        BenchShape shape = BenchShape.of(arguments.text("--shape").orElse("gpt2"));
        if (arguments.text("--write").isPresent()) {
            shape.write(Models.path(arguments.text("--write").get()));
            return Main.DONE;
        }
        if (arguments.text("--model").isPresent()) {
            Path folder = Models.path(arguments.text("--model").get());
            return measure(folder, folder.getFileName().toString(), arguments, console);
        }
        Path folder = Files.createTempDirectory("jot-bench");
        try {
            shape.write(folder);
            return measure(folder, shape.label(), arguments, console);
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private static int measure(Path folder, String label, Arguments arguments, Console console) throws IOException, UsageException {
        int threads = positive(arguments, "--threads", Processors.defaultThreads());
        int prompt = positive(arguments, "-p", DEFAULT_PROMPT);
        int generated = positive(arguments, "-n", DEFAULT_GENERATED);
        int repetitions = positive(arguments, "--repetitions", DEFAULT_REPETITIONS);
        Backend backend = Models.backend(arguments.text("--backend").orElse("auto"));
        Optional<WeightFormat> format = format(Models.weights(arguments.text("--weights").orElse("auto")));
        LoadSettings settings = new LoadSettings(threads, OptionalInt.empty(), backend, true, (done, all) -> { }, format);
        try (LoadedModel model = ModelLoader.load(folder, settings)) {
            Benchmark.Result result = new Benchmark(model, prompt, generated, repetitions).run();
            MachineLimits limits;
            try (MachineLimits.Meter meter = MachineLimits.meter(threads)) {
                limits = meter.measure();
            }
            String weights = format.map(WeightFormat::label).orElse(String.join("+", model.description().formats()));
            Line line = new Line(label, weights, threads, prompt, generated, result, limits, model.backend());
            if (arguments.has("--json")) {
                console.out().println(line.json());
            } else {
                line.print(console);
            }
        }
        return Main.DONE;
    }

    private static Optional<WeightFormat> format(LoadOptions.Weights weights) {
        return Stream.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4)
                .filter(format -> format.label().equalsIgnoreCase(weights.name())).findFirst();
    }

    private static int positive(Arguments arguments, String name, int other) throws UsageException {
        Optional<Integer> value = arguments.integer(name);
        if (value.isPresent() && value.get() < 1) {
            throw new UsageException(name + ": expected at least 1, found " + value.get());
        }
        return value.orElse(other);
    }

    /** What is printed of one measurement. */
    private record Line(String shape, String weights, int threads, int prompt, int generated, Benchmark.Result result,
            MachineLimits limits, String backend) {

        String json() {
            return String.format(Locale.ROOT, "{\"shape\": \"%s\", \"weights\": \"%s\", \"threads\": %d, \"prompt_tokens\": %d, "
                    + "\"generated_tokens\": %d, \"prefill_tokens_per_second\": %.2f, \"decode_tokens_per_second\": %.2f, "
                    + "\"weight_bytes\": %d, \"resident_bytes\": %d, \"prefill_share\": %.4f, \"decode_share\": %.4f, "
                    + "\"peak_flops\": %.4e, \"read_bandwidth\": %.4e, \"backend\": \"%s\", \"java\": \"%s\"}", shape, weights, threads,
                            prompt,
                    generated, Benchmark.Result.median(result.prefill()), Benchmark.Result.median(result.decode()), result.weightBytes(),
                    result.residentBytes(), prefillShare(), decodeShare(), limits.flops(), limits.bandwidth(), backend,
                    System.getProperty("java.version"));
        }

        private double prefillShare() {
            return result.prefillRate(prompt) / limits.flops();
        }

        private double decodeShare() {
            return result.decodeRate() / limits.bandwidth();
        }

        void print(Console console) {
            console.out().printf(Locale.ROOT, "%s, Java %s, %s, %d threads%n", processor(), System.getProperty("java.version"), backend,
                    threads);
            console.out().printf(Locale.ROOT, "limits: %s%n%n", limits.line());
            console.out().printf(Locale.ROOT, "%-14s %-8s %-16s %18s %14s %14s%n", "shape", "weights", "test", "tokens/s", "rate", "share");
            row(console, "prefill " + prompt, result.prefill(), result.prefillRate(prompt) / 1e9, "GFLOP/s", prefillShare());
            row(console, "decode " + generated, result.decode(), result.decodeRate() / 1e9, "GB/s", decodeShare());
            console.out().printf(Locale.ROOT, "%nweights %.1f MB, resident %.1f MB%n", result.weightBytes() / 1e6,
                    result.residentBytes() / 1e6);
        }

        private void row(Console console, String test, double[] rates, double rate, String unit, double share) {
            double median = Benchmark.Result.median(rates);
            double spread = (rates[rates.length - 1] - rates[0]) / 2;
            console.out().printf(Locale.ROOT, "%-14s %-8s %-16s %10.1f ± %5.1f %6.1f %-7s %12.1f %%%n", shape, weights, test, median,
                    spread,
                    rate, unit, 100 * share);
        }

        private static String processor() {
            Path info = Path.of("/proc/cpuinfo");
            if (Files.isReadable(info)) {
                try (Stream<String> lines = Files.lines(info)) {
                    Optional<String> name = lines.filter(line -> line.startsWith("model name")).findFirst();
                    if (name.isPresent()) {
                        return name.get().substring(name.get().indexOf(':') + 1).strip();
                    }
                } catch (IOException e) {
                    return System.getProperty("os.arch");
                }
            }
            return System.getProperty("os.arch");
        }
    }
}
