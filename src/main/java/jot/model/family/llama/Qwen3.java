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
import jot.model.family.TensorTable;

/** Qwen 3 (arXiv 2505.09388): Llama's block with norms of queries and keys, one for all heads; windows as in Qwen 2. */
public final class Qwen3 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = Qwen2.layerTypes(config, reading.layers());
        AttentionPlan attention = attention(reading, norm);
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForward, norm)), norm, reading.head(false));
    }

    /** Attention with normed queries and keys. */
    static AttentionPlan attention(LlamaReading reading, NormPlan norm) throws CheckpointFormatException {
        boolean biased = reading.config().flag(false, "attention_bias");
        return reading.attention(biased, biased).withNorm(LlamaReading.queryKeyNorm(norm, Extent.HEAD)).withRotary(reading.rotary(10_000));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
