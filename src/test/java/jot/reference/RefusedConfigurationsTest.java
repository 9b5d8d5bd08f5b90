package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;

import jot.checkpoint.CheckpointFormatException;
import jot.tensor.Backend;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a configuration says and Jot does not do is refused at load, by the name of the key. */
class RefusedConfigurationsTest {

    @ParameterizedTest(name = "{0}: {1} = {2}")
    @CsvSource(quoteCharacter = '\'', value = {
        "gpt2, model_type, '\"gpt3\"'",
        "gpt2, model_type, 7",
        "gpt2, add_cross_attention, true",
        "gpt2, is_encoder_decoder, true",
        "gpt2, pruned_heads, '{\"0\": [1]}'",
        "gpt2, quantization_config, '{\"quant_method\": \"gptq\", \"bits\": 4}'",
        "gpt2, activation_function, '\"mish\"'",
        "gpt2, n_head, 5",
        "gpt2, n_head, 0",
        "gpt2, n_layer, 100000",
        "gpt2, n_embd, '\"32\"'",
        "gpt2, layer_norm_epsilon, 0",
        "openai-gpt, afn, '\"mish\"'",
        "gpt_neo, attention_types, '[[[\"global\", \"local\"], 3]]'",
        "gpt_neo, attention_types, '[[[\"global\", \"banded\"], 2]]'",
        "gpt_neo, attention_types, '[[[\"global\", \"local\"], 1000000000000]]'",
        "gpt_neo, attention_types, '[[[], 4]]'",
        "gpt_neo, window_size, 0",
        "gptj, rotary_dim, 3",
        "gptj, rotary_dim, 10",
        "gptj, rotary_dim, null",
        "gptj, scale_attn_weights, false",
        "codegen, n_head, 2",
        "gpt_neox, rotary_pct, 0.01",
        "gpt_neox, rotary_pct, 1.5",
        "gpt_neox, rope_scaling, '{\"type\": \"spiral\", \"factor\": 2}'",
        "gpt_neox, rope_scaling, '{\"type\": \"linear\", \"factor\": 0}'",
        "gpt_neox, rope_theta, -1",
        "gpt_neox, rope_scaling, '{\"type\": \"longest\", \"short_factor\": [1], \"long_factor\": [1]}'",
        "gpt_bigcode, num_key_value_heads, 2",
        "opt, activation_function, '\"prelu\"'",
        "xglm, d_model, 31",
        "ctrl, n_embd, 33",
        "falcon-40b, parallel_attn, false",
        "falcon-40b, num_kv_heads, 3",
        "falcon-7b, num_ln_in_parallel_attn, 2",
        "falcon-7b, apply_residual_connection_post_layernorm, true",
        "mpt, no_bias, false",
        "mpt, norm_type, '\"rmsnorm\"'",
        "mpt, logit_scale, '\"inv_sqrt_d_model\"'",
        "mpt, attn_config, '{\"alibi\": false}'",
        "mpt, attn_config, '{\"qk_ln\": true}'",
        "mpt, attn_config, '{\"prefix_lm\": true}'",
        "mpt, attn_config, '{\"attn_type\": \"grouped_query_attention\"}'",
        "mpt, attn_config, '{\"clip_qkv\": -1}'",
        "phi, num_key_value_heads, 3",
        "phi, partial_rotary_factor, 0.1",
        "starcoder2, norm_type, '\"rms_norm\"'",
        "starcoder2, mlp_type, '\"gated\"'",
        "starcoder2, sliding_window, 0"})
    void isRefusedByName(String fixture, String key, String value, @TempDir Path copy) throws IOException {
        FixtureCopy.of(LoadedFixture.MODELS.resolve(fixture)).set(key, value).writeTo(copy);
        CheckpointFormatException e = refusal(copy);
        assertTrue(e.getMessage().contains("config.json"), e.getMessage());
        assertTrue(e.getMessage().contains(key) || value.contains(e.place()), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"gpt-2, gpt2", "lama, llama", "falcn, falcon", "bloomz, bloom"})
    void anUnknownFamilyIsAnsweredWithTheNearest(String type, String nearest, @TempDir Path copy) throws IOException {
        FixtureCopy.of(LoadedFixture.MODELS.resolve("gpt2")).set("model_type", '"' + type + '"').writeTo(copy);
        CheckpointFormatException e = refusal(copy);
        assertTrue(e.expected().contains("nearest: " + nearest + ")"), e.getMessage());
        assertEquals("model_type", e.place());
    }

    /** A tensor that nobody asked for means that the configuration and the file do not belong together. */
    @ParameterizedTest
    @CsvSource({"gpt2, transformer.h.0.attn.extra.weight", "opt, decoder.layers.2.fc1.weight", "phi, model.layers.0.mlp.gate.weight"})
    void aTensorTooManyIsRefused(String fixture, String name, @TempDir Path copy) throws IOException {
        FixtureCopy.of(LoadedFixture.MODELS.resolve(fixture)).addBuffer(name, "F32", 4, 4, 4).writeTo(copy);
        CheckpointFormatException e = refusal(copy);
        assertEquals(name, e.place());
    }

    private static CheckpointFormatException refusal(Path folder) {
        return assertThrows(CheckpointFormatException.class, () -> LoadedFixture.of(folder, 1, Backend.SCALAR).close());
    }
}
