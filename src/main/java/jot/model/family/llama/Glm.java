package jot.model.family.llama;

import java.util.List;
import java.util.Optional;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
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
 * GLM 4 (arXiv 2406.12793) and its form of 2025: Llama with gate and up in one tensor and neighbouring rotary pairs over half of a head;
 * the later form also norms what the sublayers give.
 */
public final class Glm implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("glm", "glm4");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        boolean later = config.text("model_type").equals("glm4");
        LlamaReading reading = LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1.5625e-07);
        Rotary rotary = RotaryReading.of(config).rotary(reading.headSize(), true, 10_000, 0.5);
        AttentionPlan attention = reading.attention(config.flag(false, "attention_bias"), false).withRotary(Optional.of(rotary));
        FeedForwardPlan feedForward = reading.gated(false);
        BlockPlan block = later ? BlockPlan.sandwichNorm(attention, feedForward, norm) : BlockPlan.preNorm(attention, feedForward, norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.GATE_UP, "layers.{}.mlp.gate_up_proj")
                .name(Role.ATTENTION_OUTPUT_NORM, "layers.{}.post_self_attn_layernorm")
                .name(Role.FEED_FORWARD_OUTPUT_NORM, "layers.{}.post_mlp_layernorm")
                .build();
    }
}
