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
 * @param head the language-model head
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
     * <p>Afterwards the wanted logits stand in {@link ForwardPass#logits()}. What a sequence gets does not depend on the others, bit for
     * bit.
     *
     * @param segments tokens of at least one sequence, each sequence at most once
     * @param pass where it happens
     * @return false if the pass was told to stop; the caches are then as before
     */
    public boolean forward(List<Segment> segments, ForwardPass pass) {
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
        readOut(pass);
        pass.end();
        return true;
    }

    /** Final norm and head: logits {@code [logit rows][vocabulary]}. */
    private void readOut(ForwardPass pass) {
        Activations x = pass.scratch().residual();
        if (finalNorm != null) {
            finalNorm.apply(x, x, x.width(), pass.rows().all(), pass.kernels());
        }
        pass.observe(blocks.size());
        if (pass.logitRows().all() > 0) {
            head.apply(pass.selectLogitRows(x), pass.logits(), pass.logitRows(), pass);
        }
    }

    /** Bytes of all matrices as they are held; what is tied counts once. */
    public long weightBytes() {
        long bytes = blocks.stream().flatMap(block -> Stream.concat(block.attention().matrices(), block.feedForward().matrices()))
                .mapToLong(Matrix::bytes).sum() + head.output().weight().bytes();
        if (head.output().weight() != embedding.tokens()) {
            bytes += embedding.tokens().bytes();
        }
        return embedding.positions() == null ? bytes : bytes + embedding.positions().bytes();
    }

    /** Bytes of the matrices that one decoded token reads. */
    public long decodeBytes() {
        return matricesOfOneRow().mapToLong(Matrix::bytes).sum() + head.output().weight().bytes();
    }

    /**
     * Floating-point operations of a prompt: 2 for each weight that a token meets in the blocks and each token, the head once, and
     * 2 · layers · width · tokens² for causal attention.
     */
    public double prefillOperations(int tokens) {
        double weights = matricesOfOneRow().mapToDouble(matrix -> (double) matrix.outputs() * matrix.inputs()).sum();
        Matrix last = head.output().weight();
        return 2 * weights * tokens + 2.0 * last.outputs() * last.inputs()
                + 2.0 * blocks.size() * architecture.width() * tokens * (double) tokens;
    }

    private Stream<Matrix> matricesOfOneRow() {
        return blocks.stream().flatMap(block ->
                Stream.concat(block.attention().matrices(), block.feedForward().matricesOfOneRow()));
    }
}
