package jot.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a command was called with: options by name, and arguments by place. Everything behind {@code --} is an argument. */
final class Arguments {

    private final Map<String, List<String>> options = new HashMap<>();
    private final List<String> places = new ArrayList<>();

    private Arguments() {
    }

    static Arguments parse(List<String> words, List<Option> known) throws UsageException {
        Arguments arguments = new Arguments();
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

    private static Option find(String name, List<Option> known) throws UsageException {
        if (name.equals("--help") || name.equals("-h")) {
            return Option.flag("--help", "");
        }
        return known.stream().filter(option -> option.name().equals(name)).findFirst()
                .orElseThrow(() -> new UsageException("no option " + name));
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
        return parse(name, "a whole number", Integer::valueOf);
    }

    Optional<Long> longInteger(String name) throws UsageException {
        return parse(name, "a whole number", Long::valueOf);
    }

    Optional<Double> number(String name) throws UsageException {
        return parse(name, "a number", Double::valueOf);
    }

    Optional<Duration> seconds(String name) throws UsageException {
        return number(name).map(seconds -> Duration.ofNanos((long) (seconds * 1e9)));
    }

    private <T> Optional<T> parse(String name, String expected, java.util.function.Function<String, T> parser) throws UsageException {
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
