package jot.model.family.llama;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.Rotary;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.TensorTable;

/** SmolLM 3 (Hugging Face 2025): Llama with blocks that have no positions, which are also the ones with a window, if there is one. */
public final class SmolLm3 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("smollm3");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-6);
        List<Boolean> rotated = rotated(config, reading.layers());
        LayerTypes types = config.flag(false, "use_sliding_window")
                ? LayerTypes.of(config, reading.layers(), OptionalInt.empty(), layer -> !rotated.get(layer))
                : LayerTypes.full(config, reading.layers());
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased);
        Optional<Rotary> rotary = reading.rotary(2_000_000);
        FeedForwardPlan feedForward = reading.gated(config.flag(false, "mlp_bias"));
        return reading.architecture(reading.blocks(layer -> BlockPlan.preNorm(
                attention.withWindow(types.window(layer)).withRotary(rotated.get(layer) ? rotary : Optional.empty()), feedForward, norm)),
                norm, reading.head(true));
    }

    /** Which blocks have positions: {@code no_rope_layers} has a 1 for those, or every n-th block has none. */
    private static List<Boolean> rotated(Config config, int layers) throws CheckpointFormatException {
        Optional<List<Double>> stated = config.numbers("no_rope_layers");
        if (stated.isEmpty()) {
            IntPredicate every = LayerTypes.allButEvery(config, 4, "no_rope_layer_interval");
            return IntStream.range(0, layers).mapToObj(every::test).toList();
        }
        if (stated.get().size() < layers) {
            throw config.refusal("no_rope_layers", layers + " numbers, one for each block", stated.get().size() + " numbers");
        }
        return stated.get().stream().limit(layers).map(number -> number != 0).toList();
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names().build();
    }
}
