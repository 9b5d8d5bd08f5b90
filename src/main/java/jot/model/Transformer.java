package jot.model;

import java.util.List;
import java.util.stream.Stream;

import jot.tensor.Activations;
import jot.tensor.Matrix;

/**
 * A decoder-only Transformer: its blueprint and its weights, which never change.
 *
 * <p>Thread-safe: all state of a pass lives in {@link ForwardPass}, all state of a sequence in {@link KvCache}, so any number of them may
 * use one model.
 *
 * @param architecture the blueprint
 * @param embedding tokens and positions
 * @param blocks the blocks from first to last
 * @param finalNorm the norm after the last block, or null
 * @param head what reads the final states
 * @param rotaries the distinct rotary positions that its blocks use
 */
public record Transformer(Architecture architecture, Embedding embedding, List<Block> blocks, Norm finalNorm, Head head,
        List<Rotary> rotaries) {

    /** Keeps its own copies of the lists. */
    public Transformer {
        blocks = List.copyOf(blocks);
        rotaries = List.copyOf(rotaries);
    }

    /**
     * Runs the tokens of some sequences through the model and appends them to their caches.
     *
     * <p>Afterwards what the head gives for the wanted rows stands in {@link ForwardPass#logits()}, and their final states in
     * {@link ForwardPass#states()}. What a sequence gets does not depend on the others, bit for bit.
     *
     * @param segments tokens of at least one sequence, each sequence at most once
     * @param pass where it happens
     * @return false if the pass was told to stop; the caches are then as before
     */
    public boolean forward(List<Segment> segments, ForwardPass pass) {
        return run(segments, pass, Reading.HEAD);
    }

    /**
     * The same without the head: the final states of the wanted rows stand in {@link ForwardPass#states()}.
     *
     * @param segments tokens of at least one sequence, each sequence at most once
     * @param pass where it happens
     * @return false if the pass was told to stop; the caches are then as before
     */
    public boolean encode(List<Segment> segments, ForwardPass pass) {
        return run(segments, pass, Reading.STATES);
    }

    /**
     * The same with the second head of a model that has two: the score of each wanted row stands first in its row of
     * {@link ForwardPass#logits()}.
     *
     * @param segments tokens of at least one sequence, each sequence at most once
     * @param pass where it happens
     * @return false if the pass was told to stop; the caches are then as before
     * @throws IllegalStateException if the model has no second head
     */
    public boolean score(List<Segment> segments, ForwardPass pass) {
        return run(segments, pass, Reading.SECOND_HEAD);
    }

    private enum Reading { HEAD, SECOND_HEAD, STATES }

    private boolean run(List<Segment> segments, ForwardPass pass, Reading reading) {
        try {
            return compute(segments, pass, reading);
        } catch (OutOfMemoryError e) {
            pass.releaseBuffers();
            throw e;
        } finally {
            pass.release();
        }
    }

    private boolean compute(List<Segment> segments, ForwardPass pass, Reading reading) {
        pass.begin(segments);
        embedding.apply(pass);                                   // x [rows][width]
        pass.observe(0);
        for (int i = 0; i < blocks.size(); i++) {
            if (pass.stopped()) {
                return false;
            }
            blocks.get(i).apply(pass);
            if (i < blocks.size() - 1) {
                pass.observe(i + 1);
            }
        }
        Activations x = pass.scratch().residual();
        if (finalNorm != null) {
            finalNorm.apply(x, x, x.width(), pass.rows().all(), pass.kernels());
        }
        pass.observe(blocks.size());
        if (pass.logitRows().all() > 0) {
            readOut(pass.selectLogitRows(x), pass, reading);
        }
        pass.end();
        return true;
    }

    /** What a reading makes of the final states {@code x [logit rows][width]}. */
    private void readOut(Activations x, ForwardPass pass, Reading reading) {
        switch (reading) {
            case HEAD -> head.apply(x, pass.logits(), pass);
            case SECOND_HEAD -> {
                if (!(head instanceof Head.DoubleHeads heads)) {
                    throw new IllegalStateException("no second head");
                }
                heads.score(x, pass.logits(), pass);
            }
            case STATES -> { }
        }
    }

    /** Bytes of all matrices as they are held; what is tied counts once. */
    public long weightBytes() {
        long bytes = blocks.stream().flatMap(block -> Stream.concat(block.attention().matrices(), block.feedForward().matrices()))
                .mapToLong(Matrix::bytes).sum() + head.matrices().mapToLong(Matrix::bytes).sum();
        if (head.matrices().noneMatch(matrix -> matrix == embedding.tokens())) {
            bytes += embedding.tokens().bytes();
        }
        return embedding.positions() == null ? bytes : bytes + embedding.positions().bytes();
    }

    /** Bytes of the matrices that one decoded token reads. */
    public long decodeBytes() {
        return Stream.concat(matricesOfOneRow(), head.matrices()).mapToLong(Matrix::bytes).sum();
    }

    /**
     * Floating-point operations of a prompt: 2 for each weight that a token meets in the blocks and each token, the head once, and
     * 2 · layers · width · tokens² for causal attention.
     */
    public double prefillOperations(int tokens) {
        return 2 * elements(matricesOfOneRow()) * tokens + 2 * elements(head.matrices())
                + 2.0 * blocks.size() * architecture.width() * tokens * (double) tokens;
    }

    private static double elements(Stream<Matrix> matrices) {
        return matrices.mapToDouble(matrix -> (double) matrix.outputs() * matrix.inputs()).sum();
    }

    private Stream<Matrix> matricesOfOneRow() {
        return blocks.stream().flatMap(block ->
                Stream.concat(block.attention().matrices(), block.feedForward().matricesOfOneRow()));
    }
}
