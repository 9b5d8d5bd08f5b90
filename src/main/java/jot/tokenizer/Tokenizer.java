package jot.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Turns text into the token ids of a model, and back.
 *
 * <p>Immutable and thread-safe. It needs no weights:
 * <pre>{@code
 * Tokenizer tokenizer = Tokenizer.load(Path.of("weights/tales"));
 * int[] ids = tokenizer.encode("Once upon a time");
 * String text = tokenizer.decode(ids);
 * }</pre>
 *
 * <p>Nothing is ever truncated or padded, whatever the files say. Text must be well-formed: half of a surrogate pair cannot be encoded.
 */
public final class Tokenizer {
    /**
     * What a tokenizer is made of, whatever file it comes from.
     *
     * @param added tokens that are found in the text before anything else
     * @param normalizer rewrites the stretches between them
     * @param preTokenizer cuts these into pieces
     * @param model turns pieces into tokens
     * @param postProcessor adds what belongs around the text
     * @param decoder turns tokens back into text
     * @param named ids of the tokens with a role
     */
    record Parts(AddedTokens added, Normalizer normalizer, PreTokenizer preTokenizer, TokenModel model, PostProcessor postProcessor,
            TokenDecoder decoder, NamedIds named) {
    }

    /** Ids of the tokens that the files name for a role. */
    record NamedIds(OptionalInt begin, OptionalInt end, OptionalInt padding, OptionalInt unknown) {
        /** No token has a role. */
        static final NamedIds NONE = new NamedIds(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());
    }

    private final Parts parts;
    private final int size;
    /** Does the work of pre-tokenizer and model for byte-level tokenizers; null for others. */
    private final ByteLevelEncoder byteLevel;

    Tokenizer(Parts parts) {
        this.parts = parts;
        this.size = Math.max(parts.model.vocabulary().highestId(), parts.added.highestId()) + 1;
        this.byteLevel = ByteLevelEncoder.of(parts.preTokenizer, parts.model);
    }

    /**
     * Loads a tokenizer from a model folder as published on a model hub, or from one file.
     *
     * <p>In a folder, {@code tokenizer.json} comes first, then {@code vocab.json} with {@code merges.txt}, then {@code tokenizer.model}
     * and {@code *.tiktoken}; {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json} beside them
     * are read too. A single file is one of {@code tokenizer.json}, {@code tokenizer.model} and {@code NAME.tiktoken}, where NAME
     * tells the split pattern and the special tokens.
     *
     * @param path the folder or file
     * @return the tokenizer
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged, or of a kind that Jot does not read
     * @throws java.nio.file.NoSuchFileException if the path, or in a folder every file of a tokenizer, is missing
     * @throws IOException if a file cannot be read
     */
    public static Tokenizer load(Path path) throws IOException {
        return TokenizerFiles.load(present(path, "path"));
    }

    /**
     * Loads the tokenizer of a folder if it has one.
     *
     * @param folder a model folder
     * @return the tokenizer, or empty if the folder holds no file of a tokenizer
     * @throws jot.checkpoint.CheckpointFormatException if a file is damaged, or of a kind that Jot does not read
     * @throws IOException if a file cannot be read
     */
    public static Optional<Tokenizer> find(Path folder) throws IOException {
        return TokenizerFiles.exist(present(folder, "folder")) ? Optional.of(load(folder)) : Optional.empty();
    }

    /**
     * Encodes a text: special tokens written in it count as such, and nothing is added around it.
     *
     * @param text well-formed text, may be empty
     * @return {@code [tokens]}
     * @throws IllegalArgumentException if the text has half of a surrogate pair, or a character for which the model has no token
     */
    public int[] encode(String text) {
        return tokens(present(text, "text"), false, false).ids();
    }

    /**
     * Encodes a text from strangers: special tokens written in it are ordinary text, and nothing is added around it.
     *
     * @param text well-formed text, may be empty
     * @return {@code [tokens]}
     * @throws IllegalArgumentException as {@link #encode}
     */
    public int[] encodePlain(String text) {
        return tokens(present(text, "text"), true, false).ids();
    }

    /**
     * Encodes the text at the start of a context: as {@link #encode}, with what the model's post-processor adds, such as a begin token.
     *
     * @param text well-formed text, may be empty
     * @return {@code [tokens]}
     * @throws IllegalArgumentException as {@link #encode}
     */
    public int[] encodePrompt(String text) {
        return encoding(text).ids();
    }

    /**
     * Encodes text that goes on behind other text: as {@link #encode}, without a prefix that belongs to the start of a text.
     *
     * @param text well-formed text, may be empty
     * @return {@code [tokens]}
     * @throws IllegalArgumentException as {@link #encode}
     */
    public int[] encodeContinuation(String text) {
        return tokens(present(text, "text"), false, true).ids();
    }

    /**
     * Encodes a text as {@link #encodePrompt} does, with where in it each token comes from.
     *
     * @param text well-formed text, may be empty
     * @return ids, types and offsets
     * @throws IllegalArgumentException as {@link #encode}
     */
    public Encoding encoding(String text) {
        return PostProcessor.join(parts.postProcessor.process(List.of(part(present(text, "text"), 0))));
    }

