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

/** Mistral (Jiang et al. 2023, arXiv 2310.06825): Llama's block with a window, in all blocks or in those of {@code layer_types}. */
public final class Mistral implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.of(4096), layer -> true);
        AttentionPlan attention = reading.attention(false, false).withRotary(reading.rotary(10_000));
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), feedForward, norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
