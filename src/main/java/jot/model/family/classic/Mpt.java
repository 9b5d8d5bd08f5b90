package jot.model.family.classic;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.Checkpoint;
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

/** MPT (MosaicML 2023): ALiBi instead of positions, no bias anywhere. */
public final class Mpt implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("mpt");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        return architecture(config, 4);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The published software for these models disagrees with itself: one takes the feed-forward's width from
     * {@code expansion_ratio}, the other always four times the model's. The tensors tell who wrote them.
     */
    @Override
    public Architecture architecture(Config config, Checkpoint checkpoint) throws CheckpointFormatException {
        int width = config.channels("d_model", "hidden_size");
        for (String name : checkpoint.names()) {
            if (name.endsWith("blocks.0.ffn.up_proj.weight") && checkpoint.shape(name)[0] == 4L * width) {
                return architecture(config, 4);
            }
        }
        return architecture(config, config.number(4, "expansion_ratio"));
    }

    private static Architecture architecture(Config config, double expansion) throws CheckpointFormatException {
        refuseOtherForms(config);
        int width = config.channels("d_model", "hidden_size");
        int inner = (int) (width * expansion);
        if (inner < 1) {
            throw config.refusal("expansion_ratio", "a number above 0", String.valueOf(expansion));
        }
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, false);
        BlockPlan block = new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention(config, width), BlockPlan.Norms.before(norm),
                new FeedForwardPlan.Dense(inner, new FeedForwardPlan.Form.Plain(Activation.Gelu.ERF), false, false),
                BlockPlan.Norms.before(norm));
        return new Architecture("mpt", config.vocabulary(), width, OptionalInt.of(config.positions("max_seq_len")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                Collections.nCopies(config.layers("n_layers", "num_hidden_layers"), block), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    private static AttentionPlan attention(Config config, int width) throws CheckpointFormatException {
        int heads = config.channels("n_heads", "num_attention_heads");
        AttentionPlan plain = AttentionPlan.plain(heads, heads, config.headSize(width, heads), false, false);
        if (!config.has("attn_config")) {
            return plain.withAlibi(Optional.of(AttentionPlan.Alibi.PUBLISHED));
        }
        Config attention = config.group("attn_config").orElseThrow();
        refuseOtherAttention(attention);
        double steepness = attention.number(8, "alibi_bias_max");
        double clip = attention.number(0, "clip_qkv");
        if (steepness <= 0 || clip < 0) {
            throw config.refusal("attn_config", "alibi_bias_max above 0, clip_qkv not below 0", steepness + " and " + clip);
        }
        return plain.withAlibi(Optional.of(new AttentionPlan.Alibi(steepness, 1)))
                .withScale((float) attention.number(plain.scale(), "softmax_scale"))
                .withClip((float) clip);
    }

    private static void refuseOtherAttention(Config attention) throws CheckpointFormatException {
        String type = attention.textOr("multihead_attention", "attn_type");
        if (!type.equals("multihead_attention")) {
            throw attention.refusal("attn_config.attn_type", "\"multihead_attention\"", '"' + type + '"');
        }
        attention.refuseFalse("alibi");
        attention.refuseFlag("qk_ln");
        attention.refuseFlag("qk_gn");
        attention.refuseFlag("prefix_lm");
        attention.refuseFlag("attn_uses_sequence_id");
        attention.refuseFlag("rope");
    }

    private static void refuseOtherForms(Config config) throws CheckpointFormatException {
        config.refuseFalse("no_bias");
        String norm = config.textOr("low_precision_layernorm", "norm_type");
        if (!norm.equals("low_precision_layernorm") && !norm.equals("layernorm")) {
            throw config.refusal("norm_type", "\"low_precision_layernorm\" or \"layernorm\"", '"' + norm + '"');
        }
        config.refuse("logit_scale");
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "wte")
                .name(Role.ATTENTION_NORM, "blocks.{}.norm_1")
                .name(Role.QUERY_KEY_VALUE, "blocks.{}.attn.Wqkv")
                .name(Role.ATTENTION_OUTPUT, "blocks.{}.attn.out_proj")
                .name(Role.FEED_FORWARD_NORM, "blocks.{}.norm_2")
                .name(Role.UP, "blocks.{}.ffn.up_proj")
                .name(Role.DOWN, "blocks.{}.ffn.down_proj")
                .name(Role.FINAL_NORM, "norm_f")
                .name(Role.HEAD, "/lm_head")
                .build();
    }
}
