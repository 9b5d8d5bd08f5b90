package jot.model;

import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

import jot.tensor.Activations;
import jot.tensor.AttentionRows;
import jot.tensor.Elementary;
import jot.tensor.ParallelKernels;

/**
 * The state of a forward pass: its rows, its buffers and the kernels that it runs on.
 *
 * <p>A row is a token at a position of a sequence. Rows of short segments (one token of a sequence that decodes) come first, rows
 * of prompts after them. One object serves any number of passes, one at a time; not thread-safe.
 */
public final class ForwardPass {

    /**
     * How many rows there are: rows of sequences that decode come first, then rows of prompts.
     *
     * @param decode rows of sequences that decode, one each
     * @param all all rows
     */
    record RowCounts(int decode, int all) {

        /** These counts, or an old object that says the same, so that nothing is allocated for passes that are alike. */
        static RowCounts of(int decode, int all, RowCounts old) {
            return old.decode == decode && old.all == all ? old : new RowCounts(decode, all);
        }
    }

    private final ParallelKernels kernels;
    private final Scratch scratch;
    private final List<Rotary> rotaries;
    private final float[][] frequencies;
    private final int[] frequencyLengths;
    private final float[][] cosines;
    private final float[][] sines;

    private List<Segment> segments = List.of();
    private AttentionRows[] sequences = {};
    private int[] firstRows = {};
    private int[] firstLogitRows = {};
    private int[] tokens = {};
    private int[] positions = {};
    private int[] tableRows = {};
    private RowCounts rows = new RowCounts(0, 0);
    private RowCounts logitRows = new RowCounts(0, 0);
    private BooleanSupplier stopped = () -> false;
    private HiddenStates observer;

    /** The state for passes of a model on some kernels. */
    public ForwardPass(Transformer transformer, ParallelKernels kernels) {
        this.kernels = kernels;
        this.scratch = new Scratch(transformer.architecture());
        this.rotaries = transformer.rotaries();
        this.frequencies = new float[rotaries.size()][];
        this.frequencyLengths = new int[rotaries.size()];
        this.cosines = new float[rotaries.size()][0];
        this.sines = new float[rotaries.size()][0];
    }

    /** Lets every following pass end early, between two blocks, once the supplier says so. */
    public ForwardPass stopWhen(BooleanSupplier condition) {
        this.stopped = condition;
        return this;
    }

    /** Shows the residual stream of every following pass to an observer, or to none if null. */
    public ForwardPass observedBy(HiddenStates hiddenStates) {
        this.observer = hiddenStates;
        return this;
    }

    /** Sets out the rows of the next pass. */
    void begin(List<Segment> all) {
        segments = all;
        ensureSegments(all.size());
        int row = 0;
        int few = 0;
        for (int phase = 0; phase < 2; phase++) {
            for (int s = 0; s < all.size(); s++) {
                Segment segment = all.get(s);
                if (few(segment) == (phase == 0)) {
                    firstRows[s] = row;
                    row += segment.count();
                }
            }
            few = phase == 0 ? row : few;
        }
        rows = RowCounts.of(few, row, rows);
        setOutLogitRows();
        scratch.ensureRows(row, logitRows.all());
        ensureRows(row);
        for (int s = 0; s < all.size(); s++) {
            setOutRows(s, all.get(s));
        }
        for (int i = 0; i < rotaries.size(); i++) {
            fillRotaryTable(i);
        }
    }

    /** Short segments use the kernels of decoding, longer ones those of prompts: a rule of its own length alone. */
    private boolean few(Segment segment) {
        return segment.count() <= kernels.fewRows();
    }

    private void setOutLogitRows() {
        int row = 0;
        int single = 0;
        for (int phase = 0; phase < 2; phase++) {
            for (int s = 0; s < segments.size(); s++) {
                Segment segment = segments.get(s);
                if (headDecodes(segment) == (phase == 0)) {
                    firstLogitRows[s] = row;
                    row += segment.wantedRows();
                }
            }
            single = phase == 0 ? row : single;
        }
        logitRows = RowCounts.of(single, row, logitRows);
    }

    /** A last row alone goes through the head as a decoding row does: packing the whole head for it would cost more than the product. */
    private boolean headDecodes(Segment segment) {
        return few(segment) || segment.wanted() == Segment.Wanted.LAST;
    }

    private void setOutRows(int s, Segment segment) {
        KvCache cache = segment.cache();
        cache.expect(cache.contextLength(segment.count()));
        cache.reserve(segment.count());
        sequences[s].set(cache.pages(), firstRows[s], segment.count(), cache.length(), few(segment));
        for (int k = 0; k < segment.count(); k++) {
            tokens[firstRows[s] + k] = segment.tokens()[segment.from() + k];
            positions[firstRows[s] + k] = cache.length() + k;
        }
    }

    /** Counts the rows of a finished pass into the caches. */
    void end() {
        for (int s = 0; s < segments.size(); s++) {
            segments.get(s).cache().advance(segments.get(s).count());
        }
    }

    /** Lets go of the buffers, so that a pass for which memory did not suffice leaves room for smaller ones. */
    void releaseBuffers() {
        scratch.release();
    }

