package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import jot.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NullArgumentsTest {
    private static final Path MODEL = Path.of("weights/tales");
    private static final GenerationOptions OPTIONS = GenerationOptions.greedy().withMaxTokens(1);
    private static Gpt gpt;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(MODEL);
    }

    @AfterAll
    static void close() {
        gpt.close();
    }

    private static Arguments call(String name, Executable executable) {
        return Arguments.of(name, executable);
    }

    static Stream<Arguments> calls() {
        return Stream.of(call("path", () -> Gpt.load(null, LoadOptions.defaults())), call("options", () -> Gpt.load(MODEL, null)),
                call("path", () -> Gpt.inspect(null)), call("path", () -> Tokenizer.load(null)),
                call("prompt", () -> gpt.generate((String) null)), call("prompt", () -> gpt.generate((int[]) null, OPTIONS)),
                call("options", () -> gpt.generate("a", null)), call("listener", () -> gpt.generate("a", OPTIONS, null)),
                call("listener", () -> gpt.onToken("a", OPTIONS, null)), call("options", () -> gpt.stream("a", null)),
                call("options", () -> gpt.generateAll("a", null)), call("tokens", () -> gpt.logits((int[]) null)),
                call("tokens", () -> gpt.score((int[]) null)), call("options", () -> gpt.score("a b", (ScoreOptions) null)),
                call("options", () -> gpt.choose("a", (String[]) null)), call("continuation", () -> gpt.choose("a", "b", null)),
                call("pooling", () -> gpt.embed("a", null, true)), call("tokens", () -> gpt.embed((int[]) null)),
                call("text", () -> gpt.session().append((String) null)), call("options", () -> gpt.session().generate("a", null)),
                call("ids", () -> gpt.tokenizer().decode((int[]) null)), call("text", () -> gpt.tokenizer().encode(null)),
                call("stop", () -> OPTIONS.withStop("a", null)), call("stop", () -> OPTIONS.withStop((String[]) null)),
                call("deadline", () -> OPTIONS.withDeadline(null)), call("cancellation", () -> OPTIONS.withCancellation(null)),
                call("badWords", () -> OPTIONS.withBadWords(null)), call("badWords", () ->
                        OPTIONS.withBadWords(Arrays.asList((int[]) null))),
                call("logitBias", () -> OPTIONS.withLogitBias(null)), call("endTokens", () -> OPTIONS.withEndTokens((int[]) null)),
                call("step", () -> OPTIONS.withStep(null)));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void nullIsAWrongArgument(String name, Executable executable) {
        assertEquals(name + ": expected a value, found null", assertThrows(IllegalArgumentException.class, executable).getMessage());
    }
}
