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

/** OLMoE (arXiv 2409.02060): Llama's block with norms of queries and keys over their whole width, a bound on them, and experts. */
public final class Olmoe implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("olmoe");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withNorm(LlamaReading.queryKeyNorm(norm, Extent.WIDTH))
                .withClip(Olmo.clip(config)).withRotary(reading.rotary(10_000));
        FeedForwardPlan experts = reading.experts(config.channels("num_experts", "num_local_experts"), reading.gated(false),
                reading.router(), false);
        return reading.architecture(reading.repeated(BlockPlan.preNorm(attention, experts, norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.namesWithExperts().build();
    }
}
