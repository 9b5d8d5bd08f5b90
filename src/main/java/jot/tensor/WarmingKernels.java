package jot.tensor;

import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Vector kernels that plain loops stand in for until the JVM has compiled them.
 *
 * <p>A thread of its own makes the JVM compile each kind of vector kernel, which takes some tenths of a second after the start, and lets
 * it take over when it is faster than its stand-in. Both give the same bits, so the change is not seen, but for the speed.
 *
 * <p>The JVM compiles what is called often. As each vector operation takes microseconds and makes objects until then, and the compiler
 * would be kept busy with the JDK's substitutes for them, most of these calls are hollow: they ask for no work at all, and the innermost
 * methods return at once. The few real calls in between show the compiler which way the work goes.
 */
final class WarmingKernels implements Kernels, AutoCloseable {
    /** Kinds of kernels in the order in which they warm up, each of which takes over by itself. */
    enum Kind {
        /** Many rows times a matrix. */
        PREFILL_F32(WeightFormat.F32, false),
        /** Attention. */
        ATTENTION(null, false),
        /** Many rows times a matrix. */
        PREFILL_F16(WeightFormat.F16, false),
        /** Many rows times a matrix. */
        PREFILL_BF16(WeightFormat.BF16, false),
        /** Many rows times a matrix. */
        PREFILL_Q8(WeightFormat.Q8, false),
        /** Many rows times a matrix. */
        PREFILL_Q4(WeightFormat.Q4, false),
        /** Norms, activations and the like, where plain loops do nearly as well. */
        ROWS(null, true),
        /** Few rows times a matrix. */
        DECODE_F32(WeightFormat.F32, true),
        /** Few rows times a matrix. */
        DECODE_F16(WeightFormat.F16, true),
        /** Few rows times a matrix. */
        DECODE_BF16(WeightFormat.BF16, true),
        /** Few rows times a matrix. */
        DECODE_Q8(WeightFormat.Q8, true),
        /** Few rows times a matrix. */
        DECODE_Q4(WeightFormat.Q4, true);

        /** The format of the weights that it multiplies, or null. */
        final WeightFormat format;
        /** Whether it can wait until tokens are generated. */
        final boolean later;

        Kind(WeightFormat format, boolean later) {
            this.format = format;
            this.later = later;
        }

        private boolean multiplies(WeightFormat weights) {
            return weights instanceof WeightFormat.Coded coded
                ? format instanceof WeightFormat.Coded own && (own.bits() == 8) == (coded.bits() == 8) : weights.equals(format);
        }
    }

    /** Kinds that every model needs. */
    private static final Set<Kind> COMMON = EnumSet.of(Kind.PREFILL_F32, Kind.ATTENTION, Kind.ROWS);
    private static final GatedActivation SILU = new GatedActivation.Product(new Activation.Silu());
    private static final AttentionShape SHAPE = new AttentionShape(1, 1, 1, 1, 0.1f, 0, 0f, null, null);
    private static final int[] TABLE = {0};
    private static final int OUTPUTS = 8;
    /** Rows that need every size of the kernels for few rows. */
    private static final int SOME = 15;
    /** Real calls in a round that asks. */
    private static final int CALLS = 5;
    /**
     * Hollow calls to each real one. Innermost loops must go round at least once in four calls on average, or the compiler takes them
     * for a rare case and leaves calls in them.
     */
    private static final int HOLLOW_CALLS = 50;
    /** Rounds that ask the compiler for a kind; later ones only look whether it has done it. */
    private static final int ASKING_ROUNDS = 60;
    /** Rounds after which the next kind begins, whether or not this one is compiled. */
    private static final int PATIENT_ROUNDS = 60;
    /** Rounds after which nothing is expected any more of a kind that is still slow: the stand-in stays. */
    private static final int MOST_ROUNDS = 20_000;
    private static final long PAUSE_MILLIS = 1;
    /** How long the kernels for few rows wait for a first call before they warm up, as the processors have other work at a start. */
    private static final long DECODE_WAIT_NANOS = 2_000_000_000L;

    /** Kinds that are compiled. That is a fact of the JVM, so every model shares it. */
    private static final Set<Kind> HOT = EnumSet.noneOf(Kind.class);