    /**
     * Encodes two texts as the post-processor joins them.
     *
     * @param first well-formed text, may be empty
     * @param second well-formed text, may be empty
     * @return ids, types and offsets
     * @throws IllegalArgumentException as {@link #encode}
     */
    public Encoding encoding(String first, String second) {
        return PostProcessor.join(parts.postProcessor.process(List.of(part(present(first, "first"), 0), part(present(second, "second"),
                1))));
    }

    /**
     * Decodes tokens, special tokens written out.
     *
     * @param ids token ids; those that the vocabulary lacks are skipped
     * @return the text; bytes that are no text are U+FFFD
     */
    public String decode(int... ids) {
        return decode(present(ids, "ids"), true);
    }

    /**
     * Decodes tokens and leaves special tokens out.
     *
     * @param ids token ids; those that the vocabulary lacks are skipped
     * @return the text; bytes that are no text are U+FFFD
     */
    public String decodePlain(int... ids) {
        return decode(present(ids, "ids"), false);
    }

    /**
     * Begins to decode tokens as they come.
     *
     * @param prompt the tokens before them: the pieces continue their text
     * @return a decoder for one generation, not thread-safe
     */
    public StreamDecoder stream(int... prompt) {
        return new StreamDecoder(this, present(prompt, "prompt"));
    }

    /**
     * Returns the size of the vocabulary with all added tokens.
     *
     * @return the highest id + 1
     */
    public int size() {
        return size;
    }

    /**
     * Returns the size of the base vocabulary, added tokens left out: what an embedding must have rows for.
     *
     * @return the highest id + 1
     */
    public int baseSize() {
        return parts.model.vocabulary().highestId() + 1;
    }

    /**
     * Returns a token as the vocabulary writes it: in byte letters, say, or with {@code ▁} for a space.
     *
     * @param id a token id
     * @return the token
     * @throws IllegalArgumentException if no token has this id
     */
    public String token(int id) {
        AddedTokens.Token added = parts.added.token(id);
        String token = added != null ? added.content() : parts.model.vocabulary().token(id);
        if (token == null) {
            throw new IllegalArgumentException("no token has the id " + id + "; the highest is " + (size - 1));
        }
        return token;
    }

    /**
     * Returns the id of a token.
     *
     * @param token the token as the vocabulary writes it
     * @return its id, or empty if there is no such token
     */
    public OptionalInt id(String token) {
        AddedTokens.Token added = parts.added.token(present(token, "token"));
        int id = added != null ? added.id() : parts.model.vocabulary().id(token);
        return id == Vocabulary.MISSING ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * Returns whether a token is special: stands for something other than text.
     *
     * @param id any id
     * @return whether it is that of a special token
     */
    public boolean isSpecial(int id) {
        AddedTokens.Token added = parts.added.token(id);
        return added != null && added.special();
    }

    /**
     * Returns the token that begins a text, as the files state it.
     *
     * @return its id, or empty if the files name none
     */
    public OptionalInt beginToken() {
        return parts.named.begin;
    }

    /**
     * Returns the token that ends a text, as the files state it.
     *
     * @return its id, or empty if the files name none
     */
    public OptionalInt endToken() {
        return parts.named.end;
    }

    /**
     * Returns the token that fills up shorter sequences, as the files state it.
     *
     * @return its id, or empty if the files name none
     */
    public OptionalInt paddingToken() {
        return parts.named.padding;
    }

    /**
     * Returns the token for what the vocabulary does not know, as the files state it.
     *
     * @return its id, or empty if the files name none
     */
    public OptionalInt unknownToken() {
        return parts.named.unknown;
    }

    /**
     * Counts the tokens of a text.
     *
     * @param text well-formed text, may be empty
     * @return the length of what {@link #encode} returns
     * @throws IllegalArgumentException as {@link #encode}
     */
    public int count(String text) {
        return tokens(present(text, "text"), false, false).count();
    }

    /**
     * Cuts a text so that {@link #encode} makes at most so many tokens of it.
     *
     * @param text well-formed text, may be empty
     * @param tokens 0 or more
     * @return the text, or its beginning up to a border between tokens, never in the middle of a character
     * @throws IllegalArgumentException if the number is negative, or as {@link #encode}
     */
    public String truncate(String text, int tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException("a number of tokens of 0 or more expected, found " + tokens);
        }
        if (count(text) <= tokens) {
            return text;
        }
        PostProcessor.Part whole = part(text, 0);
        for (int kept = tokens; kept > 0; kept--) {
            String cut = text.substring(0, whole.offsets()[kept][0]);
            if (count(cut) <= tokens) {
                return cut;
            }
        }
        return "";
    }

    @Override
    public String toString() {
        return "Tokenizer[" + size + " tokens]";
    }

    private static <T> T present(T value, String name) {
        if (value == null) {
            throw new IllegalArgumentException(name + ": expected a value, found null");
        }
        return value;
    }

    TokenDecoder decoder() {
        return parts.decoder;
    }

