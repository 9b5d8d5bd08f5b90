package jot.tokenizer;

import java.util.Arrays;

/**
 * A stretch of text on its way through the tokenizer, with the range of the original text that each character came from.
 *
 * <p>Ranges are kept only where somebody will ask for them; without them this is a plain string. Immutable.
 */
final class AlignedText {
    private final String value;
    /** Start of the original range of each UTF-16 unit; null where ranges are not kept. */
    private final int[] starts;
    private final int[] ends;

    private AlignedText(String value, int[] starts, int[] ends) {
        this.value = value;
        this.starts = starts;
        this.ends = ends;
    }

    /** Wraps text without ranges. */
    static AlignedText untracked(String value) {
        return new AlignedText(value, null, null);
    }

    /** Wraps the original text itself: each character comes from its own place. Both halves of a surrogate pair stand for the whole. */
    static AlignedText tracked(String value) {
        int[] starts = new int[value.length()];
        int[] ends = new int[value.length()];
        for (int i = 0; i < value.length(); ) {
            int width = Character.charCount(value.codePointAt(i));
            for (int half = 0; half < width; half++) {
                starts[i + half] = i;
                ends[i + half] = i + width;
            }
            i += width;
        }
        return new AlignedText(value, starts, ends);
    }

    /** Returns the text as it is now. */
    String value() {
        return value;
    }

    int length() {
        return value.length();
    }

    boolean isTracked() {
        return starts != null;
    }

    /** Returns where in the original text a character came from. */
    int start(int index) {
        return starts[index];
    }

    /** Returns where in the original text the range of a character ends. */
    int end(int index) {
        return ends[index];
    }

    /** Returns a part of this text. */
    AlignedText slice(int from, int to) {
        if (from == 0 && to == value.length()) {
            return this;
        }
        String part = value.substring(from, to);
        return starts == null ? untracked(part)
                : new AlignedText(part, Arrays.copyOfRange(starts, from, to), Arrays.copyOfRange(ends, from, to));
    }

    /** Returns a builder of a changed form of this text. */
    Builder change() {
        return new Builder(this);
    }

    /**
     * Writes a changed form of a text from left to right, and keeps the ranges as the reference does.
     *
     * <p>A character that takes the place of another has its range; one that is put in has that of the source character before it.
     */
    static final class Builder {
        private final AlignedText source;
        private final StringBuilder text;
        private int[] starts;
        private int[] ends;
        private int cursor;

        private Builder(AlignedText source) {
            this.source = source;
            this.text = new StringBuilder(source.length() + 16);
            if (source.isTracked()) {
                starts = new int[source.length() + 16];
                ends = new int[source.length() + 16];
            }
        }

        /** Takes over source characters up to an index. */
        Builder copyTo(int index) {
            if (starts != null) {
                reserve(index - cursor);
                System.arraycopy(source.starts, cursor, starts, text.length(), index - cursor);
                System.arraycopy(source.ends, cursor, ends, text.length(), index - cursor);
            }
            text.append(source.value, cursor, index);
            cursor = index;
            return this;
        }

        /** Writes a code point in place of the next source character. */
        Builder replace(int codePoint) {
            write(codePoint, cursor);
            return skip(1);
        }

        /** Writes a code point that is put in behind the source character before the cursor. */
        Builder insert(int codePoint) {
            write(codePoint, cursor - 1);
            return this;
        }

        /** Writes each code point of a string with the range of the next source character, which stays next. */
        Builder putBefore(String codePoints) {
            codePoints.codePoints().forEach(codePoint -> write(codePoint, cursor));
            return this;
        }

        /** Passes over source characters without writing them. */
        Builder skip(int codePoints) {
            for (int i = 0; i < codePoints && cursor < source.length(); i++) {
                cursor += Character.charCount(source.value.codePointAt(cursor));
            }
            return this;
        }

        /** Passes over source characters up to an index without writing them. */
        Builder skipTo(int index) {
            cursor = index;
            return this;
        }

        /** Writes the first code point in place of the next source character, then puts in the others. */
        Builder replaceByAll(String codePoints) {
            int first = codePoints.codePointAt(0);
            replace(first);
            return insertAll(codePoints.substring(Character.charCount(first)));
        }

        /** Puts in each code point of a string. */
        Builder insertAll(String codePoints) {
            codePoints.codePoints().forEach(this::insert);
            return this;
        }

        /** Returns the index of the next source character. */
        int cursor() {
            return cursor;
        }

        /** Returns the changed text; source characters behind the cursor are left out. */
        AlignedText build() {
            if (starts == null) {
                return untracked(text.toString());
            }
            return new AlignedText(text.toString(), Arrays.copyOf(starts, text.length()),
                    Arrays.copyOf(ends, text.length()));
        }

        private void write(int codePoint, int origin) {
            if (starts != null) {
                int width = Character.charCount(codePoint);
                reserve(width);
                for (int i = text.length(); i < text.length() + width; i++) {
                    starts[i] = origin < 0 ? firstStart() : source.starts[origin];
                    ends[i] = origin < 0 ? firstStart() : source.ends[origin];
                }
            }
            text.appendCodePoint(codePoint);
        }

        private int firstStart() {
            return source.length() == 0 ? 0 : source.starts[0];
        }

        private void reserve(int more) {
            if (text.length() + more > starts.length) {
                int capacity = Math.max(text.length() + more, starts.length * 2);
                starts = Arrays.copyOf(starts, capacity);
                ends = Arrays.copyOf(ends, capacity);
            }
        }
    }
}
