package jot.tensor;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which kernels run on this JVM, and why: a ladder of conditions, each of which names its cure where it is not met.
 *
 * <p>Immutable and thread-safe. What stands in the way of the vector kernels is logged once a JVM, to the logger {@code jot.tensor}.
 */
public final class KernelSelection implements AutoCloseable {
    private static final String MODULE = "jdk.incubator.vector";
    private static final Set<Integer> KNOWN_BITS = Set.of(128, 256, 512);
    /** Outputs whose sums fill a line of a cache. */
    private static final int LINE = 16;
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
        String wrong = found.obstacle != null ? found.obstacle : obstacle(found.kernels);
        if (wrong != null) {
            throw new IllegalStateException("the vector kernels cannot run: " + wrong);
        }
        return new KernelSelection(warming(found.kernels), found.kernels.description());
    }

    private static KernelSelection auto() {
        String obstacle = firstNonNull(missingModule(), slowCompiler());
        Found found = obstacle == null ? load() : new Found(null, obstacle);
        if (found.obstacle != null) {
            log("running scalar kernels, about half as fast as vector kernels: " + found.obstacle);
            return new KernelSelection(new ScalarKernels(), "scalar (" + found.obstacle + ")");
        }
        return new KernelSelection(warming(found.kernels), found.kernels.description());
    }

    private static Kernels warming(Kernels vector) {
        return new WarmingKernels(vector, bits(vector) / Float.SIZE);
    }

    private static int bits(Kernels vector) {
        return Integer.parseInt(vector.description().replaceAll("\\D", ""));
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

    /** The vector kernels after a look at the machine; the trial of each comes with their warming up, or with the explicit wish. */
    private static Found load() {
        try {
            Kernels vector = (Kernels) Class.forName("jot.tensor.VectorKernels").getDeclaredConstructor().newInstance();
            int bits = bits(vector);
            if (!KNOWN_BITS.contains(bits)) {
                return new Found(null, "vectors of " + bits + " bits are unknown here: -XX:MaxVectorSize sets 16, 32 or 64 bytes");
            }
            if (!Elementary.FUSED) {
                log("this machine multiplies and adds in two steps, at half the speed; if -XX:-UseFMA was given, leave it out");
            }
            return new Found(vector, null);
        } catch (ReflectiveOperationException | LinkageError failure) {
            return new Found(null, misfit(failure));
        }
    }

    /** What is wrong with the vector kernels after a trial of each on this JVM, or null. */
    private static String obstacle(Kernels vector) {
        return Arrays.stream(WarmingKernels.Kind.values()).map(kind -> obstacle(vector, kind)).filter(Objects::nonNull).findFirst()
            .orElse(null);
    }

    /** What is wrong with one kind of vector kernels after a trial on this JVM, or null. */
    static String obstacle(Kernels vector, WarmingKernels.Kind kind) {
        try {
            String mismatch = new Check(vector).mismatch(kind);
            return mismatch == null ? null : "on this JVM " + mismatch + " gives wrong numbers: use another JDK";
        } catch (LinkageError failure) {
            return misfit(failure);
        }
    }

    private static String misfit(Throwable failure) {
        String firstLine = failure.toString().lines().findFirst().orElseThrow();
        return "this JDK's " + MODULE + " does not fit (" + firstLine + "): use another JDK";
    }

    static void log(String message) {
        if (LOGGED.add(message)) {
            System.getLogger("jot.tensor").log(System.Logger.Level.WARNING, message);
        }
    }

    /**
     * Begins to warm up what a model needs, if the kernels need that; called again, it adds the formats to those of the calls before.
     *
     * @param formats formats of its matrices, as far as they are known
     * @param later whether to wait for the first token, as the model is so small that its first prompt is over sooner
     */
    public void warmUp(Set<WeightFormat> formats, boolean later) {
        if (kernels instanceof WarmingKernels warming) {
            warming.warmUp(formats, later);
        }
    }

    /** Ends the warming up, if it still goes on. */
    @Override
    public void close() {
        if (kernels instanceof WarmingKernels warming) {
            warming.close();
        }
    }

    /**
     * How many outputs of a matrix these kernels like to have side by side, see {@link Quantizer}: as many as they can multiply so, yet
     * few enough that each thread gets its share. No result depends on it.
     *
     * @param format the format of the matrix
     * @param outputs its outputs, at least 1
     * @param threads that will multiply it, at least 1
     * @return a number of outputs, or 1 if the matrix is to lie row by row
     */
    public int outputsSideBySide(WeightFormat format, int outputs, int threads) {
        int most = kernels.outputsSideBySide(format);
        if (most == 1) {
            return 1;
        }
        int tiles = threads * Math.ceilDiv(Math.ceilDiv(outputs, threads), most);
        return Math.min(most, Math.ceilDiv(Math.ceilDiv(outputs, tiles), LINE) * LINE);
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
        return kernels instanceof WarmingKernels ? kernels.description() : description;
    }

    /** Vector kernels, or what stands in their way. */
    private record Found(Kernels kernels, String obstacle) { }

    /**
     * Runs every kernel once on a tiny input and holds the result against the scalar kernels.
     *
     * <p>This finds a JDK whose incubating module has changed (a {@link LinkageError}) or a machine on which some operation goes wrong.
     */
    private static final class Check {
        private static final int ROWS = 3;
        private static final int INPUTS = 64;
        private static final int PAGE = AttentionRows.PAGE;
        private static final double TOLERANCE = 1e-3;

        private final Kernels kernels;
        private final Kernels expected = new ScalarKernels();
        private final Scratch scratch = new Scratch();

        Check(Kernels kernels) {
            this.kernels = kernels;
        }

        /** The operation whose result is wrong, or null. */
        String mismatch(WarmingKernels.Kind kind) {
            return switch (kind) {
                case EXPONENTIALS, ATTENTION -> attentionAgrees() ? null : "attention";
                case ROWS -> rowsAgree() ? null : "an operation on rows";
                default -> productsAgree(kind.format, kind.later) ? null : "product with " + kind.format.label() + " weights";
            };
        }

        private boolean productsAgree(WeightFormat format, boolean decode) {
            int outputs = kernels.panel() + 5;
            Matrix w = Quantizer.convert(Matrix.of(numbers(outputs * INPUTS), outputs, INPUTS), format, Arena.ofAuto());
            Activations x = rows(INPUTS);
            Activations y = new Activations(ROWS, outputs);
            Activations z = new Activations(ROWS, outputs);
            expected.decode(w, null, x, 0, z, 0, 0, ROWS, 0, outputs, scratch);
            if (decode) {
                kernels.decode(w, null, x, 0, y, 0, 0, 1, 0, outputs, scratch);
                kernels.decode(w, null, x, 0, y, 0, 1, ROWS, 0, outputs, scratch);
            } else {
                kernels.prefill(w, null, x, 0, y, 0, 0, ROWS, 0, outputs, scratch);
            }
            return agree(y, z);
        }

        private boolean attentionAgrees() {
            AttentionShape shape = new AttentionShape(2, 1, 16, 16, 0.25f, 0, 0f, new float[] {0.5f, 0.25f}, null);
            float[][] pages = {numbers(32 * PAGE), numbers(32 * PAGE)};
            boolean agree = true;
            for (boolean decode : new boolean[] {false, true}) {
                agree &= attentionAgrees(shape, new AttentionRows().set(pages, 0, ROWS, PAGE - 1, decode));
            }
            return agree;
        }

        private boolean attentionAgrees(AttentionShape shape, AttentionRows sequence) {
            Activations y = new Activations(ROWS, 32);
            Activations z = new Activations(ROWS, 32);
            Activations queries = rows(32);
            expected.attend(shape, queries, 0, sequence, 0, 16 * PAGE, z, 0, 0, 2, 0, ROWS, scratch);
            kernels.attend(shape, queries, 0, sequence, 0, 16 * PAGE, y, 0, 0, 2, 0, ROWS, scratch);
            return agree(y, z);
        }

        private boolean rowsAgree() {
            Activations y = rows(INPUTS);
            Activations z = rows(INPUTS);
            inSequence(kernels, y);
            inSequence(expected, z);
            return agree(y, z);
        }

        private void inSequence(Kernels under, Activations x) {
            float[] ones = new float[INPUTS];
            Arrays.fill(ones, 0.5f);
            under.layerNorm(x, 0, 1, INPUTS, ones, ones, 1e-5f, x, 0, 0, ROWS, scratch);
            under.activate(Activation.Gelu.TANH, x, 0, INPUTS, 0, ROWS, scratch);
            under.rmsNorm(x, 0, 2, INPUTS / 2, null, 1e-5f, x, 0, 0, ROWS, scratch);
            under.activate(Activation.Gelu.ERF, x, 0, INPUTS, 0, ROWS, scratch);
            under.gate(new GatedActivation.Product(new Activation.Silu()), x, 0, rows(INPUTS), 0, x, 0, INPUTS, 0, ROWS, scratch);
            under.rotate(x, 0, 1, INPUTS, INPUTS, false, ones, ones, INPUTS / 2, new int[ROWS], 0, ROWS);
            under.add(x, 0, 0.5f, x, 0, INPUTS, 0, ROWS);
            under.softcap(x, 0, 2f, INPUTS, 0, ROWS, scratch);
        }

        private static boolean agree(Activations y, Activations z) {
            for (int row = 0; row < ROWS; row++) {
                for (int i = 0; i < y.width(); i++) {
                    float expected = z.values()[z.at(row) + i];
                    float found = y.values()[y.at(row) + i];
                    if (!(Math.abs(found - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
                        return false;
                    }
                }
            }
            return true;
        }

        private static Activations rows(int width) {
            Activations x = new Activations(ROWS, width);
            System.arraycopy(numbers(x.values().length), 0, x.values(), 0, x.values().length);
            return x;
        }

        /** Numbers from −1 to 1 without a pattern. */
        private static float[] numbers(int count) {
            float[] values = new float[count];
            int state = 1;
            for (int i = 0; i < count; i++) {
                state = state * 1_664_525 + 1_013_904_223;
                values[i] = state / 0x1p31f;
            }
            return values;
        }
    }
}
