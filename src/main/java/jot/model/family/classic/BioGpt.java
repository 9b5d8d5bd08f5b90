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
import jot.model.family.TensorTable;

/** BioGPT (Luo et al. 2022, arXiv 2210.10341): scaled embedding, learned positions from the third row on. */
public final class BioGpt implements Family {

    /** The first rows of the position table belong to padding. */
    private static final int FIRST_POSITION = 2;

    @Override
    public List<String> modelTypes() {
        return List.of("biogpt");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        int heads = config.channels("num_attention_heads");
        int positions = config.positions("max_position_embeddings");
        NormPlan norm = new NormPlan.Layer(1e-5f, true, true);               // whatever layer_norm_eps says: the model never read it
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu", "hidden_act")), true, true),
                BlockPlan.Norms.before(norm));
        float scale = config.flag(true, "scale_embedding") ? (float) Math.sqrt(width) : 1;
        return new Architecture("biogpt", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, scale, Optional.empty(),
                        new PositionPlan.Learned(positions + FIRST_POSITION, FIRST_POSITION)),
                Collections.nCopies(config.layers("num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("biogpt.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.POSITION_EMBEDDING, "embed_positions")
                .name(Role.ATTENTION_NORM, "layers.{}.self_attn_layer_norm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.out_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.final_layer_norm")
                .name(Role.UP, "layers.{}.fc1")
                .name(Role.DOWN, "layers.{}.fc2")
                .name(Role.FINAL_NORM, "layer_norm")
                .name(Role.HEAD, "/output_projection")
                .build();
    }
}
