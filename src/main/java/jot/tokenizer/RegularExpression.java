package jot.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import jot.json.JsonException;
import jot.json.JsonString;

/**
 * A regular expression of a tokenizer file, in Oniguruma's syntax and meaning, run by the JDK's engine.
 *
 * <p>The expression is parsed and written anew, since most of what looks alike differs: what {@code \s}, {@code \w} and {@code ^} mean, how
 * brackets nest, what a plus behind braces does, which characters are equal without case. Time and stack are bounded: an expression that
 * needs too much of them on a text is refused by name. Immutable and thread-safe.
 */
final class RegularExpression implements TextPattern {
    /** How many characters the engine may look at: this many, and some for each character of the text. */
    private static final long LEAST_STEPS = 5_000_000;
    private static final long STEPS_PER_CHARACTER = 60;
    private static final long MOST_STEPS = 300_000_000;

    private final String source;
    private final Pattern pattern;
    /** The empty group that marks where matches begin, 0 if they begin at their start. */
    private final int keepGroup;

    private RegularExpression(String source, Pattern pattern, int keepGroup) {
        this.source = source;
        this.pattern = pattern;
        this.keepGroup = keepGroup;
    }

    /**
     * Translates an expression.
     *
     * @throws JsonException if it is not one, or has something that cannot be translated, with what that is
     */
    static RegularExpression of(String source) throws JsonException {
        try {
            Translation translation = new Translation(source);
            Pattern pattern = Pattern.compile(translation.whole(), Pattern.MULTILINE | Pattern.UNIX_LINES);
            return new RegularExpression(source, pattern, translation.keepGroup);
        } catch (Untranslatable e) {
            throw new JsonException("pattern " + JsonString.quote(source), "a regular expression that Jot can run", e.getMessage());
        } catch (PatternSyntaxException e) {
            throw new JsonException("pattern " + JsonString.quote(source), "a regular expression that Jot can run", e.getDescription());
        } catch (StackOverflowError e) {
            throw new JsonException("pattern " + JsonString.quote(source), "a regular expression that Jot can run", "one nested too deep");
        }
    }

    @Override
    public String toString() {
        return source;
    }

    /** An empty match right behind the match before it does not count; the search then goes on one character later. */
    @Override
    public int[] matches(String text) {
        Matches found = new Matches();
        try {
            Matcher matcher = pattern.matcher(new CountedText(text));
            int at = 0;
            int lastEnd = -1;
            while (at <= text.length() && matcher.find(at)) {
                int start = keepGroup > 0 && matcher.start(keepGroup) >= 0 ? matcher.start(keepGroup) : matcher.start();
                if (matcher.end() == start && start == lastEnd) {
                    at = lastEnd + (lastEnd < text.length() ? Character.charCount(text.codePointAt(lastEnd)) : 1);
                } else {
                    found.add(start, matcher.end());
                    lastEnd = matcher.end();
                    at = lastEnd;
                }
            }
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("text that a tokenizer cannot encode: its pattern " + JsonString.quote(source)
                    + " needs too much stack on a text of " + text.length() + " characters", e);
        }
        return found.toArray();
    }

    /** A text that counts how often the engine looks at it. */
    private final class CountedText implements CharSequence {
        private final String text;
        private long stepsLeft;

        private CountedText(String text) {
            this.text = text;
            this.stepsLeft = Math.min(MOST_STEPS, LEAST_STEPS + STEPS_PER_CHARACTER * text.length());
        }

