package jot.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import jot.generation.Logits;
import jot.tensor.Backend;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations and tensor names as they are found in published models, older spellings and buffers included, mean the same. */
class PublishedSpellingsTest {

    private static final String LLAMA_BUFFER = "model.layers.0.self_attn.rotary_emb.inv_freq";

    static Stream<Arguments> spellings() {
        return Stream.of(
                spelling("openai-gpt", "prefix, causal mask", copy -> copy.rename(name -> "transformer." + name)
                        .addBuffer("transformer.h.0.attn.bias", "F32", 4, 1, 1, 8, 8).duplicate("transformer.tokens_embed.weight",
                                "lm_head.weight")),
                spelling("gpt2", "newer aliases", copy -> copy.respell("n_embd", "hidden_size").respell("n_head", "num_attention_heads")
                        .respell("n_layer", "num_hidden_layers").respell("n_positions", "max_position_embeddings").remove("n_inner")),
                spelling("gpt_neo", "kinds of blocks by the older key", copy -> copy.remove("attention_layers")
                        .addBuffer("transformer.h.0.attn.attention.masked_bias", "F32", 4)),
                spelling("gpt_neo", "kinds of blocks by the newer key", copy -> copy.remove("attention_types")),
                spelling("gptj", "buffers", copy -> copy.set("rotary", "true").set("scale_attn_weights", "true")
                        .addBuffer("transformer.h.1.attn.bias", "U8", 1, 1, 1, 64, 64)
                        .addBuffer("transformer.h.1.attn.masked_bias", "F32", 4)),
                spelling("codegen", "causal mask", copy -> copy.addBuffer("transformer.h.0.attn.causal_mask", "U8", 1, 1, 1, 64, 64)),
                spelling("gpt_neox", "as GPT-NeoX-20B", copy -> copy.remove("attention_bias").respell("rope_theta", "rotary_emb_base")
                        .addBuffer("gpt_neox.layers.0.attention.bias", "U8", 1, 1, 1, 64, 64)
                        .addBuffer("gpt_neox.layers.0.attention.masked_bias", "F32", 4)
                        .addBuffer("gpt_neox.layers.1.attention.rotary_emb.inv_freq", "F32", 4, 1)),
                spelling("gpt_neox-sequential", "one group for rotary positions", copy -> copy.remove("rope_theta", "rotary_pct")
                        .set("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 10000, \"partial_rotary_factor\": 0.5}")),
                spelling("gpt_bigcode", "causal mask", copy -> copy.addBuffer("transformer.h.0.attn.bias", "BOOL", 1, 64, 64)),
                spelling("opt", "other prefix, tied head stored", copy -> copy.rename(name -> "model." + name)
                        .duplicate("model.decoder.embed_tokens.weight", "lm_head.weight")
                        .remove("word_embed_proj_dim", "enable_bias", "layer_norm_elementwise_affine", "_remove_final_layer_norm")),
                spelling("opt-post-norm", "without the outer prefix", copy -> copy.rename(name -> name.replaceFirst("model\\.", ""))),
                spelling("bloom", "prefix, older aliases, tied head stored", copy -> copy.rename(name -> "transformer." + name)
                        .duplicate("transformer.word_embeddings.weight", "lm_head.weight").respell("hidden_size", "n_embed")
                        .respell("n_layer", "num_hidden_layers").respell("n_head", "num_attention_heads")),
                spelling("xglm", "stored sines", copy -> copy.addBuffer("model.embed_positions.weights", "F32", 4, 66, 32)),
                spelling("biogpt", "tied head stored", copy -> copy.duplicate("biogpt.embed_tokens.weight", "output_projection.weight")),
                spelling("falcon-7b", "as first published", copy -> copy.set("model_type", "\"RefinedWebModel\"")
                        .respell("num_attention_heads", "n_head").respell("num_hidden_layers", "n_layer")
                        .remove("num_kv_heads", "max_position_embeddings", "ffn_hidden_size", "activation", "num_ln_in_parallel_attn",
                                "new_decoder_architecture", "rope_theta", "tie_word_embeddings")
                        .set("apply_residual_connection_post_layernorm", "false")
                        .duplicate("transformer.word_embeddings.weight", "lm_head.weight")),
                spelling("falcon-40b", "as first published", copy -> copy.set("model_type", "\"RefinedWeb\"")
                        .respell("num_attention_heads", "n_head").respell("num_hidden_layers", "n_layer")
                        .respell("num_kv_heads", "n_head_kv")
                        .remove("max_position_embeddings", "ffn_hidden_size", "activation", "num_ln_in_parallel_attn",
                                "new_decoder_architecture", "multi_query", "parallel_attn", "rope_theta")),
                spelling("mpt", "as MPT-7B", copy -> copy.set("attn_config", """
                        {"alibi": true, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0, "attn_type": "multihead_attention",
                        "attn_uses_sequence_id": false, "clip_qkv": null, "prefix_lm": false, "qk_ln": false, "softmax_scale": null}""")
                        .set("init_config", "{\"name\": \"kaiming_normal_\"}").set("verbose", "0")),
                spelling("mpt", "an expansion that the tensors contradict", copy -> copy.set("expansion_ratio", "2")),
                spelling("phi", "one group for rotary positions", copy -> copy.remove("rope_theta", "partial_rotary_factor")
                        .set("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 10000, \"partial_rotary_factor\": 0.5}")
                        .set("num_key_value_heads", "null").addBuffer(LLAMA_BUFFER, "F32", 4, 2)),
                spelling("stablelm", "buffers", copy -> copy.addBuffer(LLAMA_BUFFER, "F32", 4, 1)),
                spelling("starcoder2", "as first published", copy -> copy.remove("tie_word_embeddings").set("norm_type", "\"layer_norm\"")
                        .set("mlp_type", "\"default\"")),
                spelling("gpt_neox_japanese", "buffers", copy -> copy.addBuffer(
                        "gpt_neox_japanese.layers.0.attention.rotary_emb.inv_freq", "F32", 4, 4)));
    }

