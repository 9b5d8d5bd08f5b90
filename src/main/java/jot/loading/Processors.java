package jot.loading;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The processors that this process may use, as the files of Linux describe them.
 *
 * <p>Two hardware threads of one core share its arithmetic units, which one busy thread fills already: a second one only makes more threads
 * wait for each other at the end of each loop. Immutable and thread-safe.
 *
 * @param topology has a folder {@code cpuN/topology} for each processor, see the kernel's {@code admin-guide/cputopology}
 * @param status says in its line {@code Cpus_allowed_list} which of them the process may run on
 */
public record Processors(Path topology, Path status) {

    private static final int MOST = 1 << 16;

    /** Threads that compute in this process unless a number is set: see {@link #threads}. */
    public static int defaultThreads() {
        return new Processors(Path.of("/sys/devices/system/cpu"), Path.of("/proc/self/status"))
                .threads(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Threads that compute unless a number is set: one for each available processor, or for each core where some processors are siblings.
     *
     * @param available what the JVM counts, quotas of a container included
     * @return 1 to {@code available}
     */
    public int threads(int available) {
        BitSet allowed = allowed();
        Set<BitSet> cores = new HashSet<>();
        for (int cpu = allowed.nextSetBit(0); cpu >= 0; cpu = allowed.nextSetBit(cpu + 1)) {
            BitSet core = siblings(cpu);
            core.and(allowed);
            core.set(cpu);
            cores.add(core);
        }
        return cores.size() < allowed.cardinality() ? Math.min(available, cores.size()) : available;
    }

    private BitSet allowed() {
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst()
                    .map(line -> list(line.substring(line.indexOf(':') + 1))).orElseGet(BitSet::new);
        } catch (IOException | RuntimeException unknown) {
            return new BitSet();
        }
    }

    /** The processors of one core; empty where the system does not tell. */
    private BitSet siblings(int cpu) {
        Path folder = topology.resolve("cpu" + cpu, "topology");
        return read(folder.resolve("core_cpus_list")).or(() -> read(folder.resolve("thread_siblings_list"))).orElseGet(BitSet::new);
    }

    private static Optional<BitSet> read(Path file) {
        try {
            return Optional.of(list(Files.readString(file)));
        } catch (IOException | RuntimeException unknown) {
            return Optional.empty();
        }
    }

    /** The numbers of a list such as {@code 0-3,8}. */
    private static BitSet list(String text) {
        BitSet numbers = new BitSet();
        for (String part : text.strip().split(",")) {
            String[] ends = part.strip().split("-");
            int from = Integer.parseInt(ends[0]);
            int to = Integer.parseInt(ends[ends.length - 1]);
            if (to >= MOST) {
                throw new IllegalArgumentException("processor " + to);
            }
            numbers.set(from, to + 1);
        }
        return numbers;
    }
}
