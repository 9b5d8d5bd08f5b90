package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import jot.Classification;
import jot.Gpt;
import jot.LoadOptions;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.SafetensorsWriter;
import jot.loading.Families;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family, each on its own weights, takes a head for sequences and an adapter, and gives what plain Java makes of both. */
class EveryFamilyTest {

    private static final LoadOptions PLAIN = LoadOptions.defaults().withThreads(2);
    private static final int LABELS = 3;
    private static final int RANK = 2;
    private static final double ALPHA = 3;
    /** What an adapter must change, or it would show nothing. */
    private static final double EFFECT = 1e-2;
    /** Families of the reference library whose linear layers are stored as {@code [inputs][outputs]}. */
    private static final Set<String> TURNED = Set.of("gpt2", "openai-gpt");

    @TempDir
    private Path temporary;

    static List<Path> folders() throws IOException {
        return ReferenceModelsTest.folders();
    }

    @Test
    void everyModelTypeIsAmongThem() throws IOException {
        Set<String> types = Families.all().stream().flatMap(family -> family.modelTypes().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(types.size() > 40, types.toString());
        for (Path folder : folders()) {
            types.remove(FixtureFamily.config(folder).text("model_type"));
        }
        assertEquals(Set.of("RefinedWeb", "RefinedWebModel"), types, "names that Falcon had before");
    }

    /** Whether or not the reference library has such a class for a family: the head is the same for all of them. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void aHeadReadsTheLastStateOfTheReference(Path fixture) throws IOException {
        try (Expected expected = Expected.of(fixture.resolve("expected.safetensors"))) {
            int[] tokens = expected.prompt();
            int last = FixtureFamily.blueprint(fixture).blocks().size();
            float[] state = expected.rows("hidden." + last)[lastToken(fixture, tokens)];
            float[] head = normal(new Random(1), LABELS * state.length, 0.5);
            classifier(fixture, head, state.length).writeTo(temporary);
            try (Gpt gpt = Gpt.load(temporary, PLAIN)) {
                Classification found = gpt.classify(tokens);
                assertEquals(List.of("no", "maybe", "yes"), gpt.info().labels());
                float[] scores = multiply(head, state);
                double error = Expected.error(scores, found.logits());
                assertTrue(error <= Expected.TOLERANCE, "error " + error);
                assertEquals(greatest(scores), greatest(found.logits()));
            }
        }
    }

    /** The position of the last token that is no padding. */
    private static int lastToken(Path fixture, int[] tokens) throws IOException {
        int padding = FixtureFamily.config(fixture).integerIfAny(Integer.MIN_VALUE, Integer.MAX_VALUE, "pad_token_id").orElse(-1);
        int last = tokens.length - 1;
        while (last > 0 && tokens[last] == padding) {
            last--;
        }
        return last;
    }

    private static FixtureCopy classifier(Path fixture, float[] head, int width) throws IOException {
        FixtureCopy copy = FixtureCopy.of(fixture);
        for (String name : copy.names()) {
            if (name.matches("(lm_head|embed_out|output_projection)\\..*")) {
                copy.drop(name);
            }
        }
        String own = FixtureFamily.config(fixture).texts("architectures").orElseThrow().getFirst();
        String other = own.replaceFirst("(ForCausalLM|LMHeadModel)$", "ForSequenceClassification");
        assertFalse(other.equals(own), own);
        return copy.add(own.startsWith("CTRL") ? "classifier.weight" : "score.weight", head, LABELS, width)
                .set("architectures", "[\"" + other + "\"]")
                .set("id2label", "{\"0\": \"no\", \"1\": \"maybe\", \"2\": \"yes\"}");
    }

    private static float[] multiply(float[] matrix, float[] x) {
        float[] y = new float[matrix.length / x.length];
        for (int row = 0; row < y.length; row++) {
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                sum += (double) matrix[row * x.length + i] * x[i];
            }
            y[row] = (float) sum;
        }
        return y;
    }

    private static int greatest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("folders")
    void anAdapterOfAllMatricesIsTheModelWithItsProductsAdded(Path fixture) throws IOException {
        Path adapter = Files.createDirectory(temporary.resolve("adapter"));
        Path merged = Files.createDirectory(temporary.resolve("merged"));
        writeAdapterAndMerged(fixture, adapter, merged);
        try (Expected expected = Expected.of(fixture.resolve("expected.safetensors"));
                Gpt adapted = Gpt.load(fixture, PLAIN.withAdapter(adapter, 1)); Gpt whole = Gpt.load(merged, PLAIN)) {
            float[][] wanted = whole.logits(expected.prompt());
            double error = Expected.error(wanted, adapted.logits(expected.prompt()));
            assertTrue(error <= Expected.TOLERANCE, "error " + error);
            assertTrue(Expected.error(expected.rows("logits"), wanted) > EFFECT);
        }
    }

    /** Writes random matrices B and A for each linear layer of the blocks, and the model with α/r · B·A added to each. */
    private static void writeAdapterAndMerged(Path fixture, Path adapter, Path merged) throws IOException {
        Random random = new Random(2);
        SafetensorsWriter matrices = new SafetensorsWriter();
        FixtureCopy copy = FixtureCopy.of(fixture);
        boolean turned = TURNED.contains(FixtureFamily.config(fixture).text("model_type"));
        List<String> modules = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(fixture)) {
            for (String name : copy.names()) {
                long[] shape = copy.shape(name);
                if (shape.length == 2 && name.matches(".*\\.\\d+\\..*\\.weight") && !name.matches(".*(norm|ln_).*")) {
                    String module = name.substring(0, name.length() - ".weight".length());
                    int outputs = (int) shape[turned ? 1 : 0];
                    int inputs = (int) shape[turned ? 0 : 1];
                    float[] a = normal(random, RANK * inputs, 0.3);
                    float[] b = normal(random, outputs * RANK, 0.3);
                    matrices.add("base_model.model." + module + ".lora_A.weight", a, RANK, inputs);
                    matrices.add("base_model.model." + module + ".lora_B.weight", b, outputs, RANK);
                    copy.add(name, sum(checkpoint.floats(name), a, b, turned), shape);
                    modules.add("\"" + module + "\"");
                }
            }
        }
        assertTrue(modules.size() >= 4, modules.toString());
        matrices.write(adapter.resolve("adapter_model.safetensors"));
        Files.writeString(adapter.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"task_type\": \"CAUSAL_LM\", \"r\": " + RANK
                + ", \"lora_alpha\": " + ALPHA + ", \"fan_in_fan_out\": " + turned + ", \"target_modules\": " + modules + "}");
        copy.writeTo(merged);
    }

    /** W + α/r · B·A, where W is {@code [outputs][inputs]}, or turned {@code [inputs][outputs]}. */
    private static float[] sum(float[] w, float[] a, float[] b, boolean turned) {
        int inputs = a.length / RANK;
        int outputs = b.length / RANK;
        float[] sum = new float[w.length];
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                double product = 0;
                for (int r = 0; r < RANK; r++) {
                    product += (double) b[o * RANK + r] * a[r * inputs + i];
                }
                int at = turned ? i * outputs + o : o * inputs + i;
                sum[at] = (float) (w[at] + ALPHA / RANK * product);
            }
        }
        return sum;
    }

    private static float[] normal(Random random, int count, double scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return values;
    }
}
