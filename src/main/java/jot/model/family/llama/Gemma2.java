package jot.model.family.llama;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.AttentionPlan.QueryKeyNorm;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.RotaryScaling;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.RotaryReading;
import jot.model.family.TensorTable;

/**
 * Gemma 2 (arXiv 2408.00118) and the text models of Gemma 3 (arXiv 2503.19786): Gemma with norms on the outputs of sublayers too and a
 * window in some blocks; Gemma 2 caps scores and logits softly, Gemma 3 norms queries and keys and has slower rotary positions in the
 * blocks without a window.
 */
public final class Gemma2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("gemma2", "gemma3_text");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("use_bidirectional_attention");
        boolean third = config.text("model_type").equals("gemma3_text");
        LlamaReading reading = LlamaReading.of(config, 256);
        NormPlan norm = reading.norm(1e-6);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.of(4096),
                LayerTypes.allButEvery(config, third ? 6 : 2, "sliding_window_pattern", "_sliding_window_pattern"));
        AttentionPlan attention = attention(reading, third ? LlamaReading.queryKeyNorm(norm, Extent.HEAD) : Optional.empty(),
                softcap(config, "attn_logit_softcapping", third ? 0 : 50));
        Rotary full = full(reading, third);
        Rotary sliding = third ? sliding(reading) : full;
        FeedForwardPlan feedForward = Gemma.feedForward(config);
        HeadPlan head = new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1,
                softcap(config, "final_logit_softcapping", third ? 0 : 30));
        return reading.architecture(Gemma.embeddingScale(reading), reading.blocks(layer -> BlockPlan.sandwichNorm(
                attention.withWindow(types.window(layer)).withRotary(Optional.of(types.sliding().get(layer) ? sliding : full)),
                feedForward, norm)), norm, head);
    }

    /** Scores are scaled by 1/√query_pre_attn_scalar. */
    private static AttentionPlan attention(LlamaReading reading, Optional<QueryKeyNorm> norm, float softcap)
            throws CheckpointFormatException {
        boolean biased = reading.config().flag(false, "attention_bias");
        double scalar = reading.config().numberAbove(0, 256, "query_pre_attn_scalar");
        return reading.attention(biased, biased).withScale((float) (1 / Math.sqrt(scalar))).withSoftcap(softcap).withNorm(norm);
    }

    /** A cap, which {@code null} turns off. */
    private static float softcap(Config config, String key, double other) throws CheckpointFormatException {
        return config.values().has(key) && !config.has(key) ? 0 : (float) config.numberAbove(0, other, key);
    }

    private static Rotary full(LlamaReading reading, boolean third) throws CheckpointFormatException {
        return RotaryReading.of(reading.config(), LayerTypes.FULL).rotary(reading.headSize(), false, third ? 1_000_000 : 10_000, 1);
    }

    private static Rotary sliding(LlamaReading reading) throws CheckpointFormatException {
        Config config = reading.config();
        if (RotaryReading.states(config, LayerTypes.SLIDING)) {
            return RotaryReading.of(config, LayerTypes.SLIDING).rotary(reading.headSize(), false, 10_000, 1);
        }
        double theta = config.numberAbove(1, 10_000, "rope_local_base_freq");
        return new Rotary(reading.headSize(), false, theta, new RotaryScaling.None());
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .normOffset(1)
                .name(Role.ATTENTION_OUTPUT_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.pre_feedforward_layernorm")
                .name(Role.FEED_FORWARD_OUTPUT_NORM, "layers.{}.post_feedforward_layernorm")
                .build();
    }
}
