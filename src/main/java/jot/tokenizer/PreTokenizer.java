package jot.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * Cuts a normalized stretch of text into the pieces that the model sees one by one, and may rewrite them.
 *
 * <p>Pre-tokenizers are immutable and thread-safe.
 */
sealed interface PreTokenizer {
    /** Leaves each stretch in one piece. */
    PreTokenizer NONE = new Sequence(List.of());

    /** Hands over the pieces in order; empty ones are not handed over. */
    void split(AlignedText text, Consumer<AlignedText> pieces);

    /** Returns this pre-tokenizer for text that goes on behind other text: without what it puts in front of a text's start. */
    default PreTokenizer continuing() {
        return this;
    }

    /** Returns whether the pieces depend on where in the original text they come from. */
    default boolean needsRanges() {
        return false;
    }

    /** What becomes of the matches of a pattern that cuts a text. */
    enum Behavior {
        /** Matches are dropped. */
        REMOVED,
        /** Each match is a piece. */
        ISOLATED,
        /** Matches that touch are one piece. */
        CONTIGUOUS,
        /** A match belongs to the part before it, unless that is a match. */
        MERGED_WITH_PREVIOUS,
        /** A match belongs to the part behind it, unless that is a match. */
        MERGED_WITH_NEXT
    }

    /** Several in a row: each gets the pieces of the one before it. */
    record Sequence(List<PreTokenizer> parts) implements PreTokenizer {
        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            split(0, text, pieces);
        }

        private void split(int part, AlignedText text, Consumer<AlignedText> pieces) {
            if (part == parts.size()) {
                pieces.accept(text);
            } else {
                parts.get(part).split(text, piece -> split(part + 1, piece, pieces));
            }
        }

        @Override
        public PreTokenizer continuing() {
            return new Sequence(parts.stream().map(PreTokenizer::continuing).toList());
        }

