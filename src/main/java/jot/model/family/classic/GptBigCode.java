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
 * GPT-BigCode (Ben Allal et al. 2023, arXiv 2301.03988): GPT-2 with matrices stored {@code [outputs][inputs]} and, mostly, one head of
 * keys and values for all query heads.
 */
public final class GptBigCode implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_bigcode");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("n_embd", "hidden_size");
        int heads = config.channels("n_head", "num_attention_heads");
        int positions = config.positions("n_positions", "n_ctx", "max_position_embeddings");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        AttentionPlan attention = AttentionPlan.plain(heads, keyHeads(config, heads), config.headSize(width, heads), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1,
                config.flag(true, "scale_attn_weights") ? attention : attention.withScale(1), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channelsOr(4 * width, "n_inner"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu_pytorch_tanh", "activation_function")), true, true),
                BlockPlan.Norms.before(norm));
        return new Architecture("gpt_bigcode", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.Learned(positions, 0)),
                Collections.nCopies(config.layers("n_layer", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    private static int keyHeads(Config config, int heads) throws CheckpointFormatException {
        int keyHeads = isMultiQuery(config) ? 1 : heads;
        if (config.channelsOr(keyHeads, "num_key_value_heads") != keyHeads) {
            throw config.refusal("num_key_value_heads", keyHeads + ", as multi_query says",
                    String.valueOf(config.channels("num_key_value_heads")));
        }
        return keyHeads;
    }

    private static boolean isMultiQuery(Config config) throws CheckpointFormatException {
        return config.flag(true, "multi_query");
    }

    @Override
    public TensorTable tensors(Config config) throws CheckpointFormatException {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "wte")
                .name(Role.POSITION_EMBEDDING, "wpe")
                .name(Role.ATTENTION_NORM, "h.{}.ln_1")
                .name(Role.QUERY_KEY_VALUE, "h.{}.attn.c_attn")
                .queryKeyValue(isMultiQuery(config) ? TensorTable.QueryKeyValueLayout.CONCATENATED
                        : TensorTable.QueryKeyValueLayout.BY_HEAD)
                .name(Role.ATTENTION_OUTPUT, "h.{}.attn.c_proj")
                .name(Role.FEED_FORWARD_NORM, "h.{}.ln_2")
                .name(Role.UP, "h.{}.mlp.c_fc")
                .name(Role.DOWN, "h.{}.mlp.c_proj")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("h\\.\\d+\\.attn\\.(bias|masked_bias)")
                .build();
    }
}
