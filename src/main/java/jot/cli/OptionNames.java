package jot.cli;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says messages about the options of Java methods in the words of the command line: {@code --top-p} for {@code topP}.
 *
 * <p>Not for messages about files, whose names may look like options.
 */
final class OptionNames {

    private OptionNames() {
    }

    /** The message with every option that the command has called by its name there. */
    static String in(String message, List<Option> options) {
        String text = String.valueOf(message).replace("withMapping(false)", "--no-mapping");
        for (Option option : options) {
            if (option.name().startsWith("--")) {
                text = named(text, option.name());
            }
        }
        return text;
    }

    /** A Java name stands for an option wherever it is; ordinary words only where it is said what the option must be, or what it is. */
    private static String named(String message, String option) {
        String words = option.substring(2);
        String plain = "(?<=^|: |so )" + words + "(?= must|:| -?\\d)";
        String pattern = words.contains("-") ? plain + "|(?<![-/\\w])" + camelCase(words) + "(?!\\w)" : plain;
        return Pattern.compile(pattern).matcher(message).replaceAll(Matcher.quoteReplacement(option));
    }

    private static String camelCase(String words) {
        return Pattern.compile("-(.)").matcher(words).replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
    }
}
