package jot.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Rewrites a stretch of text before it is cut: Unicode normalization, case, accents, white space.
 *
 * <p>Normalizers are immutable and thread-safe.
 */
sealed interface Normalizer permits Normalizer.Sequence, Normalizer.UnicodeForm, Normalizer.Lowercase, Normalizer.Strip,
        Normalizer.StripAccents, Normalizer.Replace, Normalizer.Prepend, Normalizer.Bert, Normalizer.Nmt, Normalizer.ByteLevel,
        CompiledCharacterMap, SentencePiece.Normalization {
    /** Leaves text as it is. */
    Normalizer NONE = new Sequence(List.of());

    /** Returns the rewritten text. */
    AlignedText normalize(AlignedText text);

    /** Returns this normalizer for text that goes on behind other text: without what it puts in front of a text's start. */
    default Normalizer continuing() {
        return this;
    }

    /** Several in a row. */
    record Sequence(List<Normalizer> parts) implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            AlignedText result = text;
            for (Normalizer part : parts) {
                result = part.normalize(result);
            }
            return result;
        }

        @Override
        public Normalizer continuing() {
            return new Sequence(parts.stream().map(Normalizer::continuing).toList());
        }
    }

    /** One of the four Unicode normalization forms. */
    record UnicodeForm(java.text.Normalizer.Form form) implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            if (isUnchanged(text.value())) {
                return text;
            }
            String normalized = java.text.Normalizer.normalize(text.value(), form);
            return text.isTracked() ? align(text, normalized) : AlignedText.untracked(normalized);
        }

        private boolean isUnchanged(String text) {
            int end;
            for (int i = 0; i < text.length(); i = end) {
                end = i + 1;
                if (isStable(text.charAt(i))) {
                    continue;
                }
                while (end < text.length() && !isStable(text.charAt(end))) {
                    end++;
                }
                if (!java.text.Normalizer.isNormalized(text.substring(Math.max(0, i - 1), end), form)) {
                    return false;
                }
            }
            return true;
        }

        /** Returns whether no form changes a character, nor joins it to the one before it. Common ones are enough. */
        private boolean isStable(char unit) {
            if (unit < 0x80 || unit >= 0x2012 && unit <= 0x2016 || unit >= 0x2018 && unit <= 0x2023 || unit >= 0x4E00 && unit <= 0x9FFF) {
                return true;
            }
            return form == java.text.Normalizer.Form.NFC
                    && (unit < 0x300 || unit >= 0x3041 && unit <= 0x3096 || unit >= 0xAC00 && unit <= 0xD7A3);
        }

        /**
         * Finds out which source characters each normalized one stands for. Equal characters keep their order in every form, so the
         * n-th of them after normalization is the n-th of the decomposed source.
         */
        private AlignedText align(AlignedText text, String normalized) {
            boolean compatible = form == java.text.Normalizer.Form.NFKC || form == java.text.Normalizer.Form.NFKD;
            boolean composed = form == java.text.Normalizer.Form.NFC || form == java.text.Normalizer.Form.NFKC;
            java.text.Normalizer.Form decomposition = compatible ? java.text.Normalizer.Form.NFKD : java.text.Normalizer.Form.NFD;
            Map<Integer, Occurrences> source = new HashMap<>();
            text.value().codePoints().forEach(codePoint -> {
                int[] parts = decompose(codePoint, decomposition);
                for (int i = 0; i < parts.length; i++) {
                    source.computeIfAbsent(parts[i], key -> new Occurrences()).add(i > 0);
                }
            });
            AlignedText.Builder result = text.change();
            normalized.codePoints().forEach(codePoint -> {
                int[] parts = composed ? decompose(codePoint, java.text.Normalizer.Form.NFD) : new int[] {codePoint};
                int change = 1 - parts.length;
                for (int part : parts) {
                    change += source.get(part).next() ? 1 : 0;
                }
                if (change > 0) {
                    result.insert(codePoint);
                } else {
                    result.replace(codePoint).skip(-change);
                }
            });
            return result.build();
        }

        private static int[] decompose(int codePoint, java.text.Normalizer.Form form) {
            return java.text.Normalizer.normalize(Character.toString(codePoint), form).codePoints().toArray();
        }

        /** For each occurrence of a character in the decomposed source, whether it is put in behind the first part of another. */
        private static final class Occurrences {
            private final BitSet putIn = new BitSet();
            private int count;
            private int read;

            private void add(boolean isPutIn) {
                putIn.set(count++, isPutIn);
            }

            private boolean next() {
                return putIn.get(read++);
            }
        }
    }

    /** Each code point by itself to its full lower case. */
    record Lowercase() implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            AlignedText.Builder lower = text.change();
            text.value().codePoints().forEach(codePoint -> {
                if (codePoint < 0x80) {
                    lower.replace(codePoint >= 'A' && codePoint <= 'Z' ? codePoint + 32 : codePoint);
                } else {
                    lower.replaceByAll(Character.toString(codePoint).toLowerCase(Locale.ROOT));
                }
            });
            return lower.build();
        }
    }

    /** Drops white space at the ends. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            String value = text.value();
            int start = 0;
            int end = value.length();
            while (left && start < end && Characters.isSpace(value.charAt(start))) {
                start++;
            }
            while (right && end > start && Characters.isSpace(value.charAt(end - 1))) {
                end--;
            }
            return text.slice(start, end);
        }
    }

    /** Drops marks (category M*); does not decompose first. */
    record StripAccents() implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            return drop(text, codePoint -> (Characters.kinds(codePoint) & Characters.MARK) != 0);
        }
    }

    /** Replaces each match of a pattern by a content, literally. */
    record Replace(TextPattern pattern, String content) implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            if (!text.isTracked()) {
                return AlignedText.untracked(pattern.replaceAll(text.value(), content));
            }
            int[] matches = pattern.matches(text.value());
            if (matches.length == 0) {
                return text;
            }
            AlignedText.Builder replaced = text.change();
            for (int i = 0; i < matches.length; i += 2) {
                replaced.copyTo(matches[i]).skipTo(matches[i + 1]).insertAll(content);
            }
            return replaced.copyTo(text.length()).build();
        }
    }

    /** Puts a string in front of a text that is not empty. */
    record Prepend(String string) implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            if (!text.isTracked()) {
                return text.length() == 0 ? text : AlignedText.untracked(string + text.value());
            }
            return text.length() == 0 ? text : text.change().putBefore(string).copyTo(text.length()).build();
        }

        @Override
        public Normalizer continuing() {
            return NONE;
        }
    }

    /**
     * BERT's clean-up, each step if it is set, in the order of the components.
     *
     * @param cleansText drops control characters, and makes all white space spaces
     * @param spacesChinese puts spaces around each Chinese character
     * @param stripsAccents decomposes and drops non-spacing marks
     * @param lowercases makes lower case
     */
    record Bert(boolean cleansText, boolean spacesChinese, boolean stripsAccents, boolean lowercases) implements Normalizer {
        private static final UnicodeForm NFD = new UnicodeForm(java.text.Normalizer.Form.NFD);

        @Override
        public AlignedText normalize(AlignedText text) {
            AlignedText result = cleansText ? makeSpaces(drop(text, Bert::isDropped)) : text;
            result = spacesChinese ? spaceChinese(result) : result;
            result = stripsAccents ? drop(NFD.normalize(result), Bert::isAccent) : result;
            return lowercases ? new Lowercase().normalize(result) : result;
        }

        private static boolean isDropped(int codePoint) {
            if (codePoint == '\t' || codePoint == '\n' || codePoint == '\r') {
                return false;
            }
            int type = Character.getType(codePoint);
            return codePoint == 0xFFFD || type == Character.CONTROL || type == Character.FORMAT || type == Character.PRIVATE_USE;
        }

        private static boolean isAccent(int codePoint) {
            return Character.getType(codePoint) == Character.NON_SPACING_MARK;
        }

        private static AlignedText makeSpaces(AlignedText text) {
            AlignedText.Builder spaced = text.change();
            text.value().codePoints().forEach(codePoint -> spaced.replace(Characters.isSpace(codePoint) ? ' ' : codePoint));
            return spaced.build();
        }

        private static AlignedText spaceChinese(AlignedText text) {
            AlignedText.Builder spaced = text.change();
            text.value().codePoints().forEach(codePoint -> {
                if (isChinese(codePoint)) {
                    spaced.replace(' ').insert(codePoint).insert(' ');
                } else {
                    spaced.replace(codePoint);
                }
            });
            return spaced.build();
        }

        private static boolean isChinese(int codePoint) {
            return codePoint >= 0x4E00 && codePoint <= 0x9FFF || codePoint >= 0x3400 && codePoint <= 0x4DBF
                    || codePoint >= 0x20000 && codePoint <= 0x2A6DF || codePoint >= 0x2A700 && codePoint <= 0x2B73F
                    || codePoint >= 0x2B740 && codePoint <= 0x2B81F || codePoint >= 0x2B920 && codePoint <= 0x2CEAF
                    || codePoint >= 0xF900 && codePoint <= 0xFAFF || codePoint >= 0x2F800 && codePoint <= 0x2FA1F;
        }
    }

    /** SentencePiece's rules for machine translation: drops control characters, makes several kinds of white space spaces. */
    record Nmt() implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            AlignedText kept = drop(text, Nmt::isDropped);
            AlignedText.Builder spaced = kept.change();
            kept.value().codePoints().forEach(codePoint -> spaced.replace(isSpace(codePoint) ? ' ' : codePoint));
            return spaced.build();
        }

        private static boolean isDropped(int codePoint) {
            return codePoint >= 0x1 && codePoint <= 0x8 || codePoint == 0xB || codePoint >= 0xE && codePoint <= 0x1F
                    || codePoint == 0x7F || codePoint == 0x8F || codePoint == 0x9F;
        }

        private static boolean isSpace(int codePoint) {
            return switch (codePoint) {
                case 0x9, 0xA, 0xC, 0xD, 0x1680, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD -> true;
                default -> false;
            };
        }
    }

    /** Each UTF-8 byte to its byte letter. */
    record ByteLevel() implements Normalizer {
        @Override
        public AlignedText normalize(AlignedText text) {
            return PreTokenizer.ByteLevel.letters(text);
        }
    }

    /** Returns a text without the characters of a kind. */
    private static AlignedText drop(AlignedText text, IntPredicate kind) {
        String value = text.value();
        if (value.codePoints().noneMatch(kind)) {
            return text;
        }
        AlignedText.Builder kept = text.change();
        value.codePoints().forEach(codePoint -> {
            if (kind.test(codePoint)) {
                kept.skip(1);
            } else {
                kept.replace(codePoint);
            }
        });
        return kept.build();
    }
}
