package jot.tokenizer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import jot.json.JsonException;
import jot.json.JsonString;

/** A regular expression of a tokenizer file. */
record RegularExpression(String source, Pattern pattern) implements TextPattern {
    static RegularExpression of(String source) throws JsonException {
        try {
            return new RegularExpression(source, Pattern.compile(source));
        } catch (PatternSyntaxException e) {
            throw new JsonException("pattern", "a regular expression that Jot can read", JsonString.quote(source));
        }
    }

    @Override
    public int[] matches(String text) {
        Matches found = new Matches();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.start(), matcher.end());
        }
        return found.toArray();
    }
}
