package jot;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.stream.Stream;

/** Does the same many times, and prints what the process holds before and after: see {@link LeakTest}. */
final class LeakProgram {
    private static final int GENERATIONS = 10_000;
    /** By then the compiler has done nearly all of its work, which takes memory that it keeps. */
    private static final int WARM_UP_GENERATIONS = 23_000;
    /** After which each worker has the arrays that compiled kernels use. */
    private static final int GENERATIONS_ON_ALL_KERNELS = 1_000;
    private static final int WARM_UP_ROUNDS = 260;
    private static final int ROUNDS = 200;
    private static final long WARM_UP_NANOS = 20_000_000_000L;
    private static final int[] PROMPT = {5, 17, 3, 8, 41};
    private static final GenerationOptions FEW = GenerationOptions.greedy().withEndTokens().withMaxTokens(3);

    private LeakProgram() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "generations" -> {
                try (Gpt gpt = Gpt.load(folder)) {
                    generations(gpt, WARM_UP_GENERATIONS);
                    awaitWarmUp();
                    generations(gpt, GENERATIONS_ON_ALL_KERNELS);
                    print();
                    generations(gpt, GENERATIONS);
                    print();
                }
            }
            case "rounds" -> {
                rounds(folder, WARM_UP_ROUNDS);
                print();
                rounds(folder, ROUNDS);
                print();
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** In every way there is, ends that are no good ones included. */
    private static void generations(Gpt gpt, int count) {
        Session session = gpt.session();
        for (int i = 0; i < count; i++) {
            switch (i % 6) {
                case 0 -> gpt.generate(PROMPT, FEW);
                case 1 -> gpt.generate(PROMPT, FEW.withDeadline(java.time.Duration.ofNanos(1)));
                case 2 -> gpt.generateAll(PROMPT, FEW.withBeams(2));
                case 3 -> refused(gpt);
                case 4 -> session(session);
                default -> abandoned(gpt);
            }
        }
    }

    private static void refused(Gpt gpt) {
        try {
            gpt.generate(new int[] {1, -1}, FEW);
            throw new AssertionError("a token of -1 was taken");
        } catch (IllegalArgumentException expected) {
            gpt.score(PROMPT);
        }
    }

    private static void session(Session session) {
        session.append(PROMPT);
        session.fork().generate(FEW);
        session.rewind(0);
    }

    /** Leaves a second session behind in the middle of things. */
    private static void abandoned(Gpt gpt) {
        Session session = gpt.session();
        session.append(PROMPT);
        session.generate(FEW);
    }

    private static void rounds(Path folder, int count) throws IOException {
        LoadOptions.Weights[] formats = LoadOptions.Weights.values();
        for (int i = 0; i < count; i++) {
            LoadOptions options = LoadOptions.defaults().withMapping(i % 3 != 0).withWeights(formats[i % formats.length])
                    .withPrefixCacheBytes(1 << 20);
            try (Gpt gpt = Gpt.load(folder, options)) {
                gpt.generate(PROMPT, FEW);
            }
        }
    }

    /** Bytes on the heap in use, kilobytes of anonymous memory, threads, open files, mapped regions. */
    private static void print() throws IOException, InterruptedException {
        awaitWarmUp();
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            Thread.sleep(50);
            used = Math.min(used, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        System.out.println(used + " " + anonymousKilobytes() + " " + Thread.getAllStackTraces().size() + " " + count("/proc/self/fd") + " "
                + lines("/proc/self/maps"));
    }

    /** Waits, not for ever, until the kernels are compiled: what is made for that is gone then. */
    private static void awaitWarmUp() throws InterruptedException {
        long end = System.nanoTime() + WARM_UP_NANOS;
        while (System.nanoTime() < end
                && Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals("jot-warm-up"))) {
            Thread.sleep(20);
        }
    }

    private static long anonymousKilobytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).sum();
        }
    }

    private static long count(String folder) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of(folder))) {
            return entries.count();
        }
    }

    private static long lines(String file) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            Iterator<String> each = lines.iterator();
            long count = 0;
            while (each.hasNext()) {
                each.next();
                count++;
            }
            return count;
        }
    }
}
