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
import jot.model.family.TensorTable.ExpertLayout;
import jot.tensor.GatedActivation;

/**
 * gpt-oss (OpenAI 2025, arXiv 2508.10925): sinks in attention, a window in every second block, experts with a clamped gate, which are
 * published in MXFP4.
 */
public final class GptOss implements Family {

    private static final String MXFP4 = "mxfp4";

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_oss");
    }

    @Override
    public boolean readsQuantization(String method) {
        return method.equals(MXFP4);
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config, 64);
        NormPlan norm = reading.norm(1e-5);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.of(128), LayerTypes.allButEvery(config, 2));
        boolean biased = config.flag(true, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withSinks(true).withRotary(reading.rotary(150_000));
        FeedForwardPlan experts = reading.experts(config.channels("num_local_experts", "num_experts"), expert(config),
                FeedForwardPlan.Router.SOFTMAX_OF_CHOSEN, true);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), experts, norm)), norm, reading.head(false));
    }

    /** The activation is the clamped gate alone, though {@code hidden_act} says silu. */
    private static FeedForwardPlan.Dense expert(Config config) throws CheckpointFormatException {
        String activation = config.textOr("silu", "hidden_act");
        if (!activation.equals("silu")) {
            throw config.refusal("hidden_act", "\"silu\"", '"' + activation + '"');
        }
        GatedActivation gate = new GatedActivation.ClampedSwiglu((float) config.numberAbove(0, 1.702, "swiglu_alpha"),
                (float) config.numberAbove(0, 7, "swiglu_limit"));
        return new FeedForwardPlan.Dense(config.channels("intermediate_size"), new FeedForwardPlan.Form.Gated(gate), true, true);
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.SINKS, "layers.{}.self_attn.sinks")
                .name(Role.ROUTER, "layers.{}.mlp.router")
                .name(Role.EXPERTS_GATE_UP, "layers.{}.mlp.experts.gate_up_proj")
                .name(Role.EXPERT_DOWN, "layers.{}.mlp.experts.down_proj")
                .experts(config.has("quantization_config") ? ExpertLayout.MXFP4 : ExpertLayout.TRANSPOSED)
                .build();
    }
}
