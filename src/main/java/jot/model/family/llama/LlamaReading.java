package jot.model.family.llama;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.AttentionPlan.Extent;
import jot.model.AttentionPlan.QueryKeyNorm;
import jot.model.BlockPlan;
import jot.model.EmbeddingPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.NormPlan;
import jot.model.PositionPlan;
import jot.model.Rotary;
import jot.model.RotaryScaling;
import jot.model.family.Config;
import jot.model.family.Role;
import jot.model.family.RotaryReading;
import jot.model.family.TensorTable;

/**
 * What the configurations and the tensors of Llama and its relatives have in common.
 *
 * @param config the configuration
 * @param width channels of the residual stream
 * @param heads query heads
 * @param keyHeads heads of keys and values
 * @param headSize channels of a head, which need not be width / heads
 * @param layers number of blocks
 */
record LlamaReading(Config config, int width, int heads, int keyHeads, int headSize, int layers) {

    private static final String HEADS = "num_attention_heads";
    private static final String KEY_HEADS = "num_key_value_heads";

    /** Reads the sizes; a head has {@code head_dim} channels, or its share of the width. */
    static LlamaReading of(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        int heads = config.channels(HEADS);
        return of(config, config.has("head_dim") ? 0 : config.headSize(width, heads));
    }

    /** Reads the sizes; a head has {@code head_dim} channels, or the family's own number. */
    static LlamaReading of(Config config, int headSize) throws CheckpointFormatException {
        int heads = config.channels(HEADS);
        int keyHeads = config.channelsOr(heads, KEY_HEADS);
        if (heads % keyHeads != 0) {
            throw config.refusal(KEY_HEADS, "a divisor of the " + heads + " heads", String.valueOf(keyHeads));
        }
        return new LlamaReading(config, config.channels("hidden_size"), heads, keyHeads, config.channelsOr(headSize, "head_dim"),
                config.layers("num_hidden_layers"));
    }

    /** RMS norm with a weight. */
    NormPlan norm(double epsilon) throws CheckpointFormatException {
        return new NormPlan.RootMeanSquare(config.epsilon(epsilon, "rms_norm_eps"), true);
    }

    /** Attention over all earlier positions, without positions of its own. */
    AttentionPlan attention(boolean inputBias, boolean outputBias) {
        return AttentionPlan.plain(heads, keyHeads, headSize, inputBias, outputBias);
    }

    /** A feed-forward with a gate, silu where the configuration names no activation. */
    FeedForwardPlan.Dense gated(boolean biased) throws CheckpointFormatException {
        return gated(config.channels("intermediate_size"), "silu", biased);
    }

    /** A feed-forward with a gate. */
    FeedForwardPlan.Dense gated(int inner, String activation, boolean biased) throws CheckpointFormatException {
        return new FeedForwardPlan.Dense(inner, FeedForwardPlan.Form.gated(config.activation(activation, "hidden_act")), biased, biased);
    }

    /** Rotary positions over halves of a head, or of the part that the configuration states. */
    Optional<Rotary> rotary(double theta) throws CheckpointFormatException {
        return Optional.of(RotaryReading.of(config).rotary(headSize, false, theta, 1));
    }

    /** Rotary positions over neighbouring channels of a head. */
    Optional<Rotary> interleavedRotary(double theta) throws CheckpointFormatException {
        return Optional.of(RotaryReading.of(config).rotary(headSize, true, theta, 1));
    }

    /** A norm of queries and keys, before rotary positions. */
    static Optional<QueryKeyNorm> queryKeyNorm(NormPlan norm, Extent extent) {
        return Optional.of(new QueryKeyNorm(norm, extent, false));
    }

    /** A mixture of so many experts, none of them shared, of which a token takes {@code num_experts_per_tok}. */
    FeedForwardPlan.Experts experts(int count, FeedForwardPlan.Dense expert, FeedForwardPlan.Router router, boolean routerBias)
            throws CheckpointFormatException {
        int chosen = config.integer(1, count, "num_experts_per_tok", "experts_per_token");
        return new FeedForwardPlan.Experts(count, chosen, expert, router, routerBias, OptionalInt.empty(), false);
    }