    static Stream<Arguments> spellingsOfLlamaAndItsRelatives() {
        return Stream.of(
                spelling("llama", "as Llama 1", copy -> copy.remove("rope_theta", "head_dim", "attention_bias", "mlp_bias")
                        .addBuffer(LLAMA_BUFFER, "F32", 4, 4)
                        .addBuffer("model.layers.1.self_attn.rotary_emb.inv_freq", "F32", 4, 4)),
                spelling("llama", "without the outer prefix", copy -> copy.rename(name -> name.replaceFirst("^model\\.", ""))),
                spelling("llama", "null for what is usual", copy -> copy.set("head_dim", "null").set("rope_scaling", "null")
                        .set("sliding_window", "null").set("quantization_config", "null").respell("torch_dtype", "dtype")),
                spelling("llama3-scaled", "one group for rotary positions, tied head stored", copy -> copy
                        .remove("rope_theta", "rope_scaling").set("rope_parameters", """
                        {"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                        "original_max_position_embeddings": 16}""").duplicate("model.embed_tokens.weight", "lm_head.weight")),
                spelling("llama-linear", "type in place of rope_type", copy -> copy.set("rope_scaling",
                        "{\"type\": \"linear\", \"factor\": 2.5}")),
                spelling("llama-yarn", "all of YaRN stated", copy -> copy.set("rope_scaling", """
                        {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32, "beta_slow": 1,
                        "mscale": null, "mscale_all_dim": null, "attention_factor": null, "truncate": true}""")),
                spelling("llama-dynamic", "one group for rotary positions", copy -> copy.remove("rope_theta", "rope_scaling")
                        .set("rope_parameters", "{\"rope_type\": \"dynamic\", \"rope_theta\": 10000.0, \"factor\": 2.0}")),
                spelling("mistral", "as Mistral 7B", copy -> copy.remove("head_dim", "rope_theta", "layer_types")),
                spelling("qwen2", "as Qwen2.5", copy -> copy.remove("layer_types", "use_sliding_window").set("sliding_window", "131072")
                        .set("max_window_layers", "1").duplicate("model.embed_tokens.weight", "lm_head.weight")),
                spelling("qwen2_moe", "as Qwen1.5-MoE", copy -> copy.remove("layer_types", "qkv_bias", "mlp_only_layers",
                        "decoder_sparse_step").set("sliding_window", "32768").set("use_sliding_window", "false")),
                spelling("qwen3_moe", "as Qwen3-30B-A3B", copy -> copy.respell("num_local_experts", "num_experts")
                        .set("max_window_layers", "48")),
                spelling("gemma", "older key of the activation", copy -> copy.respell("hidden_act", "hidden_activation")
                        .remove("tie_word_embeddings")),
                spelling("gemma2", "kinds of blocks by default", copy -> copy.remove("layer_types")),
                spelling("gemma3", "as Gemma 3 1B", copy -> copy.remove("layer_types", "rope_parameters", "_sliding_window_pattern")
                        .set("sliding_window_pattern", "4").set("rope_theta", "1000000").set("rope_local_base_freq", "10000")
                        .set("rope_scaling", "null")),
                spelling("olmo3", "positions for each kind of block", copy -> copy.remove("layer_types", "rope_theta", "rope_scaling")
                        .set("rope_parameters", """
                        {"sliding_attention": {"rope_type": "default", "rope_theta": 500000.0}, "full_attention": {"rope_type": "yarn",
                        "rope_theta": 500000.0, "factor": 8.0, "original_max_position_embeddings": 16, "beta_fast": 32.0,
                        "beta_slow": 1.0, "attention_factor": 1.2079441541679836}}""")),
                spelling("smollm3", "blocks without positions by the interval", copy -> copy.remove("no_rope_layers", "layer_types")),
                spelling("phi3", "as Phi-3 mini", copy -> copy.remove("partial_rotary_factor").set("rope_scaling", "null")
                        .set("sliding_window", "2047").set("attention_bias", "false")),
                spelling("phi3-longrope-long", "as Phi-3 mini 128k first said it", copy -> copy.set("rope_scaling", """
                        {"type": "su", "short_factor": [1.0, 1.1, 1.3, 1.6], "long_factor": [1.2, 2.5, 6.0, 14.0]}""")),
                spelling("phi3-longrope-long", "first length and ratio within the group", copy -> copy
                        .remove("original_max_position_embeddings", "rope_scaling", "rope_theta").set("rope_parameters", """
                        {"rope_type": "longrope", "rope_theta": 10000.0, "factor": 8.0, "original_max_position_embeddings": 12,
                        "short_factor": [1.0, 1.1, 1.3, 1.6], "long_factor": [1.2, 2.5, 6.0, 14.0]}""")),
                spelling("cohere2", "as Command R7B", copy -> copy.remove("layer_types", "tie_word_embeddings", "head_dim")
                        .set("sliding_window_pattern", "4").set("use_parallel_block", "true").set("use_gated_activation", "true")
                        .set("use_parallel_embedding", "false").set("use_qk_norm", "false").set("rotary_pct", "1.0")
                        .set("position_embedding_type", "\"rope_gptj\"").set("rope_scaling", "null")),
                spelling("exaone4", "kinds of blocks by letters", copy -> copy.remove("layer_types")),
                spelling("exaone4", "kinds of blocks by a number", copy -> copy.remove("layer_types").set("sliding_window_pattern", "4")),
                spelling("mixtral", "other key of the experts", copy -> copy.respell("num_local_experts", "num_experts")
                        .remove("head_dim")),
                spelling("gpt_oss-mxfp4", "as gpt-oss-20b", copy -> copy.remove("layer_types", "swiglu_alpha", "attention_bias")
                        .set("experts_per_token", "2").set("initial_context_length", "32").set("quantization_config", """
                        {"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
                        "model.embed_tokens", "lm_head"]}""")),
                spelling("hunyuan_v1_dense-alpha", "one group for rotary positions", copy -> copy.remove("rope_theta", "rope_scaling")
                        .set("rope_parameters", "{\"rope_type\": \"dynamic\", \"rope_theta\": 10000.0, \"alpha\": 1000.0}")),
                spelling("apertus", "as Apertus 8B", copy -> copy.set("mlp_bias", "false").set("post_norm", "false")
                        .set("qk_norm", "true")));
    }

    private static Arguments spelling(String fixture, String what, UnaryOperator<FixtureCopy> change) {
        return arguments(fixture, what, change);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource({"spellings", "spellingsOfLlamaAndItsRelatives"})
    void meansTheSame(String name, String what, UnaryOperator<FixtureCopy> change, @TempDir Path copy) throws IOException {
        Path folder = Files.exists(LoadedFixture.MODELS.resolve(name)) ? LoadedFixture.MODELS.resolve(name)
                : LoadedFixture.MORE_MODELS.resolve(name);
        change.apply(FixtureCopy.of(folder)).writeTo(copy);
        try (LoadedFixture fixture = LoadedFixture.of(copy, 1, Backend.AUTO);
                Expected expected = Expected.of(folder.resolve("expected.safetensors"))) {
            double error = Expected.error(expected.rows("logits"), Logits.of(fixture.inference(), expected.prompt()));
            assertTrue(error <= Expected.TOLERANCE, () -> "error " + error);
        }
    }
}
