package jot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

import jot.checkpoint.SafetensorsWriter;

/**
 * Ends a generation from outside as the first thing that its JVM does, in the middle of a long prompt, and prints the reason and how many
 * milliseconds late the generation returned.
 *
 * <p>Arguments: a model folder, the backend, how ({@code cancel}, {@code deadline} or {@code interrupt}), and after how many milliseconds.
 */
public final class InterruptionProgram {

    private static final int PROMPT = 1000;
    private static final int VOCABULARY = 500;
    private static final int WIDTH = 768;

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

    /** Writes a model as wide as GPT-2, of so many blocks. */
    static void write(Path folder, int blocks) throws IOException {
        Files.writeString(folder.resolve("config.json"), String.format(Locale.ROOT, """
                {"model_type": "gpt2", "n_layer": %d, "n_embd": %d, "n_head": 12, "vocab_size": %d, "n_positions": 1024}
                """, blocks, WIDTH, VOCABULARY));
        SafetensorsWriter tensors = new SafetensorsWriter();
        add(tensors, "wte.weight", VOCABULARY, WIDTH);
        add(tensors, "wpe.weight", 1024, WIDTH);
        for (int block = 0; block < blocks; block++) {
            String prefix = "h." + block + ".";
            add(tensors, prefix + "ln_1.weight", WIDTH);
            add(tensors, prefix + "ln_1.bias", WIDTH);
            add(tensors, prefix + "attn.c_attn.weight", WIDTH, 3 * WIDTH);
            add(tensors, prefix + "attn.c_attn.bias", 3 * WIDTH);
            add(tensors, prefix + "attn.c_proj.weight", WIDTH, WIDTH);
            add(tensors, prefix + "attn.c_proj.bias", WIDTH);
            add(tensors, prefix + "ln_2.weight", WIDTH);
            add(tensors, prefix + "ln_2.bias", WIDTH);
            add(tensors, prefix + "mlp.c_fc.weight", WIDTH, 4 * WIDTH);
            add(tensors, prefix + "mlp.c_fc.bias", 4 * WIDTH);
            add(tensors, prefix + "mlp.c_proj.weight", 4 * WIDTH, WIDTH);
            add(tensors, prefix + "mlp.c_proj.bias", WIDTH);
        }
        add(tensors, "ln_f.weight", WIDTH);
        add(tensors, "ln_f.bias", WIDTH);
        tensors.write(folder.resolve("model.safetensors"));
    }

    private static void add(SafetensorsWriter tensors, String name, long... shape) {
        tensors.add(name, index -> (index * 40_503 & 0xFFFF) * 1e-6f - 0.03f, shape);
    }
}