    /** Lets go of the caches, whether the pass came to its end or not. */
    void release() {
        segments = List.of();
        for (AttentionRows sequence : sequences) {
            sequence.clear();
        }
    }

    private void ensureSegments(int count) {
        int old = sequences.length;
        if (count > old) {
            AttentionRows[] more = Arrays.copyOf(sequences, count);
            for (int s = old; s < count; s++) {
                more[s] = new AttentionRows();
            }
            firstRows = new int[count];
            firstLogitRows = new int[count];
            sequences = more;
        }
    }

    private void ensureRows(int count) {
        if (count > tokens.length) {
            int capacity = Math.max(count, 2 * tokens.length);
            positions = new int[capacity];
            tableRows = new int[capacity];
            for (int r = 0; r < capacity; r++) {
                tableRows[r] = r;
            }
            for (int i = 0; i < rotaries.size(); i++) {
                cosines[i] = new float[capacity * (rotaries.get(i).rotated() / 2)];
                sines[i] = new float[capacity * (rotaries.get(i).rotated() / 2)];
            }
            // last, as its length says that the others are as long, also where there was no memory for them
            tokens = new int[capacity];
        }
    }

    /** Cosines and sines {@code [rows][rotated/2]}; the angle is rounded to float32, as the reference implementation does. */
    private void fillRotaryTable(int index) {
        Rotary rotary = rotaries.get(index);
        int pairs = rotary.rotated() / 2;
        for (int s = 0; s < segments.size(); s++) {
            float[] turns = frequencies(index, rotary, segments.get(s).cache().contextLength(sequences[s].rows()));
            for (int r = firstRows[s]; r < firstRows[s] + sequences[s].rows(); r++) {
                for (int j = 0; j < pairs; j++) {
                    float angle = positions[r] * turns[j];
                    cosines[index][r * pairs + j] = (float) Elementary.cosine(angle) * rotary.magnitude();
                    sines[index][r * pairs + j] = (float) Elementary.sine(angle) * rotary.magnitude();
                }
            }
        }
    }

    /** Frequencies in a context of so many tokens, computed when they change. */
    private float[] frequencies(int index, Rotary rotary, int length) {
        int representative = rotary.scaling().representative(length);
        if (frequencies[index] == null || frequencyLengths[index] != representative) {
            frequencies[index] = rotary.frequencies(representative);
            frequencyLengths[index] = representative;
        }
        return frequencies[index];
    }

    /** Turns queries and keys by their positions. */
    void rotate(int index, Rotary rotary, Activations x, int column, int heads, int headSize) {
        kernels.rotate(x, column, heads, headSize, rotary.rotated(), rotary.interleaved(), cosines[index], sines[index],
                rotary.rotated() / 2, tableRows, rows.all());
    }

    /**
     * Writes the keys and values of all rows into their caches, then attends from all rows: {@code qkv [rows][queries, keys, values]} to
     * {@code attended [rows][heads · size]}.
     */
    void attend(Attention attention, Activations qkv, Activations attended) {
        CacheLayout layout = segments.getFirst().cache().layout();
        int keyColumn = attention.plan().queryWidth();
        int valueColumn = keyColumn + attention.plan().keyWidth();
        kernels.storeAndAttend(attention.shape(), qkv, 0, keyColumn, valueColumn, sequences, segments.size(),
                layout.keyOffset(attention.layer()), layout.valueOffset(attention.layer()), attended, 0);
    }

    /** Copies the states whose logits are wanted, {@code [logit rows][width]}. */
    Activations selectLogitRows(Activations x) {
        Activations selected = scratch.selected();
        for (int s = 0; s < segments.size(); s++) {
            Segment segment = segments.get(s);
            int wanted = segment.wantedRows();
            int from = firstRows[s] + segment.count() - wanted;
            for (int k = 0; k < wanted; k++) {
                System.arraycopy(x.values(), x.at(from + k), selected.values(), selected.at(firstLogitRows[s] + k), x.width());
            }
        }
        return selected;
    }

    /** Final states of the rows that the last pass was asked for, {@code [logit rows][width]}. */
    public Activations states() {
        return scratch.selected();
    }

    /** What the head gave for these rows in the last pass, {@code [logit rows][outputs]}; of a language model, its logits. */
    public Activations logits() {
        return scratch.logits();
    }

    /** First row in {@link #logits()} and {@link #states()} of a segment of the last pass. */
    public int firstLogitRow(int segment) {
        return firstLogitRows[segment];
    }

    /** First row in the residual stream of a segment of the last pass. */
    public int firstRow(int segment) {
        return firstRows[segment];
    }

    boolean stopped() {
        return stopped.getAsBoolean();
    }

    void observe(int index) {
        if (observer != null) {
            observer.accept(index, scratch.residual(), rows.all());
        }
    }

    ParallelKernels kernels() {
        return kernels;
    }

    Scratch scratch() {
        return scratch;
    }

    RowCounts rows() {
        return rows;
    }

    RowCounts logitRows() {
        return logitRows;
    }

    int token(int row) {
        return tokens[row];
    }

    int position(int row) {
        return positions[row];
    }

}
