package jot.cli;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The command line: {@code jot COMMAND [OPTION]… [ARGUMENT]…}. */
public final class Main {

    /** Exit code of a command that did its work. */
    static final int DONE = 0;
    /** Exit code of a command that failed. */
    static final int FAILED = 1;
    /** Exit code of a command that was called wrongly. */
    static final int WRONG_USAGE = 2;

    private static final List<Command> COMMANDS = List.of(new GenerateCommand(), new TokenizeCommand(), new LogitsCommand(),
            new ScoreCommand(), new ClassifyCommand(), new InspectCommand(), new VerifyCommand(), new BenchCommand());

    private Main() {
    }

    /**
     * Runs a command and exits with its code.
     *
     * @param arguments the command's name, options and arguments
     */
    public static void main(String[] arguments) {
        Console console = Console.system();
        int code = run(arguments, console);
        if (console.out().checkError() && code == DONE) {
            console.err().println("jot: standard output could not be written");
            code = FAILED;
        }
        System.exit(code);
    }

    /** Runs a command and returns its exit code. */
    static int run(String[] arguments, Console console) {
        if (arguments.length == 0) {
            console.err().print(overview());
            return WRONG_USAGE;
        }
        String name = arguments[0];
        if (name.equals("--help") || name.equals("-h") || name.equals("help")) {
            console.out().print(overview());
            return DONE;
        }
        if (name.equals("--version") || name.equals("-V")) {
            console.out().println("jot " + version());
            return DONE;
        }
        Optional<Command> command = COMMANDS.stream().filter(candidate -> candidate.name().equals(name)).findFirst();
        if (command.isEmpty()) {
            console.err().println("jot: no command '" + name + "'; 'jot --help' lists them");
            return WRONG_USAGE;
        }
        return run(command.get(), Arrays.asList(arguments).subList(1, arguments.length), console);
    }

    private static int run(Command command, List<String> arguments, Console console) {
        try {
            Arguments parsed = Arguments.parse(arguments, command.options());
            if (parsed.has("--help")) {
                console.out().print(command.help());
                return DONE;
            }
            return command.run(parsed, console);
        } catch (UsageException e) {
            console.err().println("jot " + command.name() + ": " + e.getMessage());
            console.err().println("'jot " + command.name() + " --help' shows how it is called");
            return WRONG_USAGE;
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            console.err().println("jot " + command.name() + ": " + e.getMessage());
            return FAILED;
        } catch (OutOfMemoryError e) {
            console.err().println("jot " + command.name() + ": out of memory (" + e.getMessage() + "); a larger heap (-Xmx) or a shorter "
                    + "context (--context) helps");
            return FAILED;
        }
    }

    private static String overview() {
        StringBuilder text = new StringBuilder("""
                jot: GPT models in pure Java

                usage: jot COMMAND [OPTION]... [ARGUMENT]...

                """);
        for (Command command : COMMANDS) {
            text.append(String.format(Locale.ROOT, "  %-10s %s%n", command.name(), command.summary()));
        }
        return text.append("""

                'jot COMMAND --help' explains a command, 'jot --version' prints the version.

                examples:
                  jot generate weights/tales "Once upon a time"
                  echo "The dog" | jot generate --max-tokens 40 --seed 7 weights/tales
                  jot inspect weights/tales
                """).toString();
    }

    /** The version of the jar, or a word where the classes do not come from one. */
    static String version() {
        return Optional.ofNullable(Main.class.getModule().getDescriptor()).flatMap(module -> module.rawVersion())
                .or(() -> Optional.ofNullable(Main.class.getPackage().getImplementationVersion())).orElse("(development)");
    }
}
