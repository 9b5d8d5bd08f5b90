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

/** Nemotron-4 and Minitron (Parmar et al. 2024, arXiv 2402.16819): norm weights stored less 1, a squared relu, partial rotary. */
public final class Nemotron implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("nemotron");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        boolean biased = config.flag(false, "mlp_bias");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "norm_eps"), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention(config, width), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                        new FeedForwardPlan.Form.Plain(config.activation("relu2", "hidden_act")), biased, biased),
                BlockPlan.Norms.before(norm));
        return new Architecture("nemotron", config.vocabulary(), width, OptionalInt.of(config.positions("max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(false, "tie_word_embeddings"), false, 1, 0));
    }

    private static AttentionPlan attention(Config config, int width) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        int size = config.has("head_dim") ? config.channels("head_dim") : config.headSize(width, heads);
        boolean biased = config.flag(false, "attention_bias");
        return AttentionPlan.plain(heads, config.keyHeads(heads), size, biased, biased)
                .withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 10_000, 0.5)));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.o_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.UP, "layers.{}.mlp.up_proj")
                .name(Role.DOWN, "layers.{}.mlp.down_proj")
                .name(Role.FINAL_NORM, "norm")
                .name(Role.HEAD, "/lm_head")
                .normOffset(1)
                .leaveOut("layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq")
                .build();
    }
}
