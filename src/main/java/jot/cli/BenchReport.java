package jot.cli;

import java.util.Locale;
import jot.cli.bench.BenchCase;
import jot.cli.bench.BenchResult;
import jot.cli.bench.Machine;
import jot.cli.bench.MachineLimits;
import jot.cli.bench.Samples;

/**
 * Shows what was measured of models: a table for people, or one object a line for programs.
 *
 * @param console where
 * @param json for programs
 */
record BenchReport(Console console, boolean json) {

    private static final String ROW = "%-12s %-8s %-8s %-22s %20s %16s %18s %9s%n";

    /** What stands above all rows. */
    void begin() {
        if (!json) {
            print("%s; Java %s%n%n", Machine.processor(), Machine.java());
            print(ROW, "shape", "weights", "threads", "test", "tokens/s", "rate", "of the limit", "share");
        }
    }

    void add(BenchResult result) {
        if (json) {
            console.out().println(result.json());
        } else {
            table(result);
        }
        console.out().flush();
    }

    private void table(BenchResult result) {
        BenchCase settings = result.settings();
        MachineLimits limits = result.limits();
        if (settings.promptTokens() > 0) {
            row(settings, "prefill " + settings.promptTokens(), result.prefillSpeed(), gigas(result.prefillRate(), "GFLOP/s"),
                    gigas(limits.flops(), "GFLOP/s"), result.prefillShare());
        }
        if (settings.generatedTokens() > 0) {
            row(settings, decodeTest(settings), result.decodeSpeed(), gigas(result.decodeRate(), "GB/s"),
                    gigas(limits.bandwidth(), "GB/s"), result.decodeShare());
        }
        if (settings.generatedTokens() > 0 && settings.batch() > 1) {
            print("  %d sequences at once: %.2f times the tokens/s of one%n", settings.batch(), result.batchGain().median());
        }
        if (settings.generatedTokens() > 0 && settings.position() > 0) {
            print("  decode with the cache that it reads: %s%n", gigas(result.decodeRateWithCache(), "GB/s"));
        }
        print("  %s; weights %.1f MB, resident %s; %s%n", result.model().backend(), result.model().weightBytes() / 1e6,
                resident(result.residentBytes()), measured(result));
    }

    private static String decodeTest(BenchCase settings) {
        return "decode " + settings.generatedTokens() + (settings.batch() > 1 ? " × " + settings.batch() : "")
                + (settings.position() > 0 ? " from " + settings.position() : "");
    }

    private static String resident(long bytes) {
        return bytes == 0 ? "unknown" : String.format(Locale.ROOT, "%.1f MB at most", bytes / 1e6);
    }

    private static String measured(BenchResult result) {
        int count = result.repetitions().size();
        String starts = result.starts() > 1 ? " in " + result.starts() + " JVMs" : "";
        String warm = result.steady() ? ", warm" : ", not steady after a minute of warming up";
        return "medians of " + count + starts + warm + ", limits by " + result.limits().loops() + " loops";
    }

    private static String gigas(double rate, String unit) {
        return String.format(Locale.ROOT, "%.1f %s", rate / 1e9, unit);
    }

    private void row(BenchCase settings, String test, Samples speed, String rate, String limit, Samples share) {
        print(ROW, settings.shape(), settings.weights(), settings.threads(), test,
                String.format(Locale.ROOT, "%.1f ± %.1f", speed.median(), speed.spread()), rate, "of " + limit,
                String.format(Locale.ROOT, "%.1f %%", 100 * share.median()));
    }

    private void print(String format, Object... values) {
        console.out().print(String.format(Locale.ROOT, format, values));
    }
}
