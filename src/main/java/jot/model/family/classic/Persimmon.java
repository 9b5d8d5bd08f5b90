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

/** Persimmon (Adept 2023): queries, keys and values head by head in one tensor, a squared relu, biases everywhere. */
public final class Persimmon implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("persimmon");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_eps"), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention(config, width, norm), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                        new FeedForwardPlan.Form.Plain(config.activation("relu2", "hidden_act")), true, true),
                BlockPlan.Norms.before(norm));
        return new Architecture("persimmon", config.vocabulary(), width, OptionalInt.of(config.positions("max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(false, "tie_word_embeddings"), false, 1, 0));
    }

    private static AttentionPlan attention(Config config, int width, NormPlan norm) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        int size = config.headSize(width, heads);
        AttentionPlan attention = AttentionPlan.plain(heads, heads, size, true, true)
                .withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 25_000, 0.5)));
        return config.flag(true, "qk_layernorm")
                ? attention.withNorm(Optional.of(new AttentionPlan.QueryKeyNorm(norm, AttentionPlan.Extent.HEAD, false))) : attention;
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY_KEY_VALUE, "layers.{}.self_attn.query_key_value")
                .queryKeyValue(TensorTable.QueryKeyValueLayout.BY_HEAD)
                .name(Role.QUERY_NORM, "layers.{}.self_attn.q_layernorm")
                .name(Role.KEY_NORM, "layers.{}.self_attn.k_layernorm")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.dense")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.UP, "layers.{}.mlp.dense_h_to_4h")
                .name(Role.DOWN, "layers.{}.mlp.dense_4h_to_h")
                .name(Role.FINAL_NORM, "final_layernorm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq")
                .build();
    }
}
