package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** Apertus (Swiss AI 2025, arXiv 2509.14233): Llama with norms of queries and keys, and xIELU in place of the gate. */
public final class Apertus implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("apertus");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("mlp_bias");
        config.refuseFlag("post_norm");
        config.refuseFalse("qk_norm");
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        boolean biased = config.flag(false, "attention_bias");
        FeedForwardPlan.Form form = config.textOr("xielu", "hidden_act").equals("xielu") ? new FeedForwardPlan.Form.LearnedXIelu()
                : new FeedForwardPlan.Form.Plain(config.activation("xielu", "hidden_act"));
        FeedForwardPlan feedForward = new FeedForwardPlan.Dense(config.channels("intermediate_size"), form, false, false);
        AttentionPlan attention = reading.attention(biased, biased).withNorm(LlamaReading.queryKeyNorm(norm, Extent.HEAD))
                .withRotary(reading.rotary(12_000_000));
        return reading.architecture(reading.repeated(BlockPlan.preNorm(attention, feedForward, norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.ATTENTION_NORM, "layers.{}.attention_layernorm")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.feedforward_layernorm")
                .name(Role.ACTIVATION, "layers.{}.mlp.act_fn")
                .build();
    }
}
