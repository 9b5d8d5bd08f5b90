package jot.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import jot.checkpoint.CheckpointFormatException;

/**
 * Reads {@code tokenizer.model} files of the SentencePiece library: its vocabulary, its normalization, its ways to decode.
 *
 * <p>The file is a protocol-buffer message, {@code ModelProto} of {@code sentencepiece_model.proto}. Byte-pair and unigram models are read.
 */
final class SentencePiece {
    private static final String SPACE = "\u2581";

    /** Kinds of pieces, as the file numbers them. */
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final Path file;
    private final List<Piece> pieces = new ArrayList<>();
    private int modelType = 1;
    private boolean byteFallback;
    private boolean spaceAtEnd;
    private int beginId = 1;
    private int endId = 2;
    private int paddingId = -1;
    private String unknownSurface = " \u2047 ";
    private byte[] characterMap = {};
    private boolean putsSpaceInFront = true;
    private boolean shortensSpaces = true;
    private boolean writesSpaces = true;

    /** An entry of the vocabulary; its id is its place. */
    private record Piece(String text, float score, int type) {
    }

    private SentencePiece(Path file) {
        this.file = file;
    }

    /** Reads a file's content; the begin token is part of a prompt if the model has one. */
    static Tokenizer.Parts read(Path file, byte[] content) throws CheckpointFormatException {
        SentencePiece model = new SentencePiece(file);
        model.readModel(new Message(file, content));
        return model.parts();
    }

    // ---- the message ----

    private void readModel(Message message) throws CheckpointFormatException {
        while (message.hasNext()) {
            switch (message.next()) {
                case 1 -> readPiece(message.message());
                case 2 -> readTrainer(message.message());
                case 3 -> readNormalizer(message.message());
                case 5 -> readDenormalizer(message.message());
                default -> message.skip();
            }
        }
    }

    private void readPiece(Message message) throws CheckpointFormatException {
        String text = "";
        float score = 0;
        int type = NORMAL;
        while (message.hasNext()) {
            switch (message.next()) {
                case 1 -> text = message.text();
                case 2 -> score = message.single();
                case 3 -> type = message.integer();
                default -> message.skip();
            }
        }
        if (text.isEmpty() || Float.isNaN(score) || type < NORMAL || type > BYTE) {
            throw new CheckpointFormatException(file, "piece " + pieces.size(), "a text, a score and a type from 1 to 6",
                    "\"" + text + "\", " + score + " and " + type);
        }
        pieces.add(new Piece(text, score, type));
    }

    private void readTrainer(Message message) throws CheckpointFormatException {
        while (message.hasNext()) {
            switch (message.next()) {
                case 3 -> modelType = message.integer();
                case 24 -> spaceAtEnd = message.integer() != 0;
                case 35 -> byteFallback = message.integer() != 0;
                case 41 -> beginId = message.integer();
                case 42 -> endId = message.integer();
                case 43 -> paddingId = message.integer();
                case 44 -> unknownSurface = message.text();
                default -> message.skip();
            }
        }
    }

    private void readNormalizer(Message message) throws CheckpointFormatException {
        while (message.hasNext()) {
            switch (message.next()) {
                case 2 -> characterMap = message.bytes();
                case 3 -> putsSpaceInFront = message.integer() != 0;
                case 4 -> shortensSpaces = message.integer() != 0;
                case 5 -> writesSpaces = message.integer() != 0;
                default -> message.skip();
            }
        }
    }

    private void readDenormalizer(Message message) throws CheckpointFormatException {
        while (message.hasNext()) {
            if (message.next() != 2) {
                message.skip();
            } else if (message.bytes().length > 0) {
                throw new CheckpointFormatException(file, "denormalizer", "no rules that change decoded text", "some");
            }
        }
    }

    // ---- the parts ----

    private Tokenizer.Parts parts() throws CheckpointFormatException {
        int unknownId = unknownId();
        if (spaceAtEnd) {
            throw new CheckpointFormatException(file, "trainer", "white space in front of words", "white space behind words");
        }
        TokenModel model = switch (modelType) {
            case 1 -> unigram(unknownId);
            case 2 -> pairs(unknownId);
            default -> throw new CheckpointFormatException(file, "model type", "1 (unigram) or 2 (byte-pair encoding)", "" + modelType);
        };
        AddedTokens added = AddedTokens.of(modelType == 2 ? tokens(USER_DEFINED) : List.of()).withHidden(tokens(CONTROL));
        OptionalInt begin = control(beginId);
        PostProcessor post = begin.isEmpty() ? PostProcessor.NONE
                : TokenizerFiles.around(model.vocabulary(), begin, OptionalInt.empty());
        Set<String> controls = tokens(CONTROL).stream().map(AddedTokens.Token::content).collect(Collectors.toSet());
        Set<String> bytes = tokens(BYTE).stream().map(AddedTokens.Token::content).collect(Collectors.toSet());
        return new Tokenizer.Parts(added, normalization(), PreTokenizer.NONE, model, post,
                new Pieces(controls, bytes, pieces.get(unknownId).text, unknownSurface, putsSpaceInFront, shortensSpaces),
                new Tokenizer.NamedIds(begin, control(endId), control(paddingId), OptionalInt.of(unknownId)));
    }

