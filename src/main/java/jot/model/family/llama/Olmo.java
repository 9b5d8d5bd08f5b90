package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** OLMo 1 (arXiv 2402.00838): layer norms without weights, and a bound on queries, keys and values. */
public final class Olmo implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("olmo");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = new NormPlan.Layer(1e-5f, false, false);
        boolean biased = config.flag(false, "attention_bias");
        BlockPlan block = BlockPlan.preNorm(reading.attention(biased, biased).withClip(clip(config)).withRotary(reading.rotary(10_000)),
                reading.gated(false), norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    /** The bound {@code clip_qkv}, or 0 for none. */
    static float clip(Config config) throws CheckpointFormatException {
        return (float) config.numberAbove(0, 0, "clip_qkv");
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
