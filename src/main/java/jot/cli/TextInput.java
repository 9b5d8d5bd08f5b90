package jot.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The text that a command works on: an argument, or a file, or standard input.
 *
 * @param argument what the argument is called in the synopsis
 * @param option the option that names a file instead
 */
record TextInput(String argument, String option) {

    static final TextInput PROMPT = new TextInput("PROMPT", "--prompt-file");
    static final TextInput TEXT = new TextInput("TEXT", "--text-file");

    Option fileOption() {
        return Option.of(option, "FILE", "read " + argument + " from a UTF-8 file, without its last line break");
    }

    /** How a command is called that takes a model and this text. */
    String synopsis() {
        return "[OPTION]... MODEL [" + argument + "]      (without " + argument + " it is read from standard input)";
    }

    /** The text; without its last line break where it comes from a file or from standard input. */
    String read(Arguments arguments, Console console) throws IOException, UsageException {
        Optional<String> given = arguments.place(1);
        Optional<String> file = arguments.text(option);
        if (given.isPresent() && file.isPresent()) {
            throw new UsageException(argument + " and " + option + " contradict each other");
        }
        if (given.isPresent()) {
            return given.get();
        }
        if (file.isPresent()) {
            return withoutLastBreak(readFile(Models.path(file.get())));
        }
        if (console.terminal()) {
            console.err().println("reading " + argument + " from the keyboard; end of file (Ctrl-D, on Windows Ctrl-Z) ends it");
        }
        return withoutLastBreak(decode(console.in().readAllBytes(), "standard input"));
    }

    /** All of a text file. */
    static String readFile(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": expected a text file, found a folder");
        }
        return decode(Files.readAllBytes(file), file.toString());
    }

    private static String decode(byte[] bytes, String source) throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IOException(source + ": expected UTF-8 text, found bytes that are not", e);
        }
    }

    private static String withoutLastBreak(String text) {
        return text.endsWith("\r\n") ? text.substring(0, text.length() - 2) : text.endsWith("\n") ? text.substring(0, text.length() - 1)
                : text;
    }
}
