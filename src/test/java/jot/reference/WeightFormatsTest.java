package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import jot.generation.Inference;
import jot.generation.Logits;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.tensor.Backend;
import jot.tensor.WeightFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Matrices held in another format than the file's give nearly the same logits, whatever layout the file has. */
class WeightFormatsTest {

    @ParameterizedTest
    @CsvSource({"gpt2, F32, 0", "gpt2, F16, 2e-3", "gpt2, BF16, 2e-2", "gpt2, Q8, 2e-2", "gpt2, Q4, 0.3",
        "gpt_neox, Q8, 2e-2", "gpt_neox, F16, 2e-3", "llama, F32, 0", "llama, Q8, 5e-2", "phi3, Q8, 5e-2", "mixtral, Q8, 5e-2",
        "gpt_oss-mxfp4, Q8, 0.2"})
    void logitsStayNear(String name, String format, double bound) throws IOException {
        for (Backend backend : Backends.runnable()) {
            logitsStayNear(name, backend, format(format), bound);
        }
    }

    private static void logitsStayNear(String name, Backend backend, WeightFormat format, double bound) throws IOException {
        int[] prompt = prompt(name);
        float[][] own = logits(name, backend, 2, Optional.empty(), prompt);
        float[][] held = logits(name, backend, 2, Optional.of(format), prompt);
        double squares = 0;
        double differences = 0;
        for (int t = 0; t < own.length; t++) {
            for (int i = 0; i < own[t].length; i++) {
                squares += (double) own[t][i] * own[t][i];
                differences += Math.pow((double) held[t][i] - own[t][i], 2);
            }
        }
        double error = Math.sqrt(differences / squares);
        assertTrue(error <= bound, () -> name + " in " + format.label() + ", " + backend + ": relative error " + error);
        assertTrue(bound == 0 || error > 0, "the format must have been changed");
    }

    /** However a conversion and the products were shared out, and wherever the parts of a matrix begin. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt_neox", "phi3", "bloom", "mixtral", "granite"})
    void plainLoopsHaveTheSameBitsInQ8ForAnyThreads(String name) throws IOException {
        for (int[] tokens : List.of(Arrays.copyOf(prompt(name), 2), IntStream.range(1, 28).toArray())) {
            float[][] alone = logits(name, Backend.SCALAR, 1, Optional.of(WeightFormat.Q8), tokens);
            for (int threads : new int[] {2, 5}) {
                assertArrayEquals(alone, logits(name, Backend.SCALAR, threads, Optional.of(WeightFormat.Q8), tokens));
            }
        }
    }

    @Test
    void bytesAreThoseOfTheFormat() throws IOException {
        assertEquals(weightBytes(Optional.empty()) / 2, weightBytes(Optional.of(WeightFormat.F16)), 64 * 32 * 4);
        assertTrue(weightBytes(Optional.of(WeightFormat.Q8)) < 0.35 * weightBytes(Optional.empty()));
    }

    private static long weightBytes(Optional<WeightFormat> format) throws IOException {
        try (LoadedModel model = load("gpt2", Backend.AUTO, 2, format)) {
            return model.transformer().weightBytes();
        }
    }

    private static WeightFormat format(String name) {
        return switch (name) {
            case "F32" -> WeightFormat.F32;
            case "F16" -> WeightFormat.F16;
            case "BF16" -> WeightFormat.BF16;
            case "Q8" -> WeightFormat.Q8;
            default -> WeightFormat.Q4;
        };
    }

    private static int[] prompt(String name) throws IOException {
        try (Expected expected = Expected.of(LoadedFixture.MODELS.resolve(name).resolve("expected.safetensors"))) {
            return expected.prompt();
        }
    }

    private static float[][] logits(String name, Backend backend, int threads, Optional<WeightFormat> format, int[] prompt)
            throws IOException {
        try (LoadedModel model = load(name, backend, threads, format)) {
            return Logits.of(new Inference(model.transformer(), model.kernels(), model.workers()), prompt);
        }
    }

    private static LoadedModel load(String name, Backend backend, int threads, Optional<WeightFormat> format) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve(name);
        return ModelLoader.load(folder, new LoadSettings(threads, OptionalInt.empty(), backend, true, (done, all) -> { }, format));
    }
}
