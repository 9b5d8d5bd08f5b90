package jot.model.family.classic;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.EmbeddingPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.PositionPlan;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.Role;
import jot.model.family.RotaryReading;
import jot.model.family.TensorTable;

/**
 * GPT-NeoX and Pythia (Black et al. 2022, arXiv 2204.06745), and the Japanese GPT-NeoX: the same names, other biases.
 *
 * <p>Both sublayers read the same residual, each by a norm of its own, unless the configuration asks for one after the other.
 */
public final class GptNeoX implements Family {

    private static final String JAPANESE = "gpt_neox_japanese";

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neox", JAPANESE);
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        int layers = config.layers("num_hidden_layers");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_eps"), true, true);
        return new Architecture(config.text("model_type"), config.vocabulary(), width,
                OptionalInt.of(config.positions("max_position_embeddings")),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.None()),
                isJapanese(config) ? japanese(config, norm, layers) : Collections.nCopies(layers, block(config, norm)), Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(isJapanese(config), "tie_word_embeddings"), false, 1, 0));
    }

    private static boolean isJapanese(Config config) throws CheckpointFormatException {
        return config.text("model_type").equals(JAPANESE);
    }

    private static BlockPlan block(Config config, NormPlan norm) throws CheckpointFormatException {
        boolean biased = config.flag(true, "attention_bias");
        BlockPlan.Residual residual = config.flag(true, "use_parallel_residual")
                ? BlockPlan.Residual.PARALLEL : BlockPlan.Residual.SEQUENTIAL;
        return new BlockPlan(residual, 1, attention(config, 0.25, biased, biased), BlockPlan.Norms.before(norm),
                feedForward(config, config.channels("intermediate_size"), true), BlockPlan.Norms.before(norm));
    }

    /** No biases but one, on the output of attention in the last block. */
    private static List<BlockPlan> japanese(Config config, NormPlan norm, int layers) throws CheckpointFormatException {
        int inner = Math.multiplyExact(config.channels("hidden_size"), config.integer(1, 1 << 10, "intermediate_multiple_size"));
        List<BlockPlan> blocks = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, attention(config, 1, false, layer == layers - 1),
                    BlockPlan.Norms.before(norm), feedForward(config, inner, false), BlockPlan.Norms.before(norm)));
        }
        return blocks;
    }

    private static AttentionPlan attention(Config config, double rotaryPart, boolean inputBias, boolean outputBias)
            throws CheckpointFormatException {
        int heads = config.channels("num_attention_heads");
        int size = config.headSize(config.channels("hidden_size"), heads);
        return AttentionPlan.plain(heads, heads, size, inputBias, outputBias)
                .withRotary(Optional.of(RotaryReading.of(config).rotary(size, false, 10_000, rotaryPart)));
    }

    private static FeedForwardPlan feedForward(Config config, int inner, boolean biased) throws CheckpointFormatException {
        return new FeedForwardPlan.Dense(inner, new FeedForwardPlan.Form.Plain(config.activation("gelu", "hidden_act")), biased, biased);
    }

    @Override
    public TensorTable tensors(Config config) throws CheckpointFormatException {
        TensorTable.Builder table = TensorTable.withPrefixes("gpt_neox.", "gpt_neox_japanese.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_in")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY_KEY_VALUE, "layers.{}.attention.query_key_value")
                .queryKeyValue(TensorTable.QueryKeyValueLayout.BY_HEAD)
                .name(Role.ATTENTION_OUTPUT, "layers.{}.attention.dense")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.UP, "layers.{}.mlp.dense_h_to_4h")
                .name(Role.DOWN, "layers.{}.mlp.dense_4h_to_h")
                .name(Role.FINAL_NORM, "final_layer_norm")
                .name(Role.HEAD, "/embed_out")
                .leaveOut("layers\\.\\d+\\.attention\\.(bias|masked_bias|rotary_emb\\.inv_freq)");
        if (isJapanese(config)) {
            table.bias(Role.ATTENTION_OUTPUT, "layers.{}.attention.dense_bias");
        }
        return table.build();
    }
}
