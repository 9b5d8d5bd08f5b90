package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** ERNIE 4.5 (Baidu 2025), the dense models: Llama with neighbouring rotary pairs and a size of its own for heads. */
public final class Ernie implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("ernie4_5");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config, 128);
        NormPlan norm = reading.norm(1e-5);
        boolean biased = config.flag(false, "use_bias");
        BlockPlan block = BlockPlan.preNorm(reading.attention(biased, biased).withRotary(reading.interleavedRotary(500_000)),
                reading.gated(biased), norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(true));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
