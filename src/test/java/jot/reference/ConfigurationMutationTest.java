package jot.reference;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

/**
 * No key of a configuration is ignored unknowingly: a changed value gives another blueprint, another table of tensors or a refusal,
 * unless the key is known to have no part in what a model computes.
 */
class ConfigurationMutationTest {

    /** Keys without a part in what a trained model computes: training, bookkeeping, precision of other software, heads for tasks. */
    private static final Pattern WITHOUT_EFFECT = Pattern.compile("""
            .*(dropout|dropout_prob|pdrop|layerdrop|token_id)|init_std|init_device|initializer_range|router_(aux_loss_coef|jitter_noise)|\
            embedding_fraction|architectures|torch_dtype|use_cache|is_decoder|pretraining_tp|slow_but_exact|reorder_and_upcast_attn|\
            (scale_)?attention_softmax_in_fp32|output_router_logits|summary_.*|\
            attn_config\\.(_name_or_path|architectures|attn_impl|chunk_size_feed_forward|dtype|id2label.*|is_encoder_decoder|label2id.*|\
            model_type|output_attentions|output_hidden_states|problem_type|return_dict)""");

    /** Keys that count in other models of their family, or that another key overrules, and the fixtures where this is so. */
    private static final Map<String, Set<String>> OVERRULED = Map.ofEntries(
            entry("_remove_final_layer_norm", Set.of("opt-post-norm")),                      // has none to remove
            entry("_sliding_window_pattern", Set.of("gemma3")),                              // layer_types
            entry("attention_layers", Set.of("gpt_neo")),                                    // attention_types
            entry("expansion_ratio", Set.of("mpt")),                                         // the tensors, see Mpt
            entry("intermediate_size", Set.of("qwen2_moe", "qwen3_moe")),                    // all blocks have experts
            entry("layer_norm_eps", Set.of("biogpt")),                                       // read by nobody, see BioGpt
            entry("learned_pos_emb", Set.of("mpt")),                                         // ALiBi
            entry("max_window_layers", Set.of("qwen2", "qwen2_moe", "qwen3")),               // layer_types
            entry("multi_query", Set.of("falcon-40b")),                                      // new_decoder_architecture
            entry("n_ctx", Set.of("codegen")),                                               // n_positions
            entry("no_rope_layer_interval", Set.of("smollm3")),                              // no_rope_layers
            entry("num_kv_heads", Set.of("falcon-7b", "falcon-rw")),                         // multi_query
            entry("num_ln_in_parallel_attn", Set.of("falcon-rw")),                           // not parallel
            entry("original_max_position_embeddings", Set.of("phi3")),                       // no scaling
            entry("rope_scaling.beta_fast", Set.of("hunyuan_v1_dense-alpha")),               // alpha alone counts
            entry("rope_scaling.beta_slow", Set.of("hunyuan_v1_dense-alpha")),
            entry("rope_scaling.factor", Set.of("hunyuan_v1_dense-alpha")),
            entry("rope_scaling.mscale", Set.of("hunyuan_v1_dense-alpha")),
            entry("rope_scaling.mscale_all_dim", Set.of("hunyuan_v1_dense-alpha")),
            entry("rope_theta", Set.of("falcon-rw")),                                        // ALiBi
            entry("sliding_window", Set.of("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3")),         // layer_types
            entry("sliding_window_pattern", Set.of("exaone4-full")),                         // layer_types
            entry("use_sliding_window", Set.of("qwen2", "qwen3", "qwen3_moe", "smollm3")));  // layer_types

    @Test
    void everyOtherKeyHasAnEffect() throws IOException {
        Map<String, Set<String>> ignored = new TreeMap<>();
        for (Path folder : ReferenceModelsTest.folders()) {
            for (String key : ConfigurationMutations.ignored(folder)) {
                String fixture = folder.getFileName().toString();
                if (!WITHOUT_EFFECT.matcher(key).matches() && !OVERRULED.getOrDefault(key, Set.of()).contains(fixture)) {
                    ignored.computeIfAbsent(key, _ -> new TreeSet<>()).add(fixture);
                }
            }
        }
        assertEquals(Map.of(), ignored);
    }
}
