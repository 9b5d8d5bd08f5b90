package jot.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Adds what a model wants around a text, or around two, and trims offsets.
 *
 * <p>Post-processors are immutable and thread-safe.
 */
sealed interface PostProcessor {
    /** Adds nothing. */
    PostProcessor NONE = new Sequence(List.of());

    /** Returns the sequences as they are to be joined; {@code sequences} has one or two. */
    List<Part> process(List<Part> sequences);

    /**
     * A run of tokens.
     *
     * @param text the text that the offsets point into
     * @param offsets start and end of each token in the text
     * @param tokens what each token looks like
     */
    record Part(String text, int[] ids, int[] typeIds, int[][] offsets, String[] tokens) {
        /** Returns this part with one type for all its tokens. */
        Part withType(int type) {
            int[] types = new int[ids.length];
            Arrays.fill(types, type);
            return new Part(text, ids, types, offsets, tokens);
        }
    }

    /** Joins parts into the result. */
    static Encoding join(List<Part> parts) {
        int count = parts.stream().mapToInt(part -> part.ids.length).sum();
        int[] ids = new int[count];
        int[] typeIds = new int[count];
        int[][] offsets = new int[count][];
        String[] tokens = new String[count];
        int at = 0;
        for (Part part : parts) {
            int length = part.ids.length;
            System.arraycopy(part.ids, 0, ids, at, length);
            System.arraycopy(part.typeIds, 0, typeIds, at, length);
            System.arraycopy(part.offsets, 0, offsets, at, length);
            System.arraycopy(part.tokens, 0, tokens, at, length);
            at += length;
        }
        return new Encoding(ids, typeIds, offsets, tokens);
    }

    /** Several in a row. */
    record Sequence(List<PostProcessor> processors) implements PostProcessor {
        @Override
        public List<Part> process(List<Part> sequences) {
            List<Part> result = sequences;
            for (PostProcessor processor : processors) {
                result = processor.process(result);
            }
            return result;
        }
    }

    /** Tokens that stand for no text. */
    record Special(int[] ids, String[] tokens) {
        /** One token. */
        static Special of(String token, int id) {
            return new Special(new int[] {id}, new String[] {token});
        }

        private Part part(int type) {
            int[][] offsets = new int[ids.length][2];
            return new Part("", ids, new int[ids.length], offsets, tokens).withType(type);
        }
    }

    /**
     * A place in a template.
     *
     * @param sequence 0 for the first text, 1 for the second, -1 for special tokens
     * @param special name of the special tokens, or null
     * @param typeId the type of the tokens here
     */
    record Place(int sequence, String special, int typeId) {
    }

    /** Puts texts and special tokens in the order of a template. */
    record Template(List<Place> single, List<Place> pair, Map<String, Special> specials) implements PostProcessor {
        @Override
        public List<Part> process(List<Part> sequences) {
            List<Part> result = new ArrayList<>();
            for (Place place : sequences.size() > 1 ? pair : single) {
                Part part = place.special == null ? sequences.get(place.sequence).withType(place.typeId)
                        : specials.get(place.special).part(place.typeId);
                result.add(part);
            }
            return List.of(joinParts(result));
        }

        private static Part joinParts(List<Part> parts) {
            Encoding joined = join(parts);
            String text = parts.stream().map(Part::text).filter(each -> !each.isEmpty()).findFirst().orElse("");
            return new Part(text, joined.ids(), joined.typeIds(), joined.offsets(), joined.tokens());
        }
    }

    /** BERT's: cls A sep, or cls A sep B sep with types 0 and 1. */
    record Bert(Special cls, Special sep) implements PostProcessor {
        @Override
        public List<Part> process(List<Part> sequences) {
            List<Part> result = new ArrayList<>(List.of(cls.part(0), sequences.get(0).withType(0), sep.part(0)));
            if (sequences.size() > 1) {
                result.add(sequences.get(1).withType(1));
                result.add(sep.part(1));
            }
            return result;
        }
    }

    /** RoBERTa's: cls A sep, or cls A sep sep B sep, all of type 0; {@code trim} is null where offsets stay. */
    record Roberta(Special cls, Special sep, TrimOffsets trim) implements PostProcessor {
        @Override
        public List<Part> process(List<Part> sequences) {
            List<Part> trimmed = trim == null ? sequences : trim.process(sequences);
            List<Part> result = new ArrayList<>(List.of(cls.part(0), trimmed.get(0).withType(0), sep.part(0)));
            if (trimmed.size() > 1) {
                result.addAll(List.of(sep.part(0), trimmed.get(1).withType(0), sep.part(0)));
            }
            return result;
        }
    }

    /**
     * Leaves white space at the ends of tokens out of their offsets.
     *
     * @param prefixSpace whether the first space of a text may be one that was put in
     */
    record TrimOffsets(boolean prefixSpace) implements PostProcessor {
        @Override
        public List<Part> process(List<Part> sequences) {
            return sequences.stream().map(this::trim).toList();
        }

        private Part trim(Part part) {
            int[][] offsets = new int[part.ids.length][];
            for (int i = 0; i < offsets.length; i++) {
                offsets[i] = trim(part.text, part.tokens[i], part.offsets[i][0], part.offsets[i][1], i == 0);
            }
            return new Part(part.text, part.ids, part.typeIds, offsets, part.tokens);
        }

        private int[] trim(String text, String token, int start, int end, boolean isFirst) {
            int[] codePoints = token.codePoints().toArray();
            int leading = 0;
            while (leading < codePoints.length && isSpace(codePoints[leading])) {
                leading++;
            }
            int trailing = 0;
            while (trailing < codePoints.length && isSpace(codePoints[codePoints.length - 1 - trailing])) {
                trailing++;
            }
            if (prefixSpace && leading == 1 && (isFirst || start == 0)) {
                leading = 0;
            }
            int newStart = forward(text, start, leading, end);
            return new int[] {newStart, backward(text, end, trailing, newStart)};
        }

        private static boolean isSpace(int codePoint) {
            return codePoint == ByteLetters.letter(' ') || Characters.isSpace(codePoint);
        }

        private static int forward(String text, int from, int codePoints, int limit) {
            int at = from;
            for (int i = 0; i < codePoints && at < limit; i++) {
                at += Character.charCount(text.codePointAt(at));
            }
            return Math.min(at, limit);
        }

        private static int backward(String text, int from, int codePoints, int limit) {
            int at = from;
            for (int i = 0; i < codePoints; i++) {
                if (at == 0) {
                    return from;
                }
                at -= Character.charCount(text.codePointBefore(at));
            }
            return Math.max(at, limit);
        }
    }
}