    private final Kernels vector;
    private final Kernels plain;
    private final Set<Kind> needed = EnumSet.noneOf(Kind.class);
    private final Set<Kind> hopeless = EnumSet.noneOf(Kind.class);
    private volatile Kernels prefill;
    private volatile Kernels attention;
    private volatile Kernels rows;
    private volatile Kernels decode;
    private volatile String obstacle;
    private volatile boolean decoding;
    private volatile boolean patient;
    private volatile boolean closed;
    private boolean warming;
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

    /**
     * Begins to warm up what any model needs, and in addition the kernels for weights of these formats; may be called again when the
     * formats are known.
     *
     * @param later whether to wait for the first token, as the model is so small that its first prompt is over sooner
     */
    synchronized void warmUp(Set<WeightFormat> formats, boolean later) {
        patient = later;
        needed.addAll(COMMON);
        for (Kind kind : Kind.values()) {
            if (formats.stream().anyMatch(kind::multiplies)) {
                needed.add(kind);
            }
        }
        use();
        if (!warming && !closed) {
            warming = true;
            thread = Thread.ofPlatform().daemon().name("jot-warm-up").inheritInheritableThreadLocals(false).unstarted(this::warm);
            thread.setContextClassLoader(null);
            thread.start();
        }
    }

    private void warm() {
        Map<Kind, Exercise> exercises = new EnumMap<>(Kind.class);
        long start = System.nanoTime();
        try {
            for (Set<Kind> cold = cold(); !cold.isEmpty() && obstacle == null; cold = cold()) {
                boolean due = decoding || System.nanoTime() - start > DECODE_WAIT_NANOS;
                boolean waits = false;
                for (Kind kind : cold) {
                    if (!waits && (due || !patient && !kind.later)) {
                        waits = round(kind, exercises);
                    }
                }
                pause();
            }
        } catch (OutOfMemoryError e) {
            standIn("too little memory to warm up the vector kernels: a larger heap (-Xmx) helps");
        }
    }

    /** The kinds that are needed and cold; where there are none, the thread ends. */
    private synchronized Set<Kind> cold() {
        Set<Kind> cold = EnumSet.copyOf(needed);
        cold.removeIf(kind -> closed || isHot(kind) || hopeless.contains(kind));
        warming = !cold.isEmpty();
        return cold;
    }

    /** One round of a kind; whether the kinds behind it had better wait. */
    private boolean round(Kind kind, Map<Kind, Exercise> exercises) {
        Exercise exercise = exercises.get(kind);
        if (exercise == null) {
            String wrong = KernelSelection.obstacle(vector, kind);
            if (wrong != null) {
                standIn(wrong);
                return true;
            }
            exercise = new Exercise(kind);
            exercises.put(kind, exercise);
        }
        boolean hot = exercise.isFast();
        if (hot) {
            setHot(kind);
            use();
        } else if (exercise.rounds > MOST_ROUNDS) {
            giveUp(kind);
        }
        return !hot && exercise.rounds < PATIENT_ROUNDS;
    }