        @Override
        public char charAt(int index) {
            if (--stepsLeft < 0) {
                throw new IllegalArgumentException("text that a tokenizer cannot encode: its pattern " + JsonString.quote(source)
                        + " needs too much time on a text of " + text.length() + " characters");
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

    /** Something in an expression that has no counterpart; the message says what. */
    private static final class Untranslatable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private Untranslatable(String what) {
            super(what, null, false, false);
        }
    }

    /** Sets of characters, written as the inside of a bracket of the JDK's syntax. */
    private static final class Sets {
        private static final String SPACE = "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}"
                + "\\x{205f}\\x{3000}";
        private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
        /** Outside brackets these count as word characters too. */
        private static final String FRACTIONS = "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
        private static final String HEXADECIMAL = "0-9A-Fa-f";
        private static final String VISIBLE = "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}";
        private static final String ANY = "\\x{0}-\\x{10ffff}";

        private static final Map<String, String> NAMED = Map.ofEntries(
                Map.entry("any", ANY), Map.entry("assigned", "\\P{Cn}"), Map.entry("ascii", "\\x{0}-\\x{7f}"),
                Map.entry("alpha", "\\p{IsAlphabetic}"), Map.entry("alphabetic", "\\p{IsAlphabetic}"),
                Map.entry("upper", "\\p{IsUppercase}"), Map.entry("uppercase", "\\p{IsUppercase}"),
                Map.entry("lower", "\\p{IsLowercase}"), Map.entry("lowercase", "\\p{IsLowercase}"),
                Map.entry("digit", "\\p{Nd}"), Map.entry("alnum", "\\p{IsAlphabetic}\\p{Nd}"), Map.entry("punct", "\\p{P}\\p{S}"),
                Map.entry("space", SPACE), Map.entry("whitespace", SPACE), Map.entry("blank", "\\p{Zs}\\x{9}"),
                Map.entry("cntrl", "\\p{Cc}"), Map.entry("xdigit", HEXADECIMAL), Map.entry("word", WORD),
                Map.entry("graph", VISIBLE), Map.entry("print", VISIBLE + "\\p{Zs}"),
                Map.entry("ideographic", "\\p{IsIdeographic}"), Map.entry("emoji", "\\p{IsEmoji}"),
                Map.entry("emojipresentation", "\\p{IsEmoji_Presentation}"), Map.entry("emojimodifier", "\\p{IsEmoji_Modifier}"),
                Map.entry("emojimodifierbase", "\\p{IsEmoji_Modifier_Base}"), Map.entry("emojicomponent", "\\p{IsEmoji_Component}"),
                Map.entry("extendedpictographic", "\\p{IsExtended_Pictographic}"));

        private static final Map<String, String> CATEGORIES = Map.ofEntries(
                Map.entry("letter", "L"), Map.entry("casedletter", "LC"), Map.entry("uppercaseletter", "Lu"),
                Map.entry("lowercaseletter", "Ll"), Map.entry("titlecaseletter", "Lt"), Map.entry("modifierletter", "Lm"),
                Map.entry("otherletter", "Lo"), Map.entry("mark", "M"), Map.entry("combiningmark", "M"),
                Map.entry("nonspacingmark", "Mn"), Map.entry("spacingmark", "Mc"), Map.entry("enclosingmark", "Me"),
                Map.entry("number", "N"), Map.entry("decimalnumber", "Nd"), Map.entry("letternumber", "Nl"),
                Map.entry("othernumber", "No"), Map.entry("punctuation", "P"), Map.entry("connectorpunctuation", "Pc"),
                Map.entry("dashpunctuation", "Pd"), Map.entry("openpunctuation", "Ps"), Map.entry("closepunctuation", "Pe"),
                Map.entry("initialpunctuation", "Pi"), Map.entry("finalpunctuation", "Pf"), Map.entry("otherpunctuation", "Po"),
                Map.entry("symbol", "S"), Map.entry("mathsymbol", "Sm"), Map.entry("currencysymbol", "Sc"),
                Map.entry("modifiersymbol", "Sk"), Map.entry("othersymbol", "So"), Map.entry("separator", "Z"),
                Map.entry("spaceseparator", "Zs"), Map.entry("lineseparator", "Zl"), Map.entry("paragraphseparator", "Zp"),
                Map.entry("other", "C"), Map.entry("control", "Cc"), Map.entry("format", "Cf"), Map.entry("privateuse", "Co"),
                Map.entry("unassigned", "Cn"));

        private static final List<String> SHORT_CATEGORIES = List.of("L", "LC", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N",
                "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
                "Cc", "Cf", "Co", "Cn");

        private Sets() {
        }

        /** Returns the set of a property; case, spaces and underscores in its name do not count. */
        private static String property(String name) {
            String plain = name.replaceAll("[ _-]", "").toLowerCase(Locale.ROOT);
            if (NAMED.containsKey(plain)) {
                return NAMED.get(plain);
            }
            if (CATEGORIES.containsKey(plain)) {
                return "\\p{" + CATEGORIES.get(plain) + "}";
            }
            for (String category : SHORT_CATEGORIES) {
                if (category.toLowerCase(Locale.ROOT).equals(plain)) {
                    return "\\p{" + category + "}";
                }
            }
            return scriptOrBlock(name, plain);
        }

        private static String scriptOrBlock(String name, String plain) {
            try {
                for (Character.UnicodeScript script : Character.UnicodeScript.values()) {
                    if (script.name().replace("_", "").toLowerCase(Locale.ROOT).equals(plain)) {
                        return "\\p{Is" + script.name() + "}";
                    }
                }
                if (plain.startsWith("in")) {
                    String block = name.trim().substring(2).replaceFirst("^[ _]", "").replace(' ', '_');
                    return "\\p{In" + Character.UnicodeBlock.forName(block).toString() + "}";
                }
            } catch (IllegalArgumentException e) {
                // no such block: told below
            }
            throw new Untranslatable("the property " + JsonString.quote(name));
        }
    }

    /** Characters that are equal without case. */
    private static final class Folding {
        /** Strings that one character folds to, the longest first. */
        private static final Map<String, String> LIGATURES = Map.of("ffi", "\ufb03", "ffl", "\ufb04", "ss", "\u00df\u1e9e", "ff", "\ufb00",
                "fi", "\ufb01", "fl", "\ufb02", "st", "\ufb05\ufb06", "i\u0307", "\u0130");
        private static volatile Map<Integer, BitSet> groups;

        private Folding() {
        }

        /** Returns all characters that fold to the same as this one, itself included. */
        private static BitSet equals(int codePoint) {
            BitSet group = groups().get(fold(codePoint));
            if (group != null) {
                return group;
            }
            BitSet alone = new BitSet();
            alone.set(codePoint);
            return alone;
        }

        private static Map<Integer, BitSet> groups() {
            Map<Integer, BitSet> known = groups;
            if (known == null) {
                known = new HashMap<>();
                for (int codePoint = 0; codePoint < 0x20000; codePoint++) {
                    int folded = fold(codePoint);
                    if (folded != codePoint) {
                        BitSet group = known.computeIfAbsent(folded, key -> new BitSet());
                        group.set(folded);
                        group.set(codePoint);
                    }
                }
                groups = known;
            }
            return known;
        }

        /** Simple case folding: dotted and dotless i have no other case. */
        private static int fold(int codePoint) {
            if (codePoint == 0x130 || codePoint == 0x131) {
                return codePoint;
            }
            return Character.toLowerCase(Character.toUpperCase(codePoint));
        }
    }

    /** A set of characters as a bracket describes it. */
    private sealed interface CharacterSet {
        /** Returns an expression of the JDK that matches one character of the set. */
        String written();

        /** The inside of a bracket. */
        record Flat(String items) implements CharacterSet {
            @Override
            public String written() {
                return items.isEmpty() ? "(?!)" : "[" + items + "]";
            }
        }

        /** All characters of any of several sets. */
        record Union(List<CharacterSet> sets) implements CharacterSet {
            @Override
            public String written() {
                StringBuilder items = new StringBuilder();
                List<String> others = new ArrayList<>();
                for (CharacterSet set : sets) {
                    if (set instanceof Flat flat) {
                        items.append(flat.items);
                    } else {
                        others.add(set.written());
                    }
                }
                if (others.isEmpty()) {
                    return new Flat(items.toString()).written();
                }
                if (!items.isEmpty()) {
                    others.add(0, "[" + items + "]");
                }
                return others.size() == 1 ? others.get(0) : "(?:" + String.join("|", others) + ")";
            }
        }

        /** Characters that all of several sets have. */
        record Intersection(List<CharacterSet> sets) implements CharacterSet {
            @Override
            public String written() {
                StringBuilder both = new StringBuilder("(?:");
                for (CharacterSet set : sets.subList(0, sets.size() - 1)) {
                    both.append("(?=").append(set.written()).append(')');
                }
                return both.append(sets.getLast().written()).append(')').toString();
            }
        }

        /** All characters that a set does not have. */
        record Complement(CharacterSet set) implements CharacterSet {
            @Override
            public String written() {
                String inner = set.written();
                boolean isFlat = set instanceof Flat || set instanceof Union union && union.sets.stream().allMatch(Flat.class::isInstance);
                if (isFlat && inner.startsWith("[")) {
                    return "[^" + inner.substring(1);
                }
                return "(?:(?!" + inner + ")[" + Sets.ANY + "])";
            }
        }
    }

    /** Parses an expression of Oniguruma and writes one of the JDK. */
    private static final class Translation {
        private static final int DEEPEST = 200;

        private final String source;
        private final Map<String, Integer> names = new HashMap<>();
        private final boolean hasNamedGroups;
        private int at;
        private int groups;
        /** The empty group that marks where matches begin, 0 if they begin at their start. */
        private int keepGroup;
        private int depth;
        private boolean ignoresCase;
        private boolean isExtended;
        private boolean dotMatchesAll;

        private Translation(String source) {
            this.source = source;
            this.hasNamedGroups = Pattern.compile("(?<!\\\\)\\(\\?<[^=!]").matcher(source).find();
        }

        private String whole() {
            String written = alternatives();
            if (at < source.length()) {
                throw new Untranslatable("a closing parenthesis without an opening one");
            }
            return written;
        }

        // ---- structure ----

        private String alternatives() {
            if (++depth > DEEPEST) {
                throw new Untranslatable("more than " + DEEPEST + " parentheses in one another");
            }
            StringBuilder written = new StringBuilder(sequence());
            while (at < source.length() && source.charAt(at) == '|') {
                at++;
                written.append('|').append(sequence());
            }
            depth--;
            return written.toString();
        }

        private String sequence() {
            StringBuilder written = new StringBuilder();
            while (at < source.length() && source.charAt(at) != '|' && source.charAt(at) != ')') {
                if (isExtended && skipsBlank()) {
                    continue;
                }
                String atom = atom();
                written.append(quantified(atom));
            }
            return written.toString();
        }

        private boolean skipsBlank() {
            if (Characters.isSpace(source.charAt(at))) {
                at++;
                return true;
            }
            if (source.charAt(at) == '#') {
                int end = source.indexOf('\n', at);
                at = end < 0 ? source.length() : end + 1;
                return true;
            }
            return false;
        }

        private String atom() {
            char unit = source.charAt(at);
            switch (unit) {
                case '(':
                    at++;
                    return group();
                case '[':
                    at++;
                    return bracket().written();
                case '.':
                    at++;
                    return dotMatchesAll ? "[" + Sets.ANY + "]" : "[^\\n]";
                case '^', '$':
                    at++;
                    return String.valueOf(unit);
                case '*', '+', '?':
                    throw new Untranslatable("a quantifier with nothing before it");
                case '\\':
                    at++;
                    return escape();
                default:
                    return literal();
            }
        }

        /** Adds the quantifiers behind an atom; each further one repeats the whole before it. */
        private String quantified(String atom) {
            String result = atom;
            boolean isQuantified = false;
            while (at < source.length()) {
                String quantifier = quantifier();
                if (quantifier == null) {
                    break;
                }
                result = (isQuantified ? "(?:" + result + ")" : result) + quantifier;
                isQuantified = true;
            }
            return result;
        }

        private String quantifier() {
            char unit = source.charAt(at);
            if (unit == '*' || unit == '+' || unit == '?') {
                at++;
                if (at < source.length() && (source.charAt(at) == '?' || source.charAt(at) == '+')) {
                    return String.valueOf(unit) + source.charAt(at++);
                }
                return String.valueOf(unit);
            }
            Matcher interval = Pattern.compile("\\{(\\d*)(,?)(\\d*)\\}").matcher(source).region(at, source.length());
            if (unit != '{' || !interval.lookingAt() || interval.group(1).isEmpty() && interval.group(3).isEmpty()) {
                return null;
            }
            at = interval.end();
            String least = interval.group(1).isEmpty() ? "0" : interval.group(1);
            String range = interval.group(2).isEmpty() ? "{" + least + "}" : "{" + least + "," + interval.group(3) + "}";
            boolean isLazy = !interval.group(2).isEmpty() && at < source.length() && source.charAt(at) == '?';
            at += isLazy ? 1 : 0;
            return isLazy ? range + "?" : range;
        }

        // ---- groups ----

        private String group() {
            boolean outerCase = ignoresCase;
            boolean outerExtended = isExtended;
            boolean outerDot = dotMatchesAll;
            String written = source.startsWith("?", at) ? specialGroup() : plainGroup();
            ignoresCase = outerCase;
            isExtended = outerExtended;
            dotMatchesAll = outerDot;
            return written;
        }

        private String plainGroup() {
            if (hasNamedGroups) {
                return "(?:" + rest();
            }
            groups++;
            return "(" + rest();
        }

        /** The inside of a group and its closing parenthesis. */
        private String rest() {
            String inside = alternatives();
            if (at >= source.length()) {
                throw new Untranslatable("an opening parenthesis without a closing one");
            }
            at++;
            return inside + ")";
        }

        private String specialGroup() {
            for (String opening : List.of("?:", "?=", "?!", "?<=", "?<!", "?>")) {
                if (source.startsWith(opening, at)) {
                    at += opening.length();
                    return "(" + opening + rest();
                }
            }
            if (source.startsWith("?#", at)) {
                int end = source.indexOf(')', at);
                at = end < 0 ? source.length() : end + 1;
                return "";
            }
            if (source.startsWith("?<", at)) {
                return namedGroup();
            }
            return optionGroup();
        }

        private String namedGroup() {
            int end = source.indexOf('>', at);
            if (end < 0) {
                throw new Untranslatable("a group whose name does not end");
            }
            names.put(source.substring(at + 2, end), ++groups);
            at = end + 1;
            return "(" + rest();
        }

        /** Options for a group, or for all that follows in the group around them, further alternatives included. */
        private String optionGroup() {
            Matcher options = Pattern.compile("\\?([a-zA-Z]*)(-[a-zA-Z]+)?([:)])").matcher(source).region(at, source.length());
            if (!options.lookingAt()) {
                throw new Untranslatable("the group (" + source.substring(at, Math.min(source.length(), at + 3)));
            }
            options.group(1).chars().forEach(option -> setOption((char) option, true));
            if (options.group(2) != null) {
                options.group(2).substring(1).chars().forEach(option -> setOption((char) option, false));
            }
            at = options.end();
            return options.group(3).equals(":") ? "(?:" + rest() : "(?:" + alternatives() + ")";
        }

        private void setOption(char option, boolean value) {
            switch (option) {
                case 'i' -> ignoresCase = value;
                case 'x' -> isExtended = value;
                case 'm' -> dotMatchesAll = value;
                default -> throw new Untranslatable("the option " + option);
            }
        }

        // ---- single characters ----

        private String literal() {
            int codePoint = source.codePointAt(at);
            if (ignoresCase) {
                String ligature = ligature();
                if (ligature != null) {
                    return ligature;
                }
            }
            at += Character.charCount(codePoint);
            return character(codePoint);
        }

        /** Without case, some strings equal one character; the string is a unit only where nothing repeats its last letter. */
        private String ligature() {
            for (int length = 3; length >= 2; length--) {
                if (at + length > source.length()) {
                    continue;
                }
                String string = source.substring(at, at + length).toLowerCase(Locale.ROOT);
                String equal = Folding.LIGATURES.get(string);
                boolean isRepeated = at + length < source.length() && "*+?{".indexOf(source.charAt(at + length)) >= 0;
                if (equal != null && !isRepeated) {
                    at += length;
                    StringBuilder letters = new StringBuilder();
                    string.codePoints().forEach(letter -> letters.append(character(letter)));
                    return "(?:" + letters + "|[" + equal + "])";
                }
            }
            return null;
        }

        private String character(int codePoint) {
            if (!ignoresCase) {
                return written(codePoint);
            }
            BitSet equal = Folding.equals(codePoint);
            StringBuilder set = new StringBuilder("[");
            equal.stream().forEach(each -> set.append(written(each)));
            set.append(']');
            for (Map.Entry<String, String> ligature : Folding.LIGATURES.entrySet()) {
                if (ligature.getValue().indexOf(codePoint) >= 0) {
                    StringBuilder letters = new StringBuilder();
                    ligature.getKey().codePoints().forEach(letter -> letters.append(character(letter)));
                    return "(?:" + set + "|" + letters + ")";
                }
            }
            return set.toString();
        }

        private static String written(int codePoint) {
            return Character.isLetterOrDigit(codePoint) && codePoint < 0x80 ? Character.toString(codePoint)
                    : "\\x{" + Integer.toHexString(codePoint) + "}";
        }

        private String escape() {
            if (at >= source.length()) {
                throw new Untranslatable("a backslash at the end");
            }
            char unit = source.charAt(at);
            CharacterSet set = setEscape(true);
            if (set != null) {
                return set.written();
            }
            String word = "[" + Sets.WORD + Sets.FRACTIONS + "]";
            switch (unit) {
                case 'A', 'z', 'Z', 'X':
                    at++;
                    return "\\" + unit;
                case 'b':
                    at++;
                    return "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
                case 'B':
                    at++;
                    return "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))";
                case 'R':
                    at++;
                    return "(?>\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])";
                case 'N':
                    at++;
                    return "[^\\n]";
                case 'O':
                    at++;
                    return "[" + Sets.ANY + "]";
                case 'G':
                    at++;
                    return "\\G";
                case 'K':
                    at++;
                    keepGroup = ++groups;
                    return "()";
                case 'k':
                    return namedReference();
                default:
                    return numberedReference(unit);
            }
        }

        private String namedReference() {
            Matcher reference = Pattern.compile("k<([^>]+)>").matcher(source).region(at, source.length());
            if (!reference.lookingAt() || !names.containsKey(reference.group(1))) {
                throw new Untranslatable("a reference to a group that is not there");
            }
            at = reference.end();
            return reference(names.get(reference.group(1)));
        }

        private String numberedReference(char unit) {
            if (unit >= '1' && unit <= '9') {
                int end = at;
                while (end < source.length() && end < at + 2 && Character.isDigit(source.charAt(end))) {
                    end++;
                }
                int number = Integer.parseInt(source.substring(at, end));
                if (hasNamedGroups || number > groups) {
                    throw new Untranslatable("a reference to a group that is not there");
                }
                at = end;
                return reference(number);
            }
            return character(characterEscape());
        }

        private String reference(int number) {
            if (ignoresCase) {
                throw new Untranslatable("a reference to a group without case");
            }
            return "(?:\\" + number + ")";
        }

        /** Reads an escape that stands for one character. */
        private int characterEscape() {
            char unit = source.charAt(at);
            switch (unit) {
                case 't', 'n', 'r', 'f', 'a', 'e', 'v':
                    at++;
                    return "\t\n\r\f\u0007\u001b\u000b".charAt("tnrfaev".indexOf(unit));
                case 'x':
                    return source.startsWith("x{", at) ? hexadecimal("x\\{([0-9A-Fa-f]{1,8})\\}") : hexadecimal("x([0-9A-Fa-f]{1,2})");
                case 'u':
                    return hexadecimal("u([0-9A-Fa-f]{4})");
                case '0':
                    return octal();
                case 'c':
                    if (at + 1 < source.length()) {
                        at += 2;
                        return source.charAt(at - 1) & 0x1F;
                    }
                    throw new Untranslatable("the escape \\c at the end");
                case 'Q', 'E':
                    at++;
                    return unit; // letters like others: there is no quoting
                default:
                    if (unit < 0x80 && Character.isLetterOrDigit(unit)) {
                        throw new Untranslatable("the escape \\" + unit);
                    }
                    int codePoint = source.codePointAt(at);
                    at += Character.charCount(codePoint);
                    return codePoint;
            }
        }

        private int hexadecimal(String form) {
            Matcher number = Pattern.compile(form).matcher(source).region(at, source.length());
            long value = number.lookingAt() ? Long.parseLong(number.group(1), 16) : -1;
            if (value < 0 || value > Character.MAX_CODE_POINT) {
                throw new Untranslatable("an escape that is no character, \\" + source.substring(at, Math.min(source.length(), at + 6)));
            }
            at = number.end();
            return (int) value;
        }

        private int octal() {
            int end = at;
            while (end < source.length() && end < at + 3 && source.charAt(end) >= '0' && source.charAt(end) <= '7') {
                end++;
            }
            int value = Integer.parseInt(source.substring(at, end), 8);
            at = end;
            return value;
        }

        /** Reads an escape that stands for a set of characters, or returns null. */
        private CharacterSet setEscape(boolean isOutsideBrackets) {
            char unit = source.charAt(at);
            String set = switch (Character.toLowerCase(unit)) {
                case 's' -> Sets.SPACE;
                case 'd' -> "\\p{Nd}";
                case 'h' -> Sets.HEXADECIMAL;
                case 'w' -> isOutsideBrackets ? Sets.WORD + Sets.FRACTIONS : Sets.WORD;
                case 'p' -> null;
                default -> "";
            };
            if (set != null && set.isEmpty()) {
                return null;
            }
            at++;
            boolean isComplement = Character.isUpperCase(unit);
            if (set == null) {
                Matcher property = Pattern.compile("\\{(\\^?)([^}]*)\\}").matcher(source).region(at, source.length());
                if (!property.lookingAt()) {
                    throw new Untranslatable("a property without braces");
                }
                at = property.end();
                isComplement ^= !property.group(1).isEmpty();
                set = Sets.property(property.group(2));
            }
            CharacterSet flat = new CharacterSet.Flat(set);
            return isComplement ? new CharacterSet.Complement(flat) : flat;
        }

        // ---- brackets ----

        private CharacterSet bracket() {
            if (++depth > DEEPEST) {
                throw new Untranslatable("more than " + DEEPEST + " brackets in one another");
            }
            boolean isComplement = source.startsWith("^", at);
            at += isComplement ? 1 : 0;
            List<CharacterSet> intersected = new ArrayList<>();
            List<CharacterSet> united = new ArrayList<>();
            boolean isFirst = true;
            while (true) {
                if (at >= source.length()) {
                    throw new Untranslatable("an opening bracket without a closing one");
                }
                if (source.charAt(at) == ']' && !isFirst) {
                    at++;
                    break;
                }
                if (source.startsWith("&&", at)) {
                    at += 2;
                    intersected.add(new CharacterSet.Union(united));
                    united = new ArrayList<>();
                } else {
                    united.add(bracketItem());
                }
                isFirst = false;
            }
            intersected.add(new CharacterSet.Union(united));
            depth--;
            CharacterSet set = intersected.size() == 1 ? intersected.getFirst() : new CharacterSet.Intersection(intersected);
            return isComplement ? new CharacterSet.Complement(set) : set;
        }

        private CharacterSet bracketItem() {
            Matcher posix = Pattern.compile("\\[:(\\^?)(\\w+):\\]").matcher(source).region(at, source.length());
            if (posix.lookingAt()) {
                at = posix.end();
                CharacterSet set = new CharacterSet.Flat(Sets.property(posix.group(2)));
                return posix.group(1).isEmpty() ? set : new CharacterSet.Complement(set);
            }
            if (source.charAt(at) == '[') {
                at++;
                return bracket();
            }
            if (source.charAt(at) == '\\' && at + 1 < source.length()) {
                at++;
                CharacterSet set = setEscape(false);
                if (set != null) {
                    return set;
                }
                at--;
            }
            int from = bracketCharacter();
            boolean isRange = at + 1 < source.length() && source.charAt(at) == '-' && source.charAt(at + 1) != ']';
            if (!isRange) {
                return range(from, from);
            }
            int hyphen = at++;
            if (source.charAt(at) == '['
                    || source.charAt(at) == '\\' && isSetEscape(source.charAt(Math.min(at + 1, source.length() - 1)))) {
                at = hyphen;
                return range(from, from);
            }
            int to = bracketCharacter();
            if (to < from) {
                throw new Untranslatable("a range of characters from high to low");
            }
            return range(from, to);
        }

        private static boolean isSetEscape(char unit) {
            return "sSdDhHwWpP".indexOf(unit) >= 0;
        }

        private int bracketCharacter() {
            int codePoint = source.codePointAt(at);
            if (codePoint == '\\' && at + 1 < source.length()) {
                at++;
                if (source.charAt(at) == 'b') {
                    at++;
                    return '\b';
                }
                return characterEscape();
            }
            at += Character.charCount(codePoint);
            return codePoint;
        }

        private CharacterSet range(int from, int to) {
            StringBuilder items = new StringBuilder(written(from));
            if (to > from) {
                items.append('-').append(written(to));
            }
            if (ignoresCase) {
                for (int codePoint = from; codePoint <= Math.min(to, 0x1FFFF); codePoint++) {
                    Folding.equals(codePoint).stream().filter(each -> each < from || each > to)
                            .forEach(each -> items.append(written(each)));
                }
            }
            return new CharacterSet.Flat(items.toString());
        }
    }
}
