package jot.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the documentation shows as a command's output is what the command prints. */
class DocumentedCommandsTest {

    /** A command alone in its block, and the block of text behind it. */
    private static final Pattern SAMPLE = Pattern.compile("^```sh\\njava .*-m jot/jot\\.cli\\.Main (.*)\\n```\\n\\n```text\\n(.*?)^```$",
            Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern OUTPUT = Pattern.compile("^```text$", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    /**
     * A command with the output that a page shows.
     *
     * @param page where it stands
     * @param command what is typed behind the name of the program
     * @param output what the page says it prints
     */
    private record Sample(Path page, String command, String output) {

        String[] words() {
            return WORD.matcher(command).results().map(match -> match.group(1) == null ? match.group(2) : match.group(1))
                    .toArray(String[]::new);
        }

        @Override
        public String toString() {
            return page + ": " + command;
        }
    }

    static List<Sample> samples() throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (Path page : pages()) {
            SAMPLE.matcher(text(page)).results().map(match -> new Sample(page, match.group(1), match.group(2))).forEach(samples::add);
        }
        return samples;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("samples")
    void printsWhatThePageShows(Sample sample) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(sample.words(), new Console(InputStream.nullInputStream(), new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), false));
        assertEquals(0, code, err::toString);
        assertEquals(sample.output(), out.toString(StandardCharsets.UTF_8).replace("\r\n", "\n"));
    }

    /** Output that no command stands above would not be held against anything. */
    @Test
    void everyOutputBelongsToACommand() throws IOException {
        int shown = 0;
        for (Path page : pages()) {
            shown += (int) OUTPUT.matcher(text(page)).results().count();
        }
        assertFalse(samples().isEmpty());
        assertEquals(shown, samples().size());
    }

    private static String text(Path page) throws IOException {
        return Files.readString(page).replace("\r\n", "\n");
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
            return Stream.concat(Stream.of(Path.of("README.md")), docs.filter(file -> file.toString().endsWith(".md")).sorted()).toList();
        }
    }
}
