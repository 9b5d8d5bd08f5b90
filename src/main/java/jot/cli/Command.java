package jot.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** One command of the command line. */
interface Command {

    /** What it is called. */
    String name();

    /** What it does, in a few words. */
    String summary();

    /** The options that it takes. */
    List<Option> options();

    /** How it is called: what stands behind its name. */
    String synopsis();

    /** A few lines of examples. */
    String examples();

    /**
     * Does its work.
     *
     * @return the exit code
     * @throws UsageException if it was called wrongly
     */
    int run(Arguments arguments, Console console) throws IOException, UsageException;

    /** Commands of their own whose names begin with this one's. */
    default List<Command> parts() {
        return List.of();
    }

    /** Its help page. */
    default String help() {
        StringBuilder text = new StringBuilder("jot " + name() + ": " + summary() + "\n\nusage: jot " + name() + " " + synopsis() + "\n\n");
        for (Option option : options()) {
            text.append(String.format(Locale.ROOT, "  %-24s %s%n", option.name() + (option.value() == null ? "" : " " + option.value()),
                    option.text()));
        }
        text.append(String.format(Locale.ROOT, "  %-24s %s%n", "--help", "this page"));
        if (!parts().isEmpty()) {
            text.append("\nbeside it, each with a help page of its own:\n");
            parts().forEach(part -> text.append(String.format(Locale.ROOT, "  jot %-20s %s%n", part.name(), part.summary())));
        }
        return text.append("\nexamples:\n").append(examples().indent(2)).toString();
    }
}
