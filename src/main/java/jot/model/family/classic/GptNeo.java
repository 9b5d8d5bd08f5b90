package jot.model.family.classic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.checkpoint.CheckpointFormatException;
import jot.json.JsonArray;
import jot.json.JsonException;
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
import jot.model.family.TensorTable;

/** GPT-Neo (EleutherAI 2021): blocks that see everything and blocks with a window, in turn; scores are not scaled. */
public final class GptNeo implements Family {

    private static final int MOST_POSITIONS = 1 << 30;

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neo");
    }

    @Override
    public Architecture architecture(Config config) throws CheckpointFormatException {
        int width = config.channels("hidden_size");
        int heads = config.channels("num_heads", "num_attention_heads");
        int positions = config.positions("max_position_embeddings");
        NormPlan norm = new NormPlan.Layer(config.epsilon(1e-5, "layer_norm_epsilon"), true, true);
        AttentionPlan global = AttentionPlan.plain(heads, heads, config.headSize(width, heads), false, true).withScale(1);
        AttentionPlan local = global.withWindow(OptionalInt.of(config.integerIfAny(1, MOST_POSITIONS, "window_size").orElse(256)));
        FeedForwardPlan feedForward = new FeedForwardPlan.Dense(config.channelsOr(4 * width, "intermediate_size"),
                new FeedForwardPlan.Form.Plain(config.activation("gelu_new", "activation_function")), true, true);
        List<BlockPlan> blocks = new ArrayList<>();
        for (String kind : kinds(config, config.layers("num_layers", "num_hidden_layers"))) {
            blocks.add(new BlockPlan(BlockPlan.Residual.SEQUENTIAL, 1, kind.equals("local") ? local : global,
                    BlockPlan.Norms.before(norm), feedForward, BlockPlan.Norms.before(norm)));
        }
        return new Architecture("gpt_neo", config.vocabulary(), width, OptionalInt.of(positions),
                new EmbeddingPlan(width, 1, Optional.empty(), new PositionPlan.Learned(positions, 0)), blocks, Optional.of(norm),
                new HeadPlan.LanguageModel(config.flag(true, "tie_word_embeddings"), false, 1, 0));
    }

    /** {@code global} or {@code local} for each block, from either of the two keys that state it. */
    private static List<String> kinds(Config config, int layers) throws CheckpointFormatException {
        List<String> kinds = new ArrayList<>();
        try {
            if (config.has("attention_types")) {
                JsonArray groups = config.values().array("attention_types");
                for (int g = 0; g < groups.size() && kinds.size() <= layers; g++) {
                    JsonArray group = groups.get(g).asArray("attention_types");
                    addRepeated(group, layers, kinds);
                }
            } else {
                addAll(config.values().array("attention_layers"), kinds);
            }
        } catch (JsonException e) {
            throw e.in(config.file(), CheckpointFormatException::new);
        }
        if (kinds.size() != layers) {
            throw config.refusal("attention_types", "kinds of " + layers + " blocks", kinds.size() + " kinds");
        }
        for (String kind : kinds) {
            if (!kind.equals("global") && !kind.equals("local")) {
                throw config.refusal("attention_types", "\"global\" or \"local\"", '"' + kind + '"');
            }
        }
        return kinds;
    }

    /** Adds the kinds of {@code [[kind, …], times]}, but no more than one too many. */
    private static void addRepeated(JsonArray group, int layers, List<String> kinds) throws JsonException {
        if (group.size() != 2) {
            throw new JsonException("attention_types", "groups of kinds and a number", "a group of " + group.size());
        }
        long times = group.get(1).asLong("attention_types");
        JsonArray repeated = group.get(0).asArray("attention_types");
        for (long i = 0; i < times && kinds.size() <= layers && repeated.size() > 0; i++) {
            addAll(repeated, kinds);
        }
    }

    private static void addAll(JsonArray names, List<String> kinds) throws JsonException {
        for (int i = 0; i < names.size(); i++) {
            kinds.add(names.get(i).asString("attention_types"));
        }
    }

    @Override
    public TensorTable tensors(Config config) {
        return TensorTable.withPrefixes("transformer.", "")
                .name(Role.TOKEN_EMBEDDING, "wte")
                .name(Role.POSITION_EMBEDDING, "wpe")
                .name(Role.ATTENTION_NORM, "h.{}.ln_1")
                .name(Role.QUERY, "h.{}.attn.attention.q_proj")
                .name(Role.KEY, "h.{}.attn.attention.k_proj")
                .name(Role.VALUE, "h.{}.attn.attention.v_proj")
                .name(Role.ATTENTION_OUTPUT, "h.{}.attn.attention.out_proj")
                .name(Role.FEED_FORWARD_NORM, "h.{}.ln_2")
                .name(Role.UP, "h.{}.mlp.c_fc")
                .name(Role.DOWN, "h.{}.mlp.c_proj")
                .name(Role.FINAL_NORM, "ln_f")
                .name(Role.HEAD, "/lm_head")
                .leaveOut("h\\.\\d+\\.attn\\.attention\\.(bias|masked_bias)")
                .build();
    }
}
