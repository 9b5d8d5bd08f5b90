package jot.generation;

/**
 * How to search with beams.
 *
 * @param beams how many hypotheses are followed, 2 or more
 * @param lengthPenalty exponent of the length by which a hypothesis' score is divided; above 0 prefers longer texts
 * @param earlyStopping when the search ends
 */
public record BeamSettings(int beams, double lengthPenalty, EarlyStopping earlyStopping) {
    /**
     * When a search ends that has as many finished hypotheses as beams.
     */
    public enum EarlyStopping {
        /** At once. */
        ALWAYS,
        /** When no running hypothesis can beat the worst finished one at its present length. */
        HEURISTIC,
        /** When no running hypothesis can beat the worst finished one at any length. */
        NEVER
    }
}
