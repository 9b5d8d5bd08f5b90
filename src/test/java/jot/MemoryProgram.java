package jot;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** Loads a model, generates with it, and prints how much anonymous memory that took at most: see {@link MemoryTest}. */
final class MemoryProgram {
    private static final int PROMPT = 512;
    private static final int GENERATED = 32;

    private MemoryProgram() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        LoadOptions options = LoadOptions.defaults().withWeights(LoadOptions.Weights.valueOf(arguments[1]))
                .withMapping(Boolean.parseBoolean(arguments[2])).withBackend(LoadOptions.Backend.valueOf(arguments[3]));
        Peak peak = new Peak();
        peak.start();
        try (Gpt gpt = Gpt.load(Path.of(arguments[0]), options)) {
            int[] prompt = new int[PROMPT];
            Arrays.setAll(prompt, i -> i * 7 % 1_000);
            int tokens = gpt.generate(prompt, GenerationOptions.greedy().withEndTokens().withMaxTokens(GENERATED)).tokens().length;
            System.out.println(peak.kilobytes() + " " + gpt.info().cacheBytesPerToken() * (PROMPT + GENERATED) + " " + tokens);
        }
    }

    /** Looks again and again, without leaving garbage. */
    private static final class Peak extends Thread {
        private final RandomAccessFile status;
        private final byte[] text = new byte[4_096];
        private final byte[] key = "\nRssAnon:".getBytes(StandardCharsets.US_ASCII);
        private volatile long most;

        Peak() throws IOException {
            status = new RandomAccessFile("/proc/self/status", "r");
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                for (;;) {
                    look();
                    Thread.sleep(2);
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        long kilobytes() throws IOException {
            look();
            return most;
        }

        private synchronized void look() throws IOException {
            status.seek(0);
            int length = status.read(text);
            int at = 0;
            while (!Arrays.equals(text, at, at + key.length, key, 0, key.length)) {
                at++;
            }
            long now = 0;
            for (at += key.length; at < length && text[at] != '\n'; at++) {
                now = text[at] >= '0' && text[at] <= '9' ? 10 * now + text[at] - '0' : now;
            }
            most = Math.max(most, now);
        }
    }
}
