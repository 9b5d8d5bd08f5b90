package jot.model.family.classic;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.EmbeddingPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.PositionPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.RotaryReading;
import jot.model.family.TensorTable;

/**
 * StableLM 2 and its forerunners (Bellagente et al. 2024, arXiv 2402.17834): layer norms, a gated feed-forward, rotary positions on a
 * part of each head; the 12B model has parallel blocks and a norm for each head of queries and keys.
 */
public final class StableLm implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("stablelm");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        float epsilon = config.epsilon(1e-5, "layer_norm_eps");
        NormPlan norm = new NormPlan.Layer(epsilon, true, true);
        boolean parallel = config.flag(false, "use_parallel_residual");
        BlockPlan block = new BlockPlan(parallel ? BlockPlan.Residual.PARALLEL : BlockPlan.Residual.SEQUENTIAL, 1,
                attention(config, width, epsilon), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                        FeedForwardPlan.Form.gated(config.activation("silu", "hidden_act")), false, false),
                parallel ? BlockPlan.Norms.none() : BlockPlan.Norms.before(norm));
        return new Architecture("stablelm", config.vocabulary(), width, OptionalInt.of(config.positions("max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(false, "tie_word_embeddings"), false, 1, 0));
    }

    private static AttentionPlan attention(Config config, int width, float epsilon) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        int size = config.headSize(width, heads);
        AttentionPlan attention = AttentionPlan.plain(heads, config.keyHeads(heads), size, config.flag(false, "use_qkv_bias"), false)
                .withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 10_000, 0.25)));
        NormPlan norm = new NormPlan.Layer(epsilon, true, false);
        return config.flag(false, "qk_layernorm")
                ? attention.withNorm(Optional.of(new AttentionPlan.QueryKeyNorm(norm, AttentionPlan.Extent.EACH_HEAD, false)))
                : attention;
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.QUERY_NORM, "layers.{}.self_attn.q_layernorm.norms.{head}")
                .name(Role.KEY_NORM, "layers.{}.self_attn.k_layernorm.norms.{head}")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.o_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.GATE, "layers.{}.mlp.gate_proj")
                .name(Role.UP, "layers.{}.mlp.up_proj")
                .name(Role.DOWN, "layers.{}.mlp.down_proj")
                .name(Role.FINAL_NORM, "norm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq")
                .build();
    }
}
