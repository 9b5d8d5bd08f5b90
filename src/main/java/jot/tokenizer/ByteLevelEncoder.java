package jot.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Byte-level byte-pair encoding, straight from text to ids: what pre-tokenizer and model do together, without strings in between.
 *
 * <p>Thread-safe; pieces that were met before come from a cache of fixed size.
 */
final class ByteLevelEncoder {
    /** Cuts text, and says whether what lies between the pieces is dropped. */
    record Cut(PieceScanner scanner, boolean dropsGaps) {
    }

    private final Cut[] cuts;
    private final boolean spaceInFront;
    private final int[] idOfByte;
    private final BytePairs.Merges merges;
    /** Where tokens are looked up that are taken whole before any merging, or null. */
    private final Vocabulary wholePieces;
    private final TokenModel.PieceCache cache = new TokenModel.PieceCache();

    private ByteLevelEncoder(List<Cut> cuts, boolean spaceInFront, int[] idOfByte, BytePairs.Merges merges, Vocabulary wholePieces) {
        this.cuts = cuts.toArray(Cut[]::new);
        this.spaceInFront = spaceInFront;
        this.idOfByte = idOfByte;
        this.merges = merges;
        this.wholePieces = wholePieces;
    }

    /** Combines a pre-tokenizer and a model, or returns null if they are not of the kind that this class can stand in for. */
    static ByteLevelEncoder of(PreTokenizer preTokenizer, TokenModel model) {
        if (!(model instanceof CharacterPairs pairs) || !pairs.options().prefix().isEmpty() || !pairs.options().suffix().isEmpty()
                || pairs.options().byteFallback()) {
            return null;
        }
        int[] idOfByte = new int[256];
        for (int value = 0; value < 256; value++) {
            idOfByte[value] = pairs.vocabulary().id(String.valueOf(ByteLetters.letter(value)));
            boolean occurs = value < 0xF5 && value != 0xC0 && value != 0xC1;
            if (idOfByte[value] == Vocabulary.MISSING && occurs && pairs.options().unknown() != null) {
                return null;
            }
        }
        List<PreTokenizer> parts = new ArrayList<>();
        flatten(preTokenizer, parts);
        List<Cut> cuts = cuts(parts);
        if (cuts == null) {
            return null;
        }
        boolean spaceInFront = ((PreTokenizer.ByteLevel) parts.getLast()).spaceInFront();
        return new ByteLevelEncoder(cuts, spaceInFront, idOfByte, pairs.merges(), pairs.options().wholeFirst() ? pairs.vocabulary() : null);
    }

    private static void flatten(PreTokenizer preTokenizer, List<PreTokenizer> parts) {
        if (preTokenizer instanceof PreTokenizer.Sequence sequence) {
            sequence.parts().forEach(part -> flatten(part, parts));
        } else {
            parts.add(preTokenizer);
        }
    }

    /** Returns the cuts of pre-tokenizers that end in a byte-level one, or null if one of them does more than cut. */
    private static List<Cut> cuts(List<PreTokenizer> parts) {
        List<Cut> cuts = new ArrayList<>();
        for (PreTokenizer part : parts) {
            boolean isLast = part == parts.getLast();
            if (isLast && part instanceof PreTokenizer.ByteLevel byteLevel && (parts.size() == 1 || !byteLevel.spaceInFront())) {
                if (byteLevel.cuts()) {
                    cuts.add(new Cut(PieceScanner.GPT2, false));
                }
                return cuts;
            }
            Cut cut = cut(part);
            if (cut == null) {
                return null;
            }
            cuts.add(cut);
        }
        return null;
    }

    private static Cut cut(PreTokenizer part) {
        if (!(part instanceof PreTokenizer.Split split)) {
            return null;
        }
        boolean isIsolated = split.behavior() == PreTokenizer.Behavior.ISOLATED;
        boolean isContiguous = split.behavior() == PreTokenizer.Behavior.CONTIGUOUS;
        boolean dropsGaps = split.behavior() == PreTokenizer.Behavior.REMOVED && split.inverted();
        return switch (split.pattern()) {
            case TextPattern.Scanner pattern when isIsolated || dropsGaps -> new Cut(pattern.scanner(), dropsGaps);
            case TextPattern.Single single when isIsolated || isContiguous -> new Cut(scanner(single, isIsolated), false);
            default -> null;
        };
    }

    /** Returns a scanner for single characters of a kind, or for runs of them. */
    private static PieceScanner scanner(TextPattern.Single single, boolean isIsolated) {
        return (text, from, end) -> {
            int to = from;
            while (to < end && single.kind().test(Character.codePointAt(text, to, end))) {
                to += Character.charCount(Character.codePointAt(text, to, end));
                if (isIsolated) {
                    break;
                }
            }
            return to > from ? to : ~(from + Character.charCount(Character.codePointAt(text, from, end)));
        };
    }

    /** Returns whether text that does not begin with a space gets one. */
    boolean putsSpaceInFront() {
        return spaceInFront;
    }

    /** Encodes a stretch of well-formed text. */
    void encode(String stretch, TokenModel.Tokens out) {
        String text = spaceInFront && !stretch.startsWith(" ") ? " " + stretch : stretch;
        char[] units = text.toCharArray();
        cut(0, units, 0, units.length, new BytePairs(merges), out);
    }

    private void cut(int depth, char[] text, int from, int end, BytePairs pairs, TokenModel.Tokens out) {
        if (depth == cuts.length) {
            encodePiece(text, from, end, pairs, out);
            return;
        }
        PieceScanner scanner = cuts[depth].scanner();
        boolean dropsGaps = cuts[depth].dropsGaps();
        int at = from;
        int gap = from;
        while (at < end) {
            int next = scanner.next(text, at, end);
            if (next < 0) {
                at = ~next;
                continue;
            }
            if (gap < at && !dropsGaps) {
                cut(depth + 1, text, gap, at, pairs, out);
            }
            cut(depth + 1, text, at, next, pairs, out);
            at = next;
            gap = next;
        }
        if (gap < end && !dropsGaps) {
            cut(depth + 1, text, gap, end, pairs, out);
        }
    }

    private void encodePiece(char[] text, int from, int end, BytePairs pairs, TokenModel.Tokens out) {
        if (end - from > TokenModel.PieceCache.LONGEST) {
            out.addAll(computeIds(text, from, end, pairs));
            return;
        }
        if (!cache.addTo(out, text, from, end)) {
            int[] ids = computeIds(text, from, end, pairs);
            cache.put(text, from, end, ids);
            out.addAll(ids);
        }
    }

    private int[] computeIds(char[] text, int from, int end, BytePairs pairs) {
        byte[] bytes = new String(text, from, end - from).getBytes(StandardCharsets.UTF_8);
        if (wholePieces != null) {
            int whole = wholePieces.id(ByteLetters.lettersOf(bytes, 0, bytes.length));
            if (whole != Vocabulary.MISSING) {
                return new int[] {whole};
            }
        }
        pairs.clear();
        for (byte value : bytes) {
            int id = idOfByte[value & 0xFF];
            if (id != Vocabulary.MISSING) { // without a token for what is unknown, it vanishes
                pairs.add(id, 1);
            }
        }
        pairs.merge();
        int[] found = new int[pairs.count()];
        for (int i = 0; i < found.length; i++) {
            found[i] = pairs.symbol(i);
        }
        return found;
    }
}
