package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** Llama 1 to 3 (Touvron et al. 2023, arXiv 2302.13971): pre-norm blocks with RMS norms, rotary positions, a gated feed-forward. */
public final class Llama implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        boolean biased = config.flag(false, "attention_bias");
        BlockPlan block = BlockPlan.preNorm(reading.attention(biased, biased).withRotary(reading.rotary(10_000)),
                reading.gated(config.flag(false, "mlp_bias")), norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
