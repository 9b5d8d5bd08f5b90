package jot.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import jot.cli.bench.JsonLine;
import jot.cli.bench.Machine;
import jot.cli.bench.SamplerBenchmark;
import jot.cli.bench.Samples;
import jot.sampling.SamplingChain;

/** Measures the sampling chain. */
final class BenchSamplerCommand implements Command {

    private static final int DEFAULT_VOCABULARY = 150_000;
    private static final int LEAST_VOCABULARY = 16;
    private static final int DEFAULT_REPETITIONS = 15;
    private static final int DEFAULT_WARM_UP = 1;

    @Override
    public String name() {
        return "bench sampler";
    }

    @Override
    public String summary() {
        return "measures what the choice of a token from its logits takes, on one thread";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.of("--vocabulary", "N", "tokens to choose from (default: 150000)"),
                Option.of("--repetitions", "N", "measurements of 20 tokens each, of which the median counts (default: 15)"),
                BenchOptions.warmUpOption(DEFAULT_WARM_UP),
                Option.flag("--json", "one JSON object a line"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]...\n       usual: penalties, temperature, top-k 50, top-p, min-p; all: every step but top-k; mirostat; greedy";
    }

    @Override
    public String examples() {
        return "jot bench sampler\njot bench sampler --vocabulary 50257 --json";
    }

    @Override
    public int run(Arguments arguments, Console console) throws UsageException {
        arguments.expectAtMost(0);
        int vocabulary = BenchOptions.atLeast(LEAST_VOCABULARY, arguments, "--vocabulary", DEFAULT_VOCABULARY);
        int repetitions = BenchOptions.atLeast(1, arguments, "--repetitions", DEFAULT_REPETITIONS);
        double warmUp = BenchOptions.warmUp(arguments, DEFAULT_WARM_UP);
        boolean json = arguments.has("--json");
        if (!json) {
            console.out().print(String.format(Locale.ROOT, "%s; Java %s%nvocabulary of %,d tokens%n%n", Machine.processor(),
                    Machine.java(), vocabulary));
        }
        for (Map.Entry<String, SamplingChain> chain : SamplerBenchmark.chains(vocabulary).entrySet()) {
            Samples seconds = SamplerBenchmark.run(chain.getValue(), vocabulary, repetitions, warmUp);
            console.out().print(json ? line(chain.getKey(), vocabulary, seconds) : row(chain.getKey(), seconds));
            console.out().flush();
        }
        return Main.DONE;
    }

    private static String line(String name, int vocabulary, Samples seconds) {
        return new JsonLine().with("chain", name).with("vocabulary", vocabulary)
                .with("microseconds_per_token", 1e6 * seconds.median()).with("spread", 1e6 * seconds.spread())
                .with("cpu", Machine.processor()).with("jdk", Machine.java()) + System.lineSeparator();
    }

    private static String row(String name, Samples seconds) {
        return String.format(Locale.ROOT, "%-9s %8.1f ± %.1f µs a token%n", name, 1e6 * seconds.median(), 1e6 * seconds.spread());
    }
}
