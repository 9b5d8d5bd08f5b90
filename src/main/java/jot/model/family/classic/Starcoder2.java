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

/** StarCoder2 (Lozhkov et al. 2024, arXiv 2402.19173): grouped heads, a window, layer norms and a feed-forward without a gate. */
public final class Starcoder2 implements Family {

    private static final int MOST_POSITIONS = 1 << 30;

    @Override
    public List<String> modelTypes() {
        return List.of("starcoder2");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        refuseOtherForm(config, "norm_type", "layer_norm");
        refuseOtherForm(config, "mlp_type", "default");
        int width = config.channels("hidden_size");
        boolean biased = config.flag(true, "use_bias");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "norm_epsilon"), true, true);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention(config, width, biased), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                        new FeedForwardPlan.Form.Plain(config.activation("gelu_pytorch_tanh", "hidden_act")), biased, biased),
                BlockPlan.Norms.before(norm));
        return new Architecture("starcoder2", config.vocabulary(), width, OptionalInt.of(config.positions("max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    private static AttentionPlan attention(Config config, int width, boolean biased) throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        int size = config.headSize(width, heads);
        return AttentionPlan.plain(heads, config.keyHeads(heads), size, biased, biased)
                .withWindow(config.integerIfAny(1, MOST_POSITIONS, "sliding_window"))
                .withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 10_000, 1)));
    }

    private static void refuseOtherForm(Config config, String key, String known) throws CheckpointFormatException {
        String form = config.textOr(known, key);
        if (!form.equals(known)) {
            throw config.refusal(key, '"' + known + '"', '"' + form + '"');
        }
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.o_proj")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.UP, "layers.{}.mlp.c_fc")
                .name(Role.DOWN, "layers.{}.mlp.c_proj")
                .name(Role.FINAL_NORM, "norm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq")
                .build();
    }
}
