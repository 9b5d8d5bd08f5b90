package jot.model.family.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.RotaryReading;
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
        LayerTypes types = LayerTypes.of(config, reading.layers(), layer -> true);
        Rotary rotary = RotaryReading.of(config).rotary(reading.headSize(), false, 10_000, 1);
        AttentionPlan attention = reading.attention(false, false).withRotary(Optional.of(rotary));
        List<BlockPlan> blocks = new ArrayList<>();
        for (int layer = 0; layer < reading.layers(); layer++) {
            blocks.add(BlockPlan.preNorm(attention.withWindow(types.window(layer)), reading.gated(false), norm));
        }
        return reading.architecture(blocks, norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
