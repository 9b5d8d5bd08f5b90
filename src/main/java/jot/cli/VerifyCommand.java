package jot.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.generation.Inference;
import jot.generation.Logits;
import jot.generation.TextReadings;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.loading.Processors;
import jot.model.HeadPlan;
import jot.tensor.Backend;

/** Holds a model against logits that another implementation computed. */
final class VerifyCommand implements Command {

    private static final double DEFAULT_TOLERANCE = 1e-4;
    private static final int MOST_NAMES = 5;

    @Override
    public String name() {
        return "verify";
    }

    @Override
    public String summary() {
        return "holds a model against saved logits; exit code 1 if they differ by more than a tolerance";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.of("--tolerance", "T", "greatest |difference| / max(1, |expected|) (default: 1e-4)"),
                Option.of("--backend", "B", "auto, scalar or vector (default: auto)"));
    }

    @Override
    public String synopsis() {
        return "[OPTION]... MODEL EXPECTED.safetensors\n"
                + "       (tensors: input_ids [T], logits [T][vocabulary]; if there: hidden.0 ... hidden.n [T][width], greedy [N];\n"
                + "        of classifiers class_logits [labels] or token_logits [T][labels] in place of logits)";
    }

    @Override
    public String examples() {
        return "jot verify models/gpt2 models/gpt2/expected.safetensors\njot verify --tolerance 1e-2 my-model expected.safetensors";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        double tolerance = arguments.number("--tolerance").orElse(DEFAULT_TOLERANCE);
        if (!(tolerance >= 0)) {
            throw new UsageException("--tolerance: expected 0 or more, found " + tolerance);
        }
        Path model = Models.path(arguments);
        Path file = Models.path(arguments.place(1, "EXPECTED.safetensors"));
        Backend backend = Models.backend(arguments.text("--backend").orElse("auto"));
        LoadSettings settings = new LoadSettings(Processors.defaultThreads(), OptionalInt.empty(), backend, true,
                (done, all) -> { });
        Models.beginWithASmallHeap();
        try (Checkpoint expected = Checkpoint.open(file); LoadedModel loaded = ModelLoader.load(model, settings)) {
            Inference inference = new Inference(loaded.transformer(), loaded.kernels(), loaded.workers());
            return new Comparison(expected, file, inference, tolerance, console).run() ? Main.DONE : Main.FAILED;
        }
    }

    /** One model, one file. */
    private record Comparison(Checkpoint expected, Path file, Inference inference, double tolerance, Console console) {

        boolean run() throws IOException {
            return switch (inference.architecture().head()) {
                case HeadPlan.SequenceClassifier _ -> compareScores();
                case HeadPlan.TokenClassifier _ -> comparePasses("token_logits", "the scores");
                case HeadPlan.LanguageModel _, HeadPlan.DoubleHeads _, HeadPlan.None _ -> comparePasses("logits", "the logits");
            };
        }

        /** Every kind of scores that the file has: of a prompt, of one with padding behind it, of one with padding inside. */
        private boolean compareScores() throws IOException {
            boolean equal = true;
            for (String kind : List.of("", "padded_", "inner_")) {
                if (kind.isEmpty() || expected.names().contains(kind + "class_logits")) {
                    float[] found = TextReadings.classify(inference, ints(kind + "input_ids"));
                    equal &= compare(kind + "class_logits", "the scores", new float[][] {found});
                }
            }
            return equal;
        }

        private boolean comparePasses(String outputs, String what) throws IOException {
            int[] prompt = ints("input_ids");
            float[][] logits = new float[prompt.length][];
            float[][][] states = Logits.hiddenStates(inference, prompt, logits);
            boolean equal = true;
            for (int block = 0; block < states.length && equal; block++) {
                String name = "hidden." + block;
                if (expected.names().contains(name)) {
                    equal = compare(name, block == 0 ? "the embedding" : "block " + block, states[block]);
                }
            }
            return compare(outputs, what, logits) & equal & compareGreedy(prompt);
        }

        private boolean compare(String name, String what, float[][] found) throws CheckpointFormatException {
            float[] wanted = floats(name, found.length, found[0].length);
            double worst = 0;
            int firstToken = -1;
            for (int t = 0; t < found.length; t++) {
                double error = 0;
                for (int i = 0; i < found[t].length; i++) {
                    double difference = Math.abs((double) found[t][i] - wanted[t * found[t].length + i]);
                    double relative = difference / Math.max(1, Math.abs(wanted[t * found[t].length + i]));
                    error = Math.max(error, Double.isNaN(relative) ? Double.POSITIVE_INFINITY : relative);
                }
                worst = Math.max(worst, error);
                if (error > tolerance && firstToken < 0) {
                    firstToken = t;
                }
            }
            console.out().printf(Locale.ROOT, "%-12s greatest error %.2e%s%n", name, worst,
                    firstToken < 0 ? "" : "   DIFFERS: " + what + ", first at token " + firstToken);
            return firstToken < 0;
        }

        private boolean compareGreedy(int[] prompt) throws CheckpointFormatException {
            if (!expected.names().contains("greedy")) {
                return true;
            }
            int[] wanted = ints("greedy");
            int[] found = inference.greedy(prompt, wanted.length);
            int first = Arrays.mismatch(wanted, found);
            console.out().printf(Locale.ROOT, "%-12s %s%n", "greedy",
                    first < 0 ? wanted.length + " tokens equal" : "DIFFERS: first at token " + first);
            return first < 0;
        }

        private int[] ints(String name) throws CheckpointFormatException {
            requireName(name);
            return Arrays.stream(expected.longs(name)).mapToInt(Math::toIntExact).toArray();
        }

        private float[] floats(String name, int rows, int columns) throws CheckpointFormatException {
            requireName(name);
            long[] shape = expected.shape(name);
            boolean single = rows == 1 && Arrays.equals(shape, new long[] {columns});
            if (!single && !Arrays.equals(shape, new long[] {rows, columns})) {
                throw new CheckpointFormatException(file, name, "shape [" + rows + ", " + columns + "]", "shape " + Arrays.toString(shape));
            }
            return expected.floats(name);
        }

        private static String summary(Set<String> names) {
            return names.size() + " tensors: " + String.join(", ", names.stream().limit(MOST_NAMES).toList())
                    + (names.size() > MOST_NAMES ? " ..." : "");
        }

        private void requireName(String name) throws CheckpointFormatException {
            if (!expected.names().contains(name)) {
                throw new CheckpointFormatException(file, "tensor names", name, summary(expected.names()));
            }
        }
    }
}
