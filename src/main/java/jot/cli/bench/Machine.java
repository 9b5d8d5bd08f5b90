package jot.cli.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What figures are measured on: the processor, and the JVM. */
public final class Machine {

    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    private Machine() {
    }

    /** The name of the processor and how many the JVM may use, as far as the system tells. */
    public static String processor() {
        String name = value(PROCESSORS, "model name");
        return (name.isEmpty() ? System.getProperty("os.arch") : name) + ", " + Runtime.getRuntime().availableProcessors() + " processors";
    }

    /** The version of Java, and whose it is. */
    public static String java() {
        return System.getProperty("java.version") + ", " + System.getProperty("java.vendor");
    }

    /** What stands behind a name and a colon in a file of the system, or nothing. */
    private static String value(Path file, String name) {
        if (!Files.isReadable(file)) {
            return "";
        }
        try {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            return lines.stream().filter(line -> line.startsWith(name)).findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
