package jot.model.family.classic;

import java.util.ArrayList;
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

/** GPT-2 (Radford et al. 2019): pre-norm blocks, learned positions, matrices stored {@code [inputs][outputs]}. */
public final class Gpt2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("gpt2");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("n_embd", "hidden_size");
        int heads = config.channels("n_head", "num_attention_heads");
        int positions = config.positions("n_positions", "n_ctx", "max_position_embeddings");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        FeedForwardPlan feedForward = new FeedForwardPlan.Dense(config.channelsOr(4 * width, "n_inner"),
                new FeedForwardPlan.Form.Plain(config.activation("gelu_new", "activation_function")), true, true);
        List<BlockPlan> blocks = new ArrayList<>();
        for (int layer = 0; layer < config.layers("n_layer", "num_hidden_layers"); layer++) {
            AttentionPlan attention = AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true);
            blocks.add(new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention.withScale(scale(config, attention, layer)),
                    BlockPlan.Norms.before(norm), feedForward, BlockPlan.Norms.before(norm)));
        }
        return new Architecture("gpt2", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.Learned(positions, 0)), blocks, Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    /** 1/√size or 1, divided by the block's number (from 1) where the configuration says so. */
    private static float scale(Config config, AttentionPlan attention, int layer) throws CheckpointFormatException {
        float scale = config.flag(true, "scale_attn_weights") ? attention.scale() : 1;
        return config.flag(false, "scale_attn_by_inverse_layer_idx") ? scale / (layer + 1) : scale;
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "wte")
                .name(Role.POSITION_EMBEDDING, "wpe")
                .name(Role.ATTENTION_NORM, "h.{}.ln_1")
                .name(Role.QUERY_KEY_VALUE, "h.{}.attn.c_attn")
                .name(Role.ATTENTION_OUTPUT, "h.{}.attn.c_proj")
                .name(Role.FEED_FORWARD_NORM, "h.{}.ln_2")
                .name(Role.UP, "h.{}.mlp.c_fc")
                .name(Role.DOWN, "h.{}.mlp.c_proj")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .transposed()
                .leaveOut("h\\.\\d+\\.attn\\.(bias|masked_bias)")
                .build();
    }
}
