package jot.model;

import java.util.List;
import java.util.stream.Stream;

import jot.tensor.Activations;
import jot.tensor.AttentionShape;
import jot.tensor.Matrix;
import jot.tensor.ParallelKernels;

/**
 * Masked multi-head self-attention with its weights.
 *
 * <p>Queries, keys and values of a row stand side by side: {@code [heads · size][keyHeads · size][keyHeads · size]}.
 *
 * @param plan its shape
 * @param shape the numbers that the kernel needs
 * @param layer index of the block, which says where its keys and values lie in the cache
 * @param rotaryIndex which of the pass's rotary tables it uses, or −1
 * @param projections one matrix for queries, keys and values together, or three, in this order
 * @param queryNorm norm of the queries, or null
 * @param keyNorm norm of the keys, or null
 * @param output projection back to the model's width
 */
public record Attention(AttentionPlan plan, AttentionShape shape, int layer, int rotaryIndex, List<Linear> projections, Norm queryNorm,
        Norm keyNorm, Linear output) {

    /** Keeps its own copy of the list of projections. */
    public Attention {
        projections = List.copyOf(projections);
    }

    /** Attends from the rows of {@code input [rows][width]} to everything before them; {@code to [rows][width]}. */
    void apply(Activations input, Activations to, ForwardPass pass) {
        Activations qkv = pass.scratch().queriesKeysValues();            // [rows][(heads + 2 keyHeads) · size]
        project(input, qkv, pass);
        place(qkv, pass);
        Activations attended = pass.scratch().attended();                // [rows][heads · size]
        pass.attend(this, qkv, attended);
        output.apply(attended, to, 0, pass.rows(), pass.kernels());      // [rows][width]
    }

    private void project(Activations input, Activations qkv, ForwardPass pass) {
        int column = 0;
        for (int i = 0; i < projections.size(); i++) {
            Linear projection = projections.get(i);
            projection.apply(input, qkv, column, pass.rows(), pass.kernels());
            column += projection.outputs();
        }
    }

    private void clip(Activations qkv, ForwardPass pass) {
        if (plan.clip() > 0) {
            int width = plan.queryWidth() + 2 * plan.keyWidth();
            for (int r = 0; r < pass.rows().all(); r++) {
                for (int i = qkv.at(r); i < qkv.at(r) + width; i++) {
                    qkv.values()[i] = Math.clamp(qkv.values()[i], -plan.clip(), plan.clip());
                }
            }
        }
    }

    /** Norms of queries and keys, their bound, and rotary positions, in the order that the plan states. */
    private void place(Activations qkv, ForwardPass pass) {
        boolean normLast = plan.norm().isPresent() && plan.norm().get().afterRotary();
        if (!normLast) {
            normalise(qkv, pass);
        }
        clip(qkv, pass);
        rotate(qkv, pass);
        if (normLast) {
            normalise(qkv, pass);
        }
    }

    private void normalise(Activations qkv, ForwardPass pass) {
        if (plan.norm().isEmpty()) {
            return;
        }
        boolean whole = plan.norm().get().extent() == AttentionPlan.Extent.WIDTH;
        int rows = pass.rows().all();
        ParallelKernels kernels = pass.kernels();
        if (whole) {
            queryNorm.apply(qkv, 0, 1, plan.queryWidth(), qkv, rows, kernels);
            keyNorm.apply(qkv, plan.queryWidth(), 1, plan.keyWidth(), qkv, rows, kernels);
        } else {
            queryNorm.apply(qkv, 0, plan.heads(), plan.headSize(), qkv, rows, kernels);
            keyNorm.apply(qkv, plan.queryWidth(), plan.keyHeads(), plan.headSize(), qkv, rows, kernels);
        }
    }

    private void rotate(Activations qkv, ForwardPass pass) {
        if (rotaryIndex >= 0) {
            Rotary rotary = plan.rotary().orElseThrow();
            pass.rotate(rotaryIndex, rotary, qkv, 0, plan.heads() + plan.keyHeads(), plan.headSize());
        }
    }

    /** The matrices of the projections. */
    Stream<Matrix> matrices() {
        return Stream.concat(projections.stream(), Stream.of(output)).map(Linear::weight);
    }
}
