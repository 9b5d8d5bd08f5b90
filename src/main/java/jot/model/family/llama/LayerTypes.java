package jot.model.family.llama;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

import jot.checkpoint.CheckpointFormatException;
import jot.model.family.Config;

/**
 * Which blocks see all earlier positions and which only a window of them.
 *
 * @param window positions that the blocks with a window see, their own included, if there are such blocks
 * @param sliding for each block whether it has the window
 */
record LayerTypes(OptionalInt window, List<Boolean> sliding) {

    /** What {@code layer_types} calls a block that sees everything. */
    static final String FULL = "full_attention";
    /** What {@code layer_types} calls a block with a window. */
    static final String SLIDING = "sliding_attention";

    private static final String KEY = "layer_types";
    private static final String WINDOW = "sliding_window";

    /**
     * Reads {@code sliding_window} and {@code layer_types}.
     *
     * @param layers number of blocks
     * @param windowByDefault the window where the configuration does not mention it, or empty; null in the configuration means none
     * @param byDefault which blocks have a window where the configuration has no {@code layer_types}
     */
    static LayerTypes of(Config config, int layers, OptionalInt windowByDefault, IntPredicate byDefault)
            throws CheckpointFormatException {
        OptionalInt window = config.values().has(WINDOW) ? config.integerIfAny(1, Integer.MAX_VALUE, WINDOW) : windowByDefault;
        return read(config, layers, window, byDefault);
    }

    /** Every block sees everything. */
    static LayerTypes full(Config config, int layers) throws CheckpointFormatException {
        return read(config, layers, OptionalInt.empty(), layer -> false);
    }

    private static LayerTypes read(Config config, int layers, OptionalInt window, IntPredicate byDefault) throws CheckpointFormatException {
        List<String> types = config.texts(KEY).orElse(List.of());
        if (types.isEmpty()) {
            return new LayerTypes(window, IntStream.range(0, layers).mapToObj(i -> window.isPresent() && byDefault.test(i)).toList());
        }
        if (types.size() < layers) {
            throw config.refusal(KEY, layers + " types, one for each block", types.size() + " types");
        }
        for (String type : types) {
            if (!type.equals(FULL) && !type.equals(SLIDING)) {
                throw config.refusal(KEY, FULL + " or " + SLIDING, '"' + type + '"');
            }
            if (type.equals(SLIDING) && window.isEmpty()) {
                throw config.refusal(WINDOW, "a window, since " + KEY + " names blocks that have one", "nothing");
            }
        }
        return new LayerTypes(window, types.stream().limit(layers).map(SLIDING::equals).toList());
    }

    /** One window in several blocks, the others full: every n-th block is, by a key of this name or a default. */
    static IntPredicate allButEvery(Config config, int other, String... keys) throws CheckpointFormatException {
        int every = config.integerIfAny(1, Integer.MAX_VALUE, keys).orElse(other);
        return layer -> (layer + 1) % every != 0;
    }

    /** The window of a block, or empty if it sees everything. */
    OptionalInt window(int layer) {
        return sliding.get(layer) ? window : OptionalInt.empty();
    }

    /** The name of a block's type. */
    String name(int layer) {
        return sliding.get(layer) ? SLIDING : FULL;
    }
}
