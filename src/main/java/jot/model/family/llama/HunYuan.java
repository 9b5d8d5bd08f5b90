package jot.model.family.llama;

import java.util.List;
import java.util.Optional;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.AttentionPlan.QueryKeyNorm;
import jot.model.BlockPlan;
import jot.model.NormPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/** Hunyuan dense models (Tencent 2025): Llama with norms of queries and keys after the rotary positions. */
public final class HunYuan implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("hunyuan_v1_dense");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        config.refuseFlag("use_cla");
        config.refuseFalse("use_qk_norm");
        LlamaReading reading = LlamaReading.of(config);
        NormPlan norm = reading.norm(1e-5);
        boolean biased = config.flag(false, "attention_bias");
        AttentionPlan attention = reading.attention(biased, biased).withNorm(Optional.of(new QueryKeyNorm(norm, Extent.HEAD, true)))
                .withRotary(reading.rotary(10_000));
        return reading.architecture(reading.repeated(BlockPlan.preNorm(attention, reading.gated(false), norm)), norm, reading.head(false));
    }

    @Override
    public TensorTable tensors(Config config) {
        return LlamaReading.names()
                .name(Role.QUERY_NORM, "layers.{}.self_attn.query_layernorm")
                .name(Role.KEY_NORM, "layers.{}.self_attn.key_layernorm")
                .build();
    }
}
