package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** Helium (Kyutai 2025): Llama with neighbouring rotary pairs. */
public final class Helium implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("helium");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1e-8);
        BlockPlan block = BlockPlan.preNorm(reading.attention(config.flag(false, "attention_bias"), false)
                .withRotary(reading.interleavedRotary(100_000)), reading.gated(config.flag(false, "mlp_bias")), norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
