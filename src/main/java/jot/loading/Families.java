package jot.loading;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import jot.checkpoint.CheckpointFormatException;
import jot.json.JsonObject;
import jot.json.NearestNames;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.classic.BioGpt;
import jot.model.family.classic.Bloom;
import jot.model.family.classic.Ctrl;
import jot.model.family.classic.Falcon;
import jot.model.family.classic.Gpt2;
import jot.model.family.classic.GptBigCode;
import jot.model.family.classic.GptJ;
import jot.model.family.classic.GptNeo;
import jot.model.family.classic.GptNeoX;
import jot.model.family.classic.Mpt;
import jot.model.family.classic.Nemotron;
import jot.model.family.classic.OpenAiGpt;
import jot.model.family.classic.Opt;
import jot.model.family.classic.Persimmon;
import jot.model.family.classic.Phi;
import jot.model.family.classic.StableLm;
import jot.model.family.classic.Starcoder2;
import jot.model.family.classic.Xglm;
import jot.model.family.llama.Apertus;
import jot.model.family.llama.Arcee;
import jot.model.family.llama.Cohere;
import jot.model.family.llama.Ernie;
import jot.model.family.llama.Exaone4;
import jot.model.family.llama.Gemma;
import jot.model.family.llama.Gemma2;
import jot.model.family.llama.Glm;
import jot.model.family.llama.GptOss;
import jot.model.family.llama.Granite;
import jot.model.family.llama.Helium;
import jot.model.family.llama.HunYuan;
import jot.model.family.llama.Llama;
import jot.model.family.llama.Mistral;
import jot.model.family.llama.Mixtral;
import jot.model.family.llama.Olmo;
import jot.model.family.llama.Olmo2;
import jot.model.family.llama.Olmoe;
import jot.model.family.llama.Phi3;
import jot.model.family.llama.Qwen2;
import jot.model.family.llama.Qwen3;
import jot.model.family.llama.SeedOss;
import jot.model.family.llama.SmolLm3;

/** All families that Jot reads. */
public final class Families {

    private static final List<Family> CLASSIC = List.of(new OpenAiGpt(), new Gpt2(), new GptNeo(), new GptJ(), new GptNeoX(),
            new GptBigCode(),
            new Opt(), new Xglm(), new BioGpt(), new Ctrl(), new Bloom(), new Falcon(), new Mpt(), new Phi(), new StableLm(),
            new Persimmon(), new Starcoder2(), new Nemotron());

    private static final List<Family> LLAMA = List.of(new Llama(), new Mistral(), new Qwen2(), new Qwen3(), new Gemma(), new Gemma2(),
            new Olmo(), new Olmo2(), new Granite(), new SmolLm3(), new Phi3(), new Mixtral(),
            new Olmoe(), new GptOss(), new Cohere(), new Glm(), new Exaone4(), new Ernie(),
            new SeedOss(), new Arcee(), new Apertus(), new Helium(), new HunYuan());

    private static final List<Family> ALL = Stream.of(CLASSIC, LLAMA).flatMap(List::stream).toList();

    /** Families that people may ask for, and why they are not read. */
    private static final Map<String, String> NOT_READ = Map.of(
            "deepseek_v2", "has multi-head latent attention",
            "deepseek_v3", "has multi-head latent attention",
            "gemma3", "holds a model of images too; its text model alone is a gemma3_text",
            "mistral3", "holds a model of images too",
            "mamba", "has no attention",
            "t5", "is an encoder with a decoder");

    private Families() {
    }

    /** Every family, in the order of the documentation. */
    public static List<Family> all() {
        return ALL;
    }

    /**
     * The family of a configuration.
     *
     * @throws CheckpointFormatException if none reads its {@code model_type} (the message lists those with a similar name), or if it says
     *     something that no family of decoders does
     */
    public static Family of(Config config) throws CheckpointFormatException {
        String type = config.text("model_type");
        for (Family family : ALL) {
            if (family.modelTypes().contains(type)) {
                refuseWhatNoDecoderDoes(config, family);
                return family;
            }
        }
        String reason = NOT_READ.get(type);
        if (reason != null) {
            throw config.refusal("model_type", "a family that Jot reads", '"' + type + "\", which " + reason);
        }
        throw config.refusal("model_type", "a family that Jot reads" + nearest(type), '"' + type + '"');
    }

    private static void refuseWhatNoDecoderDoes(Config config, Family family) throws CheckpointFormatException {
        config.refuseFlag("is_encoder_decoder");
        config.refuseFlag("add_cross_attention");
        if (config.values().get("pruned_heads") instanceof JsonObject pruned && pruned.size() > 0) {
            throw config.refusal("pruned_heads", "none, since Jot does not do this", "heads of " + pruned.size() + " blocks");
        }
        if (config.has("quantization_config")) {
            String method = config.group("quantization_config").orElseThrow().textOr("unnamed", "quant_method");
            if (!family.readsQuantization(method)) {
                throw config.refusal("quantization_config", "weights as F32, F16 or BF16", "the method \"" + method + '"');
            }
        }
    }

    private static String nearest(String type) {
        List<String> nearest = NearestNames.of(type, ALL.stream().flatMap(family -> family.modelTypes().stream()).toList());
        return nearest.isEmpty() ? "" : " (nearest: " + String.join(", ", nearest) + ")";
    }
}
