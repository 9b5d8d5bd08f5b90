package jot.generation;

import java.util.Optional;

/**
 * Looks for stop strings in one text that comes piece by piece, and holds back what may yet become one.
 *
 * <p>After each piece the whole text so far is considered: if stop strings occur, the one with the earliest start ends the text, among
 * equal starts the longest. Otherwise all text is released but its longest ending that begins some stop string. Time is linear in the
 * text. Not thread-safe.
 */
public final class StopScanner {
    private final StopStrings stops;
    /** The text from some place before what is held back; {@code shown} of its letters were returned. */
    private final StringBuilder text = new StringBuilder();
    private int shown;
    private int state;
    private String stoppedBy;

    StopScanner(StopStrings stops) {
        this.stops = stops;
        this.state = stops.root();
    }

    /**
     * Reads a piece.
     *
     * @param piece the next part of the text, possibly empty
     * @return the text that may be shown now, beyond what was returned before; empty once stopped
     */
    public String accept(String piece) {
        if (stoppedBy != null) {
            return "";
        }
        int start = -1;
        int length = 0;
        int before = text.length();
        text.append(piece);
        for (int i = before; i < text.length(); i++) {
            state = stops.next(state, text.charAt(i));
            int match = stops.longestMatch(state);
            int matchStart = i + 1 - match;
            if (match > 0 && (length == 0 || matchStart < start || matchStart == start && match > length)) {
                start = matchStart;
                length = match;
            }
        }
        if (length > 0) {
            stoppedBy = text.substring(start, start + length);
            return release(stops.included() ? start + length : start);
        }
        return release(text.length() - stops.depth(state));
    }

    /**
     * Ends the text.
     *
     * @return what was held back; empty if a stop string ended it
     */
    public String finish() {
        return stoppedBy == null ? release(text.length()) : "";
    }

    /**
     * Whether a stop string ended the text.
     *
     * @return true from the piece on that completed one
     */
    public boolean stopped() {
        return stoppedBy != null;
    }

    /**
     * The stop string that ended the text.
     *
     * @return one of the strings, or nothing
     */
    public Optional<String> stoppedBy() {
        return Optional.ofNullable(stoppedBy);
    }

    private String release(int end) {
        String released = text.substring(shown, end);
        shown = end;
        if (2 * shown > text.length()) {
            text.delete(0, shown);
            shown = 0;
        }
        return released;
    }
}
