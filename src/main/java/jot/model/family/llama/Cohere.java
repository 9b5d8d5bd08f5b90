package jot.model.family.llama;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/**
 * Command R (Cohere 2024) and its second form: parallel blocks with one layer norm without bias, neighbouring rotary pairs, a factor on
 * the logits; the second form has a window in most blocks and no positions in the others.
 */
public final class Cohere implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("cohere", "cohere2");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        boolean second = config.text("model_type").equals("cohere2");
        refuseOtherForms(config, second);
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_eps"), true, false);
        LayerTypes types = second ? LayerTypes.of(config, reading.layers(), OptionalInt.of(4096),
                LayerTypes.allButEvery(config, 4, "sliding_window_pattern")) : LayerTypes.full(config, reading.layers());
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withNorm(
                config.flag(false, "use_qk_norm") ? LlamaReading.queryKeyNorm(norm, Extent.EACH_HEAD) : Optional.empty());
        Optional<Rotary> rotary = reading.interleavedRotary(10_000);
        FeedForwardPlan feedForward = reading.gated(false);
        HeadPlan head = new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false,
                (float) config.numberAbove(0, 0.0625, "logit_scale"), 0);
        return reading.architecture(reading.blocks(layer -> new BlockPlan(BlockPlan.Residual.PARALLEL, 1,
                attention.withWindow(types.window(layer)).withRotary(second && !types.sliding().get(layer) ? Optional.empty() : rotary),
                BlockPlan.Norms.before(norm), feedForward, BlockPlan.Norms.none())), norm, head);
    }

    private static void refuseOtherForms(Config config, boolean second) throws CheckpointFormatException {
        config.refuseFalse("use_parallel_block");
        config.refuseFalse("use_gated_activation");
        config.refuseFlag("use_parallel_embedding");
        if (second) {
            config.refuseFlag("use_qk_norm");
        }
        String positions = config.textOr("rope_gptj", "position_embedding_type");
        if (!positions.equals("rope_gptj")) {
            throw config.refusal("position_embedding_type", "\"rope_gptj\"", '"' + positions + '"');
        }
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
