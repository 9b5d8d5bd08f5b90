package jot.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import jot.loading.Processors;
import jot.tensor.WeightFormat;
import jot.tensor.Workers;

/** Reads the options that benchmarks share. */
final class BenchOptions {

    private static final String THREADS = "--threads";

    private BenchOptions() {
    }

    static Option warmUpOption(int seconds) {
        return Option.of("--warm-up", "SECONDS", "run for so long at least before measuring (default: " + seconds + ")");
    }

    /** Seconds of warming up at least. */
    static double warmUp(Arguments arguments, int other) throws UsageException {
        Optional<Duration> time = arguments.seconds("--warm-up");
        return time.isPresent() ? time.get().toNanos() / 1e9 : other;
    }

    static int atLeast(int least, Arguments arguments, String name, int other) throws UsageException {
        Optional<Integer> value = arguments.integer(name);
        if (value.isPresent() && value.get() < least) {
            throw new UsageException(name + ": expected at least " + least + ", found " + value.get());
        }
        return value.orElse(other);
    }

    /** The numbers of {@code --threads} that commas part. */
    static List<Integer> threads(Arguments arguments) throws UsageException {
        if (!arguments.has(THREADS)) {
            return List.of(Processors.defaultThreads());
        }
        List<Integer> numbers = new ArrayList<>();
        for (String part : arguments.text(THREADS).get().split(",", -1)) {
            if (!part.matches("[1-9]\\d{0,3}") || Integer.parseInt(part) > Workers.MOST_THREADS) {
                throw new UsageException(THREADS + ": expected numbers from 1 to " + Workers.MOST_THREADS + ", parted by commas, found '"
                        + part + "'");
            }
            numbers.add(Integer.valueOf(part));
        }
        return numbers;
    }

    /** The formats of {@code --weights} that commas part, in lower case. */
    static List<String> weights(Arguments arguments) throws UsageException {
        List<String> names = new ArrayList<>();
        for (String name : arguments.text("--weights").orElse("auto").split(",", -1)) {
            names.add(Models.weights(name).name().toLowerCase(Locale.ROOT));
        }
        return names;
    }

    /** The format in memory, or nothing where that is the file's. */
    static Optional<WeightFormat> format(String weights) throws UsageException {
        String name = Models.weights(weights).name();
        return Stream.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4)
                .filter(format -> format.label().equalsIgnoreCase(name)).findFirst();
    }

    /** What a folder or file is called. */
    static String label(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        return name == null ? path.toString() : name.toString();
    }
}
