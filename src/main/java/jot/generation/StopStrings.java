package jot.generation;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Queue;

/**
 * The strings that end a generation, ready to be looked for in a stream of text.
 *
 * <p>An automaton after Aho and Corasick 1975 ("Efficient string matching"): one state a prefix of some stop string, so that the scan
 * takes time linear in the text, however many strings there are. Immutable and thread-safe; each generation has a {@link StopScanner}.
 */
public final class StopStrings {
    private static final int ROOT = 0;

    private final List<String> stops;
    private final boolean included;

    /** State → its children's letters, ascending, and the children. */
    private final char[][] letters;
    private final int[][] children;
    private final int[] fallback;
    private final int[] depth;
    /** State → length of the longest stop string that ends there, or 0. */
    private final int[] longestMatch;
    private int states;

    /**
     * An automaton for some strings.
     *
     * @param stops none of them empty
     * @param included whether the text keeps the stop string that ended it
     */
    public StopStrings(Collection<String> stops, boolean included) {
        this.stops = List.copyOf(stops);
        this.included = included;
        int most = 1 + this.stops.stream().mapToInt(String::length).sum();
        letters = new char[most][0];
        children = new int[most][0];
        fallback = new int[most];
        depth = new int[most];
        longestMatch = new int[most];
        states = 1;
        for (String stop : this.stops) {
            insert(stop);
        }
        linkFallbacks();
    }

    /**
     * A scanner for one text.
     *
     * @return a new scanner at the beginning
     */
    public StopScanner scanner() {
        return new StopScanner(this);
    }

    /**
     * Whether there is any.
     *
     * @return false if a text can only end otherwise
     */
    public boolean isPresent() {
        return !stops.isEmpty();
    }

    boolean included() {
        return included;
    }

    int root() {
        return ROOT;
    }

    /** The length of the longest prefix of a stop string that ends the text read so far. */
    int depth(int state) {
        return depth[state];
    }

    int longestMatch(int state) {
        return longestMatch[state];
    }

    int next(int state, char letter) {
        int at = state;
        while (true) {
            int child = child(at, letter);
            if (child != ROOT) {
                return child;
            }
            if (at == ROOT) {
                return ROOT;
            }
            at = fallback[at];
        }
    }

    private int child(int state, char letter) {
        int place = Arrays.binarySearch(letters[state], letter);
        return place < 0 ? ROOT : children[state][place];
    }

    private void insert(String stop) {
        if (stop.isEmpty()) {
            throw new IllegalArgumentException("a stop string must not be empty");
        }
        int state = ROOT;
        for (int i = 0; i < stop.length(); i++) {
            int child = child(state, stop.charAt(i));
            state = child == ROOT ? addChild(state, stop.charAt(i)) : child;
        }
        longestMatch[state] = stop.length();
    }

    private int addChild(int state, char letter) {
        int place = -1 - Arrays.binarySearch(letters[state], letter);
        int old = letters[state].length;
        char[] moreLetters = Arrays.copyOf(letters[state], old + 1);
        int[] moreChildren = Arrays.copyOf(children[state], old + 1);
        System.arraycopy(letters[state], place, moreLetters, place + 1, old - place);
        System.arraycopy(children[state], place, moreChildren, place + 1, old - place);
        moreLetters[place] = letter;
        moreChildren[place] = states;
        letters[state] = moreLetters;
        children[state] = moreChildren;
        depth[states] = depth[state] + 1;
        return states++;
    }

    /** Breadth first, so that a state's fallback, which is shallower, is complete before it. */
    private void linkFallbacks() {
        Queue<Integer> queue = new ArrayDeque<>();
        queue.add(ROOT);
        while (!queue.isEmpty()) {
            int state = queue.remove();
            for (int i = 0; i < letters[state].length; i++) {
                int child = children[state][i];
                fallback[child] = state == ROOT ? ROOT : next(fallback[state], letters[state][i]);
                longestMatch[child] = Math.max(longestMatch[child], longestMatch[fallback[child]]);
                queue.add(child);
            }
        }
    }

    @Override
    public String toString() {
        return "StopStrings" + stops;
    }
}
