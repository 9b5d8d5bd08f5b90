package jot.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import jot.json.NearestNames;

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
        boolean help = name.equals("--help") || name.equals("-h") || name.equals("help");
        if (help && arguments.length == 1) {
            console.out().print(overview());
            return DONE;
        }
        if (name.equals("--version") || name.equals("-V")) {
            console.out().println("jot " + version());
            return DONE;
        }
        String wanted = help ? arguments[1] : name;
        Optional<Command> command = COMMANDS.stream().filter(candidate -> candidate.name().equals(wanted)).findFirst();
        if (command.isEmpty()) {
            List<String> nearest = NearestNames.of(wanted, COMMANDS.stream().map(Command::name).toList());
            console.err().println("jot: no command '" + wanted + "'" + (nearest.isEmpty() ? "" : "; did you mean "
                    + nearest.getFirst() + "?") + "; 'jot --help' lists them");
            return WRONG_USAGE;
        }
        return run(command.get(), Arrays.asList(arguments).subList(help ? 2 : 1, arguments.length), help, console);
    }

    /** Runs a command, or the part of it that the first word names, or shows its help. */
    private static int run(Command command, List<String> words, boolean help, Console console) {
        Optional<Command> part = words.isEmpty() ? Optional.empty()
                : command.parts().stream().filter(each -> each.name().equals(command.name() + " " + words.getFirst())).findFirst();
        List<String> rest = part.isPresent() ? words.subList(1, words.size()) : words;
        return run(part.orElse(command), help ? List.of("--help") : rest, console);
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
            console.err().println("jot " + command.name() + ": " + OptionNames.in(e.getMessage(), command.options()));
            console.err().println("'jot " + command.name() + " --help' shows how it is called");
            return WRONG_USAGE;
        } catch (FileSystemException e) {
            console.err().println("jot " + command.name() + ": " + reason(e));
            return FAILED;
        } catch (IOException e) {
            console.err().println("jot " + command.name() + ": " + e.getMessage());
            return FAILED;
        } catch (IllegalArgumentException | IllegalStateException e) {
            console.err().println("jot " + command.name() + ": " + OptionNames.in(e.getMessage(), command.options()));
            return FAILED;
        } catch (OutOfMemoryError e) {
            console.err().println("jot " + command.name() + ": out of memory (" + e.getMessage() + "); " + cure(e, command));
            return FAILED;
        }
    }

    /** What helps where memory is short: caches lie in the heap, weights outside of it. */
    static String cure(OutOfMemoryError e, Command command) {
        List<String> options = command.options().stream().map(Option::name).toList();
        if (String.valueOf(e.getMessage()).startsWith("Unable to allocate")) {
            return "this is memory outside of the heap, of which a smaller heap (-Xmx) leaves more"
                    + (options.contains("--weights") ? " and a smaller format (--weights) takes less" : "");
        }
        return "a larger heap (-Xmx) " + (options.contains("--context") ? "or a shorter context (--context) helps" : "helps");
    }

    /** What the file system refused: several of its exceptions have no words for it but their name. */
    private static String reason(FileSystemException e) {
        return switch (e) {
            case NoSuchFileException _ -> e.getFile() + ": no such file or folder";
            case AccessDeniedException _ -> e.getFile() + ": permission denied";
            case FileAlreadyExistsException _ -> e.getFile() + ": is there already";
            case NotDirectoryException _ -> e.getFile() + ": is no folder";
            default -> e.getMessage();
        };
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
