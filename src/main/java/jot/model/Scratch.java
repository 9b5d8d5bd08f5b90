package jot.model;

import java.util.List;

import jot.tensor.Activations;

/**
 * The buffers of a forward pass, reused from pass to pass.
 *
 * <p>They belong to whoever runs the pass; a model holds none. They grow to the largest pass seen.
 */
public final class Scratch {

    private final Activations residual;
    private final Activations normed;
    private final Activations queriesKeysValues;
    private final Activations attended;
    private final Activations attentionOutput;
    private final Activations inner;
    private final Activations gates;
    private final Activations feedForwardOutput;
    private final Experts.Routing routing;
    private final int chosenExperts;
    private final Activations narrow;
    private final Activations selected;
    private final Activations logits;
    private final List<Activations> all;
    private final float[] positionRow;

    /** Buffers for an architecture, at first for one row. */
    public Scratch(Architecture architecture) {
        int qkv = 0;
        int heads = 0;
        int wide = 0;
        boolean gated = false;
        int experts = 0;
        int chosen = 0;
        for (BlockPlan block : architecture.blocks()) {
            qkv = Math.max(qkv, block.attention().queryWidth() + 2 * block.attention().keyWidth());
            heads = Math.max(heads, block.attention().queryWidth());
            switch (block.feedForward()) {
                case FeedForwardPlan.Dense dense -> {
                    wide = Math.max(wide, dense.width());
                    gated |= dense.form() instanceof FeedForwardPlan.Form.Gated;
                }
                case FeedForwardPlan.Experts mixture -> {
                    wide = Math.max(wide, Math.max(mixture.expert().width(), mixture.sharedWidth().orElse(0)));
                    gated = true;
                    experts = Math.max(experts, mixture.experts());
                    chosen = Math.max(chosen, mixture.chosen());
                }
            }
        }
        int width = architecture.width();
        residual = new Activations(1, width);
        normed = new Activations(1, width);
        queriesKeysValues = new Activations(1, qkv);
        attended = new Activations(1, heads);
        attentionOutput = new Activations(1, width);
        inner = new Activations(1, wide);
        gates = new Activations(1, gated ? wide : 1);
        feedForwardOutput = new Activations(1, width);
        routing = experts == 0 ? null : new Experts.Routing(width, experts);
        chosenExperts = chosen;
        narrow = new Activations(1, architecture.embedding().width());
        selected = new Activations(1, width);
        logits = new Activations(1, Math.max(1, architecture.head().outputs(architecture.vocabulary())));
        all = List.of(residual, normed, queriesKeysValues, attended, attentionOutput, inner, gates, feedForwardOutput, narrow, selected,
                logits);
        positionRow = new float[width];
    }

    /** Grows every buffer to a number of rows. */
    void ensureRows(int rows, int logitRows) {
        residual.ensureRows(rows);
        normed.ensureRows(rows);
        queriesKeysValues.ensureRows(rows);
        attended.ensureRows(rows);
        attentionOutput.ensureRows(rows);
        inner.ensureRows(rows);
        gates.ensureRows(rows);
        feedForwardOutput.ensureRows(rows);
        if (routing != null) {
            routing.ensureRows(rows, chosenExperts);
        }
        narrow.ensureRows(Math.max(rows, logitRows));
        selected.ensureRows(logitRows);
        logits.ensureRows(logitRows);
    }

    /** Lets go of what takes memory; the next pass makes room anew. */
    void release() {
        all.forEach(Activations::release);
    }

    /** The residual stream, {@code [rows][width]}. */
    Activations residual() {
        return residual;
    }

    /** A normalised copy of it, {@code [rows][width]}. */
    Activations normed() {
        return normed;
    }

    /** {@code [rows][(heads + 2 keyHeads) · size]}. */
    Activations queriesKeysValues() {
        return queriesKeysValues;
    }

    /** What the heads gather, {@code [rows][heads · size]}. */
    Activations attended() {
        return attended;
    }

    /** {@code [rows][width]}. */
    Activations attentionOutput() {
        return attentionOutput;
    }

    /** Between the matrices of a feed-forward, {@code [rows][inner]}. */
    Activations inner() {
        return inner;
    }

    /** {@code [rows][inner]}. */
    Activations gates() {
        return gates;
    }

    /** {@code [rows][width]}. */
    Activations feedForwardOutput() {
        return feedForwardOutput;
    }

    /** Which rows take which experts, in models that have experts. */
    Experts.Routing routing() {
        return routing;
    }

    /** The embedding before its projection, and the input of a narrower head, {@code [rows][embedding width]}. */
    Activations narrow() {
        return narrow;
    }

    /** The final states of the rows whose logits are wanted, {@code [logit rows][width]}. */
    Activations selected() {
        return selected;
    }

    /** What the head gives, {@code [logit rows][outputs]}. */
    Activations logits() {
        return logits;
    }

    /** One row of a position table, {@code [width]}. */
    float[] positionRow() {
        return positionRow;
    }
}
