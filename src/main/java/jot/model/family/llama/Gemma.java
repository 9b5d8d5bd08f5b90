package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** Gemma 1 (arXiv 2403.08295): embeddings times √width, norm weights stored less 1, GELU in the gate, heads of a size of their own. */
public final class Gemma implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("gemma");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("use_bidirectional_attention");
        LlamaReading reading = LlamaReading.of(config, 256);
        NormPlan norm = reading.norm(1e-6);
        boolean biased = config.flag(false, "attention_bias");
        BlockPlan block = BlockPlan.preNorm(reading.attention(biased, biased).withRotary(reading.rotary(10_000)),
                feedForward(config), norm);
        return reading.architecture(embeddingScale(reading), reading.repeated(block), norm, reading.head(true));
    }

    /** A gate with GELU; older files call it {@code hidden_act}, newer ones {@code hidden_activation}. */
    static FeedForwardPlan feedForward(Config config) throws CheckpointFormatException {
        return new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                FeedForwardPlan.Form.gated(config.activation("gelu_pytorch_tanh", "hidden_activation", "hidden_act")), false, false);
    }

    /** √width. */
    static float embeddingScale(LlamaReading reading) {
        return (float) Math.sqrt(reading.width());
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().normOffset(1).build();
    }
}
