package jot;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends a generation from outside as the first thing that its JVM does, in the middle of a long prompt, and prints the reason and how many
 * milliseconds late the generation returned.
 *
 * <p>Arguments: a model folder, the backend, how ({@code cancel}, {@code deadline} or {@code interrupt}), and after how many milliseconds.
 */
public final class InterruptionProgram {

    private static final int PROMPT = 1000;
    /** Tokens of the vocabulary that the prompt is made of. */
    static final int VOCABULARY = 500;

    private InterruptionProgram() {
    }

    public static void main(String[] arguments) throws IOException {
        LoadOptions options = LoadOptions.defaults().withBackend(LoadOptions.Backend.valueOf(arguments[1]));
        String how = arguments[2];
        long nanos = Duration.ofMillis(Long.parseLong(arguments[3])).toNanos();
        int[] prompt = new int[PROMPT];
        for (int i = 0; i < PROMPT; i++) {
            prompt[i] = i * 7919 % VOCABULARY;
        }
        try (Gpt gpt = Gpt.load(Path.of(arguments[0]), options)) {
            Cancellation cancellation = new Cancellation();
            GenerationOptions generation = GenerationOptions.greedy().withMaxTokens(1).withCancellation(cancellation);
            Thread caller = Thread.currentThread();
            long end = System.nanoTime() + nanos;
            switch (how) {
                case "cancel" -> at(end, cancellation::cancel);
                case "interrupt" -> at(end, caller::interrupt);
                default -> generation = generation.withDeadline(Duration.ofNanos(nanos));
            }
            Generation found = gpt.generate(prompt, generation);
            System.out.printf(Locale.ROOT, "%s %.1f%n", found.stopReason(), (System.nanoTime() - end) / 1e6);
        }
    }

    private static void at(long end, Runnable action) {
        Thread.ofPlatform().daemon().start(() -> {
            for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            action.run();
        });
    }
}
