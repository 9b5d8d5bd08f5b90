package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** Granite 3 (IBM 2024): Llama with factors on embeddings, scores, what sublayers add, and logits. */
public final class Granite implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("granite");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        return architecture(reading, BlockPlan.preNorm(attention(reading), reading.gated(config.flag(false, "mlp_bias")), norm), norm);
    }

    private static AttentionPlan attention(LlamaReading reading) throws CheckpointFormatException {
        boolean biased = reading.config().flag(false, "attention_bias");
        return reading.attention(biased, biased).withScale(factor(reading, "attention_multiplier")).withRotary(reading.rotary(10_000));
    }

    private static Architecture architecture(LlamaReading reading, BlockPlan block, NormPlan norm) throws CheckpointFormatException {
        HeadPlan head = new HeadPlan.LanguageModel(reading.config().flag(false, "tie_word_embeddings"), false,
                1 / factor(reading, "logits_scaling"), 0);
        return reading.architecture(factor(reading, "embedding_multiplier"),
                reading.repeated(block.withResidualScale(factor(reading, "residual_multiplier"))), norm, head);
    }

    private static float factor(LlamaReading reading, String key) throws CheckpointFormatException {
        return (float) reading.config().numberAbove(0, 1, key);
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
