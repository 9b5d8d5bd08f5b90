package jot.model.family.llama;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.RotaryReading;
import jot.model.family.TensorTable;

/**
 * OLMo 2 (arXiv 2501.00656) and 3: norms on the outputs of sublayers instead of their inputs, norms of queries and keys over their whole
 * width; OLMo 3 has a window in some blocks, and scales rotary positions only in the others.
 */
public final class Olmo2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("olmo2", "olmo3");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        boolean third = config.text("model_type").equals("olmo3");
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        LayerTypes types = third ? LayerTypes.of(config, reading.layers(), OptionalInt.of(4096), LayerTypes.allButEvery(config, 4))
                : LayerTypes.full(config, reading.layers());
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withNorm(LlamaReading.queryKeyNorm(norm, Extent.WIDTH));
        Rotary full = RotaryReading.of(config, LayerTypes.FULL).rotary(reading.headSize(), false, 10_000, 1);
        Rotary sliding = sliding(reading);
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer -> BlockPlan.outputNorm(
                attention.withWindow(types.window(layer)).withRotary(Optional.of(types.sliding().get(layer) ? sliding : full)),
                feedForward, norm)), norm, reading.head(false));
    }

    private static Rotary sliding(LlamaReading reading) throws CheckpointFormatException {
        RotaryReading rotary = RotaryReading.of(reading.config(), LayerTypes.SLIDING);
        return RotaryReading.states(reading.config(), LayerTypes.SLIDING) ? rotary.rotary(reading.headSize(), false, 10_000, 1)
                : rotary.unscaled(reading.headSize(), false, 10_000, 1);
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.ATTENTION_OUTPUT_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.FEED_FORWARD_OUTPUT_NORM, "layers.{}.post_feedforward_layernorm")
                .build();
    }
}
