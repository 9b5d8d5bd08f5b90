package jot.loading.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import jot.checkpoint.CheckpointFormatException;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonBoolean;
import jot.json.JsonNull;
import jot.json.JsonObject;
import jot.json.JsonString;
import jot.model.family.Config;

/**
 * What an {@code adapter_config.json} of PEFT says, as far as it bears on the numbers.
 *
 * <p>Every key is either read here, known to have no bearing on a trained adapter, or refused by name if it has a value. Immutable and
 * thread-safe. Source: the configuration class of LoRA in the PEFT library.
 */
public final class AdapterConfig {

    /** What an adapter is for, as far as that decides which head the model has. */
    enum Task { LANGUAGE, SEQUENCES, TOKENS }

    /** Read below, or without bearing once the adapter is trained. */
    private static final Set<String> KNOWN = Set.of("peft_type", "task_type", "r", "lora_alpha", "rank_pattern", "alpha_pattern",
            "use_rslora", "use_dora", "lora_bias", "bias", "target_modules", "layers_to_transform", "layers_pattern", "init_lora_weights",
            "modules_to_save", "fan_in_fan_out", "exclude_modules", "base_model_name_or_path", "auto_mapping", "inference_mode",
            "lora_dropout", "peft_version", "revision", "megatron_core", "qalora_group_size", "loftq_config", "eva_config",
            "corda_config", "lora_ga_config", "runtime_config");

    /** Ways of beginning a training that leave the model's own weights as they are. */
    private static final Set<String> HARMLESS_STARTS = Set.of("gaussian", "orthogonal", "eva");

    private static final int MOST_RANKS = 1 << 16;

    private final Config config;
    private final int rank;
    private final double alpha;
    private final Map<ModulePattern, Integer> ranks;
    private final Map<ModulePattern, Double> alphas;
    private final boolean rankStabilised;
    private final Task task;
    private final Optional<List<String>> targets;
    private final Optional<ModulePattern> targetPattern;
    private final List<Integer> layers;
    private final List<ModulePattern> layerPatterns;

    /**
     * Reads a configuration.
     *
     * @throws CheckpointFormatException if something is missing, absurd, or asks for what Jot does not do
     */
    AdapterConfig(Config config) throws CheckpointFormatException {
        this.config = config;
        refuseWhatIsNotLora();
        rank = config.integer(1, MOST_RANKS, "r");
        alpha = config.number(8, "lora_alpha");
        ranks = ranks();
        alphas = alphas();
        rankStabilised = config.flag(false, "use_rslora");
        task = readTask();
        Json target = config.values().has("target_modules") ? config.values().get("target_modules") : null;
        boolean listed = target instanceof JsonArray;
        targets = listed ? config.texts("target_modules") : Optional.empty();
        targetPattern = target instanceof JsonString && !config.text("target_modules").equals("all-linear")
                ? Optional.of(pattern("target_modules", config.text("target_modules"), config.text("target_modules"))) : Optional.empty();
        layers = layers();
        layerPatterns = layerPatterns();
    }

    private void refuseWhatIsNotLora() throws CheckpointFormatException {
        String kind = config.text("peft_type");
        if (!kind.equals("LORA")) {
            throw config.refusal("peft_type", "\"LORA\"", '"' + kind + '"');
        }
        for (Map.Entry<String, Json> member : config.values().members().entrySet()) {
            if (!KNOWN.contains(member.getKey()) && saysSomething(member.getValue())) {
                String reason = member.getKey().equals("target_parameters") ? "Jot cannot adapt experts that lie in one tensor"
                        : "Jot does not do this";
                throw config.refusal(member.getKey(), "no value, since " + reason, member.getValue().describe());
            }
        }
        if (config.values().has("init_lora_weights") && config.values().get("init_lora_weights") instanceof JsonString) {
            String start = config.text("init_lora_weights");
            if (!HARMLESS_STARTS.contains(start)) {
                throw config.refusal("init_lora_weights", "a start that leaves the model's own weights as they are", '"' + start + '"');
            }
        }
        String bias = config.textOr("none", "bias");
        if (!Set.of("none", "all", "lora_only").contains(bias)) {
            throw config.refusal("bias", "none, all or lora_only", '"' + bias + '"');
        }
    }

    private static boolean saysSomething(Json value) {
        return switch (value) {
            case JsonNull _ -> false;
            case JsonBoolean flag -> flag.value();
            case JsonArray array -> array.size() > 0;
            case JsonObject object -> object.size() > 0;
            default -> true;
        };
    }

