package jot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** What {@link LifecycleTest} watches from outside. */
final class LifecycleProgram {
    private static final Path TALES = Path.of("weights/tales");
    private static final GenerationOptions ENDLESS = GenerationOptions.defaults().withSeed(1).withEndTokens().withMaxTokens(1_000_000)
            .withSliding(1);

    private LifecycleProgram() {
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "return" -> begin();
            case "exit" -> {
                begin();
                System.exit(0);
            }
            case "cut" -> cut(LoadOptions.Backend.valueOf(arguments[1]), Integer.parseInt(arguments[2]));
            case "text" -> text();
            case "heartbeat" -> heartbeat();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** Leaves a generation running on a thread that does not keep the JVM alive. */
    private static void begin() throws IOException, InterruptedException {
        Gpt gpt = Gpt.load(TALES);
        CountDownLatch begun = new CountDownLatch(1);
        Thread.ofPlatform().daemon().start(() -> gpt.generate("Once upon a time", ENDLESS, _ -> begun.countDown()));
        begun.await();
        System.out.println("began");
    }

    private static void cut(LoadOptions.Backend backend, int warmUp) throws IOException {
        Path folder = Files.createTempDirectory("cut");
        try (Stream<Path> files = Files.list(TALES)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Path weights = folder.resolve("model.safetensors");
        LoadOptions options = LoadOptions.defaults().withBackend(backend);
        try (Gpt gpt = Gpt.load(folder, options); Gpt copy = Gpt.load(folder, options.withMapping(false))) {
            GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(10);
            for (int i = 0; i < warmUp; i++) {
                gpt.generate("Once upon a time", greedy);
            }
            String expected = copy.generate("Once upon a time", greedy).text();
            try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
                channel.truncate(4_096);
            }
            try {
                gpt.generate("Once upon a time", greedy);
                System.out.println("nothing was thrown");
            } catch (RuntimeException | Error e) {
                System.out.println(e.getClass().getName());
                System.out.println(e.getMessage());
            }
            boolean same = expected.equals(copy.generate("Once upon a time", greedy).text());
            System.out.println(same ? "a copy does not mind" : "a copy differs");
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
        System.out.println("closed");
    }

    private static void text() throws IOException {
        try (Gpt gpt = Gpt.load(TALES)) {
            byte[] text = gpt.generate("I \u0131\u0130i \u0661\u0662\u0663 caf\u00e9", ENDLESS.withMaxTokens(60)).text()
                    .getBytes(StandardCharsets.UTF_8);
            System.out.println(Arrays.hashCode(text));
            System.out.println(Arrays.hashCode(gpt.logits(1, 2, 3)[2]));
            System.out.println(gpt.info());
            gpt.logits(new int[1_312]);
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
    }

    private static void heartbeat() throws Exception {
        int[] prompt = {5, 17, 3, 8, 41};
        GenerationOptions options = GenerationOptions.defaults().withEndTokens().withMaxTokens(30);
        try (Gpt gpt = Gpt.load(Path.of("src/test/resources/models/gpt2"))) {
            List<int[]> alone = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                alone.add(gpt.generate(prompt, options.withSeed(i).withTemperature(1)).tokens());
            }
            List<Long> delays = new ArrayList<>();
            Thread heart = Thread.ofVirtual().start(() -> beat(delays));
            AtomicInteger equal = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int seed = i;
                callers.add(Thread.ofVirtual().start(() -> {
                    int[] tokens = gpt.generate(prompt, options.withSeed(seed).withTemperature(1)).tokens();
                    equal.addAndGet(Arrays.equals(alone.get(seed), tokens) ? 1 : 0);
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            heart.interrupt();
            heart.join();
            System.out.println(equal + " equal");
            delays.sort(null);
            System.out.println(delays.get(delays.size() * 98 / 100));
        }
    }

    /** Notes by how many milliseconds it oversleeps. */
    private static void beat(List<Long> delays) {
        try {
            while (true) {
                long start = System.nanoTime();
                Thread.sleep(2);
                delays.add((System.nanoTime() - start) / 1_000_000 - 2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
