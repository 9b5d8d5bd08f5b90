package jot.reference;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A flag asks for exactly the biases that the reference implementation has; biases of 0 change nothing. */
class BiasesTest {

    private static final String INPUTS = "self_attn.q_proj self_attn.k_proj self_attn.v_proj";
    private static final String ATTENTION = INPUTS + " self_attn.o_proj";
    private static final String GATED = "mlp.gate_proj mlp.up_proj mlp.down_proj";

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "models/llama, attention_bias, " + ATTENTION,
        "models/llama, mlp_bias, " + GATED,
        "models/qwen3, attention_bias, " + ATTENTION,
        "models/qwen3_moe, attention_bias, " + ATTENTION,
        "models/gemma, attention_bias, " + ATTENTION,
        "models/gemma2, attention_bias, " + ATTENTION,
        "models/gemma3, attention_bias, " + ATTENTION,
        "models/olmo, attention_bias, " + ATTENTION,
        "models/olmo2, attention_bias, " + ATTENTION,
        "models/granite, attention_bias, " + ATTENTION,
        "models/granite, mlp_bias, " + GATED,
        "models/smollm3, attention_bias, " + ATTENTION,
        "models/smollm3, mlp_bias, " + GATED,
        "models/cohere, attention_bias, " + ATTENTION,
        "models-more/cohere2, attention_bias, " + ATTENTION,
        "models-more/olmo3, attention_bias, " + ATTENTION,
        "models-more/olmoe, attention_bias, " + ATTENTION,
        "models-more/granitemoe, attention_bias, " + ATTENTION,
        "models-more/glm4, attention_bias, " + INPUTS,
        "models-more/ernie4_5, use_bias, " + ATTENTION + " " + GATED,
        "models-more/seed_oss, attention_out_bias, self_attn.o_proj",
        "models-more/seed_oss, mlp_bias, " + GATED,
        "models-more/arcee, attention_bias, " + ATTENTION,
        "models-more/arcee, mlp_bias, mlp.up_proj mlp.down_proj",
        "models-more/apertus, attention_bias, " + ATTENTION,
        "models-more/helium, attention_bias, " + INPUTS,
        "models-more/helium, mlp_bias, " + GATED,
        "models-more/hunyuan_v1_dense, attention_bias, " + ATTENTION})
    void aFlagAsksForItsBiases(String fixture, String flag, String matrices, @TempDir Path copy) throws IOException {
        Path folder = Path.of("src/test/resources", fixture);
        FixtureCopy changed = FixtureCopy.of(folder).set(flag, "true");
        changed.writeTo(copy);
        assertThrows(CheckpointFormatException.class, () -> LoadedFixture.of(copy, 1, Backend.SCALAR).close(), "without biases");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            for (String name : List.copyOf(checkpoint.names())) {
                for (String matrix : matrices.split(" ")) {
                    if (name.endsWith(matrix + ".weight")) {
                        changed.addBuffer(name.replace(".weight", ".bias"), "F32", 4, checkpoint.shape(name)[0]);
                    }
                }
            }
        }
        Files.delete(copy.resolve("model.safetensors"));
        changed.writeTo(copy);
        try (LoadedFixture with = LoadedFixture.of(copy, 1, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            double error = Expected.error(expected.rows("logits"), Logits.of(with.inference(), expected.prompt()));
            assertTrue(error <= Expected.TOLERANCE, () -> "error " + error);
        }
    }

    /** With norm weights of 0 all scores are equal, so that only the first token, which sees nothing else, is as before. */
    @Test
    void aNormForEachHeadIsOneTensor(@TempDir Path copy) throws IOException {
        Path folder = LoadedFixture.MODELS.resolve("cohere");
        FixtureCopy changed = FixtureCopy.of(folder).set("use_qk_norm", "true");
        for (int layer = 0; layer < 2; layer++) {
            changed.addBuffer("model.layers." + layer + ".self_attn.q_norm.weight", "F32", 4, 4, 8)
                    .addBuffer("model.layers." + layer + ".self_attn.k_norm.weight", "F32", 4, 2, 8);
        }
        changed.writeTo(copy);
        try (LoadedFixture with = LoadedFixture.of(copy, 1, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            float[][] plain = expected.rows("logits");
            float[][] found = Logits.of(with.inference(), expected.prompt());
            assertTrue(Expected.error(plain[0], found[0]) <= Expected.TOLERANCE);
            double error = Expected.error(plain[5], found[5]);
            assertTrue(error > Expected.TOLERANCE && error < 10, () -> "error " + error);
        }
    }
}
