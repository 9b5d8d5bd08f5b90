package jot.model.family.llama;

import java.util.List;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** Mixtral (Jiang et al. 2024, arXiv 2401.04088): Mistral's block with a mixture of experts in the place of the feed-forward. */
public final class Mixtral implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("mixtral");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        LayerTypes types = LayerTypes.of(config, reading.layers(), OptionalInt.empty(), layer -> true);
        AttentionPlan attention = reading.attention(false, false).withRotary(reading.rotary(1_000_000));
        FeedForwardPlan experts = reading.experts(config.channels("num_local_experts", "num_experts"), reading.gated(false),
                FeedForwardPlan.Router.SOFTMAX_OF_CHOSEN, false);
        return reading.architecture(reading.blocks(layer ->
                BlockPlan.preNorm(attention.withWindow(types.window(layer)), experts, norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.ROUTER, "layers.{}.block_sparse_moe.gate")
                .name(Role.EXPERT_GATE, "layers.{}.block_sparse_moe.experts.{expert}.w1")
                .name(Role.EXPERT_UP, "layers.{}.block_sparse_moe.experts.{expert}.w3")
                .name(Role.EXPERT_DOWN, "layers.{}.block_sparse_moe.experts.{expert}.w2")
                .build();
    }
}
