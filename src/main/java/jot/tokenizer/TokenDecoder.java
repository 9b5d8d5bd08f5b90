package jot.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Turns tokens back into text.
 *
 * <p>A decoder is a description, immutable and thread-safe; {@link #stage} begins a run of it. A run takes one token after another and
 * passes on what they decide at once, so that whole texts and streams are decoded by the same code.
 */
sealed interface TokenDecoder permits TokenDecoder.Sequence, TokenDecoder.Spaces, TokenDecoder.ByteLevel, TokenDecoder.ByteFallback,
        TokenDecoder.Fuse, TokenDecoder.Strip, TokenDecoder.Replace, TokenDecoder.Metaspace, TokenDecoder.WordPiece,
        TokenDecoder.WordSuffix, TokenDecoder.Ctc, SentencePiece.Pieces {
    /** Begins a run that passes its results on to another. */
    Stage stage(Stage next);

    /** One run of a decoder: takes tokens, or one joined text in parts, and then the end. */
    abstract sealed class Stage permits Collector, Waiting, Joining, Stripping, Replacing {
        /** Takes a token. */
        abstract void token(String token);

        /** Takes a part of the one joined text that the decoder before this one makes. */
        abstract void text(String part);

        /** Ends the run. */
        abstract void end();
    }

    /** The last stage: collects the text. */
    final class Collector extends Stage {
        private final StringBuilder text = new StringBuilder();

        @Override
        void token(String token) {
            text.append(token);
        }

        @Override
        void text(String part) {
            text.append(part);
        }

        @Override
        void end() {
            // nothing is held back here
        }

        /** Returns what came since the last call. */
        String take() {
            String taken = text.toString();
            text.setLength(0);
            return taken;
        }
    }

    /** A stage that waits for the end of a joined text and takes it as one token. */
    abstract non-sealed class Waiting extends Stage {
        /** Where the results go. */
        protected final Stage next;
        private StringBuilder joined;

        Waiting(Stage next) {
            this.next = next;
        }

        @Override
        void text(String part) {
            if (joined == null) {
                joined = new StringBuilder();
            }
            joined.append(part);
        }

        @Override
        void end() {
            if (joined != null) {
                token(joined.toString());
            }
            finish();
            next.end();
        }

        /** Passes on what is still held back. */
        void finish() {
            // most hold nothing back
        }
    }

    /** Several in a row. */
    record Sequence(List<TokenDecoder> decoders) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            Stage stage = next;
            for (TokenDecoder decoder : decoders.reversed()) {
                stage = decoder.stage(stage);
            }
            return stage;
        }
    }

    /** A space between tokens: what is done where a tokenizer has no decoder. */
    record Spaces() implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private boolean begun;

                @Override
                void token(String token) {
                    next.token(begun ? " " + token : token);
                    begun = true;
                }
            };
        }
    }

    /** Tokens in byte letters to the text that their bytes are; any other token stands for itself. */
    record ByteLevel() implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private final Utf8Decoder bytes = new Utf8Decoder();
                private final StringBuilder decided = new StringBuilder();

                @Override
                void token(String token) {
                    if (!decodeLetters(token)) {
                        byte[] own = token.getBytes(StandardCharsets.UTF_8);
                        bytes.decode(own, 0, own.length, decided);
                    }
                    passOn();
                }

                private boolean decodeLetters(String token) {
                    int length = token.length();
                    for (int i = 0; i < length; i++) {
                        if (ByteLetters.byteOf(token.charAt(i)) < 0) {
                            return false;
                        }
                    }
                    for (int i = 0; i < length; i++) {
                        bytes.decode((byte) ByteLetters.byteOf(token.charAt(i)), decided);
                    }
                    return true;
                }

                @Override
                void finish() {
                    bytes.finish(decided);
                    passOn();
                }

                private void passOn() {
                    if (!decided.isEmpty()) {
                        next.text(decided.toString());
                        decided.setLength(0);
                    }
                }
            };
        }
    }

    /** Runs of tokens {@code <0xNN>} to the text that their bytes are; a run that is no text, to U+FFFD for each byte. */
    record ByteFallback() implements TokenDecoder {
        /** Returns the byte that a token {@code <0xNN>} stands for, or -1. */
        static int byteOf(String token) {
            if (token.length() != 6 || !token.startsWith("<0x") || token.charAt(5) != '>') {
                return -1;
            }
            int high = Character.digit(token.charAt(3), 16);
            int low = Character.digit(token.charAt(4), 16);
            return high < 0 || low < 0 ? -1 : high << 4 | low;
        }

        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private final Utf8Decoder bytes = new Utf8Decoder();
                private final StringBuilder run = new StringBuilder();
                private int count;
                private boolean invalid;

                @Override
                void token(String token) {
                    int value = byteOf(token);
                    if (value < 0) {
                        finish();
                        next.token(token);
                    } else {
                        add((byte) value);
                    }
                }

                private void add(byte value) {
                    count++;
                    bytes.decode(value, run);
                    invalid |= bytes.takeInvalid();
                    if (invalid) {
                        passOnReplacements();
                    }
                }

                private void passOnReplacements() {
                    for (; count > 0; count--) {
                        next.token("\uFFFD");
                    }
                }

                @Override
                void finish() {
                    if (invalid || bytes.isWithinCharacter()) {
                        passOnReplacements();
                        bytes.finish(run);
                        bytes.takeInvalid();
                    } else if (count > 0) {
                        next.token(run.toString());
                    }
                    run.setLength(0);
                    count = 0;
                    invalid = false;
                }
            };
        }
    }

    /** Joins all tokens into one. */
    record Fuse() implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Joining(next);
        }
    }

    /** Passes everything on as parts of one text. */
    final class Joining extends Stage {
        private final Stage next;

        private Joining(Stage next) {
            this.next = next;
        }

        @Override
        void token(String token) {
            next.text(token);
        }

        @Override
        void text(String part) {
            next.text(part);
        }

        @Override
        void end() {
            next.end();
        }
    }

    /**
     * Drops one character from the ends of each token.
     *
     * @param start how many at the front at most
     * @param stop how many at the end at most
     */
    record Strip(int content, int start, int stop) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Stripping(next, this);
        }
    }

    /** A run of {@link Strip}: of a joined text it holds back what may be its end. */
    final class Stripping extends Stage {
        private final Stage next;
        private final Strip strip;
        private final StringBuilder held = new StringBuilder();
        private int toDrop;

        private Stripping(Stage next, Strip strip) {
            this.next = next;
            this.strip = strip;
            this.toDrop = strip.start();
        }

        @Override
        void token(String token) {
            int from = 0;
            for (int i = 0; i < strip.start() && from < token.length() && token.codePointAt(from) == strip.content(); i++) {
                from += Character.charCount(strip.content());
            }
            int to = token.length();
            for (int i = 0; i < strip.stop() && to > from && token.codePointBefore(to) == strip.content(); i++) {
                to -= Character.charCount(strip.content());
            }
            next.token(token.substring(from, to));
        }

        @Override
        void text(String part) {
            held.append(part);
            int width = Character.charCount(strip.content());
            while (toDrop > 0 && !held.isEmpty()) {
                if (held.codePointAt(0) == strip.content()) {
                    held.delete(0, width);
                    toDrop--;
                } else {
                    toDrop = 0;
                }
            }
            int decided = held.length();
            for (int i = 0; i < strip.stop() && decided > 0 && held.codePointBefore(decided) == strip.content(); i++) {
                decided -= width;
            }
            if (decided > 0) {
                next.text(held.substring(0, decided));
                held.delete(0, decided);
            }
        }

        @Override
        void end() {
            next.end();
        }
    }

    /** Replaces each match of a pattern in each token by a content, literally. */
    record Replace(TextPattern pattern, String content) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            if (pattern instanceof TextPattern.Literal literal && !literal.string().isEmpty()) {
                return new Replacing(next, literal.string(), content);
            }
            return new Waiting(next) {
                @Override
                void token(String token) {
                    next.token(pattern.replaceAll(token, content));
                }
            };
        }
    }

    /** A run of {@link Replace} with a literal: of a joined text it holds back what may be the beginning of a match. */
    final class Replacing extends Stage {
        private final Stage next;
        private final String target;
        private final String content;
        private String held = "";

        private Replacing(Stage next, String target, String content) {
            this.next = next;
            this.target = target;
            this.content = content;
        }

        @Override
        void token(String token) {
            next.token(token.replace(target, content));
        }

        @Override
        void text(String part) {
            String open = held + part;
            StringBuilder decided = new StringBuilder();
            int at = 0;
            for (int match = open.indexOf(target); match >= 0; match = open.indexOf(target, at)) {
                decided.append(open, at, match).append(content);
                at = match + target.length();
            }
            int begun = Math.max(at, open.length() - target.length() + 1);
            while (begun < open.length() && !target.startsWith(open.substring(begun))) {
                begun++;
            }
            next.text(decided.append(open, at, begun).toString());
            held = open.substring(begun);
        }

        @Override
        void end() {
            if (!held.isEmpty()) {
                next.text(held);
            }
            next.end();
        }
    }

    /**
     * Spaces for each replacement character.
     *
     * @param dropsFirst whether the first token loses them all
     */
    record Metaspace(String replacement, boolean dropsFirst) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private boolean begun;

                @Override
                void token(String token) {
                    next.token(token.replace(replacement, begun || !dropsFirst ? " " : ""));
                    begun = true;
                }
            };
        }
    }

    /** Joins words: a prefix that marks the inside of a word goes, other tokens get a space in front. */
    record WordPiece(String prefix, boolean cleansUp) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private boolean begun;

                @Override
                void token(String token) {
                    String joined = !begun ? token : token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
                    begun = true;
                    next.token(cleansUp ? cleanUp(joined) : joined);
                }
            };
        }
    }

    /** Drops the spaces that splitting put before punctuation and short forms. */
    private static String cleanUp(String token) {
        return token.replace(" .", ".").replace(" ?", "?").replace(" !", "!").replace(" ,", ",").replace(" ' ", "'")
                .replace(" n't", "n't").replace(" 'm", "'m").replace(" do not", " don't").replace(" 's", "'s")
                .replace(" 've", "'ve").replace(" 're", "'re");
    }

    /** A suffix that marks the end of a word becomes a space, in the last token nothing. */
    record WordSuffix(String suffix) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                /** What of the last token is not decided yet. */
                private String held;

                @Override
                void token(String token) {
                    passOn(" ");
                    if (!(next instanceof Collector) || suffix.isEmpty()) {
                        held = token;
                        return;
                    }
                    int mark = token.indexOf(suffix);
                    int decided = mark < 0 ? token.length() : mark;
                    next.token(token.substring(0, decided));
                    held = token.substring(decided);
                }

                private void passOn(String replacement) {
                    if (held != null) {
                        next.token(held.replace(suffix, replacement));
                        held = null;
                    }
                }

                @Override
                void finish() {
                    passOn("");
                }
            };
        }
    }

    /** Connectionist temporal classification: of equal tokens in a row one is kept, padding goes. */
    record Ctc(String padding, String wordDelimiter, boolean cleansUp) implements TokenDecoder {
        @Override
        public Stage stage(Stage next) {
            return new Waiting(next) {
                private String last;

                @Override
                void token(String token) {
                    if (token.equals(last)) {
                        return;
                    }
                    last = token;
                    String kept = token.replace(padding, "");
                    kept = cleansUp ? cleanUp(kept).replace(wordDelimiter, " ") : kept;
                    if (!kept.isEmpty()) {
                        next.token(kept);
                    }
                }
            };
        }
    }
}
