package jot.model.family.llama;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

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

/**
 * Qwen 1.5 to 2.5 (arXiv 2407.10671): Llama's block with biases on queries, keys and values; a window in some blocks, if any; the sparse
 * models have experts, one of them shared, in most blocks.
 */
public final class Qwen2 implements Family {

    private static final String SPARSE = "qwen2_moe";

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2", SPARSE);
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        boolean sparse = config.text("model_type").equals(SPARSE);
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = sparse ? sparseLayerTypes(config, reading.layers()) : layerTypes(config, reading.layers());
        AttentionPlan attention = reading.attention(!sparse || config.flag(true, "qkv_bias"), false).withRotary(reading.rotary(10_000));
        IntFunction<FeedForwardPlan> feedForwards = sparse ? withSharedExpert(reading) : dense(reading);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForwards.apply(layer), norm)), norm, reading.head(false));
    }

    /** {@code sliding_window} counts only with {@code use_sliding_window}, and from block {@code max_window_layers} on. */
    static LayerTypes layerTypes(Config config, int layers) throws CheckpointFormatException {
        if (!config.flag(false, "use_sliding_window")) {
            return LayerTypes.full(config, layers);
        }
        int first = config.integerIfAny(0, Integer.MAX_VALUE, "max_window_layers").orElse(28);
        return LayerTypes.of(config, layers, OptionalInt.of(4096), layer -> layer >= first);
    }

    /** In sparse models every second block has the window, up to block {@code max_window_layers}. */
    private static LayerTypes sparseLayerTypes(Config config, int layers) throws CheckpointFormatException {
        if (!config.flag(false, "use_sliding_window")) {
            return LayerTypes.full(config, layers);
        }
        int end = config.integerIfAny(0, Integer.MAX_VALUE, "max_window_layers").orElse(28);
        return LayerTypes.of(config, layers, OptionalInt.of(4096), layer -> layer % 2 == 0 && layer < end);
    }

    private static IntFunction<FeedForwardPlan> dense(LlamaReading reading) throws CheckpointFormatException {
        FeedForwardPlan dense = reading.gated(false);
        return layer -> dense;
    }

    private static IntFunction<FeedForwardPlan> withSharedExpert(LlamaReading reading) throws CheckpointFormatException {
        return feedForwards(reading,
                experts(reading).withWeighedSharedExpert(reading.config().channels("shared_expert_intermediate_size")));
    }

    /** Experts without a shared one. */
    static FeedForwardPlan.Experts experts(LlamaReading reading) throws CheckpointFormatException {
        Config config = reading.config();
        return reading.experts(config.channels("num_experts", "num_local_experts"),
                reading.gated(config.channels("moe_intermediate_size"), "silu", false), reading.router(), false);
    }

    /** Experts in every n-th block, n being {@code decoder_sparse_step}, except in those that {@code mlp_only_layers} lists. */
    static IntFunction<FeedForwardPlan> feedForwards(LlamaReading reading, FeedForwardPlan.Experts experts)
            throws CheckpointFormatException {
        int step = reading.config().integerIfAny(1, Integer.MAX_VALUE, "decoder_sparse_step").orElse(1);
        List<Double> denseLayers = reading.config().numbers("mlp_only_layers").orElse(List.of());
        if (step == 1 && denseLayers.isEmpty()) {
            return layer -> experts;
        }
        FeedForwardPlan dense = reading.gated(false);
        return layer -> (layer + 1) % step == 0 && !denseLayers.contains((double) layer) ? experts : dense;
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.namesWithExperts()
                .name(Role.SHARED_GATE, "layers.{}.mlp.shared_expert.gate_proj")
                .name(Role.SHARED_UP, "layers.{}.mlp.shared_expert.up_proj")
                .name(Role.SHARED_DOWN, "layers.{}.mlp.shared_expert.down_proj")
                .name(Role.SHARED_SCORE, "layers.{}.mlp.shared_expert_gate")
                .build();
    }
}
