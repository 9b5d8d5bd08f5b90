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
import jot.tensor.Activation;

/** GPT-1 (Radford et al. 2018): norms after the sublayers, none at the end, matrices stored {@code [inputs][outputs]}. */
public final class OpenAiGpt implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("openai-gpt");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("n_embd", "hidden_size");
        int heads = config.channels("n_head", "num_attention_heads");
        int positions = config.positions("n_positions", "n_ctx", "max_position_embeddings");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.POST_NORM, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(4 * width, new FeedForwardPlan.Form.Plain(activation(config)), true, true),
                BlockPlan.Norms.before(norm));
        return new Architecture("openai-gpt", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.Learned(positions, 0)),
                Collections.nCopies(config.layers("n_layer", "num_hidden_layers"), block), Optional.empty(),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    /** What this family calls gelu is the approximation by tanh. */
    private static Activation activation(Config config) throws CheckpointFormatException {
        Activation activation = config.activation("gelu", "afn");
        return activation == Activation.Gelu.ERF ? Activation.Gelu.TANH : activation;
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "tokens_embed")
                .name(Role.POSITION_EMBEDDING, "positions_embed")
                .name(Role.QUERY_KEY_VALUE, "h.{}.attn.c_attn")
                .name(Role.ATTENTION_OUTPUT, "h.{}.attn.c_proj")
                .name(Role.ATTENTION_NORM, "h.{}.ln_1")
                .name(Role.UP, "h.{}.mlp.c_fc")
                .name(Role.DOWN, "h.{}.mlp.c_proj")
                .name(Role.FEED_FORWARD_NORM, "h.{}.ln_2")
                .name(Role.HEAD, "/lm_head")
                .transposed()
                .leaveOut("h\\.\\d+\\.attn\\.bias|position_ids")
                .build();
    }
}