    private int unknownId() throws CheckpointFormatException {
        int found = -1;
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type == UNKNOWN) {
                if (found >= 0) {
                    throw new CheckpointFormatException(file, "piece " + id, "one piece for what is unknown", "a second one");
                }
                found = id;
            }
        }
        if (found < 0) {
            throw new CheckpointFormatException(file, "pieces", "one for what is unknown", "none among " + pieces.size());
        }
        return found;
    }

    private OptionalInt control(int id) {
        return id >= 0 && id < pieces.size() && pieces.get(id).type == CONTROL ? OptionalInt.of(id) : OptionalInt.empty();
    }

    private List<AddedTokens.Token> tokens(int type) {
        List<AddedTokens.Token> tokens = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type == type) {
                tokens.add(new AddedTokens.Token(pieces.get(id).text, id, false, false, false, true, type == CONTROL));
            }
        }
        return tokens;
    }

    /** Byte-pair encoding: neighbours merge if both together are a piece, the one of highest score first. */
    private TokenModel pairs(int unknownId) throws CheckpointFormatException {
        Vocabulary.Builder entries = new Vocabulary.Builder(pieces.size());
        List<Integer> merging = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            entries.add(piece.text, id);
            if (piece.type == NORMAL || piece.type == USER_DEFINED) {
                merging.add(id);
            } else if (piece.type == UNUSED) {
                throw new CheckpointFormatException(file, "piece " + id, "no unused pieces in a byte-pair model", "one");
            }
        }
        Vocabulary vocabulary = entries.build();
        requireDistinct(vocabulary);
        int[] ids = merging.stream().mapToInt(Integer::intValue).toArray();
        byte[][] bytes = Arrays.stream(ids).mapToObj(id -> pieces.get(id).text.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
        CharacterPairs.Options options = new CharacterPairs.Options(pieces.get(unknownId).text, "", "", true, byteFallback, false);
        return new CharacterPairs(vocabulary, new BytePairs.RankedTokens(bytes, ids, ranks(ids)), options);
    }

    /** Returns the rank of each piece: equal scores have equal ranks, the highest rank 0. */
    private int[] ranks(int[] ids) {
        double[] ascending = Arrays.stream(ids).mapToDouble(id -> pieces.get(id).score).sorted().distinct().toArray();
        return Arrays.stream(ids).map(id -> ascending.length - 1 - Arrays.binarySearch(ascending, pieces.get(id).score)).toArray();
    }

    private void requireDistinct(Vocabulary vocabulary) throws CheckpointFormatException {
        for (int id = 0; id < pieces.size(); id++) {
            if (vocabulary.id(pieces.get(id).text) != id) {
                throw new CheckpointFormatException(file, "piece " + id, "different pieces", "\"" + pieces.get(id).text + "\" twice");
            }
        }
    }

    private TokenModel unigram(int unknownId) throws CheckpointFormatException {
        String[] tokens = new String[pieces.size()];
        double[] scores = new double[tokens.length];
        BitSet matching = new BitSet();
        float lowest = Float.MAX_VALUE;
        float highest = -Float.MAX_VALUE;
        for (Piece piece : pieces) {
            if (piece.type == NORMAL) {
                lowest = Math.min(lowest, piece.score);
                highest = Math.max(highest, piece.score);
            }
        }
        for (int id = 0; id < tokens.length; id++) {
            Piece piece = pieces.get(id);
            tokens[id] = piece.text;
            matching.set(id, piece.type == NORMAL || piece.type == USER_DEFINED);
            int length = TokenModel.utf8Length(piece.text);
            scores[id] = piece.type == USER_DEFINED ? length * highest - 0.1 : piece.score;
        }
        Unigram model = new Unigram(tokens, scores, matching, lowest, new BitSet(),
                new Unigram.Options(unknownId, byteFallback, true, !byteFallback));
        requireDistinct(model.vocabulary());
        return model;
    }

    private Normalization normalization() throws CheckpointFormatException {
        try {
            CompiledCharacterMap rules = characterMap.length == 0 ? null : CompiledCharacterMap.of(characterMap);
            AddedTokens kept = AddedTokens.of(tokens(USER_DEFINED));
            return new Normalization(rules, kept, putsSpaceInFront, shortensSpaces, writesSpaces ? SPACE : " ");
        } catch (IllegalArgumentException e) {
            throw new CheckpointFormatException(file, "normalizer", "a compiled character map", e.getMessage());
        }
    }

    /**
     * SentencePiece's normalization: the longest rule at each place, then spaces.
     *
     * @param rules compiled rules, or null
     * @param kept user-defined pieces, which no rule changes
     * @param spaceInFront whether a space is put in front of the text
     * @param shortensSpaces whether runs of spaces become one, and those at the ends go
     * @param space what is written for a space
     */
    record Normalization(CompiledCharacterMap rules, AddedTokens kept, boolean spaceInFront, boolean shortensSpaces, String space)
            implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            return new Run(text).result();
        }

        @Override
        public Normalizer continuing() {
            return new Normalization(rules, kept, false, shortensSpaces, space);
        }

        /** One text on its way. */
        private final class Run {
            private final String value;
            private final byte[] bytes;
            private final AlignedText.Builder written;
            /** Whether a space would be one too many. */
            private boolean afterSpace;
            private boolean isEmpty = true;
            private int spacesAtEnd;
            private int units;

            private Run(AlignedText text) {
                this.value = text.value();
                this.bytes = rules == null ? new byte[0] : value.getBytes(StandardCharsets.UTF_8);
                this.written = text.change();
                this.afterSpace = shortensSpaces;
            }

            private AlignedText result() {
                if (!shortensSpaces && !value.isEmpty()) {
                    begin();
                }
                int end;
                int byteAt = 0;
                for (int at = 0; at < value.length(); at = end) {
                    end = kept.longestAt(value, at);
                    if (end > at) {
                        write(value.substring(at, end), end);
                        byteAt += TokenModel.utf8Length(value.substring(at, end));
                        continue;
                    }
                    long match = rules == null ? -1 : rules.match(bytes, byteAt, bytes.length, true);
                    if (match >= 0) {
                        int length = (int) (match >>> 32);
                        end = behindBytes(at, length);
                        write(rules.replacement(match), end);
                        byteAt += length;
                    } else {
                        int codePoint = value.codePointAt(at);
                        end = at + Character.charCount(codePoint);
                        write(codePoint, end);
                        byteAt += TokenModel.utf8Length(codePoint);
                    }
                }
                AlignedText all = written.build();
                return shortensSpaces ? all.slice(0, units - spacesAtEnd * space.length()) : all;
            }

            private int behindBytes(int at, int count) {
                int end = at;
                for (int left = count; left > 0 && end < value.length(); end = value.offsetByCodePoints(end, 1)) {
                    left -= TokenModel.utf8Length(value.codePointAt(end));
                }
                return end;
            }

            private void write(int codePoint, int end) {
                if (codePoint == ' ' && afterSpace) {
                    written.skipTo(end);
                    return;
                }
                begin();
                put(codePoint, end);
                afterSpace = shortensSpaces && codePoint == ' ';
            }

            private void write(String replacement, int end) {
                int from = 0;
                while (afterSpace && from < replacement.length() && replacement.charAt(from) == ' ') {
                    from++;
                }
                for (int i = from; i < replacement.length(); i = replacement.offsetByCodePoints(i, 1)) {
                    begin();
                    put(replacement.codePointAt(i), end);
                }
                if (from < replacement.length()) {
                    afterSpace = shortensSpaces && replacement.endsWith(" ");
                }
                written.skipTo(end);
            }

            /** Puts the first space, once it is known that there is text. */
            private void begin() {
                if (isEmpty && spaceInFront) {
                    written.putBefore(space);
                    units += space.length();
                    spacesAtEnd = 1;
                }
                isEmpty = false;
            }

            private void put(int codePoint, int end) {
                int put = codePoint == ' ' ? space.charAt(0) : codePoint;
                if (written.cursor() < end) {
                    written.replace(put);
                } else {
                    written.insert(put);
                }
                units += Character.charCount(put);
                spacesAtEnd = put == space.charAt(0) ? spacesAtEnd + 1 : 0;
            }
        }
    }

    /**
     * SentencePiece's decoding: a space for each written one, but for the first; bytes as text, each invalid one U+FFFD.
     *
     * @param controls pieces that stand for no text; they are written out
     * @param bytes pieces that stand for a byte
     * @param unknown the piece for what is unknown
     * @param unknownSurface the text that it is decoded to
     * @param dropsFirst whether one space at the start goes
     * @param dropsAll whether all spaces at the start go
     */
    record Pieces(Set<String> controls, Set<String> bytes, String unknown, String unknownSurface, boolean dropsFirst, boolean dropsAll)
            implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private final Utf8Decoder run = new Utf8Decoder(true);
                private final StringBuilder decided = new StringBuilder();
                private boolean atStart = dropsFirst || dropsAll;

                @Override
                void token(String token) {
                    if (bytes.contains(token)) {
                        run.decode((byte) TokenDecoder.ByteFallback.byteOf(token), decided);
                        atStart = false;
                    } else {
                        run.finish(decided);
                        decided.append(controls.contains(token) ? token : token.equals(unknown) ? unknownText() : piece(token));
                    }
                    passOn();
                }

                private String unknownText() {
                    atStart = false;
                    return unknownSurface;
                }

                private String piece(String token) {
                    boolean dropsSpace = atStart && token.startsWith(SPACE);
                    String text = (dropsSpace ? token.substring(SPACE.length()) : token).replace(SPACE, " ");
                    atStart = atStart && text.isEmpty() && (dropsAll || !dropsSpace);
                    return text;
                }

                @Override
                void finish() {
                    run.finish(decided);
                    passOn();
                }

                private void passOn() {
                    if (!decided.isEmpty()) {
                        next.token(decided.toString());
                        decided.setLength(0);
                    }
                }
            };
        }
    }

    /** Reads the fields of a protocol-buffer message one by one; what it allocates is bounded by the message. */
    private static final class Message {
        private final Path file;
        private final ByteBuffer content;
        private final int start;
        private int wireType;

        private Message(Path file, byte[] content) {
            this(file, ByteBuffer.wrap(content), 0);
        }

        private Message(Path file, ByteBuffer content, int start) {
            this.file = file;
            this.content = content.order(ByteOrder.LITTLE_ENDIAN);
            this.start = start;
        }

        private boolean hasNext() {
            return content.hasRemaining();
        }

        /** Begins the next field and returns its number. */
        private int next() throws CheckpointFormatException {
            long key = variable();
            wireType = (int) key & 7;
            long number = key >>> 3;
            if (number < 1 || number > 0x1FFFFFFF) {
                throw wrong("a field number from 1 to 536870911", "" + number);
            }
            return (int) number;
        }

        private void skip() throws CheckpointFormatException {
            switch (wireType) {
                case 0 -> variable();
                case 1 -> advance(8);
                case 2 -> advance(length());
                case 5 -> advance(4);
                default -> throw wrong("a field of wire type 0, 1, 2 or 5", "type " + wireType);
            }
        }

        private int integer() throws CheckpointFormatException {
            expect(0);
            return (int) variable();
        }

        private float single() throws CheckpointFormatException {
            expect(5);
            if (content.remaining() < 4) {
                throw wrong("4 more bytes", content.remaining() + "");
            }
            return content.getFloat();
        }

        private byte[] bytes() throws CheckpointFormatException {
            expect(2);
            byte[] bytes = new byte[length()];
            content.get(bytes);
            return bytes;
        }

        private String text() throws CheckpointFormatException {
            int place = start + content.position();
            byte[] bytes = bytes();
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException e) {
                throw new CheckpointFormatException(file, "byte " + place, "text in UTF-8", "bytes that are not", e);
            }
        }

        private Message message() throws CheckpointFormatException {
            expect(2);
            int length = length();
            int place = content.position();
            content.position(place + length);
            return new Message(file, content.slice(place, length), start + place);
        }

        private void expect(int type) throws CheckpointFormatException {
            if (wireType != type) {
                throw wrong("a field of wire type " + type, "type " + wireType);
            }
        }

        private int length() throws CheckpointFormatException {
            long length = variable();
            if (length < 0 || length > content.remaining()) {
                throw wrong("a length of at most " + content.remaining(), Long.toUnsignedString(length));
            }
            return (int) length;
        }

        private long variable() throws CheckpointFormatException {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                if (!content.hasRemaining()) {
                    throw wrong("the rest of a number", "the end of the message");
                }
                byte next = content.get();
                value |= (long) (next & 0x7F) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            throw wrong("a number of at most 10 bytes", "a longer one");
        }

        private void advance(int count) throws CheckpointFormatException {
            if (count > content.remaining()) {
                throw wrong(count + " more bytes", "" + content.remaining());
            }
            content.position(content.position() + count);
        }

        private CheckpointFormatException wrong(String expected, String found) {
            return new CheckpointFormatException(file, "byte " + (start + content.position()), expected, found);
        }
    }
}
