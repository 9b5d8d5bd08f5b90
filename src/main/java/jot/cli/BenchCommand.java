package jot.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import jot.cli.bench.BenchCase;
import jot.cli.bench.BenchResult;
import jot.cli.bench.Benchmark;
import jot.cli.bench.FreshJvm;
import jot.cli.bench.ResidentMemory;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.tensor.Backend;

/** Measures speed, and says what share of this machine's limits it is. */
final class BenchCommand implements Command {

    private static final int DEFAULT_PROMPT = 512;
    private static final int DEFAULT_GENERATED = 128;
    private static final int DEFAULT_REPETITIONS = 5;
    private static final int DEFAULT_WARM_UP = 2;
    /** What makes no sense beside {@code --write}. */
    private static final List<String> MEASURING = List.of("--model", "--weights", "--threads", "--backend", "-p", "-n", "--batch",
            "--position", "-d", "--repetitions", "--warm-up", "--forks", "--json");

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
                Option.of("--weights", "F,...", "auto, f32, f16, bf16, q8, q4: formats in memory, one or several (default: auto)"),
                Option.of("--threads", "N,...", "threads that compute, one number or several (default: one a core)"),
                Option.of("--backend", "B", "auto, scalar or vector (default: auto)"),
                Option.of("-p", "N", "tokens of the prompt, which goes into an empty cache; 0 leaves it out (default: 512)"),
                Option.of("-n", "N", "tokens to decode one by one; 0 leaves that out (default: 128)"),
                Option.of("--batch", "N", "decode so many sequences at once, and compare with one alone (default: 1)"),
                Option.of("--position", "N", "decode with so many tokens in the cache before; also -d N (default: 0)"),
                Option.of("-d", "N", "the same as --position"),
                Option.of("--repetitions", "N", "measurements in each JVM, of which the median counts (default: 5)"),
                BenchOptions.warmUpOption(DEFAULT_WARM_UP),
                Option.of("--forks", "N", "fresh JVMs that measure, of the same java with the same flags (default: 1)"),
                Option.of("--write", "DIR", "only write the shape as a model folder that every command can use, never over another model"),
                Option.flag("--json", "one JSON object a line, with every repetition"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public String examples() {
        return """
                jot bench --shape gpt2 --weights f32,q8 --forks 3
                jot bench --model weights/tales -p 256 -n 200 --threads 1,2
                jot bench -p 0 -n 64 --batch 8
                jot bench -p 0 -n 24 --position 1000 --json
                jot bench --shape gpt2 --write /tmp/gpt2-random""";
    }

    @Override
    public List<Command> parts() {
        return List.of(new BenchTokenizerCommand(), new BenchLoadCommand(), new BenchSamplerCommand());
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(0);
        BenchShape shape = BenchShape.of(arguments.text("--shape").orElse("gpt2"));
        if (arguments.text("--write").isPresent()) {
            for (String option : MEASURING) {
                if (arguments.has(option)) {
                    throw new UsageException("--write only writes the shape: " + option + " has no meaning beside it");
                }
            }
            shape.write(Models.path(arguments.text("--write").get()));
            return Main.DONE;
        }
        if (arguments.has("--model") && arguments.has("--shape")) {
            throw new UsageException("--model and --shape contradict each other");
        }
        int forks = BenchOptions.atLeast(1, arguments, "--forks", 1);
        Backend backend = Models.backend(arguments.text("--backend").orElse("auto"));
        boolean written = !arguments.has("--model");
        Path given = written ? null : Models.path(arguments.text("--model").get());
        List<BenchCase> cases = cases(written ? shape.label() : BenchOptions.label(given), arguments);
        BenchReport report = new BenchReport(console, arguments.has("--json"));
        try (ModelOnDisk model = written ? ModelOnDisk.written(shape) : ModelOnDisk.at(given)) {
            report.begin();
            for (BenchCase each : cases) {
                boolean here = forks == 1 && cases.size() == 1;
                report.add(here ? here(model.folder(), each, backend) : inFreshJvms(model.folder(), each, backend, forks, console));
            }
        }
        return Main.DONE;
    }

    private static List<BenchCase> cases(String label, Arguments arguments) throws UsageException {
        int prompt = BenchOptions.atLeast(0, arguments, "-p", DEFAULT_PROMPT);
        int generated = BenchOptions.atLeast(0, arguments, "-n", DEFAULT_GENERATED);
        int batch = BenchOptions.atLeast(1, arguments, "--batch", 1);
        int repetitions = BenchOptions.atLeast(1, arguments, "--repetitions", DEFAULT_REPETITIONS);
        double warmUp = BenchOptions.warmUp(arguments, DEFAULT_WARM_UP);
        if (arguments.has("-d") && arguments.has("--position")) {
            throw new UsageException("-d and --position are the same option");
        }
        int position = BenchOptions.atLeast(0, arguments, arguments.has("-d") ? "-d" : "--position", 0);
        if (prompt == 0 && generated == 0) {
            throw new UsageException("-p 0 and -n 0 leave nothing to measure");
        }
        if (generated == 0 && (batch > 1 || position > 0)) {
            throw new UsageException((batch > 1 ? "--batch" : "--position") + " is about decoding, which -n 0 leaves out");
        }
        List<BenchCase> cases = new ArrayList<>();
        for (int threads : BenchOptions.threads(arguments)) {
            for (String weights : BenchOptions.weights(arguments)) {
                cases.add(new BenchCase(label, weights, threads, prompt, generated, batch, position, repetitions, warmUp));
            }
        }
        return cases;
    }

    private static BenchResult here(Path folder, BenchCase asked, Backend backend) throws IOException, UsageException {
        LoadSettings settings = new LoadSettings(asked.threads(), OptionalInt.empty(), backend, true, (done, all) -> { },
                BenchOptions.format(asked.weights()));
        Models.beginWithASmallHeap();
        try (ResidentMemory memory = new ResidentMemory(); LoadedModel model = ModelLoader.load(folder, settings)) {
            String weights = asked.weights().equals("auto") ? held(model) : asked.weights();
            return Benchmark.run(model, asked.named(asked.shape(), weights), memory);
        }
    }

    private static String held(LoadedModel model) {
        return String.join("+", Set.copyOf(model.description().formats()).stream().sorted().toList()).toLowerCase(Locale.ROOT);
    }

    private static BenchResult inFreshJvms(Path folder, BenchCase each, Backend backend, int forks, Console console) throws IOException {
        List<String> words = List.of("bench", "--json", "--model", folder.toString(), "--weights", each.weights(), "--threads",
                Integer.toString(each.threads()), "--backend", backend.name().toLowerCase(Locale.ROOT), "-p",
                Integer.toString(each.promptTokens()), "-n", Integer.toString(each.generatedTokens()), "--batch",
                Integer.toString(each.batch()), "--position", Integer.toString(each.position()), "--repetitions",
                Integer.toString(each.repetitions()), "--warm-up", Double.toString(each.warmUpSeconds()));
        try {
            return BenchResult.joined(FreshJvm.measure(words, forks, json -> BenchResult.read(each, json),
                    share -> console.progress(each.weights() + ", " + each.threads() + " threads", share)));
        } finally {
            console.endProgress();
        }
    }
}
