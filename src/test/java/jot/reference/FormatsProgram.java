package jot.reference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.generation.Inference;
import jot.generation.Logits;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.CacheLayout;
import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.tensor.Activations;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;

/**
 * Runs models in every format in a JVM of its own, as a prompt and token by token.
 *
 * <p>Prints for each model and format the greatest difference from the logits of the reference, relative to max(1, |expected|), of both
 * ways: {@code NAME FORMAT PROMPT TOKENS}. Arguments: a backend, then folders and their expected tensors in turns.
 */
final class FormatsProgram {

    private static final List<WeightFormat> FORMATS =
            List.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4);

    private FormatsProgram() {
    }

    public static void main(String[] arguments) throws IOException {
        lines(arguments).forEach(System.out::println);
    }

    static List<String> lines(String... arguments) throws IOException {
        Backend backend = Backend.valueOf(arguments[0]);
        List<String> lines = new ArrayList<>();
        for (int i = 1; i < arguments.length; i += 2) {
            Path folder = Path.of(arguments[i]);
            try (Expected expected = Expected.of(Path.of(arguments[i + 1]))) {
                for (WeightFormat format : FORMATS) {
                    lines.add(folder.getFileName() + " " + format.label() + errors(folder, expected, format, backend));
                }
            }
        }
        return lines;
    }

    private static String errors(Path folder, Expected expected, WeightFormat format, Backend backend) throws IOException {
        LoadSettings settings = new LoadSettings(2, OptionalInt.empty(), backend, true, (done, all) -> { }, Optional.of(format));
        try (LoadedModel model = ModelLoader.load(folder, settings)) {
            float[][] reference = expected.rows("logits");
            int[] prompt = expected.prompt();
            float[][] together = Logits.of(new Inference(model.transformer(), model.kernels(), model.workers()), prompt);
            return " " + Expected.error(reference, together) + " " + Expected.error(reference, oneByOne(model, prompt));
        }
    }

    private static float[][] oneByOne(LoadedModel model, int[] tokens) {
        float[][] logits = new float[tokens.length][];
        KvCache cache = new KvCache(new CacheLayout(model.transformer().architecture()));
        ForwardPass pass = new ForwardPass(model.transformer(), model.kernels());
        for (int t = 0; t < tokens.length; t++) {
            int token = t;
            model.workers().run(() -> {
                model.transformer().forward(List.of(new Segment(cache, tokens, token, token + 1, Segment.Wanted.LAST)), pass);
                Activations rows = pass.logits();
                float[] row = new float[model.transformer().architecture().vocabulary()];
                System.arraycopy(rows.values(), rows.at(0), row, 0, row.length);
                logits[token] = row;
            });
        }
        return logits;
    }
}
