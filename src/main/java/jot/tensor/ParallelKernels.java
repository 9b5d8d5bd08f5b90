package jot.tensor;

import java.util.Arrays;

/**
 * The operations of a forward pass, each checked once and then split over the workers.
 *
 * <p>Used from within one pass at a time. After warm-up nothing is allocated. Results are equal bit for bit for any number of threads,
 * and a row's result does not depend on the rows beside it.
 */
public final class ParallelKernels {
    /** Bytes of weights that a thread takes at a time when reading them bounds the speed: long streams, but pieces enough to share out. */
    private static final long DECODE_BYTES = 2 << 20;
    /** Outputs that kernels take together. */
    private static final int EIGHT = 8;
    /** Bytes of a page of keys that a thread fetches at a time, and as many of values. */
    private static final int BLOCK_BYTES = 192 << 10;
    /** Floats below which splitting costs more than it gains. */
    private static final int SMALL = 8192;
    /** Queries of one head that a thread takes at a time. */
    private static final int QUERY_TILE = 48;

    /** How long a thread may multiply without a look whether its work is still wanted. */
    private static final long LONG_NANOS = 8_000_000;
    /** Rows that it multiplies at first, and at the least. */
    private static final int FEWEST_ROWS = 12;
    private static final int MOST_ROWS = 1 << 20;

    private final Kernels kernels;
    private final Workers workers;
    private final Scratch[] scratch;

    private final Multiply multiply;
    private final Attend attend = new Attend();
    private final Store store = new Store();
    private final Norm norm = new Norm();
    private final Activate activate = new Activate();
    private final Gate gate = new Gate();
    private final Rotate rotate = new Rotate();
    private final Add add = new Add();
    private final Scale scale = new Scale();

    /**
     * Joins kernels and threads.
     *
     * @param selection the kernels chosen
     * @param workers the threads
     */
    public ParallelKernels(KernelSelection selection, Workers workers) {
        this(selection.kernels(), workers);
    }

