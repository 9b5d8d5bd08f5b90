package jot.tensor;

/**
 * The seam between what a Transformer computes and how: a few coarse operations, each on a range of rows, outputs or heads.
 *
 * <p>Implementations compute on the calling thread, keep no state and check nothing: {@link ParallelKernels} has checked the arguments.
 * A result never depends on how the ranges were cut, nor on which other rows share a call.
 */
interface Kernels {
    /** What {@code backend()} shows, for example {@code vector 512-bit}. */
    String description();

    /** Outputs that {@link #prefill} computes together; ranges of outputs start at multiples of it. */
    int panel();

    /** Outputs that {@link #prefill} likes to have in one range, where there are enough of them; a multiple of the panel. */
    default int outputsTogether() {
        return panel();
    }

    /** Most outputs of a matrix of a format that may lie side by side, or 1; {@link Matrix} tells how they lie then. */
    default int outputsSideBySide(WeightFormat format) {
        return 1;
    }

    /** Rows of one sequence up to which {@link #decode} is the faster of the two products. */
    int fewRows();

    /**
     * Many rows times a matrix: {@code y[r][yColumn + o] = bias[o] + Σᵢ x[r][xColumn + i] · w[o][i]}. The weights are widened once and
     * reused over all rows.
     */
    void prefill(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                 int fromOutput, int toOutput, Scratch scratch);

    /** The same for few rows, bound by reading the weights: they are read once, straight from where they lie, for all rows. */
    void decode(Matrix w, float[] bias, Activations x, int xColumn, Activations y, int yColumn, int fromRow, int toRow,
                int fromOutput, int toOutput, Scratch scratch);

    /** Attention of the query heads {@code [fromHead, toHead)} in the sequence's rows {@code [fromQuery, toQuery)} over its pages. */
    void attend(AttentionShape shape, Activations queries, int queryColumn, AttentionRows sequence, int keyOffset, int valueOffset,
                Activations out, int outColumn, int fromHead, int toHead, int fromQuery, int toQuery, Scratch scratch);

    /** Layer norm of each of {@code groups} columns groups: {@code (x − mean) / √(variance + epsilon) · weight + bias}. */
    void layerNorm(Activations x, int column, int groups, int width, float[] weight, float[] bias, float epsilon,
                   Activations y, int yColumn, int fromRow, int toRow, Scratch scratch);

    /** Root-mean-square norm of each group: {@code x / √(mean(x²) + epsilon) · weight}. */
    void rmsNorm(Activations x, int column, int groups, int width, float[] weight, float epsilon,
                 Activations y, int yColumn, int fromRow, int toRow, Scratch scratch);

    /** An activation in place. */
    void activate(Activation activation, Activations x, int column, int width, int fromRow, int toRow, Scratch scratch);

    /** A gated activation of two halves. */
    void gate(GatedActivation activation, Activations gate, int gateColumn, Activations up, int upColumn, Activations y, int yColumn,
              int width, int fromRow, int toRow, Scratch scratch);

    /** Rotary positions in place (arXiv:2104.09864). */
    void rotate(Activations x, int column, int heads, int headSize, int rotated, boolean interleaved, float[] cos, float[] sin,
                int tableWidth, int[] tableRows, int fromRow, int toRow);

    /** {@code into += scale · x}. */
    void add(Activations x, int xColumn, float scale, Activations into, int intoColumn, int width, int fromRow, int toRow);

    /** {@code x *= scale}. */
    void scale(Activations x, int column, float scale, int width, int fromRow, int toRow);

    /** {@code x = cap · tanh(x / cap)}. */
    void softcap(Activations x, int column, float cap, int width, int fromRow, int toRow, Scratch scratch);
}
