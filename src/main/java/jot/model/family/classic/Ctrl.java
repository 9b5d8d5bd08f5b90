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

/** CTRL (Keskar et al. 2019, arXiv 1909.05858): scaled embedding, sinusoidal positions, a head with a bias on the tied embedding. */
public final class Ctrl implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("ctrl");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("n_embd", "hidden_size");
        int heads = config.channels("n_head", "num_attention_heads");
        int positions = config.positions("n_positions", "max_position_embeddings");
        if (width % 2 != 0) {
            throw config.refusal("n_embd", "an even width, for sines and cosines", String.valueOf(width));
        }
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-6, "layer_norm_epsilon"), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("dff"), new FeedForwardPlan.Form.Plain(new Activation.Relu()), true, true),
                BlockPlan.Norms.before(norm));
        return new Architecture("ctrl", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, (float) Math.sqrt(width), Optional.empty(),
                        new PositionPlan.Sinusoidal(positions, 0, PositionPlan.Sinusoidal.Layout.CTRL)),
                Collections.nCopies(config.layers("n_layer", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), true, 1, 0));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "w")
                .name(Role.ATTENTION_NORM, "h.{}.layernorm1")
                .name(Role.QUERY, "h.{}.multi_head_attention.Wq")
                .name(Role.KEY, "h.{}.multi_head_attention.Wk")
                .name(Role.VALUE, "h.{}.multi_head_attention.Wv")
                .name(Role.ATTENTION_OUTPUT, "h.{}.multi_head_attention.dense")
                .name(Role.FEED_FORWARD_NORM, "h.{}.layernorm2")
                .name(Role.UP, "h.{}.ffn.0")
                .name(Role.DOWN, "h.{}.ffn.2")
                .name(Role.FINAL_NORM, "layernorm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("pos_encoding")
                .build();
    }
}
