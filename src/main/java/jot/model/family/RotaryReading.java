package jot.model.family;

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

    /** Begins to read. */
    public static RotaryReading of(Config config) throws CheckpointFormatException {
        return new RotaryReading(config, config.group("rope_parameters", "rope_scaling").orElse(config));
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
        return new Rotary(rotated(headSize, part), interleaved, theta(theta), scaling());
    }

    private double theta(double other) throws CheckpointFormatException {
        double theta = parameters.number(config.number(other, "rope_theta", "rotary_emb_base"), "rope_theta");
        if (theta <= 1) {
            throw config.refusal("rope_theta", "a number above 1", String.valueOf(theta));
        }
        return theta;
    }

    private int rotated(int headSize, double other) throws CheckpointFormatException {
        double part = parameters.number(config.number(other, "partial_rotary_factor", "rotary_pct", "rope_pct", "rope_percent"),
                "partial_rotary_factor");
        int rotated = (int) (headSize * part);
        if (part > 1 || rotated < 2 || rotated % 2 != 0) {
            throw config.refusal("partial_rotary_factor", "an even number of channels of a head of " + headSize,
                    rotated + " by the factor " + part);
        }
        return rotated;
    }

    private RotaryScaling scaling() throws CheckpointFormatException {
        String kind = parameters == config ? "default" : parameters.textOr("default", "rope_type", "type");
        return switch (kind) {
            case "default" -> new RotaryScaling.None();
            case "linear" -> new RotaryScaling.Linear(factor());
            default -> throw config.refusal("rope_scaling", "a kind that Jot knows (default, linear)", '"' + kind + '"');
        };
    }

    private double factor() throws CheckpointFormatException {
        double factor = parameters.number(0, "factor");
        if (factor <= 0) {
            throw config.refusal("rope_scaling", "a factor above 0", String.valueOf(factor));
        }
        return factor;
    }
}
