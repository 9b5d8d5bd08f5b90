package jot.loading.adapter;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

import jot.checkpoint.CheckpointFormatException;
import jot.model.family.Config;

/**
 * A regular expression from an adapter's configuration, held against whole names of modules.
 *
 * <p>Python's syntax and Java's agree in all that occurs in such expressions; what Java cannot read is refused. Time and stack are bounded.
 * Immutable and thread-safe.
 */
final class ModulePattern {

    /** Characters that the engine may look at for one name. */
    private static final int MOST_STEPS = 200_000;

    private final Config config;
    private final String key;
    private final String source;
    private final Pattern pattern;

    private ModulePattern(Config config, String key, String source, Pattern pattern) {
        this.config = config;
        this.key = key;
        this.source = source;
        this.pattern = pattern;
    }

    /**
     * Reads an expression.
     *
     * @param key where it stands in the configuration
     * @param expression what to match, {@code source} or with something around it
     * @param source what the configuration says, for messages
     * @throws CheckpointFormatException if it is not an expression
     */
    static ModulePattern of(Config config, String key, String expression, String source) throws CheckpointFormatException {
        try {
            return new ModulePattern(config, key, source, Pattern.compile(expression));
        } catch (PatternSyntaxException | StackOverflowError e) {
            throw config.refusal(key, "a regular expression on names of modules", '"' + source + '"');
        }
    }

    /** Whether the whole of a name matches. */
    boolean matches(String module) throws CheckpointFormatException {
        return group(module) != null;
    }

    /** The last group of the expression in a name, the empty text where there are no groups; null without a match. */
    String group(String module) throws CheckpointFormatException {
        try {
            var matcher = pattern.matcher(new CountedText(module));
            if (!matcher.matches()) {
                return null;
            }
            String group = matcher.groupCount() == 0 ? "" : matcher.group(matcher.groupCount());
            return group == null ? "" : group;
        } catch (TooLong | StackOverflowError e) {
            throw config.refusal(key, "a regular expression that is decided soon", '"' + source + "\", which needs too long on " + module);
        }
    }

    /** A name that counts how often the engine looks at it. */
    private static final class CountedText implements CharSequence {
        private final String text;
        private int stepsLeft = MOST_STEPS;

        private CountedText(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (--stepsLeft < 0) {
                throw new TooLong();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private TooLong() {
            super(null, null, false, false);
        }
    }
}
