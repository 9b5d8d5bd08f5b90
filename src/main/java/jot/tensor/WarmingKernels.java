package jot.tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Vector kernels that plain loops stand in for until the JVM has compiled them.
 *
 * <p>A thread of its own calls each kind of vector kernel on tiny inputs until it is faster than its stand-in, which takes a second or so
 * after the start of a JVM. Both give the same bits, so the change is not seen, but for the speed.
 */
final class WarmingKernels implements Kernels, AutoCloseable {
    /** Kinds of kernels, each of which warms up by itself. */
    private enum Kind { PREFILL, ATTENTION, ROWS, F32, F16, BF16, Q8, Q4 }

    private static final int CALLS = 50;
    private static final int PLAIN_CALLS = 5;
    /** Batches after which the compiler has been asked for everything; from then on there are pauses, so that it gets the processor. */
    private static final int ASKED = 16;
    private static final int BATCHES = 400;
    private static final long PAUSE_MILLIS = 3;

    /** Kinds that are compiled. That is a fact of the JVM, so every model shares it. */
    private static final Set<Kind> HOT = EnumSet.noneOf(Kind.class);

    private final Kernels vector;
    private final Kernels plain;
    private volatile Kernels prefill;
    private volatile Kernels attention;
    private volatile Kernels rows;
    private volatile Kernels decode;
    private volatile String obstacle;
    private volatile boolean closed;
    private Thread thread;

    /**
     * Joins kernels and their stand-in.
     *
     * @param lanes numbers in a vector
     */
    WarmingKernels(Kernels vector, int lanes) {
        this.vector = vector;
        this.plain = new LaneKernels(vector, lanes);
        this.prefill = plain;
        this.attention = plain;
        this.rows = plain;
        this.decode = plain;
    }

    /** Begins to warm up the kernels that a model with weights of these formats needs; a second call does nothing. */
    synchronized void warmUp(Set<WeightFormat> formats) {
        if (thread == null && !closed) {
            Set<Kind> needed = EnumSet.of(Kind.PREFILL, Kind.ATTENTION, Kind.ROWS);
            formats.forEach(format -> needed.add(kind(format)));
            Runnable warming = () -> warmIfRoom(needed);
            thread = Thread.ofPlatform().daemon().name("jot-warm-up").inheritInheritableThreadLocals(false).unstarted(warming);
            thread.setContextClassLoader(null);
            thread.start();
        }
    }

    private static Kind kind(WeightFormat format) {
        return switch (format) {
            case WeightFormat.Plain.F32 -> Kind.F32;
            case WeightFormat.Plain.F16 -> Kind.F16;
            case WeightFormat.Plain.BF16 -> Kind.BF16;
            case WeightFormat.Coded coded -> coded.bits() == 8 ? Kind.Q8 : Kind.Q4;
        };
    }

    /** Where memory does not suffice for warming up, the stand-in stays. */
    private void warmIfRoom(Set<Kind> needed) {
        try {
            warm(needed);
        } catch (OutOfMemoryError e) {
            obstacle = "too little memory to warm up the vector kernels: a larger heap (-Xmx) helps";
            KernelSelection.log("running plain loops in the place of vector kernels, about four times slower: " + obstacle);
        }
    }

    private void warm(Set<Kind> needed) {
        List<Exercise> cold = new ArrayList<>();
        for (Kind kind : needed) {
            if (!isHot(kind)) {
                cold.add(new Exercise(kind));
            }
        }
        use(needed);
        if (!cold.isEmpty() && !isSound()) {
            return;
        }
        for (int batch = 0; batch < BATCHES && !cold.isEmpty() && !closed; batch++) {
            for (Iterator<Exercise> each = cold.iterator(); each.hasNext() && !closed;) {
                Exercise exercise = each.next();
                if (exercise.isFasterThanPlain(batch < ASKED ? CALLS : PLAIN_CALLS)) {
                    setHot(exercise.kind);
                    each.remove();
                    use(needed);
                }
            }
            if (batch >= ASKED) {
                pause();
            }
        }
        if (!closed) {
            needed.forEach(WarmingKernels::setHot);
            use(needed);
        }
    }

