package jot.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every fixture gives the logits, hidden states and greedy continuation of the reference implementation. */
class ReferenceModelsTest {

    private static final List<Path> FOLDERS = List.of(LoadedFixture.MODELS, LoadedFixture.MORE_MODELS);

    /** Held against references elsewhere, or not read. */
    private static final Set<String> LEFT_OUT = Set.of("gpt2-bin", "gpt2-classifier",
            // read by nobody yet
            "deepseek_v2",
            "deepseek_v2-lite", "deepseek_v3", "deepseek_v3-one-group");

    static List<Path> folders() throws IOException {
        Stream<Path> all = Stream.empty();
        for (Path folder : FOLDERS) {
            try (Stream<Path> found = Files.list(folder)) {
                all = Stream.concat(all, found.toList().stream());
            }
        }
        return all.filter(folder -> !LEFT_OUT.contains(folder.getFileName().toString())).sorted().toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void equalsTheReference(Path folder) throws IOException {
        try (LoadedFixture fixture = LoadedFixture.of(folder, 2, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            int[] prompt = expected.prompt();
            float[][] logits = new float[prompt.length][];
            float[][][] states = Logits.hiddenStates(fixture.inference(), prompt, logits);
            for (int i = 0; i < states.length; i++) {
                float[][] rows = expected.rows("hidden." + i);
                // where a projection leads to a narrower head, the reference shows its last state behind that
                if (rows[0].length == states[i][0].length || i < states.length - 1) {
                    assertWithin(folder.getFileName() + " hidden." + i, Expected.error(rows, states[i]));
                }
            }
            assertWithin(folder.getFileName() + " logits", Expected.error(expected.rows("logits"), logits));
            assertArrayEquals(expected.greedy(), fixture.greedy(prompt, expected.greedy().length));
        }
    }

    private static void assertWithin(String what, double error) {
        assertTrue(error <= Expected.TOLERANCE, () -> what + ": error " + error);
    }
}