    ParallelKernels(Kernels kernels, Workers workers) {
        this.kernels = kernels;
        this.workers = workers;
        this.scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, _ -> new Scratch());
        this.multiply = new Multiply();
    }

    /**
     * The length up to which a sequence's new rows are best multiplied as those of single tokens are, see {@link #multiply}.
     *
     * @return a number of rows, the same as long as these kernels live
     */
    public int fewRows() {
        return kernels.fewRows();
    }

    /**
     * Multiplies rows by a matrix: {@code y[r][yColumn + o] = bias[o] + Σᵢ x[r][xColumn + i] · w[o][i]}.
     *
     * <p>Rows {@code [0, decodeRows)} are computed by the kernel for single tokens, the others by the kernel for many; the two round
     * differently, so which one computes a row must follow from the row's own sequence.
     *
     * @param w weights [outputs][inputs]
     * @param bias one number an output, or null
     * @param x rows to multiply
     * @param xColumn where the inputs start in a row of x
     * @param y receives the products; not the same columns as x
     * @param yColumn where the outputs start in a row of y
     * @param decodeRows rows for the single-token kernel
     * @param rows all rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void multiply(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int decodeRows, int rows) {
        multiply(w, bias, x, xColumn, y, yColumn, decodeRows, rows, null);
    }

    /**
     * The same, then an activation of the products: those of single tokens each by the thread that computed it.
     *
     * @param w weights [outputs][inputs]
     * @param bias one number an output, or null
     * @param x rows to multiply
     * @param xColumn where the inputs start in a row of x
     * @param activation the function
     * @param y receives the activated products; not the same columns as x
     * @param yColumn where the outputs start in a row of y
     * @param decodeRows rows for the single-token kernel
     * @param rows all rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void multiplyAndActivate(Matrix w, float[] bias, Activations x, int xColumn, Activation activation, Activations y, int yColumn,
                                    int decodeRows, int rows) {
        activate.set(activation, y, yColumn);
        multiply(w, bias, x, xColumn, y, yColumn, decodeRows, rows, activate);
    }

    /**
     * Multiplies rows by the gate's matrix of a gated feed-forward network, then joins the gate with its other half.
     *
     * @param w weights of the gate [outputs][inputs]
     * @param bias one number an output, or null
     * @param x rows to multiply
     * @param xColumn where the inputs start in a row of x
     * @param gate receives the gate; what it holds afterwards is undefined; not the same columns as x
     * @param gateColumn where its outputs start
     * @param activation how the halves are joined
     * @param up the other half, which receives the result; not the same columns as x
     * @param upColumn where it starts
     * @param decodeRows rows for the single-token kernel
     * @param rows all rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void multiplyAndGate(Matrix w, float[] bias, Activations x, int xColumn, Activations gate, int gateColumn,
                                GatedActivation activation, Activations up, int upColumn, int decodeRows, int rows) {
        check(up, upColumn, w.outputs(), rows);
        this.gate.set(activation, gate, gateColumn, up, upColumn);
        multiply(w, bias, x, xColumn, gate, gateColumn, decodeRows, rows, this.gate);
    }

    private void multiply(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int decodeRows, int rows,
                          Followup followup) {
        check(x, xColumn, w.inputs(), rows);
        check(y, yColumn, w.outputs(), rows);
        checkList("bias", bias, w.outputs());
        if (w.sideBySide() > kernels.outputsSideBySide(w.format())) {
            throw new IllegalArgumentException(w + ": " + w.sideBySide() + " outputs lie side by side, which is for other kernels than "
                + kernels.description());
        }
        if (decodeRows < 0 || decodeRows > rows) {
            throw new IllegalArgumentException("decode rows: expected 0 to " + rows + ", found " + decodeRows);
        }
        multiply.set(w, bias, x, xColumn, y, yColumn, followup);
        if (decodeRows > 0) {
            multiply.decode(decodeRows);
        }
        if (decodeRows < rows) {
            multiply.prefill(decodeRows, rows);
        }
    }

    /**
     * Stores the keys and values of the pass's rows in the pages of their sequences, then attends over all that are there; see
     * {@link AttentionRows} for where they lie.
     *
     * @param shape what attention does in this layer
     * @param x rows with the heads of queries, of keys and of values, each kind one after the other
     * @param queryColumn where the queries start
     * @param keyColumn where the keys start
     * @param valueColumn where the values start
     * @param sequences the sequences that take part
     * @param count how many of them
     * @param keyOffset where the layer's keys start in a page
     * @param valueOffset where the layer's values start in a page
     * @param out receives the heads one after the other, {@code [heads][valueSize]}
     * @param outColumn where they start
     * @throws IllegalArgumentException if a range reaches beyond its rows or pages
     */
    public void storeAndAttend(AttentionShape shape, Activations x, int queryColumn, int keyColumn, int valueColumn,
                               AttentionRows[] sequences, int count, int keyOffset, int valueOffset, Activations out, int outColumn) {
        checkKeys(shape, x, keyColumn, x, valueColumn, sequences, count);
        checkQueries(shape, x, queryColumn, sequences, count, out, outColumn);
        checkPages(shape, sequences, count, keyOffset, valueOffset);
        store.set(shape, x, keyColumn, x, valueColumn, sequences, keyOffset, valueOffset);
        attend.set(shape, x, queryColumn, sequences, keyOffset, valueOffset, out, outColumn);
        attend.share(count);
        if (!attend.isStoring()) {
            store.run(count);
        }
        attend.run(count);
    }

    /** Attention over keys and values that are stored, as {@link #storeAndAttend}. */
    void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows[] sequences, int count, int keyOffset,
                int valueOffset, Activations out, int outColumn) {
        checkQueries(shape, queries, queryColumn, sequences, count, out, outColumn);
        checkPages(shape, sequences, count, keyOffset, valueOffset);
        attend.set(shape, queries, queryColumn, sequences, keyOffset, valueOffset, out, outColumn);
        attend.share(count);
        attend.storing = false;
        attend.run(count);
    }

    private static void checkQueries(AttentionShape shape, Activations queries, int queryColumn, AttentionRows[] sequences, int count,
                                     Activations out, int outColumn) {
        for (int s = 0; s < count; s++) {
            int rows = sequences[s].firstRow() + sequences[s].rows();
            check(queries, queryColumn, shape.heads() * shape.keySize(), rows);
            check(out, outColumn, shape.heads() * shape.valueSize(), rows);
        }
    }

    /** Stores keys and values, as {@link #storeAndAttend}. */
    void store(AttentionShape shape, Activations keys, int keyColumn, Activations values, int valueColumn, AttentionRows[] sequences,
               int count, int keyOffset, int valueOffset) {
        checkKeys(shape, keys, keyColumn, values, valueColumn, sequences, count);
        checkPages(shape, sequences, count, keyOffset, valueOffset);
        store.set(shape, keys, keyColumn, values, valueColumn, sequences, keyOffset, valueOffset);
        store.run(count);
    }

    private static void checkKeys(AttentionShape shape, Activations keys, int keyColumn, Activations values, int valueColumn,
                                  AttentionRows[] sequences, int count) {
        for (int s = 0; s < count; s++) {
            int rows = sequences[s].firstRow() + sequences[s].rows();
            check(keys, keyColumn, shape.keyHeads() * shape.keySize(), rows);
            check(values, valueColumn, shape.keyHeads() * shape.valueSize(), rows);
        }
    }

    /**
     * Layer norm (arXiv:1607.06450) of each of some consecutive groups of columns: {@code (x − mean) / √(variance + epsilon)}, then
     * times weight plus bias.
     *
     * @param x rows to normalise
     * @param column where the groups start
     * @param groups how many
     * @param width columns a group
     * @param weight {@code width} factors that all groups share, or {@code groups · width}, or null
     * @param bias summands likewise, or null
     * @param epsilon added to the variance
     * @param y receives the result; may be x
     * @param yColumn where it starts
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                          Activations y, int yColumn, int rows) {
        checkNorm(x, column, groups, width, weight, y, yColumn, rows);
        checkGroups("bias", bias, groups, width);
        norm.run(true, x, column, groups, width, weight, bias, epsilon, y, yColumn, rows);
    }

    /**
     * Root-mean-square norm (arXiv:1910.07467) of each of some consecutive groups of columns: {@code x / √(mean(x²) + epsilon)}, then
     * times weight.
     *
     * @param x rows to normalise
     * @param column where the groups start
     * @param groups how many
     * @param width columns a group
     * @param weight {@code width} factors that all groups share, or {@code groups · width}, or null
     * @param epsilon added to the mean square
     * @param y receives the result; may be x
     * @param yColumn where it starts
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                        Activations y, int yColumn, int rows) {
        checkNorm(x, column, groups, width, weight, y, yColumn, rows);
        norm.run(false, x, column, groups, width, weight, null, epsilon, y, yColumn, rows);
    }

    private static void checkNorm(Activations x, int column, int groups, int width, float[] weight, Activations y, int yColumn, int rows) {
        if (groups < 1 || width < 1) {
            throw new IllegalArgumentException("norm of " + groups + " groups of " + width + ": both must be at least 1");
        }
        check(x, column, groups * width, rows);
        check(y, yColumn, groups * width, rows);
        checkGroups("weight", weight, groups, width);
    }

    /**
     * Applies an activation in place.
     *
     * @param activation the function
     * @param x the rows
     * @param column first column
     * @param width how many columns
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void activate(Activation activation, Activations x, int column, int width, int rows) {
        check(x, column, width, rows);
        activate.set(activation, x, column);
        activate.run(width, rows);
    }

    /**
     * Turns pairs of columns by angles that grow with the position (rotary embedding, arXiv:2104.09864), in place.
     *
     * @param x the rows
     * @param column where the heads start
     * @param heads how many
     * @param headSize columns a head
     * @param rotated how many of them are turned, the first ones; even
     * @param interleaved whether pairs are (2j, 2j+1), or (j, j + rotated/2)
     * @param cos cosines, {@code [positions][tableWidth]}, of which the first {@code rotated/2} of a row count
     * @param sin sines likewise
     * @param tableWidth floats in a row of the tables
     * @param tableRows for each row of x its row in the tables
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                       int tableWidth, int[] tableRows, int rows) {
        check(x, column, heads * headSize, rows);
        if (rotated < 0 || rotated > headSize || rotated % 2 != 0 || rotated / 2 > tableWidth) {
            throw new IllegalArgumentException("rotary: " + rotated + " columns of heads of " + headSize
                + " with a table of " + tableWidth);
        }
        rotate.run(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, rows);
    }

    /**
     * Adds scaled rows: {@code into += scale · x}.
     *
     * @param x the summands
     * @param scale their factor
     * @param into the sums
     * @param width how many columns, from the first
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void add(Activations x, float scale, Activations into, int width, int rows) {
        add(x, 0, scale, into, 0, width, rows);
    }

    /**
     * Adds scaled columns: {@code into += scale · x}.
     *
     * @param x the summands
     * @param xColumn their first column
     * @param scale their factor
     * @param into the sums
     * @param intoColumn their first column
     * @param width how many columns
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int rows) {
        check(x, xColumn, width, rows);
        check(into, intoColumn, width, rows);
        add.run(x, xColumn, scale, into, intoColumn, width, rows);
    }

    /**
     * Multiplies by a number in place.
     *
     * @param x the rows
     * @param factor the number
     * @param width how many columns, from the first
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void scale(Activations x, float factor, int width, int rows) {
        check(x, 0, width, rows);
        scale.run(false, x, factor, width, rows);
    }

    /**
     * Bounds softly in place: {@code cap · tanh(x / cap)}.
     *
     * @param x the rows
     * @param cap the bound, above 0
     * @param width how many columns, from the first
     * @param rows how many rows
     * @throws IllegalArgumentException if a range reaches beyond its rows
     */
    public void softcap(Activations x, float cap, int width, int rows) {
        check(x, 0, width, rows);
        scale.run(true, x, cap, width, rows);
    }

    private static void check(Activations x, int column, int width, int rows) {
        if (column < 0 || width < 0 || (long) column + width > x.width() || rows < 0 || rows > x.rows()) {
            throw new IllegalArgumentException("columns " + column + " to " + ((long) column + width) + " of " + rows + " rows: there are "
                + x.rows() + " rows of " + x.width());
        }
    }

    private static void checkList(String list, float[] values, int expected) {
        if (values != null && values.length != expected) {
            throw new IllegalArgumentException(list + ": expected " + expected + " numbers, found " + values.length);
        }
    }

    private static void checkGroups(String list, float[] values, int groups, int width) {
        if (values != null && values.length != width) {
            checkList(list, values, groups * width);
        }
    }

    private static void checkPages(AttentionShape shape, AttentionRows[] sequences, int count, int keyOffset, int valueOffset) {
        for (int s = 0; s < count; s++) {
            checkPages(shape, sequences[s], keyOffset, valueOffset);
        }
    }

    private static void checkPages(AttentionShape shape, AttentionRows sequence, int keyOffset, int valueOffset) {
        int last = sequence.firstPosition() + sequence.rows() - 1;
        for (int page = shape.firstVisible(sequence.firstPosition()) / AttentionRows.PAGE; page <= last / AttentionRows.PAGE; page++) {
            int floats = sequence.pages()[page].length;
            int needed = Math.max(keyOffset + shape.keyFloats(), valueOffset + shape.valueFloats());
            if (keyOffset < 0 || valueOffset < 0 || floats < needed) {
                throw new IllegalArgumentException("page " + page + ": expected at least " + needed + " floats, found " + floats);
            }
        }
    }

    /** Splits rows so that a thread takes a worthwhile amount at a time. */
    private void forRows(Workers.RangeTask task, int rows, int width) {
        workers.forEach(task, rows, (long) rows * width < SMALL ? Math.max(rows, 1) : Math.max(1, SMALL / 4 / Math.max(width, 1)));
    }

    /** What becomes of products: of few rows at once, by the thread that computed them. */
    private interface Followup {
        void run(int worker, int fromOutput, int toOutput, int fromRow, int toRow);
    }

    private final class Multiply implements Workers.RangeTask {
        private Matrix w;
        private float[] bias;
        private Activations x;
        private int xColumn;
        private Activations y;
        private int yColumn;
        private Followup followup;
        private boolean decode;
        private int fromRow;
        private int toRow;
        /** For each worker how many rows it takes at a time. */
        private final int[] rowsTogether = new int[workers.threads()];
        /** Whole rows at a time, as a panel of many rows has few columns. */
        private final Workers.RangeTask followRows = this::followRows;

        Multiply() {
            Arrays.fill(rowsTogether, FEWEST_ROWS);
        }

        void set(Matrix newW, float[] newBias, Activations newX, int newXColumn, Activations newY, int newYColumn, Followup newFollowup) {
            w = newW;
            bias = newBias;
            x = newX;
            xColumn = newXColumn;
            y = newY;
            yColumn = newYColumn;
            followup = newFollowup;
        }

        void decode(int rows) {
            decode = true;
            fromRow = 0;
            toRow = rows;
            workers.forEach(this, w.lead() + w.outputs(), decodeGrain());
        }

        /** Outputs that a thread takes at a time, whole tiles: as many pieces for each thread, of equal size but for the last. */
        private int decodeGrain() {
            long rounds = Math.max(1, Math.round((double) w.bytes() / DECODE_BYTES / workers.threads()));
            long pieces = rounds * workers.threads();
            int together = Math.max(EIGHT, w.sideBySide());
            return (int) ((w.outputs() + together * pieces - 1) / (together * pieces) * together);
        }

        void prefill(int from, int to) {
            decode = false;
            fromRow = from;
            toRow = to;
            int panels = Math.ceilDiv(w.outputs(), kernels.panel());
            workers.forEach(this, panels, panelsTogether(panels));
            if (followup != null) {
                forRows(followRows, to - from, w.outputs());
            }
        }

        /** Panels that a thread takes at a time: one while it is slow, else as many as the kernels like, as many times for each thread. */
        private int panelsTogether(int panels) {
            int most = rowsTogether[0] == FEWEST_ROWS ? 1 : kernels.outputsTogether() / kernels.panel();
            int rounds = Math.ceilDiv(Math.ceilDiv(panels, most), workers.threads());
            return Math.ceilDiv(panels, rounds * workers.threads());
        }

        @Override
        public void run(int worker, int from, int to) {
            if (decode) {
                int start = Math.max(0, from - w.lead());
                kernels.decode(w, bias, x, xColumn, y, yColumn, fromRow, toRow, start, to - w.lead(), scratch[worker]);
                if (followup != null) {
                    followup.run(worker, start, to - w.lead(), fromRow, toRow);
                }
            } else {
                int end = (int) Math.min((long) to * kernels.panel(), w.outputs());
                prefill(worker, from * kernels.panel(), end);
            }
        }

        private void followRows(int worker, int from, int to) {
            followup.run(worker, 0, w.outputs(), fromRow + from, fromRow + to);
        }

        /** All rows at once, or where that takes long, as it does while code is cold, some at a time with a look for a cancel between. */
        private void prefill(int worker, int fromOutput, int toOutput) {
            for (int row = fromRow, end; row < toRow; row = end) {
                int together = rowsTogether[worker];
                end = row + Math.min(together, toRow - row);
                long start = System.nanoTime();
                kernels.prefill(w, bias, x, xColumn, y, yColumn, row, end, fromOutput, toOutput, scratch[worker]);
                long nanos = System.nanoTime() - start;
                if (nanos > LONG_NANOS) {
                    rowsTogether[worker] = Math.max(FEWEST_ROWS, (end - row) / 2);
                } else if (nanos < LONG_NANOS / 2 && end - row == together && together < MOST_ROWS) {
                    rowsTogether[worker] = 2 * together;
                }
                if (end < toRow) {
                    workers.endIfGivenUp();
                }
            }
        }
    }

    /** Items are (sequence, head, tile of queries) at prefill and (sequence, block of heads) at decode. */
    private final class Attend implements Workers.RangeTask {
        private AttentionShape shape;
        private Activations queries;
        private int queryColumn;
        private AttentionRows[] sequences;
        private int keyOffset;
        private int valueOffset;
        private Activations out;
        private int outColumn;
        private int blocks;
        private boolean storing;
        private int[] firstItem = new int[8];

        void set(AttentionShape newShape, Activations newQueries, int newQueryColumn, AttentionRows[] newSequences, int newKeyOffset,
                 int newValueOffset, Activations newOut, int newOutColumn) {
            shape = newShape;
            queries = newQueries;
            queryColumn = newQueryColumn;
            sequences = newSequences;
            keyOffset = newKeyOffset;
            valueOffset = newValueOffset;
            out = newOut;
            outColumn = newOutColumn;
        }

        /**
         * Parts the heads of a sequence that decodes: into long blocks, as the heads of a page lie one after the other, but as many for
         * each thread, and none whose page does not fit the nearer caches. Heads of one group share the reading of keys, unless that left
         * threads without work.
         */
        void share(int count) {
            int page = Float.BYTES * AttentionRows.PAGE * Math.max(shape.keySize(), shape.valueSize());
            int least = Math.ceilDiv(shape.keyHeads(), Math.max(1, BLOCK_BYTES / page));
            blocks = Math.min(shape.keyHeads(), Math.ceilDiv(least, workers.threads()) * workers.threads());
            while ((long) count * blocks < workers.threads() && blocks >= shape.keyHeads() && shape.heads() / blocks % 2 == 0) {
                blocks *= 2;
            }
            storing = blocks <= shape.keyHeads();
            for (int s = 0; s < count; s++) {
                storing &= sequences[s].decode() && sequences[s].rows() == 1;
            }
        }

        /**
         * Whether each key head is read by a single item, which stores its new row as well. That spares a split, and a thread reads what it
         * has written itself.
         */
        boolean isStoring() {
            return storing;
        }

        /** The first head of a block; key heads are kept together while there are as many. */
        private int firstHead(int block) {
            return blocks <= shape.keyHeads() ? shape.keyHeads() * block / blocks * shape.group() : shape.heads() / blocks * block;
        }

        /** Attends from all rows of so many sequences. */
        void run(int count) {
            if (firstItem.length <= count) {
                firstItem = new int[count + count / 2 + 1];
            }
            for (int s = 0; s < count; s++) {
                firstItem[s + 1] = firstItem[s] + items(sequences[s]);
            }
            workers.forEach(this, firstItem[count], 1);
        }

        private int items(AttentionRows sequence) {
            int tiles = (sequence.rows() + QUERY_TILE - 1) / QUERY_TILE;
            return sequence.decode() ? sequence.rows() * blocks : tiles * shape.heads();
        }

        @Override
        public void run(int worker, int from, int to) {
            int s = 0;
            for (int item = from; item < to; item++) {
                while (firstItem[s + 1] <= item) {
                    s++;
                }
                item(sequences[s], item - firstItem[s], scratch[worker]);
            }
        }

        private void item(AttentionRows sequence, int item, Scratch workerScratch) {
            if (sequence.decode()) {
                int head = firstHead(item % blocks);
                int end = firstHead(item % blocks + 1);
                int query = item / blocks;
                for (int key = head; storing && key < end; key += shape.group()) {
                    store.store(sequence, key / shape.group());
                }
                attend(sequence, head, end, query, query + 1, workerScratch);
            } else {
                int head = item % shape.heads();
                int query = item / shape.heads() * QUERY_TILE;
                attend(sequence, head, head + 1, query, Math.min(query + QUERY_TILE, sequence.rows()), workerScratch);
            }
        }

        private void attend(AttentionRows sequence, int fromHead, int toHead, int fromQuery, int toQuery, Scratch workerScratch) {
            kernels.attend(shape, queries, queryColumn, sequence, keyOffset, valueOffset, out, outColumn, fromHead, toHead, fromQuery,
                toQuery, workerScratch);
        }
    }

    /** Items are (sequence, key head). */
    private final class Store implements Workers.RangeTask {
        private static final int PAGE = AttentionRows.PAGE;

        private AttentionShape shape;
        private Activations keys;
        private int keyColumn;
        private Activations values;
        private int valueColumn;
        private AttentionRows[] sequences;
        private int keyOffset;
        private int valueOffset;

        void set(AttentionShape newShape, Activations newKeys, int newKeyColumn, Activations newValues, int newValueColumn,
                 AttentionRows[] newSequences, int newKeyOffset, int newValueOffset) {
            shape = newShape;
            keys = newKeys;
            keyColumn = newKeyColumn;
            values = newValues;
            valueColumn = newValueColumn;
            sequences = newSequences;
            keyOffset = newKeyOffset;
            valueOffset = newValueOffset;
        }

        void run(int count) {
            int rows = 0;
            for (int s = 0; s < count; s++) {
                rows += sequences[s].rows();
            }
            int items = count * shape.keyHeads();
            boolean small = (long) rows * shape.keyHeads() * (shape.keySize() + shape.valueSize()) < SMALL;
            workers.forEach(this, items, small ? Math.max(items, 1) : 1);
        }

        @Override
        public void run(int worker, int from, int to) {
            for (int item = from; item < to; item++) {
                store(sequences[item / shape.keyHeads()], item % shape.keyHeads());
            }
        }

        void store(AttentionRows sequence, int head) {
            for (int k = 0; k < sequence.rows(); k++) {
                int position = sequence.firstPosition() + k;
                store(sequence.pages()[position / PAGE], position % PAGE, sequence.firstRow() + k, head);
            }
        }

        private void store(float[] page, int slot, int row, int head) {
            float[] from = keys.values();
            int key = keys.at(row) + keyColumn + head * shape.keySize();
            int to = keyOffset + head * shape.keySize() * PAGE + slot;
            for (int i = 0; i < shape.keySize(); i++) {
                page[to + i * PAGE] = from[key + i];
            }
            System.arraycopy(values.values(), values.at(row) + valueColumn + head * shape.valueSize(), page,
                valueOffset + (head * PAGE + slot) * shape.valueSize(), shape.valueSize());
        }
    }

    private final class Norm implements Workers.RangeTask {
        private boolean layer;
        private Activations x;
        private int column;
        private int groups;
        private int width;
        private float[] weight;
        private float[] bias;
        private float epsilon;
        private Activations y;
        private int yColumn;

        void run(boolean newLayer, Activations newX, int newColumn, int newGroups, int newWidth, float[] newWeight, float[] newBias,
                 float newEpsilon, Activations newY, int newYColumn, int rows) {
            layer = newLayer;
            x = newX;
            column = newColumn;
            groups = newGroups;
            width = newWidth;
            weight = newWeight;
            bias = newBias;
            epsilon = newEpsilon;
            y = newY;
            yColumn = newYColumn;
            forRows(this, rows, groups * width);
        }

        @Override
        public void run(int worker, int from, int to) {
            if (layer) {
                kernels.layerNorm(x, column, groups, width, weight, bias, epsilon, y, yColumn, from, to, scratch[worker]);
            } else {
                kernels.rmsNorm(x, column, groups, width, weight, epsilon, y, yColumn, from, to, scratch[worker]);
            }
        }
    }

    private final class Activate implements Workers.RangeTask, Followup {
        private Activation activation;
        private Activations x;
        private int column;
        private int width;

        void set(Activation newActivation, Activations newX, int newColumn) {
            activation = newActivation;
            x = newX;
            column = newColumn;
        }

        void run(int newWidth, int rows) {
            width = newWidth;
            forRows(this, rows, width);
        }

        @Override
        public void run(int worker, int from, int to) {
            run(worker, 0, width, from, to);
        }

        @Override
        public void run(int worker, int fromOutput, int toOutput, int fromRow, int toRow) {
            kernels.activate(activation, x, column + fromOutput, toOutput - fromOutput, fromRow, toRow, scratch[worker]);
        }
    }

    private final class Gate implements Followup {
        private GatedActivation activation;
        private Activations gated;
        private int gateColumn;
        private Activations up;
        private int upColumn;

        void set(GatedActivation newActivation, Activations newGate, int newGateColumn, Activations newUp, int newUpColumn) {
            activation = newActivation;
            gated = newGate;
            gateColumn = newGateColumn;
            up = newUp;
            upColumn = newUpColumn;
        }

        @Override
        public void run(int worker, int fromOutput, int toOutput, int fromRow, int toRow) {
            kernels.gate(activation, gated, gateColumn + fromOutput, up, upColumn + fromOutput, up, upColumn + fromOutput,
                toOutput - fromOutput, fromRow, toRow, scratch[worker]);
        }
    }

    private final class Rotate implements Workers.RangeTask {
        private Activations x;
        private int column;
        private int heads;
        private int headSize;
        private int rotated;
        private boolean interleaved;
        private float[] cos;
        private float[] sin;
        private int tableWidth;
        private int[] tableRows;

        void run(Activations newX, int newColumn, int newHeads, int newHeadSize, int newRotated, boolean newInterleaved, float[] newCos,
                 float[] newSin, int newTableWidth, int[] newTableRows, int rows) {
            x = newX;
            column = newColumn;
            heads = newHeads;
            headSize = newHeadSize;
            rotated = newRotated;
            interleaved = newInterleaved;
            cos = newCos;
            sin = newSin;
            tableWidth = newTableWidth;
            tableRows = newTableRows;
            forRows(this, rows, heads * headSize);
        }

        @Override
        public void run(int worker, int from, int to) {
            kernels.rotate(x, column, heads, headSize, rotated, interleaved, cos, sin, tableWidth, tableRows, from, to);
        }
    }

    private final class Add implements Workers.RangeTask {
        private Activations x;
        private int xColumn;
        private float factor;
        private Activations into;
        private int intoColumn;
        private int width;

        void run(Activations newX, int newXColumn, float newFactor, Activations newInto, int newIntoColumn, int newWidth, int rows) {
            x = newX;
            xColumn = newXColumn;
            factor = newFactor;
            into = newInto;
            intoColumn = newIntoColumn;
            width = newWidth;
            forRows(this, rows, width);
        }

        @Override
        public void run(int worker, int from, int to) {
            kernels.add(x, xColumn, factor, into, intoColumn, width, from, to);
        }
    }

    private final class Scale implements Workers.RangeTask {
        private boolean cap;
        private Activations x;
        private float factor;
        private int width;

        void run(boolean newCap, Activations newX, float newFactor, int newWidth, int rows) {
            cap = newCap;
            x = newX;
            factor = newFactor;
            width = newWidth;
            forRows(this, rows, width);
        }

        @Override
        public void run(int worker, int from, int to) {
            if (cap) {
                kernels.softcap(x, 0, factor, width, from, to, scratch[worker]);
            } else {
                kernels.scale(x, 0, factor, width, from, to);
            }
        }
    }
}
