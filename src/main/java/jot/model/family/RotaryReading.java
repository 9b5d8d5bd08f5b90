package jot.model.family;

import java.util.List;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Rotary;
import jot.model.RotaryScaling;

/**
 * Reads rotary positions from either spelling of a configuration.
 *
 * <p>Newer files hold one group {@code rope_parameters}; older ones hold {@code rope_theta}, {@code partial_rotary_factor} and a group
 * {@code rope_scaling}, under these names or a family's own. Immutable and thread-safe.
 *
 * @param config the whole configuration
 * @param parameters the group that holds the kind of scaling, or the whole configuration where there is none
 */
public record RotaryReading(Config config, Config parameters) {

    /** The share of a head that is turned, in the spellings of several families. */
    private static final String[] PART = {"partial_rotary_factor", "rotary_pct", "rope_pct", "rope_percent"};

    /** Begins to read. */
    public static RotaryReading of(Config config) throws CheckpointFormatException {
        return new RotaryReading(config, config.group("rope_parameters", "rope_scaling").orElse(config));
    }

    /**
     * Begins to read the positions of some blocks, for configurations that may state them for each type of block.
     *
     * @param layerType what {@code layer_types} calls the blocks, such as {@code sliding_attention}
     */
    public static RotaryReading of(Config config, String layerType) throws CheckpointFormatException {
        RotaryReading common = of(config);
        return new RotaryReading(config, common.parameters.group(layerType).orElse(common.parameters));
    }

    /** Whether the configuration states positions for a type of block by itself. */
    public static boolean states(Config config, String layerType) throws CheckpointFormatException {
        return of(config).parameters.has(layerType);
    }

    /**
     * Rotary positions over all of a head, or over the part that the configuration states.
     *
     * @param headSize channels of a head
     * @param interleaved whether neighbouring channels make a pair, or else halves
     * @param theta the base where the configuration states none
     * @param part the share of a head that is turned where the configuration states none
     */
    public Rotary rotary(int headSize, boolean interleaved, double theta, double part) throws CheckpointFormatException {
        int rotated = rotated(headSize, part);
        return new Rotary(rotated, interleaved, theta(theta), scaling(rotated));
    }

    /** The same without scaling, whatever the configuration states. */
    public Rotary unscaled(int headSize, boolean interleaved, double theta, double part) throws CheckpointFormatException {
        return new Rotary(rotated(headSize, part), interleaved, theta(theta), new RotaryScaling.None());
    }

    private double theta(double other) throws CheckpointFormatException {
        double theta = parameters.number(config.number(other, "rope_theta", "rotary_emb_base"), "rope_theta");
        if (theta <= 1) {
            throw config.refusal("rope_theta", "a number above 1", String.valueOf(theta));
        }
        return theta;
    }

    private int rotated(int headSize, double other) throws CheckpointFormatException {
        double part = parameters.number(config.number(other, PART), PART);
        int rotated = (int) (headSize * part);
        if (part > 1 || rotated < 2 || rotated % 2 != 0) {
            throw config.refusal(config.spelling(PART), "an even number of channels of a head of " + headSize,
                    rotated + " by the factor " + part);
        }
        return rotated;
    }

    private RotaryScaling scaling(int rotated) throws CheckpointFormatException {
        String kind = parameters == config ? "default" : parameters.textOr("default", "rope_type", "type");
        if (parameters.has("short_factor", "long_factor") && List.of("su", "yarn").contains(kind)) {
            kind = "longrope";                                  // as older files of Phi-3 call it
        }
        return switch (kind) {
            case "default" -> new RotaryScaling.None();
            case "linear" -> new RotaryScaling.Linear(above(0, "factor"));
            case "dynamic" -> dynamic(rotated);
            case "llama3" -> llama3();
            case "yarn" -> yarn();
            case "longrope" -> longRope(rotated / 2);
            default -> throw config.refusal("rope_scaling", "a kind that Jot knows (default, linear, dynamic, llama3, yarn, longrope)",
                    '"' + kind + '"');
        };
    }

    private RotaryScaling dynamic(int rotated) throws CheckpointFormatException {
        if (rotated < 4) {
            throw config.refusal("rope_scaling", "at least 4 rotated channels for the kind \"dynamic\"", String.valueOf(rotated));
        }
        return parameters.has("alpha") ? new RotaryScaling.Alpha(above(0, "alpha"))
                : new RotaryScaling.Dynamic(above(0, "factor"), positions());
    }

    private RotaryScaling llama3() throws CheckpointFormatException {
        double low = above(0, "low_freq_factor");
        return new RotaryScaling.Llama3(above(0, "factor"), low, above(low, "high_freq_factor"), original(positions()));
    }

    private RotaryScaling yarn() throws CheckpointFormatException {
        int original = original(positions());
        double factor = parameters.has("factor") ? above(0, "factor") : (double) positions() / original;
        return new RotaryScaling.Yarn(factor, original, parameters.has("beta_fast") ? above(0, "beta_fast") : 32,
                parameters.has("beta_slow") ? above(0, "beta_slow") : 1, parameters.flag(true, "truncate"), yarnMagnitude(factor));
    }

    private float yarnMagnitude(double factor) throws CheckpointFormatException {
        if (parameters.has("attention_factor")) {
            return (float) above(0, "attention_factor");
        }
        double scale = parameters.number(0, "mscale");
        double scaleOfAll = parameters.number(0, "mscale_all_dim");
        boolean both = scale != 0 && scaleOfAll != 0;
        return (float) (both ? growth(factor, scale) / growth(factor, scaleOfAll) : growth(factor, 1));
    }

    /** 0.1 · s · ln(factor) + 1, as the paper on YaRN suggests for s = 1. */
    private static double growth(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * StrictMath.log(factor) + 1;
    }

    private RotaryScaling longRope(int pairs) throws CheckpointFormatException {
        for (String key : List.of("short_mscale", "long_mscale")) {
            parameters.refuse(key);
        }
        int original = original(positions());
        return new RotaryScaling.LongRope(factors("short_factor", pairs), factors("long_factor", pairs), original,
                longRopeMagnitude(original));
    }

    private float longRopeMagnitude(int original) throws CheckpointFormatException {
        if (parameters.has("attention_factor")) {
            return (float) above(0, "attention_factor");
        }
        double factor = parameters.has("factor") ? above(0, "factor") : (double) positions() / original;
        return factor <= 1 || original == 1 ? 1 : (float) Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(original));
    }

    private List<Double> factors(String key, int pairs) throws CheckpointFormatException {
        List<Double> factors = parameters.numbers(key).orElse(List.of());
        if (factors.size() != pairs || !factors.stream().allMatch(factor -> factor > 0 && Double.isFinite(factor))) {
            throw config.refusal(key, pairs + " factors above 0, one for each pair of channels", factors.size() + ": " + factors);
        }
        return factors;
    }

    private int positions() throws CheckpointFormatException {
        return config.positions("max_position_embeddings", "n_positions");
    }

    /** The context of the first training; it stands in the group or beside it. */
    private int original(int other) throws CheckpointFormatException {
        String key = "original_max_position_embeddings";
        return parameters.has(key) ? parameters.positions(key) : config.has(key) ? config.positions(key) : other;
    }

    private double above(double least, String key) throws CheckpointFormatException {
        double value = parameters.number(Double.NaN, key);
        if (Double.isNaN(value) || value <= least) {
            throw config.refusal(key, "a number above " + least, Double.isNaN(value) ? "nothing" : String.valueOf(value));
        }
        return value;
    }
}
