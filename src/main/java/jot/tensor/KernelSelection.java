package jot.tensor;

import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which kernels run on this JVM, and why: a ladder of conditions, each of which names its cure where it is not met.
 *
 * <p>Immutable and thread-safe. What stands in the way of the vector kernels is logged once a JVM, to the logger {@code jot.tensor}.
 */
public final class KernelSelection {
    private static final String MODULE = "jdk.incubator.vector";
    private static final Set<Integer> KNOWN_BITS = Set.of(128, 256, 512);
    private static final Set<String> LOGGED = ConcurrentHashMap.newKeySet();

    private final Kernels kernels;
    private final String description;

    private KernelSelection(Kernels kernels, String description) {
        this.kernels = kernels;
        this.description = description;
    }

    /**
     * Chooses kernels.
     *
     * <p>Asked for the vector kernels, it gives them wherever they can run, if need be slowly and with a warning.
     *
     * @param backend what is asked for
     * @return the choice
     * @throws IllegalStateException if vector kernels are asked for and cannot run; the message says what to change
     */
    public static KernelSelection choose(Backend backend) {
        return switch (backend) {
            case SCALAR -> new KernelSelection(new ScalarKernels(), "scalar");
            case VECTOR -> vector();
            case AUTO -> auto();
        };
    }

    private static KernelSelection vector() {
        String obstacle = missingModule();
        String slow = slowCompiler();
        if (obstacle == null && slow != null) {
            log("vector kernels as asked for, though " + slow);
        }
        Found found = obstacle == null ? load() : new Found(null, obstacle);
        if (found.obstacle != null) {
            throw new IllegalStateException("the vector kernels cannot run: " + found.obstacle);
        }
        return new KernelSelection(found.kernels, found.kernels.description());
    }

    private static KernelSelection auto() {
        String obstacle = firstNonNull(missingModule(), slowCompiler());
        Found found = obstacle == null ? load() : new Found(null, obstacle);
        if (found.obstacle != null) {
            log("running scalar kernels, about four times slower than vector kernels: " + found.obstacle);
            return new KernelSelection(new ScalarKernels(), "scalar (" + found.obstacle + ")");
        }
        return new KernelSelection(found.kernels, found.kernels.description());
    }

    private static String firstNonNull(String first, String second) {
        return first != null ? first : second;
    }

    private static String missingModule() {
        boolean present = ModuleLayer.boot().findModule(MODULE).isPresent();
        return present ? null : "the module " + MODULE + " is not there: start java with --add-modules " + MODULE;
    }

    /** Only C2 turns vector operations into instructions; elsewhere they are 8 to 100 times slower than plain loops. */
    private static String slowCompiler() {
        String machine = System.getProperty("java.vm.name", "").toLowerCase(Locale.ROOT);
        String mode = System.getProperty("java.vm.info", "").toLowerCase(Locale.ROOT);
        if (machine.contains("openj9")) {
            return "OpenJ9 does not compile the Vector API: use a HotSpot JVM";
        }
        if (mode.contains("interpreted mode")) {
            return "the JVM only interprets: leave out -Xint";
        }
        if (mode.contains("emulated-client") || machine.contains("client") || machine.contains("zero")) {
            return "the JVM's optimising compiler is off: leave out -XX:TieredStopAtLevel and -XX:CompilationMode, or use a server JVM";
        }
        return null;
    }

    /** The vector kernels after a look at the machine and a trial of each. */
    private static Found load() {
        try {
            Kernels vector = (Kernels) Class.forName("jot.tensor.VectorKernels").getDeclaredConstructor().newInstance();
            int bits = Integer.parseInt(vector.description().replaceAll("\\D", ""));
            if (!KNOWN_BITS.contains(bits)) {
                return new Found(null, "vectors of " + bits + " bits are unknown here: -XX:MaxVectorSize sets 16, 32 or 64 bytes");
            }
            if (!Elementary.FUSED) {
                log("this machine multiplies and adds in two steps, at half the speed; if -XX:-UseFMA was given, leave it out");
            }
            String mismatch = new KernelCheck(vector).firstMismatch();
            return mismatch == null ? new Found(vector, null)
                : new Found(null, "on this JVM " + mismatch + " gives wrong numbers: use another JDK");
        } catch (ReflectiveOperationException | LinkageError failure) {
            return new Found(null, "this JDK's " + MODULE + " does not fit (" + failure + "): use another JDK");
        }
    }

    private static void log(String message) {
        if (LOGGED.add(message)) {
            System.getLogger("jot.tensor").log(System.Logger.Level.WARNING, message);
        }
    }

    Kernels kernels() {
        return kernels;
    }

    /**
     * Names the kernels, and why they are not the vector kernels where those could not run.
     *
     * @return for example {@code vector 512-bit} or {@code scalar}
     */
    public String description() {
        return description;
    }

    /** Vector kernels, or what stands in their way. */
    private record Found(Kernels kernels, String obstacle) { }
}
