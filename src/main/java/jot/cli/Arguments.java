package jot.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import jot.json.NearestNames;

/** What a command was called with: options by name, and arguments by place. Everything behind {@code --} is an argument. */
final class Arguments {

    private final Map<String, List<String>> options = new HashMap<>();
    private final List<String> places = new ArrayList<>();

    private Arguments() {
    }

    static Arguments parse(List<String> words, List<Option> known) throws UsageException {
        Arguments arguments = new Arguments();
        for (String word : words) {
            refuseUnreadable(word);
        }
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("--")) {
                arguments.places.addAll(words.subList(i + 1, words.size()));
                break;
            }
            if (!word.startsWith("-") || word.equals("-")) {
                arguments.places.add(word);
                continue;
            }
            int equals = word.startsWith("--") ? word.indexOf('=') : -1;
            String name = equals < 0 ? word : word.substring(0, equals);
            Option option = find(name, known);
            if (option.value() == null) {
                if (equals >= 0) {
                    throw new UsageException(name + " takes no value");
                }
                arguments.add(name, "");
            } else if (equals >= 0) {
                arguments.add(name, word.substring(equals + 1));
            } else if (i + 1 < words.size()) {
                arguments.add(name, words.get(++i));
            } else {
                throw new UsageException(name + " needs a value: " + option.value());
            }
        }
        return arguments;
    }

    /** The JVM reads arguments in the encoding of the locale, and puts U+FFFD in place of bytes that this has no character for. */
    private static void refuseUnreadable(String word) throws UsageException {
        if (word.indexOf('\uFFFD') >= 0) {
            throw new UsageException("'" + word + "' holds characters that the encoding of the locale ("
                    + System.getProperty("sun.jnu.encoding") + ") cannot read; set a UTF-8 "
                    + "locale (LC_ALL=C.UTF-8), or give a text by standard input or as a file");
        }
    }

    private static Option find(String name, List<Option> known) throws UsageException {
        if (name.equals("--help") || name.equals("-h")) {
            return Option.flag("--help", "");
        }
        return known.stream().filter(option -> option.name().equals(name)).findFirst()
                .orElseThrow(() -> new UsageException("no option " + name + meant(name, known)));
    }

    private static String meant(String name, List<Option> known) {
        String wanted = name.startsWith("--") ? name : "-" + name;
        List<String> nearest = NearestNames.of(wanted, known.stream().map(Option::name).toList());
        return nearest.isEmpty() ? " (a text that begins with a dash goes behind --)" : "; did you mean " + nearest.getFirst() + "?";
    }

    private void add(String name, String value) {
        options.computeIfAbsent(name.equals("-h") ? "--help" : name, key -> new ArrayList<>()).add(value);
    }

    boolean has(String name) {
        return options.containsKey(name);
    }

    /** The last value of an option. */
    Optional<String> text(String name) {
        return Optional.ofNullable(options.get(name)).map(List::getLast);
    }

    /** All values of an option. */
    List<String> texts(String name) {
        return options.getOrDefault(name, List.of());
    }

    Optional<Integer> integer(String name) throws UsageException {
        return whole(name, Integer.MAX_VALUE, Integer::valueOf);
    }

    Optional<Long> longInteger(String name) throws UsageException {
        return whole(name, Long.MAX_VALUE, Long::valueOf);
    }

    /** A number in decimal digits, with an exponent or without; not NaN, nor what else Java takes for one. */
    Optional<Double> number(String name) throws UsageException {
        return parse(name, "a number", text -> new BigDecimal(text).doubleValue());
    }

    Optional<Duration> seconds(String name) throws UsageException {
        Optional<Double> seconds = number(name);
        if (seconds.isPresent() && seconds.get() < 0) {
            throw new UsageException(name + ": expected 0 or more seconds, found " + text(name).get());
        }
        return seconds.map(value -> Duration.ofNanos((long) (value * 1e9)));
    }

    private <T> Optional<T> whole(String name, long most, Function<String, T> parser) throws UsageException {
        boolean digits = text(name).filter(text -> text.matches("[-+]?\\d+")).isPresent();
        return parse(name, digits ? "a whole number from " + (-most - 1) + " to " + most : "a whole number", parser);
    }

    private <T> Optional<T> parse(String name, String expected, Function<String, T> parser) throws UsageException {
        Optional<String> text = text(name);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(parser.apply(text.get()));
        } catch (NumberFormatException e) {
            throw new UsageException(name + ": expected " + expected + ", found '" + text.get() + "'");
        }
    }

    /** An argument that must be there. */
    String place(int index, String what) throws UsageException {
        if (index >= places.size()) {
            throw new UsageException("missing argument: " + what);
        }
        return places.get(index);
    }

    /** An argument that may be there. */
    Optional<String> place(int index) {
        return index < places.size() ? Optional.of(places.get(index)) : Optional.empty();
    }

    /** Refuses more arguments than a command takes. */
    void expectAtMost(int count) throws UsageException {
        if (places.size() > count) {
            throw new UsageException("one argument too many: '" + places.get(count) + "' (quote a text that has spaces)");
        }
    }
}
