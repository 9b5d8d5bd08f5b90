package jot.tensor;

import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

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
        /** The exponentials within attention: compiled after what calls them, they would not be called often enough by themselves. */
        EXPONENTIALS(null, false),
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
    private static final Set<Kind> COMMON = EnumSet.of(Kind.PREFILL_F32, Kind.EXPONENTIALS, Kind.ATTENTION, Kind.ROWS);
    private static final Activation SILU = new Activation.Silu();
    private static final GatedActivation PRODUCT = new GatedActivation.Product(new Activation.Identity());
    private static final AttentionShape SHAPE = new AttentionShape(1, 1, 1, 1, 0.1f, 0, 0f, null, null);
    private static final int[] TABLE = {0};
    private static final int OUTPUTS = 8;
    /** Rows that need every size of the kernels for few rows. */
    private static final int SOME = 15;
    /**
     * Hollow calls from one trial to the next. Innermost loops go round at least once in four calls on average, trials included, as the
     * compiler gives registers to what it takes to be frequent, and inlines nothing else ({@code InlineFrequencyRatio}).
     */
    private static final int HOLLOW_CALLS = 50;
    /** The same for few rows of codes, of which a trial has few blocks. */
    private static final int HOLLOW_CALLS_OF_CODES = 25;
    /**
     * The same for few rows where a call reads some steps, which is all but codes of 4 bits: the compiler leaves the comparisons of bounds
     * in a loop over memory that goes round two times a call or fewer by its profile, and takes twice the instructions for each load. Each
     * step leaves garbage until it is compiled, so there are not more than the compiler wants to see in all asking rounds (15,000 calls and
     * rounds of a loop). The loop over nibbles loses by it, as it needs those comparisons to keep loads apart, which else take more
     * registers than there are.
     */
    private static final int BRIEF_CALLS = 14;
    /** How often a brief call does what is hollow in it. */
    private static final int HOLLOW_IN_BRIEF = 3;
    /** The same where few registers are in use, and a trial leaves much garbage. */
    private static final int HOLLOW_CALLS_OF_FUNCTIONS = 100;
    /** Trials in a round that asks the compiler for a kind. */
    private static final int TRIALS = 5;
    /**
     * Trials at once after one that took less than so many times its bound: it may well be compiled, but where many callers are at work
     * their data has taken the place of its own in the caches.
     */
    private static final int TRIALS_AGAIN = 3;
    private static final int NEARLY_FAST = 4;
    /** Rounds that ask for a kind whose trials leave much garbage; later ones mostly wait for the compiler. */
    private static final int ASKING_ROUNDS = 60;
    /** Rounds that wait, to each that has one trial more; kinds that can wait until tokens are generated have fewer. */
    private static final int WAITING_ROUNDS = 2;
    private static final int WAITING_ROUNDS_LATER = 12;
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
    private final int lanes;
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
        this.lanes = lanes;
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
            standInForLackOfMemory();
        }
    }

    /** Says so, unless there is no memory even for that; {@link #description} tells in any case. */
    private void standInForLackOfMemory() {
        try {
            standIn("too little memory to warm up the vector kernels: a larger heap (-Xmx) helps");
        } catch (OutOfMemoryError e) {
            return;
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
        KernelSelection.log("running plain loops in the place of vector kernels, which is slower: " + reason);
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
        attention = isHot(Kind.PREFILL_F32) && isHot(Kind.EXPONENTIALS) && isHot(Kind.ATTENTION) ? vector : plain;
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
    public int fewRows() {
        return vector.fewRows();
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
    public void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow, Scratch scratch) {
        rows.activate(activation, x, column, width, fromRow, toRow, scratch);
    }

    @Override
    public void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn,
                     Activations y, int yColumn, int width, int fromRow, int toRow, Scratch scratch) {
        rows.gate(activation, gate, gateColumn, up, upColumn, y, yColumn, width, fromRow, toRow, scratch);
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
    public void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow, Scratch scratch) {
        rows.softcap(x, column, cap, width, fromRow, toRow, scratch);
    }

    /** Tiny work for one kind of kernel: calls that make the compiler take it, and now and then a larger one that shows whether it did. */
    private final class Exercise {
        /** Inputs of a trial of few rows times plain numbers: at least two steps of the kernels for one row. */
        private static final int INPUTS = 128;
        /** Vectors of a row that is not read as words of two numbers, as it is no whole number of their steps. */
        private static final int UNPAIRED_VECTORS = 5;
        /** Rows of a trial with words of two numbers. */
        private static final int PAIRED_ROWS = 2;
        /**
         * Blocks in a row of a trial with codes. Where each row is one block, the compiler takes the branch that ends a row for the only
         * way, reckons by it how far the sums reach, and compiles the loop a second time, and worse, when that turns out wrong.
         */
        private static final int BLOCKS = 4;
        /** Weights that a trial widens, and the numbers of its other loops; see {@link #HOLLOW_CALLS}. */
        private static final int WIDENED = 512;
        private static final int NUMBERS = 256;
        private static final int STEPS = 16;
        /** Keys of the last vector that the row does not see, as there are at most positions. */
        private static final int HIDDEN = 1;
        /** Rows that need the register tile's sizes 12, 6, 4 and 1. */
        private static final int MANY = 23;
        /** Rows that need its sizes 2 and 1. */
        private static final int FEW = 3;
        /**
         * Products or the like that code does in a nanosecond on any machine if it is compiled, and else on none, even where what the JDK
         * does in the place of each vector operation is compiled.
         */
        private static final int PER_NANO = 4;
        /** Operations that widening a weight takes at most. */
        private static final int WIDENING = 8;
        /** Operations that an exponential takes, and all those of a number in {@link #rows}. */
        private static final int EXPONENTIAL = 32;
        private static final int ALL_FUNCTIONS = 4 * EXPONENTIAL;

        private final Runnable trial;
        /** A hollow call, which only counts. */
        private final Runnable call;
        private final boolean later;
        private final boolean costly;
        /** Calls from one trial to the next. */
        private final int callsBetween;
        private final Scratch scratch = new Scratch();
        private final float[] sums = new float[VectorFunctions.CHUNK];
        private final float[] floats = new float[Math.max(WIDENED, MANY * Math.max(STEPS, panel()))];
        /** Nanoseconds below which the trial is fast. */
        private final long bound;
        private int rounds;

        Exercise(Kind kind) {
            switch (kind) {
                case EXPONENTIALS -> {
                    trial = () -> VectorAttention.exponentials(floats, 0, NUMBERS, 0f, sums);
                    call = () -> VectorAttention.exponentials(floats, 0, 0, 0f, sums);
                    bound = NUMBERS * EXPONENTIAL / PER_NANO;
                }
                case PREFILL_F32 -> {
                    trial = () -> tile(STEPS);
                    call = () -> tile(0);
                    bound = (MANY + FEW) * STEPS * panel() / PER_NANO;
                }
                case ATTENTION -> {
                    trial = () -> VectorAttention.softmax(SHAPE, 0, NUMBERS - HIDDEN - 1, 0, NUMBERS, floats, 0, sums);
                    call = () -> VectorAttention.softmax(SHAPE, 0, 0, 0, 0, floats, 0, sums);
                    bound = NUMBERS * EXPONENTIAL / PER_NANO;
                }
                case ROWS -> {
                    Activations x = new Activations(1, 2 * NUMBERS);
                    trial = () -> rows(x, NUMBERS);
                    call = () -> rows(x, 0);
                    bound = NUMBERS * ALL_FUNCTIONS / (2 * PER_NANO);
                }
                default -> {
                    if (kind.later) {
                        // codes go through the same methods for any number of rows; laying a row out for them takes longest
                        int operations = kind.format instanceof WeightFormat.Coded ? 16 : 4;
                        List<Matrix> matrices = fewRowsInputs(kind.format).mapToObj(inputs -> matrix(kind.format, inputs)).toList();
                        Activations x = new Activations(SOME, matrices.getFirst().inputs());
                        Activations y = new Activations(SOME, matrices.getFirst().outputs());
                        trial = () -> matrices.forEach(w -> decode(w, x, y, rowsOf(w)));
                        call = () -> matrices.forEach(this::briefly);
                        bound = matrices.stream().mapToLong(w -> (long) operations * rowsOf(w) * w.outputs() * w.inputs()).sum() / PER_NANO;
                    } else {
                        Matrix w = matrix(kind.format, WIDENED);
                        trial = () -> VectorWeights.widen(w, 0, 0, WIDENED, floats, 0, false, scratch);
                        call = () -> VectorWeights.widen(w, 0, 0, 0, floats, 0, false, scratch);
                        bound = WIDENED * WIDENING / PER_NANO;
                    }
                }
            }
            later = kind.later;
            costly = later || kind == Kind.PREFILL_F32;
            callsBetween = kind.format == null ? HOLLOW_CALLS_OF_FUNCTIONS : later ? callsOfFewRows(kind.format) : HOLLOW_CALLS;
        }

        private static int callsOfFewRows(WeightFormat format) {
            return isBrief(format) ? BRIEF_CALLS : HOLLOW_CALLS_OF_CODES;
        }

        /** Whether the kernels for one row have brief calls in the place of hollow ones, but for rows of single 16-bit numbers. */
        private static boolean isBrief(WeightFormat format) {
            return !(format instanceof WeightFormat.Coded coded) || coded.bits() == Byte.SIZE;
        }

        /** Outputs that a brief call computes, 0 where a hollow one serves better. */
        private int briefOutputs(Matrix w) {
            boolean single = w.format() instanceof WeightFormat.Plain && w.format() != WeightFormat.F32 && !isPaired(w);
            return !isBrief(w.format()) || single ? 0 : w.format() instanceof WeightFormat.Coded ? 1 : 2;
        }

        /** Widths of the matrices of a trial of few rows, the largest first: two steps of a kernel, for each that the format has. */
        private IntStream fewRowsInputs(WeightFormat format) {
            return switch (format) {
                case WeightFormat.Coded _ -> IntStream.of(BLOCKS * blockInputs(format));
                case WeightFormat.Plain.F32 -> IntStream.of(INPUTS);
                case WeightFormat.Plain _ -> IntStream.of(2 * INPUTS, UNPAIRED_VECTORS * lanes);
            };
        }

        /** Rows of a trial: all sizes of the kernels for few rows once in each format; words of two numbers go through the same ones. */
        private int rowsOf(Matrix w) {
            return w.format() instanceof WeightFormat.Coded ? 1 : isPaired(w) ? PAIRED_ROWS : SOME;
        }

        private boolean isPaired(Matrix w) {
            return LaneKernels.arePaired(w.format(), w.inputs(), lanes);
        }

        /** The codes of a vector. */
        private int blockInputs(WeightFormat format) {
            return Integer.BYTES * lanes * Byte.SIZE / ((WeightFormat.Coded) format).bits();
        }

        /** Outputs enough for all streams of the kernels of its format, and some that are left over. */
        private Matrix matrix(WeightFormat format, int inputs) {
            int outputs = 1 + (format instanceof WeightFormat.Coded ? OUTPUTS / 2 : OUTPUTS);
            return Quantizer.convert(Matrix.of(new float[outputs * inputs], outputs, inputs), format, Arena.ofAuto());
        }

        /** Asks the compiler again, and tells whether the work is fast. */
        boolean isFast() {
            int waiting = costly ? rounds - ASKING_ROUNDS : -1;
            int trials = waiting < 0 ? TRIALS : waiting % (later ? WAITING_ROUNDS_LATER : WAITING_ROUNDS) == 0 ? 1 : 0;
            rounds++;
            long fastest = Long.MAX_VALUE;
            for (int i = 0; i < trials && !closed; i++) {
                for (int j = 0; j < callsBetween; j++) {
                    call.run();
                }
                fastest = Math.min(fastest, trialNanos());
            }
            for (int i = 0; i < TRIALS_AGAIN && fastest >= bound && fastest < NEARLY_FAST * bound; i++) {
                fastest = Math.min(fastest, trialNanos());
            }
            return fastest < bound && !closed;
        }

        private long trialNanos() {
            long start = System.nanoTime();
            trial.run();
            return System.nanoTime() - start;
        }

        private void tile(int steps) {
            RegisterTile.multiplyAddInto(floats, 0, STEPS, MANY, floats, 0, panel(), steps, floats, 0, panel());
            RegisterTile.multiplyAddInto(floats, 0, STEPS, FEW, floats, 0, panel(), steps, floats, 0, panel());
        }

        private void rows(Activations x, int width) {
            vector.layerNorm(x, 0, 1, width, floats, floats, 1e-5f, x, 0, 0, 1, scratch);
            vector.rmsNorm(x, 0, 1, width, floats, 1e-5f, x, 0, 0, 1, scratch);
            if (Elementary.FUSED) {
                VectorFunctions.activateChunk(Activation.Gelu.TANH, x.values(), x.at(0), width, floats);
                VectorFunctions.activateChunk(Activation.Gelu.ERF, x.values(), x.at(0), width, floats);
                VectorFunctions.activateChunk(SILU, x.values(), x.at(0), width, floats);
            }
            vector.gate(PRODUCT, x, 0, x, 0, x, 0, width, 0, 1, scratch);
            // half a head is what its loop goes over
            vector.rotate(x, 0, 1, 2 * width, 2 * width, false, floats, floats, width, TABLE, 0, 1);
            vector.add(x, 0, 1f, x, 0, width, 0, 1);
        }

        /** The innermost methods of {@link #decode}: that for one row reads some steps where that helps; others find nothing to do. */
        private void briefly(Matrix w) {
            float[] sums = scratch.tile(VectorDecode.ROOM);
            VectorFunctions.foldAll(sums, 0, 0);
            switch (w.format()) {
                case WeightFormat.Coded coded -> {
                    VectorCodes.spreadBytes(floats, 0, 0, floats, 0);
                    VectorCodes.spreadNibbles(floats, 0, 0, floats, 0);
                    if (LaneKernels.keepsCodes(w, coded, lanes)) {
                        VectorCodes.blocks(w, coded, 0, 0, briefOutputs(w), BLOCKS, floats, 0, sums, 0);
                    }
                }
                case WeightFormat.Plain plain -> {
                    VectorDecode.scaled(floats, 0, 0, 1f, floats);
                    VectorDecode.pairs(floats, 0, 0, 1f, floats, 0, 1);
                    VectorDecode.sum(w, plain, 0, 0, briefOutputs(w), floats, 0, sums);
                    RegisterTile.FewRows.widenWords(w.codes(), plain == WeightFormat.Plain.F16, 0, 0, w.codes());
                    RegisterTile.FewRows.widenHalves(w.codes(), plain == WeightFormat.Plain.F16, 0, 0, w.codes());
                    for (int i = 0; i < HOLLOW_IN_BRIEF && !isPaired(w); i++) {
                        for (int left = SOME, rows; left > 0; left -= rows) {
                            rows = RegisterTile.FewRows.together(left);
                            RegisterTile.FewRows.products(w.codes(), 0, 0, 1, floats, 0, rows, sums);
                        }
                    }
                }
            }
        }

        private void decode(Matrix w, Activations x, Activations y, int rows) {
            vector.decode(w, null, x, 0, y, 0, 0, 1, 0, w.outputs(), scratch);
            if (rows > 1) {
                vector.decode(w, null, x, 0, y, 0, 0, rows, 0, w.outputs(), scratch);
            }
        }
    }
}
