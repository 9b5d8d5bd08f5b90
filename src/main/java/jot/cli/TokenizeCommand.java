package jot.cli;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import jot.tokenizer.Tokenizer;

/** Shows the tokens of a text. */
final class TokenizeCommand implements Command {

    private static final int PRINTED_AT_ONCE = 1 << 14;

    @Override
    public String name() {
        return "tokenize";
    }

    @Override
    public String summary() {
        return "shows the tokens of a text: id, a tab, and the token, one a line";
    }

    @Override
    public List<Option> options() {
        return List.of(TextInput.TEXT.fileOption(), Option.flag("--plain", "take special tokens in the text as ordinary text"),
                Option.flag("--ids", "print the ids alone, in one line"));
    }

    @Override
    public String synopsis() {
        return TextInput.TEXT.synopsis() + "\n       (MODEL may be a tokenizer file)";
    }

    @Override
    public String examples() {
        return """
                jot tokenize weights/tales "Once upon a time"
                jot tokenize --ids weights/tales/tokenizer.json "<|im_start|>user\"""";
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException, UsageException {
        arguments.expectAtMost(2);
        Tokenizer tokenizer = Tokenizer.load(Models.path(arguments));
        String text = TextInput.TEXT.read(arguments, console);
        int[] ids = arguments.has("--plain") ? tokenizer.encodePlain(text) : tokenizer.encode(text);
        if (arguments.has("--ids")) {
            console.out().println(String.join(" ", Arrays.stream(ids).mapToObj(Integer::toString).toList()));
        } else {
            printLines(tokenizer, ids, console);
        }
        return Main.DONE;
    }

    /** Prints many lines at once, as each print is a call of the system. */
    private static void printLines(Tokenizer tokenizer, int[] ids, Console console) {
        StringBuilder lines = new StringBuilder();
        for (int id : ids) {
            lines.append(id).append('\t').append(tokenizer.token(id)).append(System.lineSeparator());
            if (lines.length() > PRINTED_AT_ONCE) {
                console.out().print(lines);
                lines.setLength(0);
            }
        }
        console.out().print(lines);
    }
}
