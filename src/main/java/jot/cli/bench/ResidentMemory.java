package jot.cli.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Watches how much memory that belongs to no file this process has resident at most: mapped weights do not count, copies of them, caches
 * and the Java heap do.
 *
 * <p>It looks every few milliseconds, so it may miss what comes and goes faster.
 */
public final class ResidentMemory implements AutoCloseable {

    private static final long PERIOD_MILLIS = 5;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final byte[] NAME = "RssAnon:".getBytes(StandardCharsets.US_ASCII);

    private final Thread thread;
    /** Read into the same array again and again: to watch must not make garbage, which would be memory in use. */
    private final byte[] text = new byte[4096];
    private volatile long peak;
    private volatile boolean closed;

    /** Begins to watch. */
    public ResidentMemory() {
        thread = Thread.ofPlatform().daemon().name("jot-memory").start(this::watch);
    }

    private void watch() {
        if (!Files.isReadable(STATUS)) {
            return;
        }
        try (RandomAccessFile status = new RandomAccessFile(STATUS.toFile(), "r")) {
            while (!closed) {
                status.seek(0);
                int length = status.read(text);
                peak = Math.max(peak, 1024 * numberAfterName(length));
                Thread.sleep(PERIOD_MILLIS);
            }
        } catch (IOException | InterruptedException e) {
            // what was seen until now stays
        }
    }

    /** The kilobytes behind the name, or 0 where the system does not tell. */
    private long numberAfterName(int length) {
        for (int at = 0; at + NAME.length < length; at++) {
            if (Arrays.equals(text, at, at + NAME.length, NAME, 0, NAME.length)) {
                return number(at + NAME.length, length);
            }
        }
        return 0;
    }

    private long number(int from, int length) {
        long number = 0;
        for (int at = from; at < length && text[at] != '\n'; at++) {
            number = Character.isDigit(text[at]) ? 10 * number + text[at] - '0' : number;
        }
        return number;
    }

    /** The most until now, in bytes; 0 where the system does not tell. */
    public long peakBytes() {
        return peak;
    }

    /** Ends watching. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