        @Override
        public boolean needsRanges() {
            return parts.stream().anyMatch(PreTokenizer::needsRanges);
        }
    }

    /**
     * Cuts at the matches of a pattern.
     *
     * @param inverted whether what is no match counts as match and the other way round
     */
    record Split(TextPattern pattern, Behavior behavior, boolean inverted) implements PreTokenizer {
        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            for (Part piece : pieces(parts(text.value()))) {
                if (piece.start < piece.end) {
                    pieces.accept(text.slice(piece.start, piece.end));
                }
            }
        }

        private record Part(int start, int end, boolean isMatch) {
        }

        private List<Part> parts(String text) {
            List<Part> parts = new ArrayList<>();
            int[] matches = pattern.matches(text);
            int done = 0;
            for (int i = 0; i < matches.length; i += 2) {
                if (done < matches[i]) {
                    parts.add(new Part(done, matches[i], inverted));
                }
                parts.add(new Part(matches[i], matches[i + 1], !inverted));
                done = matches[i + 1];
            }
            if (done < text.length()) {
                parts.add(new Part(done, text.length(), inverted));
            }
            return parts;
        }

        private List<Part> pieces(List<Part> parts) {
            return switch (behavior) {
                case ISOLATED -> parts;
                case REMOVED -> parts.stream().filter(part -> !part.isMatch).toList();
                case CONTIGUOUS -> joinAlike(parts);
                case MERGED_WITH_PREVIOUS -> joinWithPrevious(parts);
                case MERGED_WITH_NEXT -> joinWithNext(parts);
            };
        }

        private static List<Part> joinAlike(List<Part> parts) {
            List<Part> joined = new ArrayList<>();
            for (Part part : parts) {
                Part last = joined.isEmpty() ? null : joined.getLast();
                if (last != null && last.isMatch == part.isMatch) {
                    joined.set(joined.size() - 1, new Part(last.start, part.end, part.isMatch));
                } else {
                    joined.add(part);
                }
            }
            return joined;
        }

        private static List<Part> joinWithPrevious(List<Part> parts) {
            List<Part> joined = new ArrayList<>();
            boolean afterMatch = false;
            for (Part part : parts) {
                if (part.isMatch && !afterMatch && !joined.isEmpty()) {
                    joined.set(joined.size() - 1, new Part(joined.getLast().start, part.end, false));
                } else {
                    joined.add(part);
                }
                afterMatch = part.isMatch;
            }
            return joined;
        }

        private static List<Part> joinWithNext(List<Part> parts) {
            List<Part> joined = new ArrayList<>();
            boolean beforeMatch = false;
            for (Part part : parts.reversed()) {
                if (part.isMatch && !beforeMatch && !joined.isEmpty()) {
                    joined.set(joined.size() - 1, new Part(part.start, joined.getLast().end, false));
                } else {
                    joined.add(part);
                }
                beforeMatch = part.isMatch;
            }
            Collections.reverse(joined);
            return joined;
        }
    }

    /**
     * Rewrites text in byte letters.
     *
     * @param spaceInFront whether a piece that does not begin with a space gets one
     * @param cuts whether pieces are cut by GPT-2's pattern first
     */
    record ByteLevel(boolean spaceInFront, boolean cuts) implements PreTokenizer {
        private static final Split GPT2 = new Split(new TextPattern.Scanner(PieceScanner.GPT2), Behavior.ISOLATED, false);

        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            AlignedText whole = spaceInFront && !text.value().startsWith(" ")
                    ? text.change().putBefore(" ").copyTo(text.length()).build() : text;
            if (cuts) {
                GPT2.split(whole, piece -> pieces.accept(letters(piece)));
            } else {
                pieces.accept(letters(whole));
            }
        }

        /** Returns a text with each byte of its UTF-8 form as a byte letter. */
        static AlignedText letters(AlignedText text) {
            AlignedText.Builder letters = text.change();
            text.value().codePoints().forEach(codePoint -> {
                byte[] bytes = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
                letters.replace(ByteLetters.letter(bytes[0] & 0xFF));
                for (int i = 1; i < bytes.length; i++) {
                    letters.insert(ByteLetters.letter(bytes[i] & 0xFF));
                }
            });
            return letters.build();
        }

        @Override
        public PreTokenizer continuing() {
            return new ByteLevel(false, cuts);
        }
    }

    /** When {@link Metaspace} puts its replacement in front of a piece. */
    enum Prepend {
        /** In front of each piece. */
        ALWAYS,
        /** Only where the piece begins at the very start of the original text. */
        FIRST,
        /** Nowhere. */
        NEVER
    }

    /**
     * Writes a visible character for each space.
     *
     * @param replacement the character, as a string
     * @param cuts whether a piece begins at each replacement
     */
    record Metaspace(String replacement, Prepend prepend, boolean cuts) implements PreTokenizer {
        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            AlignedText replaced = replaceSpaces(text);
            if (!replaced.value().startsWith(replacement) && isPrepended(replaced)) {
                replaced = replaced.change().putBefore(replacement).copyTo(replaced.length()).build();
            }
            if (cuts) {
                new Split(new TextPattern.Literal(replacement), Behavior.MERGED_WITH_NEXT, false).split(replaced, pieces);
            } else {
                pieces.accept(replaced);
            }
        }

        private AlignedText replaceSpaces(AlignedText text) {
            String value = text.value();
            if (!text.isTracked()) {
                return AlignedText.untracked(value.replace(" ", replacement));
            }
            AlignedText.Builder written = text.change();
            for (int at = value.indexOf(' '); at >= 0; at = value.indexOf(' ', at + 1)) {
                written.copyTo(at).replaceByAll(replacement);
            }
            return written.copyTo(value.length()).build();
        }

        private boolean isPrepended(AlignedText text) {
            return switch (prepend) {
                case ALWAYS -> true;
                case FIRST -> text.length() > 0 && text.start(0) == 0;
                case NEVER -> false;
            };
        }

        @Override
        public PreTokenizer continuing() {
            return new Metaspace(replacement, Prepend.NEVER, cuts);
        }

        @Override
        public boolean needsRanges() {
            return prepend == Prepend.FIRST;
        }
    }

    /** Cuts where the script changes; kana count as Han, and a space goes with what precedes it. */
    record Scripts() implements PreTokenizer {
        private static final int PROLONGED_SOUND_MARK = 0x30FC;

        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            String value = text.value();
            int pieceStart = -1;
            Character.UnicodeScript last = null;
            for (int at = 0; at < value.length(); at = value.offsetByCodePoints(at, 1)) {
                Character.UnicodeScript script = script(value.codePointAt(at));
                if (script != null && script != last) {
                    if (pieceStart >= 0) {
                        pieces.accept(text.slice(pieceStart, at));
                    }
                    pieceStart = at;
                    last = script;
                }
            }
            if (pieceStart >= 0) {
                pieces.accept(text.slice(pieceStart, value.length()));
            }
        }

        /** Returns the script of a character, or null if it has none. */
        private static Character.UnicodeScript script(int codePoint) {
            if (codePoint == ' ') {
                return null;
            }
            if (codePoint == PROLONGED_SOUND_MARK) {
                return Character.UnicodeScript.HAN;
            }
            Character.UnicodeScript script = Character.UnicodeScript.of(codePoint);
            return switch (script) {
                case HIRAGANA, KATAKANA -> Character.UnicodeScript.HAN;
                case UNKNOWN -> null;
                default -> script;
            };
        }
    }

    /**
     * Cuts pieces of one length.
     *
     * @param length code points a piece; the last one may be shorter
     */
    record FixedLength(int length) implements PreTokenizer {
        @Override
        public void split(AlignedText text, Consumer<AlignedText> pieces) {
            String value = text.value();
            int left = value.codePointCount(0, value.length());
            for (int at = 0; at < value.length(); left -= length) {
                int end = left <= length ? value.length() : value.offsetByCodePoints(at, length);
                pieces.accept(text.slice(at, end));
                at = end;
            }
        }
    }
}
