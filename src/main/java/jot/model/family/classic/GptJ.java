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
import jot.model.Rotary;
import jot.model.RotaryScaling;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/**
 * GPT-J (EleutherAI 2021) and CodeGen (Nijkamp et al. 2022, arXiv 2203.13474): both sublayers read one norm, rotary positions turn
 * neighbouring channels. CodeGen is the same with queries, keys and values in one tensor.
 */
public final class GptJ implements Family {

    private static final int CODEGEN_PARTS = 4;

    @Override
    public List<String> modelTypes() {
        return List.of("gptj", "codegen");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFalse("rotary");
        config.refuseFalse("scale_attn_weights");
        int width = config.channels("n_embd", "hidden_size");
        int heads = config.channels("n_head", "num_attention_heads");
        if (isCodeGen(config) && heads % CODEGEN_PARTS != 0) {
            throw config.refusal("n_head", "a multiple of " + CODEGEN_PARTS, String.valueOf(heads));
        }
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        AttentionPlan attention = AttentionPlan.plain(heads, heads, config.headSize(width, heads), false, false)
                .withRotary(Optional.of(rotary(config, width / heads)));
        BlockPlan block = new BlockPlan(BlockPlan.Residual.PARALLEL, 1, attention, BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channelsOr(4 * width, "n_inner"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu_new", "activation_function")), true, true),
                BlockPlan.Norms.none());
        return new Architecture(config.text("model_type"), config.vocabulary(), width,
                OptionalInt.of(config.positions("n_positions", "n_ctx", "max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("n_layer", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(false, "tie_word_embeddings"), true, 1, 0));
    }

    private static boolean isCodeGen(Config config) throws CheckpointFormatException {
        return config.text("model_type").equals("codegen");
    }

    private static Rotary rotary(Config config, int headSize) throws CheckpointFormatException {
        int rotated = config.integer(2, headSize, "rotary_dim");
        if (rotated % 2 != 0) {
            throw config.refusal("rotary_dim", "an even number", String.valueOf(rotated));
        }
        return new Rotary(rotated, true, 10_000, new RotaryScaling.None());
    }

    @Override
    public TensorTable tensors(Config config) throws CheckpointFormatException {
        TensorTable.Builder table = TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "wte")
                .name(Role.ATTENTION_NORM, "h.{}.ln_1")
                .name(Role.ATTENTION_OUTPUT, "h.{}.attn.out_proj")
                .name(Role.UP, "h.{}.mlp.fc_in")
                .name(Role.DOWN, "h.{}.mlp.fc_out")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("h\\.\\d+\\.attn\\.(bias|masked_bias|causal_mask|embed_positions)");
        if (isCodeGen(config)) {
            table.name(Role.QUERY_KEY_VALUE, "h.{}.attn.qkv_proj").queryKeyValue(TensorTable.QueryKeyValueLayout.CODEGEN);
        } else {
            table.name(Role.QUERY, "h.{}.attn.q_proj").name(Role.KEY, "h.{}.attn.k_proj").name(Role.VALUE, "h.{}.attn.v_proj");
        }
        return table.build();
    }
}
