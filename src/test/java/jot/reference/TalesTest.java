package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;

import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bundled model, trained weights and all, equals the reference implementation. */
class TalesTest {

    @ParameterizedTest
    @ValueSource(strings = {"story", "instruction"})
    void equalsTheReference(String text) throws IOException {
        try (LoadedFixture fixture = LoadedFixture.of(Path.of("weights/tales"), 2, Backend.AUTO);
                Expected expected = Expected.of(Path.of("src/test/resources/tales", text + ".safetensors"))) {
            int[] prompt = expected.prompt();
            float[][] logits = new float[prompt.length][];
            float[][][] states = Logits.hiddenStates(fixture.inference(), prompt, logits);
            for (int i = 0; i < states.length; i++) {
                if (expected.has("hidden." + i)) {
                    assertWithin("hidden." + i, Expected.error(expected.rows("hidden." + i), states[i]));
                }
            }
            assertWithin("logits", Expected.error(expected.rows("logits"), logits));
            assertArrayEquals(expected.greedy(), fixture.greedy(prompt, expected.greedy().length));
        }
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
