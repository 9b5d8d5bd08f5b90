package jot.reference;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import jot.GenerationOptions;
import jot.generation.Sequence;
import jot.tensor.Backend;

/** Runs some fixtures in a JVM of its own, and prints a hash of the first call's numbers and of how many later calls differed. */
final class LogitsProgram {

    private static final int[] PROMPT = {17, 3, 99, 5, 40, 8};
    private static final int[] NEXT = {9};

    private LogitsProgram() {
    }

    /**
     * Runs.
     *
     * @param arguments backend, then for each fixture name=calls
     */
    public static void main(String[] arguments) throws IOException {
        Backend backend = Backend.valueOf(arguments[0]);
        StringBuilder lines = new StringBuilder();
        for (String argument : Arrays.asList(arguments).subList(1, arguments.length)) {
            String name = argument.substring(0, argument.indexOf('='));
            int calls = Integer.parseInt(argument.substring(name.length() + 1));
            try (LoadedFixture fixture = LoadedFixture.of(LoadedFixture.MODELS.resolve(name), 1, backend)) {
                int first = call(fixture);
                int different = 0;
                for (int i = 1; i < calls; i++) {
                    different += call(fixture) == first ? 0 : 1;
                }
                lines.append(name).append(' ').append(Integer.toHexString(first)).append(' ').append(different).append('\n');
            }
        }
        System.out.write(lines.toString().getBytes(StandardCharsets.US_ASCII));
        System.out.flush();
    }

    /** A prompt, then token by token, then the probabilities that a sampler would draw from. */
    private static int call(LoadedFixture fixture) {
        Sequence sequence = new Sequence(fixture.inference());
        sequence.append(PROMPT, () -> false);
        int hash = Arrays.hashCode(sequence.logits());
        for (int token : NEXT) {
            sequence.append(new int[] {token}, () -> false);
            hash = 31 * hash + Arrays.hashCode(sequence.logits());
        }
        GenerationOptions options = GenerationOptions.defaults().withTemperature(0.7).withTopP(0.95);
        return 31 * hash + Arrays.hashCode(options.probabilities(sequence.logits(), PROMPT, NEXT));
    }
}
