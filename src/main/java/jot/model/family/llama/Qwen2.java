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
import jot.model.family.TensorTable;

/** Qwen 2 and 2.5 (arXiv 2407.10671): Llama's block with biases on queries, keys and values; a window in the upper blocks, if any. */
public final class Qwen2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = layerTypes(config, reading.layers());
        AttentionPlan attention = reading.attention(true, false).withRotary(reading.rotary(10_000));
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForward, norm)), norm, reading.head(false));
    }

    /** {@code sliding_window} counts only with {@code use_sliding_window}, and from block {@code max_window_layers} on. */
    static LayerTypes layerTypes(Config config, int layers) throws CheckpointFormatException {
        if (!config.flag(false, "use_sliding_window")) {
            return LayerTypes.full(config, layers);
        }
        int first = config.integerIfAny(0, Integer.MAX_VALUE, "max_window_layers").orElse(28);
        return LayerTypes.of(config, layers, OptionalInt.of(4096), layer -> layer >= first);
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
