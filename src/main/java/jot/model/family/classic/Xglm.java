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

/** XGLM (Lin et al. 2021, arXiv 2112.10668): scaled embedding, sinusoidal positions from the third row on. */
public final class Xglm implements Family {

    /** The first rows of the position table belong to padding. */
    private static final int FIRST_POSITION = 2;

    @Override
    public List<String> modelTypes() {
        return List.of("xglm");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("d_model", "hidden_size");
        int heads = config.channels("attention_heads", "num_attention_heads");
        int positions = config.positions("max_position_embeddings");
        if (width < 4 || width % 2 != 0) {
            throw config.refusal("d_model", "an even width of at least 4, for sines and cosines", String.valueOf(width));
        }
        NormPlan norm = new NormPlan.Layer(1e-5f, true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("ffn_dim"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu", "activation_function")), true, true),
                BlockPlan.Norms.before(norm));
        float scale = config.flag(true, "scale_embedding") ? (float) Math.sqrt(width) : 1;
        return new Architecture("xglm", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, scale, Optional.empty(), new PositionPlan.Sinusoidal(positions + FIRST_POSITION, FIRST_POSITION,
                        PositionPlan.Sinusoidal.Layout.FAIRSEQ)),
                Collections.nCopies(config.layers("num_layers", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.self_attn_layer_norm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.out_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.final_layer_norm")
                .name(Role.UP, "layers.{}.fc1")
                .name(Role.DOWN, "layers.{}.fc2")
                .name(Role.FINAL_NORM, "layer_norm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("embed_positions\\.(weights|_float_tensor)")
                .build();
    }
}