    /** A router that divides the chosen experts' probabilities by their sum if {@code norm_topk_prob} says so. */
    FeedForwardPlan.Router router() throws CheckpointFormatException {
        return config.flag(false, "norm_topk_prob") ? FeedForwardPlan.Router.SOFTMAX_OF_CHOSEN : FeedForwardPlan.Router.SOFTMAX;
    }

    /** The same block in every place. */
    List<BlockPlan> repeated(BlockPlan block) {
        return Collections.nCopies(layers, block);
    }

    /** A block for each place. */
    List<BlockPlan> blocks(IntFunction<BlockPlan> block) {
        return IntStream.range(0, layers).mapToObj(block).toList();
    }

    /** A head that is the token embedding, or a matrix of its own. */
    HeadPlan.LanguageModel head(boolean tiedByDefault) throws CheckpointFormatException {
        return new HeadPlan.LanguageModel(config.flag(tiedByDefault, "tie_word_embeddings"), false, 1, 0);
    }

    /** Token embedding, blocks, final norm and head. */
    Architecture architecture(List<BlockPlan> blocks, NormPlan finalNorm, HeadPlan head) throws CheckpointFormatException {
        return architecture(1, blocks, finalNorm, head);
    }

    /** The same with a factor on the token embedding. */
    Architecture architecture(float embeddingScale, List<BlockPlan> blocks, NormPlan finalNorm, HeadPlan head)
            throws CheckpointFormatException {
        EmbeddingPlan embedding = new EmbeddingPlan(width, embeddingScale, Optional.empty(), new PositionPlan.None());
        return new Architecture(config.text("model_type"), config.vocabulary(), width, context(blocks), embedding, blocks,
                Optional.of(finalNorm), head);
    }

    /** What the configuration states, except with positions that grow beyond it. */
    private OptionalInt context(List<BlockPlan> blocks) throws CheckpointFormatException {
        boolean grows = blocks.stream().flatMap(block -> block.attention().rotary().stream()).map(Rotary::scaling)
                .anyMatch(RotaryScaling.Dynamic.class::isInstance);
        return grows ? OptionalInt.empty() : OptionalInt.of(config.positions("max_position_embeddings"));
    }

    /** Names of experts that stand by themselves, with their router, beside those of a dense feed-forward. */
    static TensorTable.Builder namesWithExperts() {
        return names()
                .name(Role.ROUTER, "layers.{}.mlp.gate")
                .name(Role.EXPERT_GATE, "layers.{}.mlp.experts.{expert}.gate_proj")
                .name(Role.EXPERT_UP, "layers.{}.mlp.experts.{expert}.up_proj")
                .name(Role.EXPERT_DOWN, "layers.{}.mlp.experts.{expert}.down_proj");
    }

    /** Llama's names; a relative adds its own to them. */
    static TensorTable.Builder names() {
        return TensorTable.withPrefixes("model.", "")
                .name(Role.TOKEN_EMBEDDING, "embed_tokens")
                .name(Role.ATTENTION_NORM, "layers.{}.input_layernorm")
                .name(Role.QUERY, "layers.{}.self_attn.q_proj")
                .name(Role.KEY, "layers.{}.self_attn.k_proj")
                .name(Role.VALUE, "layers.{}.self_attn.v_proj")
                .name(Role.ATTENTION_OUTPUT, "layers.{}.self_attn.o_proj")
                .name(Role.QUERY_NORM, "layers.{}.self_attn.q_norm")
                .name(Role.KEY_NORM, "layers.{}.self_attn.k_norm")
                .name(Role.FEED_FORWARD_NORM, "layers.{}.post_attention_layernorm")
                .name(Role.GATE, "layers.{}.mlp.gate_proj")
                .name(Role.UP, "layers.{}.mlp.up_proj")
                .name(Role.DOWN, "layers.{}.mlp.down_proj")
                .name(Role.FINAL_NORM, "norm")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("(layers\\.\\d+\\.self_attn\\.)?rotary_emb\\.inv_freq");
    }
}