    /** Gives one token to a running decoder. */
    void decodeTo(TokenDecoder.Stage stage, int id, boolean withSpecial) {
        String token = parts.added.decodedForm(id);
        if (token == null) {
            token = parts.model.vocabulary().token(id);
        }
        if (token != null && (withSpecial || !parts.added.isLeftOut(id))) {
            stage.token(token);
        }
    }

    private String decode(int[] ids, boolean withSpecial) {
        TokenDecoder.Collector text = new TokenDecoder.Collector();
        TokenDecoder.Stage stage = parts.decoder.stage(text);
        for (int id : ids) {
            decodeTo(stage, id, withSpecial);
        }
        stage.end();
        return text.take();
    }

    private TokenModel.Tokens tokens(String text, boolean plain, boolean continuing) {
        boolean tracked = parts.preTokenizer.needsRanges();
        TokenModel.Tokens tokens = new TokenModel.Tokens(tracked, false);
        new Run(plain, continuing, tracked, tokens).encode(text);
        return tokens;
    }

    private PostProcessor.Part part(String text, int type) {
        TokenModel.Tokens tokens = new TokenModel.Tokens(true, true);
        new Run(false, false, true, tokens).encode(text);
        String[] written = new String[tokens.count()];
        int[][] offsets = new int[written.length][];
        for (int i = 0; i < written.length; i++) {
            written[i] = tokens.text(i) == null ? token(tokens.id(i)) : tokens.text(i);
            offsets[i] = new int[] {tokens.start(i), tokens.end(i)};
        }
        return new PostProcessor.Part(text, tokens.ids(), new int[written.length], offsets, written).withType(type);
    }

    /** One text on its way through the parts. */
    private final class Run {
        private final boolean plain;
        private final boolean tracked;
        private final TokenModel.Tokens out;
        private final boolean fast;
        private boolean continuing;

        private Run(boolean plain, boolean continuing, boolean tracked, TokenModel.Tokens out) {
            this.plain = plain;
            this.continuing = continuing;
            this.tracked = tracked;
            this.out = out;
            this.fast = byteLevel != null && !tracked;
        }

        private void encode(String text) {
            checkWellFormed(text);
            parts.added.find(text, false, plain, new AddedTokens.Visitor() {
                private final AlignedText whole = tracked ? AlignedText.tracked(text) : AlignedText.untracked(text);

                @Override
                public void stretch(int from, int to) {
                    encodeStretch(whole.slice(from, to));
                    continuing = false;
                }

                @Override
                public void token(AddedTokens.Token token, int from, int to) {
                    out.add(token.id(), from, to, text.substring(from, to));
                    continuing = false;
                }
            });
        }

        private void encodeStretch(AlignedText stretch) {
            Normalizer normalizer = continuing ? parts.normalizer.continuing() : parts.normalizer;
            PreTokenizer preTokenizer = continuing ? parts.preTokenizer.continuing() : parts.preTokenizer;
            AlignedText normalized = normalizer.normalize(stretch);
            parts.added.find(normalized.value(), true, plain, new AddedTokens.Visitor() {
                @Override
                public void stretch(int from, int to) {
                    AlignedText part = normalized.slice(from, to);
                    if (fast && !(continuing && byteLevel.putsSpaceInFront())) {
                        byteLevel.encode(part.value(), out);
                    } else {
                        preTokenizer.split(part, Run.this::encodePiece);
                    }
                }

                @Override
                public void token(AddedTokens.Token token, int from, int to) {
                    int start = tracked ? normalized.start(from) : 0;
                    int end = tracked ? normalized.end(to - 1) : 0;
                    out.add(token.id(), start, end, normalized.value().substring(from, to));
                }
            });
        }

        private void encodePiece(AlignedText piece) {
            if (piece.length() == 0) {
                return;
            }
            int first = out.count();
            parts.model.tokenize(piece.value(), plain, out);
            if (tracked) {
                locate(piece, first);
            }
        }

        /** Turns ranges in bytes of the piece into ranges in the original text. */
        private void locate(AlignedText piece, int first) {
            int[] indexOfByte = indexOfByte(piece.value());
            int last = indexOfByte.length - 1;
            for (int i = first; i < out.count(); i++) {
                int start = indexOfByte[Math.min(out.start(i), last)];
                int end = indexOfByte[Math.clamp(out.end(i) - 1L, 0, last)];
                out.setRange(i, piece.start(start), piece.end(end));
            }
        }

        private static int[] indexOfByte(String piece) {
            int[] indexes = new int[TokenModel.utf8Length(piece)];
            int at = 0;
            for (int i = 0; i < piece.length(); i = piece.offsetByCodePoints(i, 1)) {
                int end = at + TokenModel.utf8Length(piece.codePointAt(i));
                Arrays.fill(indexes, at, end, i);
                at = end;
            }
            return indexes;
        }
    }

    private static void checkWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (unit < Character.MIN_SURROGATE || unit > Character.MAX_SURROGATE) {
                continue;
            }
            if (Character.isHighSurrogate(unit) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                throw new IllegalArgumentException("text that a tokenizer cannot encode: half of a surrogate pair at index " + i);
            }
        }
    }
}
