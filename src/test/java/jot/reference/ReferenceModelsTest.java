package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;

import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every fixture gives the logits, hidden states and greedy continuation of the reference implementation. */
class ReferenceModelsTest {

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gpt2-bf16", "gpt2-f16", "gpt2-hub-names", "gpt2-layer-scaled", "gpt2-sharded", "gpt2-unscaled-untied"})
    void equalsTheReference(String name) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve(name);
        try (LoadedFixture fixture = LoadedFixture.of(folder, 2, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int[] prompt = expected.prompt();
            float[][] logits = new float[prompt.length][];
            float[][][] states = Logits.hiddenStates(fixture.inference(), prompt, logits);
            for (int i = 0; i < states.length; i++) {
                assertWithin(name + " hidden." + i, Expected.error(expected.rows("hidden." + i), states[i]));
            }
            assertWithin(name + " logits", Expected.error(expected.rows("logits"), logits));
            assertArrayEquals(expected.greedy(), fixture.greedy(prompt, expected.greedy().length));
        }
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