    /** Whether the vector kernels compute what they should; if not, the stand-in stays. */
    private boolean isSound() {
        obstacle = KernelSelection.obstacle(vector);
        if (obstacle != null) {
            KernelSelection.log("running plain loops in the place of vector kernels, about four times slower: " + obstacle);
        }
        return obstacle == null;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isHot(Kind kind) {
        synchronized (HOT) {
            return HOT.contains(kind);
        }
    }

    private static void setHot(Kind kind) {
        synchronized (HOT) {
            HOT.add(kind);
        }
    }

    /** Takes the vector kernels of what is compiled. */
    private void use(Set<Kind> needed) {
        prefill = isHot(Kind.PREFILL) ? vector : plain;
        attention = isHot(Kind.PREFILL) && isHot(Kind.ATTENTION) ? vector : plain;
        rows = isHot(Kind.ROWS) ? vector : plain;
        boolean all = needed.stream().filter(kind -> kind.ordinal() >= Kind.F32.ordinal()).allMatch(WarmingKernels::isHot);
        decode = all ? vector : plain;
    }

    /** Ends the warming up and waits for its thread. */
    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closed = true;
            running = thread;
        }
        boolean interrupted = false;
        while (running != null && running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String description() {
        return obstacle == null ? vector.description() : "scalar (" + obstacle + ")";
    }

    @Override
    public int panel() {
        return vector.panel();
    }

    @Override
    public void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                        int fromOutput, int toOutput, Scratch scratch) {
        prefill.prefill(w, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
    }

    @Override
    public void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                       int fromOutput, int toOutput, Scratch scratch) {
        decode.decode(w, bias, x, xColumn, y, yColumn, fromRow, toRow, fromOutput, toOutput, scratch);
    }

