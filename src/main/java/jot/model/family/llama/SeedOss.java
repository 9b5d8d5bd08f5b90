package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** Seed-OSS (ByteDance 2025): Llama with a size of its own for heads and biases on queries, keys and values. */
public final class SeedOss implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("seed_oss");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1e-6);
        BlockPlan block = BlockPlan.preNorm(reading.attention(config.flag(true, "attention_bias"), config.flag(false, "attention_out_bias"))
                .withRotary(reading.rotary(10_000)), reading.gated(config.flag(false, "mlp_bias")), norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
