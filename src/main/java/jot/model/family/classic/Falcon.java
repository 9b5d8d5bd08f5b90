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

/**
 * Falcon (Almazrouei et al. 2023, arXiv 2311.16867) in its three forms: 7B with one head of keys and values and one norm for both
 * sublayers, 40B with groups of heads and two norms, RW with ALiBi and one sublayer after the other.
 */
public final class Falcon implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("falcon", "RefinedWebModel", "RefinedWeb");
    }

    /** The form with groups of heads; the oldest files say it by their type alone. */
    private static boolean isGrouped(Config config) throws CheckpointFormatException {
        return config.flag(config.text("model_type").equals("RefinedWeb"), "new_decoder_architecture");
    }

    private static boolean isParallel(Config config) throws CheckpointFormatException {
        boolean parallel = config.flag(true, "parallel_attn");
        if (isGrouped(config) && !parallel) {
            throw config.refusal("parallel_attn", "true where new_decoder_architecture is", "false");
        }
        return parallel;
    }

    /** Whether the two sublayers of a parallel block have a norm each. */
    private static boolean hasTwoNorms(Config config) throws CheckpointFormatException {
        int norms = config.integerIfAny(1, 2, "num_ln_in_parallel_attn").orElse(isGrouped(config) ? 2 : 1);
        if (norms == 2 && !isGrouped(config)) {
            throw config.refusal("num_ln_in_parallel_attn", "1 without new_decoder_architecture", "2");
        }
        return norms == 2;
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("apply_residual_connection_post_layernorm");
        int width = config.channels("hidden_size", "n_embed");
        boolean biased = config.flag(false, "bias");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        boolean shared = isParallel(config) && !hasTwoNorms(config);
        BlockPlan block = new BlockPlan(isParallel(config) ? BlockPlan.Residual.PARALLEL : BlockPlan.Residual.SEQUENTIAL, 1,
                attention(config, width, biased), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channelsOr(4 * width, "ffn_hidden_size"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu", "activation")), biased, biased),
                shared ? BlockPlan.Norms.none() : BlockPlan.Norms.before(norm));
        return new Architecture("falcon", config.vocabulary(), width, context(config),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("num_hidden_layers", "n_layer"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    /** The oldest files state no context; all models of theirs have this one. */
    private static OptionalInt context(Config config) throws CheckpointFormatException {
        return OptionalInt.of(config.has("max_position_embeddings") ? config.positions("max_position_embeddings") : 2_048);
    }

    private static AttentionPlan attention(Config config, int width, boolean biased) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads", "n_head");
        int size = config.headSize(width, heads);
        int keyHeads = heads;
        if (isGrouped(config)) {
            keyHeads = config.channelsOr(heads, "num_kv_heads", "n_head_kv");
        } else if (config.flag(true, "multi_query")) {
            keyHeads = 1;
        }
        if (heads % keyHeads != 0) {
            throw config.refusal("num_kv_heads", "a divisor of the " + heads + " heads", String.valueOf(keyHeads));
        }
        AttentionPlan attention = AttentionPlan.plain(heads, keyHeads, size, biased, biased);
        return config.flag(false, "alibi")
                ? attention.withAlibi(Optional.of(alibi(config, attention.scale())))
                : attention.withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 10_000, 1)));
    }

    /**
     * The penalty on distance, scaled as the scores are.
     *
     * <p>The reference implementation in its eager form adds it twice, once before and once after scaling. Files written by it state
     * {@code ffn_hidden_size} and mean that; the files published with Falcon RW do not, and mean once.
     */
    private static AttentionPlan.Alibi alibi(Config config, float scale) {
        return new AttentionPlan.Alibi(8, config.has("ffn_hidden_size") ? 2 * scale : scale);
    }

    @Override
    public TensorTable tensors(Config config) throws CheckpointFormatException {
        boolean two = isParallel(config) && hasTwoNorms(config);
        TensorTable.Builder table = TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "word_embeddings")
                .name(Role.ATTENTION_NORM, two ? "h.{}.ln_attn" : "h.{}.input_layernorm")
                .name(Role.QUERY_KEY_VALUE, "h.{}.self_attention.query_key_value")
                .name(Role.ATTENTION_OUTPUT, "h.{}.self_attention.dense")
                .name(Role.FEED_FORWARD_NORM, two ? "h.{}.ln_mlp" : "h.{}.post_attention_layernorm")
                .name(Role.UP, "h.{}.mlp.dense_h_to_4h")
                .name(Role.DOWN, "h.{}.mlp.dense_4h_to_h")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("h\\.\\d+\\.self_attention\\.rotary_emb\\.inv_freq");
        if (isGrouped(config)) {
            table.queryKeyValue(TensorTable.QueryKeyValueLayout.BY_KEY_HEAD);
        } else if (!config.flag(true, "multi_query")) {
            table.queryKeyValue(TensorTable.QueryKeyValueLayout.BY_HEAD);
        }
        return table.build();
    }
}