    private Map<ModulePattern, Integer> ranks() throws CheckpointFormatException {
        Map<ModulePattern, Integer> found = new LinkedHashMap<>();
        Optional<Config> group = config.group("rank_pattern");
        if (group.isPresent()) {
            for (String key : group.get().values().names()) {
                found.put(ending("rank_pattern", key), group.get().integer(1, MOST_RANKS, key));
            }
        }
        return found;
    }

    private Map<ModulePattern, Double> alphas() throws CheckpointFormatException {
        Map<ModulePattern, Double> found = new LinkedHashMap<>();
        Optional<Config> group = config.group("alpha_pattern");
        if (group.isPresent()) {
            for (String key : group.get().values().names()) {
                found.put(ending("alpha_pattern", key), group.get().number(alpha, key));
            }
        }
        return found;
    }

    private Task readTask() throws CheckpointFormatException {
        String name = config.textOr("CAUSAL_LM", "task_type");
        return switch (name) {
            case "CAUSAL_LM", "FEATURE_EXTRACTION" -> Task.LANGUAGE;
            case "SEQ_CLS" -> Task.SEQUENCES;
            case "TOKEN_CLS" -> Task.TOKENS;
            default -> throw config.refusal("task_type", "CAUSAL_LM, FEATURE_EXTRACTION, SEQ_CLS or TOKEN_CLS", '"' + name + '"');
        };
    }

    private List<Integer> layers() throws CheckpointFormatException {
        String key = "layers_to_transform";
        if (!config.has(key)) {
            return List.of();
        }
        if (!(config.values().get(key) instanceof JsonArray)) {
            return List.of(config.integer(0, Integer.MAX_VALUE, key));
        }
        List<Integer> found = new ArrayList<>();
        for (double layer : config.numbers(key).orElseThrow()) {
            if (layer != (int) layer || layer < 0) {
                throw config.refusal(key, "numbers of blocks", String.valueOf(layer));
            }
            found.add((int) layer);
        }
        return found;
    }

    private List<ModulePattern> layerPatterns() throws CheckpointFormatException {
        String key = "layers_pattern";
        List<String> names = !config.has(key) ? List.of()
                : config.values().get(key) instanceof JsonArray ? config.texts(key).orElseThrow() : List.of(config.text(key));
        List<ModulePattern> found = new ArrayList<>();
        for (String name : names) {
            found.add(pattern(key, ".*\\." + name + "\\.(\\d+)\\..*", name));
        }
        return found.isEmpty() ? List.of(pattern(key, ".*\\.[^.]*\\.(\\d+)\\..*", "")) : found;
    }

    private ModulePattern pattern(String key, String expression, String source) throws CheckpointFormatException {
        return ModulePattern.of(config, key, expression, source);
    }

    /** What rank and alpha patterns mean: a whole name, or its end behind a dot. */
    private ModulePattern ending(String key, String source) throws CheckpointFormatException {
        return pattern(key, "(?:.*\\.)?(?:" + source + ")", source);
    }

    /** What the adapter is for. */
    Task task() {
        return task;
    }

    /** The rank of a module's update. */
    int rank(String module) throws CheckpointFormatException {
        return first(ranks, module).orElse(rank);
    }

    /** The factor on a module's update: alpha / rank, or alpha / √rank where ranks are stabilised (arXiv:2312.03732). */
    double scale(String module) throws CheckpointFormatException {
        double numerator = first(alphas, module).orElse(alpha);
        int denominator = rank(module);
        return rankStabilised ? numerator / Math.sqrt(denominator) : numerator / denominator;
    }

    private static <T> Optional<T> first(Map<ModulePattern, T> patterns, String module) throws CheckpointFormatException {
        for (Map.Entry<ModulePattern, T> pattern : patterns.entrySet()) {
            if (pattern.getKey().matches(module)) {
                return Optional.of(pattern.getValue());
            }
        }
        return Optional.empty();
    }

    /** Whether the adapter says that it changes a module. */
    boolean targets(String module) throws CheckpointFormatException {
        if (targetPattern.isPresent()) {
            return targetPattern.get().matches(module);
        }
        if (targets.isEmpty() || targets.get().contains(module)) {
            return true;
        }
        return targets.get().stream().anyMatch(target -> module.endsWith('.' + target)) && isInLayers(module);
    }

    private boolean isInLayers(String module) throws CheckpointFormatException {
        if (layers.isEmpty()) {
            return true;
        }
        for (ModulePattern pattern : layerPatterns) {
            String number = pattern.group(module);
            if (number != null) {
                return layers.stream().anyMatch(layer -> number.equals(Integer.toString(layer)));
            }
        }
        return false;
    }

    /** The configuration as it stands in the file. */
    Config values() {
        return config;
    }
}
