package jot.json;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Finds the names that somebody who wrote another one may have meant. */
public final class NearestNames {

    private static final int SHOWN = 3;
    private static final int LONGEST = 256;
    private static final int MOST_COMPARED = 10_000;
    /** One edit for so many characters is a slip; more make another word. */
    private static final int CHARACTERS_PER_EDIT = 3;

    private NearestNames() {
    }

    /**
     * At most three of the names, by edit distance to the wanted one, the nearest first.
     *
     * @param wanted what was written
     * @param names what could have been meant
     * @return none where all are further away than one edit, or one for every three characters of {@code wanted}
     */
    public static List<String> of(String wanted, Collection<String> names) {
        String bounded = wanted.substring(0, Math.min(wanted.length(), LONGEST));
        int furthest = Math.max(1, bounded.length() / CHARACTERS_PER_EDIT);
        return names.stream()
                .filter(name -> name.length() <= LONGEST)
                .limit(MOST_COMPARED)
                .map(name -> Map.entry(name, distance(bounded, name)))
                .filter(entry -> entry.getValue() <= furthest)
                .sorted(Comparator.comparingInt(Map.Entry::getValue))
                .limit(SHOWN)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The Levenshtein distance, one row of its table at a time. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
