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

/** BLOOM (Le Scao et al. 2022, arXiv 2211.05100): ALiBi instead of positions, a norm right after the embedding. */
public final class Bloom implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("bloom");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size", "n_embed");
        int heads = config.channels("n_head", "num_attention_heads");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        BlockPlan.Residual residual = config.flag(false, "apply_residual_connection_post_layernorm")
                ? BlockPlan.Residual.FROM_NORM : BlockPlan.Residual.SEQUENTIAL;
        BlockPlan block = new BlockPlan(residual, 1,
                AttentionPlan.plain(heads, heads, config.headSize(width, heads), true, true)
                        .withAlibi(Optional.of(AttentionPlan.Alibi.PUBLISHED)),
                BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(4 * width, new FeedForwardPlan.Form.Plain(Activation.Gelu.TANH), true, true),
                BlockPlan.Norms.before(norm));
        return new Architecture("bloom", config.vocabulary(), width, OptionalInt.empty(),
                new EmbeddingPlan(width, 1, Optional.of(norm), new PositionPlan.None()),
                Collections.nCopies(config.layers("n_layer", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "word_embeddings")
                .name(Role.EMBEDDING_NORM, "word_embeddings_layernorm")
                .name(Role.ATTENTION_NORM, "h.{}.input_layernorm")
                .name(Role.QUERY_KEY_VALUE, "h.{}.self_attention.query_key_value")
                .queryKeyValue(TensorTable.QueryKeyValueLayout.BY_HEAD)
                .name(Role.ATTENTION_OUTPUT, "h.{}.self_attention.dense")
                .name(Role.FEED_FORWARD_NORM, "h.{}.post_attention_layernorm")
                .name(Role.UP, "h.{}.mlp.dense_h_to_4h")
                .name(Role.DOWN, "h.{}.mlp.dense_4h_to_h")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .build();
    }
}
