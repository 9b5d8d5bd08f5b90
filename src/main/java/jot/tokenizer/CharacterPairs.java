package jot.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Byte-pair encoding whose first symbols are characters, as tokenizer.json describes it; byte-level tokenizers give it byte letters.
 *
 * <p>Immutable and thread-safe.
 */
final class CharacterPairs implements TokenModel {
    /**
     * What a model does besides merging.
     *
     * @param unknown the token for unknown characters, or null: they vanish
     * @param prefix stands in front of characters that do not begin a piece; may be empty
     * @param suffix stands behind the last character of a piece; may be empty
     * @param fuseUnknown whether a run of unknown characters is one token
     * @param byteFallback whether unknown characters become tokens of their bytes where those exist
     * @param wholeFirst whether a piece that is a token is taken before any merging
     */
    record Options(String unknown, String prefix, String suffix, boolean fuseUnknown, boolean byteFallback, boolean wholeFirst) {
        /** Nothing besides merging. */
        static final Options NONE = new Options(null, "", "", false, false, false);
    }

    private static final char SPACE = '\u2581';

    private final Vocabulary vocabulary;
    private final BytePairs.Merges merges;
    private final Options options;
    private final int unknownId;
    /** Id of the token {@code <0xNN>} for each byte, or {@link Vocabulary#MISSING}. */
    private final int[] byteIds;
    /** Whether pieces may be cut in front of each written space, because no merge crosses that place. */
    private final boolean cutsAtSpaces;
    private final PieceCache cache = new PieceCache();

    CharacterPairs(Vocabulary vocabulary, BytePairs.Merges merges, Options options) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        this.unknownId = options.unknown() == null ? Vocabulary.MISSING : vocabulary.id(options.unknown());
        this.byteIds = options.byteFallback() ? byteIds(vocabulary) : null;
        this.cutsAtSpaces = !options.wholeFirst() && options.prefix().isEmpty() && options.suffix().isEmpty()
                && vocabulary.id(String.valueOf(SPACE)) != Vocabulary.MISSING && noMergeCrossesSpaces();
    }

    private boolean noMergeCrossesSpaces() {
        boolean[] crosses = new boolean[1];
        merges.forEachMerged(id -> {
            String token = vocabulary.token(id);
            int space = token.lastIndexOf(SPACE);
            while (space > 0 && token.charAt(space - 1) == SPACE) {
                space--;
            }
            crosses[0] |= space > 0;
        });
        return !crosses[0];
    }

    /** Returns the ids of the 256 tokens {@code <0x00>} to {@code <0xFF>}, {@link Vocabulary#MISSING} where there is none. */
    static int[] byteIds(Vocabulary vocabulary) {
        int[] ids = new int[256];
        for (int value = 0; value < 256; value++) {
            ids[value] = vocabulary.id(String.format(Locale.ROOT, "<0x%02X>", value));
        }
        return ids;
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    BytePairs.Merges merges() {
        return merges;
    }

    Options options() {
        return options;
    }

    @Override
    public void tokenize(String piece, boolean plain, Tokens out) {
        if (out.withRanges()) {
            tokenize(piece, new BytePairs(merges), out);
            return;
        }
        char[] text = piece.toCharArray();
        BytePairs pairs = new BytePairs(merges);
        int end;
        for (int from = 0; from < text.length; from = end) {
            end = cutsAtSpaces ? beforeNextSpace(text, from) : text.length;
            if (end - from > PieceCache.LONGEST) {
                tokenize(new String(text, from, end - from), pairs, out);
                continue;
            }
            if (!cache.addTo(out, text, from, end)) {
                Tokens found = new Tokens(false, false);
                tokenize(new String(text, from, end - from), pairs, found);
                cache.put(text, from, end, found.ids());
                out.addAll(found.ids());
            }
        }
    }

    private static int beforeNextSpace(char[] text, int from) {
        int end = from + 1;
        while (end < text.length && !(text[end] == SPACE && text[end - 1] != SPACE)) {
            end++;
        }
        return end;
    }

    private void tokenize(String piece, BytePairs pairs, Tokens out) {
        if (options.wholeFirst()) {
            int whole = vocabulary.id(piece);
            if (whole != Vocabulary.MISSING) {
                out.add(whole, 0, TokenModel.utf8Length(piece));
                return;
            }
        }
        pairs.clear();
        addSymbols(piece, pairs);
        pairs.merge();
        int start = 0;
        for (int i = 0; i < pairs.count(); i++) {
            int end = start + pairs.length(i);
            out.add(pairs.symbol(i), start, end);
            start = end;
        }
    }

    /** Looks up each character; an unknown one is held back until the next known one, so that bytes of others may come before it. */
    private void addSymbols(String piece, BytePairs pairs) {
        int heldBack = 0;
        int end;
        for (int start = 0; start < piece.length(); start = end) {
            end = piece.offsetByCodePoints(start, 1);
            String character = withAffixes(piece, start, end);
            int length = TokenModel.utf8Length(piece.codePointAt(start));
            int id = vocabulary.id(character);
            if (id != Vocabulary.MISSING) {
                if (heldBack > 0) {
                    pairs.add(unknownId, heldBack);
                    heldBack = 0;
                }
                pairs.add(id, length);
            } else if (!(options.byteFallback() && addBytes(character, pairs)) && options.unknown() != null) {
                requireUnknown(character);
                if (heldBack > 0 && !options.fuseUnknown()) {
                    pairs.add(unknownId, heldBack);
                    heldBack = 0;
                }
                heldBack += length;
            }
        }
        if (heldBack > 0) {
            pairs.add(unknownId, heldBack);
        }
    }

    private String withAffixes(String piece, int start, int end) {
        String character = piece.substring(start, end);
        if (start > 0 && !options.prefix().isEmpty()) {
            character = options.prefix() + character;
        }
        return end == piece.length() ? character + options.suffix() : character;
    }

    private boolean addBytes(String character, BytePairs pairs) {
        byte[] bytes = character.getBytes(StandardCharsets.UTF_8);
        for (byte value : bytes) {
            if (byteIds[value & 0xFF] == Vocabulary.MISSING) {
                return false;
            }
        }
        for (byte value : bytes) {
            pairs.add(byteIds[value & 0xFF], 1);
        }
        return true;
    }

    private void requireUnknown(String character) {
        if (unknownId == Vocabulary.MISSING) {
            throw new IllegalArgumentException("text that a tokenizer cannot encode: \"" + character
                    + "\" is not in the vocabulary, nor is the token for unknown characters, \"" + options.unknown() + "\"");
        }
    }
}
