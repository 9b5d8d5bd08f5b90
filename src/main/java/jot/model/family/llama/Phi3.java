package jot.model.family.llama;

import java.util.List;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** Phi 3 and 4 (arXiv 2404.14219): Llama with queries, keys and values in one tensor, gate and up in another, and LongRoPE. */
public final class Phi3 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("attention_bias");
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.empty(), layer -> true);
        AttentionPlan attention = reading.attention(false, false).withRotary(reading.rotary(10_000));
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForward, norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.QUERY_KEY_VALUE, "layers.{}.self_attn.qkv_proj")
                .name(Role.GATE_UP, "layers.{}.mlp.gate_up_proj")
                .build();
    }
}
