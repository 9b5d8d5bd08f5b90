package jot.model.family.llama;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/**
 * Qwen 3 (arXiv 2505.09388): Llama's block with norms of queries and keys, one for all heads; the sparse models have experts in most
 * blocks.
 */
public final class Qwen3 implements Family {

    private static final String SPARSE = "qwen3_moe";

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3", SPARSE);
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        boolean sparse = config.text("model_type").equals(SPARSE);
        LlamaReading reading = sparse ? LlamaReading.of(config) : LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = sparse ? sparseLayerTypes(config, reading.layers()) : Qwen2.layerTypes(config, reading.layers());
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withNorm(LlamaReading.queryKeyNorm(norm, Extent.HEAD))
                .withRotary(reading.rotary(10_000));
        IntFunction<FeedForwardPlan> feedForwards = feedForwards(reading, sparse);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForwards.apply(layer), norm)), norm, reading.head(false));
    }

    /** In sparse models all blocks have the window, if one is used. */
    private static LayerTypes sparseLayerTypes(Config config, int layers) throws CheckpointFormatException {
        return config.flag(false, "use_sliding_window") ? LayerTypes.of(config, layers, OptionalInt.of(4096), layer -> true)
                : LayerTypes.full(config, layers);
    }

    private static IntFunction<FeedForwardPlan> feedForwards(LlamaReading reading, boolean sparse) throws CheckpointFormatException {
        if (sparse) {
            return Qwen2.feedForwards(reading, Qwen2.experts(reading));
        }
        FeedForwardPlan dense = reading.gated(false);
        return layer -> dense;
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.namesWithExperts().build();
    }
}
