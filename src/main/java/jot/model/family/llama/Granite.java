package jot.model.family.llama;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;
import jot.model.family.TensorTable.ExpertLayout;

/** Granite 3 (IBM 2024): Llama with factors on embeddings, scores, what sublayers add, and logits; the sparse models have experts. */
public final class Granite implements Family {

    private static final String SPARSE = "granitemoe";

    @Override
    public List<String> modelTypes() {
        return List.of("granite", SPARSE);
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        boolean sparse = config.text("model_type").equals(SPARSE);
        FeedForwardPlan feedForward = sparse ? experts(reading) : reading.gated(config.flag(false, "mlp_bias"));
        return architecture(reading, BlockPlan.preNorm(attention(reading), feedForward, norm), norm);
    }

    private static FeedForwardPlan experts(LlamaReading reading) throws CheckpointFormatException {
        return reading.experts(reading.config().channels("num_local_experts", "num_experts"), reading.gated(false),
                FeedForwardPlan.Router.SOFTMAX_OF_CHOSEN, false);
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
        return LlamaReading.names()
                .name(Role.ROUTER, "layers.{}.block_sparse_moe.router.layer")
                .name(Role.EXPERTS_GATE_UP, "layers.{}.block_sparse_moe.input_linear")
                .name(Role.EXPERT_DOWN, "layers.{}.block_sparse_moe.output_linear")
                .experts(ExpertLayout.STACKED)
                .build();
    }
}