    /** Gives up the vector kernels, as far as they are not in use. */
    private void standIn(String reason) {
        obstacle = reason;
        KernelSelection.log("running plain loops in the place of vector kernels, about four times slower: " + reason);
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

    private synchronized void giveUp(Kind kind) {
        hopeless.add(kind);
        KernelSelection.log("plain loops stay in the place of the vector kernels for " + kind + ", which the JVM did not make fast");
    }

    /** Takes the vector kernels of what is compiled. */
    private synchronized void use() {
        prefill = needed.stream().allMatch(kind -> kind.format == null || kind.later || isHot(kind)) ? vector : plain;
        attention = isHot(Kind.PREFILL_F32) && isHot(Kind.ATTENTION) ? vector : plain;
        rows = isHot(Kind.ROWS) ? vector : plain;
        decode = needed.stream().allMatch(kind -> kind.format == null || !kind.later || isHot(kind)) ? vector : plain;
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
        if (!decoding) {
            decoding = true;
        }
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

    /** Tiny work for one kind of kernel. */
    private final class Exercise {
        private static final int INPUTS = 256;
        private static final int STEPS = 16;
        /** Rows that need the register tile's sizes 12, 6, 4 and 1. */
        private static final int MANY = 23;
        /** Rows that need its sizes 2 and 1. */
        private static final int FEW = 3;
        /** Products or the like that code does in a nanosecond on any machine if it is compiled, and else on none. */
        private static final int PER_NANO = 2;
        /** Operations that an exponential takes. */
        private static final int EXPONENTIAL = 32;

        private final boolean later;
        private final Consumer<Kernels> work;
        private final Runnable hollow;
        private final Scratch scratch = new Scratch();
        private final float[] floats = new float[Math.max(INPUTS, MANY * Math.max(STEPS, panel()))];
        /** Nanoseconds below which the work is fast: known, or those of the stand-in. */
        private long bound;
        private int rounds;

        Exercise(Kind kind) {
            this.later = kind.later;
            switch (kind) {
                case ATTENTION -> {
                    work = _ -> softmax(INPUTS);
                    hollow = () -> softmax(0);
                    bound = INPUTS * EXPONENTIAL / PER_NANO;
                }
                case ROWS -> {
                    Activations x = new Activations(1, INPUTS);
                    work = kernels -> rows(kernels, x, INPUTS);
                    hollow = () -> rows(vector, x, 0);
                    bound = Long.MAX_VALUE;
                }
                default -> {
                    Matrix w = Quantizer.convert(Matrix.of(new float[OUTPUTS * INPUTS], OUTPUTS, INPUTS), kind.format, Arena.ofAuto());
                    Activations x = new Activations(SOME, INPUTS);
                    Activations y = new Activations(SOME, OUTPUTS);
                    work = later ? kernels -> decode(kernels, w, x, y) : _ -> prefill(w, INPUTS, STEPS);
                    hollow = later ? () -> { } : () -> prefill(w, 0, 0);
                    bound = later ? Long.MAX_VALUE : (MANY + FEW) * STEPS * panel() / PER_NANO;
                }
            }
        }

        /** Asks the compiler again, and tells whether the work is fast. */
        boolean isFast() {
            int calls = rounds < ASKING_ROUNDS || later ? CALLS : 1;
            long fastest = Long.MAX_VALUE;
            for (int call = 0; call < calls && !closed; call++) {
                fastest = Math.min(fastest, nanos(vector));
                for (int i = 0; i < HOLLOW_CALLS; i++) {
                    hollow.run();
                }
                bound = later ? Math.min(bound, nanos(plain)) : bound;
            }
            rounds++;
            return fastest < bound && !closed;
        }

        private long nanos(Kernels kernels) {
            long start = System.nanoTime();
            work.accept(kernels);
            return System.nanoTime() - start;
        }

        private void prefill(Matrix w, int widened, int steps) {
            VectorWeights.widen(w, 0, 0, widened, floats, 0, false);
            RegisterTile.multiplyAddInto(floats, 0, STEPS, MANY, floats, 0, panel(), steps, floats, 0, panel());
            RegisterTile.multiplyAddInto(floats, 0, STEPS, FEW, floats, 0, panel(), steps, floats, 0, panel());
        }

        private void softmax(int keys) {
            VectorAttention.softmax(SHAPE, 0, keys, 0, keys, floats, 0, scratch.tile(INPUTS));
            VectorAttention.multiply(floats, 0, keys, 1f);
        }

        private void rows(Kernels kernels, Activations x, int width) {
            kernels.layerNorm(x, 0, 1, width, floats, floats, 1e-5f, x, 0, 0, 1, scratch);
            kernels.rmsNorm(x, 0, 1, width, floats, 1e-5f, x, 0, 0, 1, scratch);
            kernels.activate(Activation.Gelu.TANH, x, 0, width, 0, 1);
            kernels.activate(Activation.Gelu.ERF, x, 0, width, 0, 1);
            kernels.gate(SILU, x, 0, x, 0, x, 0, width, 0, 1);
            kernels.rotate(x, 0, 1, width, width, false, floats, floats, width / 2, TABLE, 0, 1);
            kernels.add(x, 0, 1f, x, 0, width, 0, 1);
        }

        private void decode(Kernels kernels, Matrix w, Activations x, Activations y) {
            kernels.decode(w, null, x, 0, y, 0, 0, 1, 0, OUTPUTS, scratch);
            kernels.decode(w, null, x, 0, y, 0, 0, SOME, 0, OUTPUTS, scratch);
        }
    }
}
