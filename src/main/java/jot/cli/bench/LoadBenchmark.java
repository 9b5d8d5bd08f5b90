package jot.cli.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import jot.generation.Inference;
import jot.generation.Sequence;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonNumber;
import jot.json.JsonObject;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;

/**
 * What it takes to load a model and to come to the first token, in a JVM that has not done so before.
 *
 * @param loadSeconds time of loading
 * @param firstTokenSeconds time from then until the logits after a prompt are there
 * @param weightBytes bytes of all matrices as held
 * @param loadedBytes anonymous memory at most until the model was loaded; 0 where the system does not tell
 * @param residentBytes the same until the first token
 */
public record LoadBenchmark(double loadSeconds, double firstTokenSeconds, long weightBytes, long loadedBytes, long residentBytes) {

    /**
     * Measures once.
     *
     * @param promptTokens tokens of the prompt, at least 1
     * @throws IllegalArgumentException if the prompt does not fit the model's context
     * @throws IOException if the model cannot be loaded
     */
    public static LoadBenchmark run(Path folder, LoadSettings settings, int promptTokens) throws IOException {
        try (ResidentMemory memory = new ResidentMemory()) {
            long start = System.nanoTime();
            try (LoadedModel model = ModelLoader.load(folder, settings)) {
                long loaded = System.nanoTime();
                long loadedBytes = memory.peakBytes();
                Inference inference = new Inference(model.transformer(), model.kernels(), model.workers());
                if (promptTokens > inference.context()) {
                    throw new IllegalArgumentException(String.format(Locale.ROOT, "a prompt of %,d tokens, context of %,d", promptTokens,
                            inference.context()));
                }
                int[] tokens = new int[promptTokens];
                for (int i = 0; i < promptTokens; i++) {
                    tokens[i] = (int) ((i + 1) * 7919L % inference.architecture().vocabulary());
                }
                new Sequence(inference).append(tokens, () -> false);
                long first = System.nanoTime();
                return new LoadBenchmark((loaded - start) / 1e9, (first - loaded) / 1e9, model.transformer().weightBytes(), loadedBytes,
                        memory.peakBytes());
            }
        }
    }

    /** All of it as one line. */
    public String json() {
        return new JsonLine().with("load_seconds", loadSeconds).with("first_token_seconds", firstTokenSeconds)
                .with("weight_bytes", weightBytes).with("loaded_bytes", loadedBytes).with("resident_bytes", residentBytes).toString();
    }

    /**
     * Reads what {@link #json()} wrote, whatever else stands there.
     *
     * @throws JsonException if it is something else
     */
    public static LoadBenchmark read(String json) throws JsonException {
        JsonObject object = (JsonObject) Json.parse(json.getBytes(StandardCharsets.UTF_8));
        return new LoadBenchmark(number(object, "load_seconds"), number(object, "first_token_seconds"),
                (long) number(object, "weight_bytes"), (long) number(object, "loaded_bytes"), (long) number(object, "resident_bytes"));
    }

    private static double number(JsonObject object, String name) throws JsonException {
        return ((JsonNumber) object.require(name)).doubleValue(name);
    }
}
