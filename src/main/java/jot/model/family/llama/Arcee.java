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

/** AFM (Arcee 2025): Llama with a squared ReLU in place of the gate. */
public final class Arcee implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("arcee");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        boolean biased = config.flag(false, "attention_bias");
        boolean innerBiased = config.flag(false, "mlp_bias");
        FeedForwardPlan feedForward = new FeedForwardPlan.Dense(config.channels("intermediate_size"),
                new FeedForwardPlan.Form.Plain(config.activation("relu2", "hidden_act")), innerBiased, innerBiased);
        BlockPlan block = BlockPlan.preNorm(reading.attention(biased, biased).withRotary(reading.rotary(10_000)), feedForward, norm);
        return reading.architecture(reading.repeated(block), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