    @Override
    public void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                       Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch) {
        attention.attend(shape, queries, queryColumn, sequence, keyOffset, valueOffset, out, outColumn, fromHead, toHead, fromQuery,
            toQuery, scratch);
    }

    @Override
    public void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                          Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        rows.layerNorm(x, column, groups, width, weight, bias, epsilon, y, yColumn, fromRow, toRow, scratch);
    }

    @Override
    public void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                        Activations y, int yColumn, int fromRow, int toRow, Scratch scratch) {
        rows.rmsNorm(x, column, groups, width, weight, epsilon, y, yColumn, fromRow, toRow, scratch);
    }

    @Override
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow) {
        rows.activate(activation, x, column, width, fromRow, toRow);
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow) {
        rows.gate(activation, gate, gateColumn, up, upColumn, y, yColumn, width, fromRow, toRow);
    }

    @Override
    public void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                       int tableWidth, int[] tableRows, int fromRow, int toRow) {
        rows.rotate(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, fromRow, toRow);
    }

    @Override
    public void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int fromRow, int toRow) {
        rows.add(x, xColumn, scale, into, intoColumn, width, fromRow, toRow);
    }

    @Override
    public void scale(Activations x, int column, float scale, int width, int fromRow, int toRow) {
        rows.scale(x, column, scale, width, fromRow, toRow);
    }

    @Override
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow) {
        rows.softcap(x, column, cap, width, fromRow, toRow);
    }

    /** Tiny work for one kind of kernel, with enough rounds in each loop that calls alone do not have to convince the compiler. */
    private final class Exercise {
        /** Rows that need every size of the register tile: 12 + 6 + 4 + 2 + 1. */
        private static final int TILES = 25;
        private static final int INPUTS = 256;
        private static final int STEPS = 32;

        private final Kind kind;
        private final Consumer<Kernels> work;
        private final Scratch scratch = new Scratch();

        Exercise(Kind kind) {
            this.kind = kind;
            this.work = switch (kind) {
                case PREFILL -> prefill();
                case ATTENTION -> attention();
                case ROWS -> rows();
                case F32 -> decode(WeightFormat.F32);
                case F16 -> decode(WeightFormat.F16);
                case BF16 -> decode(WeightFormat.BF16);
                case Q8 -> decode(WeightFormat.Q8);
                case Q4 -> decode(WeightFormat.Q4);
            };
        }

        boolean isFasterThanPlain(int calls) {
            long fast = nanos(vector, calls);
            return fast / calls < nanos(plain, PLAIN_CALLS) / PLAIN_CALLS;
        }

        private long nanos(Kernels kernels, int calls) {
            long start = System.nanoTime();
            for (int call = 0; call < calls && !closed; call++) {
                work.accept(kernels);
            }
            return System.nanoTime() - start;
        }

        private Consumer<Kernels> prefill() {
            Matrix w = Matrix.of(new float[panel() * STEPS], panel(), STEPS);
            Activations x = new Activations(TILES, STEPS);
            Activations y = new Activations(TILES, panel());
            return kernels -> kernels.prefill(w, null, x, 0, y, 0, 0, TILES, 0, panel(), scratch);
        }

        private Consumer<Kernels> attention() {
            int size = Math.max(panel(), STEPS);
            AttentionShape shape = new AttentionShape(2, 1, size, size, 0.1f, 0, 0f, null, null);
            float[][] pages = new float[2][2 * size * AttentionRows.PAGE];
            AttentionRows prompt = new AttentionRows().set(pages, 0, 3, AttentionRows.PAGE, false);
            AttentionRows token = new AttentionRows().set(pages, 0, 1, 2 * AttentionRows.PAGE - 1, true);
            Activations x = new Activations(3, 2 * size);
            Activations y = new Activations(3, 2 * size);
            int values = size * AttentionRows.PAGE;
            return kernels -> {
                kernels.attend(shape, x, 0, token, 0, values, y, 0, 0, 2, 0, 1, scratch);
                kernels.attend(shape, x, 0, prompt, 0, values, y, 0, 0, 1, 0, 3, scratch);
            };
        }

        private Consumer<Kernels> rows() {
            Activations x = new Activations(1, INPUTS);
            Activations y = new Activations(1, INPUTS);
            float[] ones = new float[INPUTS];
            int[] table = new int[1];
            return kernels -> {
                kernels.layerNorm(x, 0, 1, INPUTS, ones, ones, 1e-5f, y, 0, 0, 1, scratch);
                kernels.rmsNorm(x, 0, 1, INPUTS, ones, 1e-5f, y, 0, 0, 1, scratch);
                kernels.activate(Activation.Gelu.TANH, y, 0, INPUTS, 0, 1);
                kernels.activate(Activation.Gelu.ERF, y, 0, INPUTS, 0, 1);
                kernels.gate(new GatedActivation.Product(new Activation.Silu()), x, 0, y, 0, y, 0, INPUTS, 0, 1);
                kernels.rotate(y, 0, 1, INPUTS, INPUTS, false, ones, ones, INPUTS / 2, table, 0, 1);
                kernels.add(x, 0, 1f, y, 0, INPUTS, 0, 1);
            };
        }

        private Consumer<Kernels> decode(WeightFormat format) {
            int outputs = 8;
            Matrix w = Quantizer.convert(Matrix.of(new float[outputs * INPUTS], outputs, INPUTS), format, Arena.ofAuto());
            int few = 7;
            Activations x = new Activations(few, INPUTS);
            Activations y = new Activations(few, outputs);
            return kernels -> {
                kernels.decode(w, null, x, 0, y, 0, 0, 1, 0, outputs, scratch);
                kernels.decode(w, null, x, 0, y, 0, 0, few, 0, outputs, scratch);
            };
        }
    }
}
