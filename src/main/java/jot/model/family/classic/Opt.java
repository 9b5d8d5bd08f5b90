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

/**
 * OPT (Zhang et al. 2022, arXiv 2205.01068): learned positions from the third row on; the 350M model has its norms after the sublayers
 * and a token embedding narrower than the model.
 */
public final class Opt implements Family {

    /** The first rows of the position table belong to padding. */
    private static final int FIRST_POSITION = 2;

    @Override
    public List<String> modelTypes() {
        return List.of("opt");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        int positions = config.positions("max_position_embeddings");
        boolean before = config.flag(true, "do_layer_norm_before");
        boolean affine = config.flag(true, "layer_norm_elementwise_affine");
        NormPlan norm = new NormPlan.Layer(1e-5f, affine, affine);
        boolean finalNorm = before && !config.flag(false, "_remove_final_layer_norm");
        return new Architecture("opt", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(config.channelsOr(width, "word_embed_proj_dim"), 1, Optional.empty(),
                        new PositionPlan.Learned(positions + FIRST_POSITION, FIRST_POSITION)),
                Collections.nCopies(config.layers("num_hidden_layers"), block(config, width, norm, before)),
                finalNorm ? Optional.of(norm) : Optional.empty(),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    private static BlockPlan block(Config config, int width, NormPlan norm, boolean before) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        boolean biased = config.flag(true, "enable_bias");
        return new BlockPlan(before ? BlockPlan.Residual.SEQUENTIAL : BlockPlan.Residual.POST_NORM, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), biased, biased), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("ffn_dim"),
                        new FeedForwardPlan.Form.Plain(config.activation("relu", "activation_function")), biased, biased),
                BlockPlan.Norms.before(norm));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.decoder.", "decoder.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.POSITION_EMBEDDING, "embed_positions")
                .name(Role.EMBEDDING_PROJECTION, "project_in")
                .name(Role.ATTENTION_NORM, "layers.{}.self_attn_layer_norm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.out_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.final_layer_norm")
                .name(Role.UP, "layers.{}.fc1")
                .name(Role.DOWN, "layers.{}.fc2")
                .name(Role.FINAL_NORM, "final_layer_norm")
                .name(Role.HEAD_PROJECTION, "project_out")
                .name(Role.HEAD, "/lm_head")
                .build();
    }
}
