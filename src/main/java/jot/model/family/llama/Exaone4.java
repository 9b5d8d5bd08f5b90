package jot.model.family.llama;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

import jot.checkpoint.CheckpointFormatException;
import jot.json.JsonString;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/**
 * EXAONE 4 (arXiv 2507.11407): norms on the outputs of sublayers, norms of queries and keys, and in the larger models a window in most
 * blocks, which then are the only ones with positions.
 */
public final class Exaone4 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("exaone4");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.of(4096), pattern(config, reading.layers()));
        AttentionPlan attention = reading.attention(false, false).withNorm(LlamaReading.queryKeyNorm(norm, Extent.HEAD));
        Optional<Rotary> rotary = reading.rotary(10_000);
        FeedForwardPlan feedForward = reading.gated(false);
        return reading.architecture(reading.blocks(layer -> BlockPlan.outputNorm(attention.withWindow(types.window(layer))
                .withRotary(types.window().isEmpty() || types.sliding().get(layer) ? rotary : Optional.empty()), feedForward, norm)),
                norm, reading.head(false));
    }

    /** {@code sliding_window_pattern} is a number n (every n-th block sees everything) or letters, L for a window and G for none. */
    private static IntPredicate pattern(Config config, int layers) throws CheckpointFormatException {
        String key = "sliding_window_pattern";
        if (!(config.values().get(key) instanceof JsonString)) {
            int every = config.integerIfAny(0, Integer.MAX_VALUE, key).orElse(4);
            return layer -> every > 0 && (layer + 1) % every != 0;
        }
        String letters = config.text(key);
        if (!letters.matches("[LG]+")) {
            throw config.refusal(key, "letters L and G", '"' + letters + '"');
        }
        return layer -> layer < layers - 1 && letters.charAt(layer % letters.length()) == 'L';
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.ATTENTION_OUTPUT_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.FEED_FORWARD_OUTPUT_NORM, "layers.{}.post_feedforward_layernorm")
                .build();
    }
}
