package jot.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;

import jot.checkpoint.CheckpointFormatException;
import jot.tensor.Backend;

import org.junit.jupiter.api.Test;
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

    @ParameterizedTest(name = "{0}: {1} = {2}")
    @CsvSource(quoteCharacter = '\'', value = {
        "models/llama, hidden_act, '\"mish\"'",
        "models/llama, num_key_value_heads, 3",
        "models/llama, head_dim, 0",
        "models/llama, num_hidden_layers, 0",
        "models/llama, rms_norm_eps, 2",
        "models/llama, max_position_embeddings, 0",
        "models/llama, rope_theta, 1",
        "models/llama, quantization_config, '{\"quant_method\": \"fp8\"}'",
        "models/llama, rope_scaling, '{\"rope_type\": \"mrope\", \"mrope_section\": [1, 1, 2]}'",
        "models/llama-linear, factor, 0",
        "models/llama3-scaled, low_freq_factor, null",
        "models/llama3-scaled, high_freq_factor, 1",
        "models/llama3-scaled, original_max_position_embeddings, -16",
        "models/llama-yarn, factor, -4",
        "models-more/arcee, beta_fast, 0",
        "models-more/llama-dynamic, factor, null",
        "models/mistral, sliding_window, 0",
        "models/mistral, layer_types, '[\"full_attention\"]'",
        "models/mistral, layer_types, '[\"full_attention\", \"chunked_attention\"]'",
        "models/qwen2, layer_types, '[\"sliding_attention\", \"full_attention\"]'",
        "models/gemma, use_bidirectional_attention, true",
        "models/gemma, hidden_act, '\"geglu\"'",
        "models/gemma2, attn_logit_softcapping, -1",
        "models/gemma2, query_pre_attn_scalar, 0",
        "models/gemma3, layer_types, '[\"linear_attention\", \"full_attention\", \"full_attention\", \"full_attention\"]'",
        "models/olmo, clip_qkv, -1",
        "models/granite, logits_scaling, 0",
        "models/smollm3, no_rope_layers, '[1]'",
        "models/phi3, attention_bias, true",
        "models-more/phi3-longrope-short, long_factor, '[1, 2, 3]'",
        "models-more/phi3-longrope-short, short_factor, '[1, 2, 3, 0]'",
        "models-more/phi3-longrope-short, rope_scaling, '{\"type\": \"su\", \"long_factor\": [1], \"long_mscale\": 1.2}'",
        "models/cohere, use_parallel_block, false",
        "models/cohere, position_embedding_type, '\"alibi\"'",
        "models-more/cohere2, use_qk_norm, true",
        "models/mixtral, num_experts_per_tok, 5",
        "models/mixtral, num_local_experts, 0",
        "models/qwen2_moe, decoder_sparse_step, 0",
        "models/gpt_oss, hidden_act, '\"gelu\"'",
        "models/gpt_oss, swiglu_limit, 0",
        "models/gpt_oss-mxfp4, quantization_config, '{\"quant_method\": \"awq\"}'",
        "models-more/exaone4, sliding_window_pattern, '\"LLXG\"'",
        "models-more/apertus, hidden_act, '\"mish\"'",
        "models-more/apertus, qk_norm, false",
        "models-more/hunyuan_v1_dense, use_cla, true",
        "models-more/deepseek_v2, x, 1",
        "models-more/deepseek_v3, x, 1"})
    void relativesOfLlamaAreRefusedByName(String fixture, String key, String value, @TempDir Path copy) throws IOException {
        FixtureCopy.of(Path.of("src/test/resources", fixture)).setWithin("rope_scaling", key, value).writeTo(copy);
        CheckpointFormatException e = refusal(copy);
        assertTrue(e.getMessage().contains("config.json"), e.getMessage());
        String named = fixture.contains("deepseek") ? "latent attention" : key;
        assertTrue(e.getMessage().contains(named) || value.contains(e.place()), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"gpt-2, gpt2", "lama, llama", "falcn, falcon", "bloomz, bloom"})
    void anUnknownFamilyIsAnsweredWithTheNearest(String type, String nearest, @TempDir Path copy) throws IOException {
        FixtureCopy.of(LoadedFixture.MODELS.resolve("gpt2")).set("model_type", '"' + type + '"').writeTo(copy);
        CheckpointFormatException e = refusal(copy);
        assertTrue(e.expected().contains("nearest: " + nearest + ")"), e.getMessage());
        assertEquals("model_type", e.place());
    }

    @Test
    void anUnknownFamilyLikeNoneIsAnsweredWithoutAGuess(@TempDir Path copy) throws IOException {
        FixtureCopy.of(LoadedFixture.MODELS.resolve("gpt2")).set("model_type", "\"rwkv\"").writeTo(copy);
        assertEquals("a family that Jot reads", refusal(copy).expected());
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
