package jot.model.family;

import java.util.List;
import java.util.stream.Stream;

import jot.checkpoint.CheckpointFormatException;

/** All families that Jot reads. */
public final class Families {

    private static final List<Family> ALL = List.of(new Gpt2());

    private Families() {
    }

    /** Every family, in the order of the documentation. */
    public static List<Family> all() {
        return ALL;
    }

    /**
     * The family of a configuration.
     *
     * @throws CheckpointFormatException if none reads its {@code model_type}; the message lists the nearest one
     */
    public static Family of(Config config) throws CheckpointFormatException {
        String type = config.text("model_type");
        for (Family family : ALL) {
            if (family.modelTypes().contains(type)) {
                return family;
            }
        }
        throw config.refusal("model_type", "a family that Jot reads (nearest: " + nearest(type) + ")", '"' + type + '"');
    }

    private static String nearest(String type) {
        Stream<String> types = ALL.stream().flatMap(family -> family.modelTypes().stream());
        return types.min((a, b) -> Integer.compare(distance(type, a), distance(type, b))).orElseThrow();
    }

    /** Edits that turn one word into the other (Levenshtein). */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= Math.min(a.length(), 64); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(change, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
