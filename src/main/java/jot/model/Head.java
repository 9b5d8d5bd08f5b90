package jot.model;

import jot.model.ForwardPass.RowCounts;
import jot.tensor.Activations;

/**
 * The language-model head with its weights.
 *
 * @param plan its shape
 * @param projection from the model's width to the embedding's, or null where they agree
 * @param output {@code [vocabulary][embedding width]}, the token embedding itself where they are tied
 */
public record Head(HeadPlan.LanguageModel plan, Linear projection, Linear output) {

    /** Logits {@code [rows][vocabulary]} from states {@code x [rows][width]} after the final norm. */
    void apply(Activations x, Activations logits, RowCounts rows, ForwardPass pass) {
        Activations input = x;
        if (projection != null) {
            input = pass.scratch().narrow();
            projection.apply(x, input, 0, rows, pass.kernels());
        }
        output.apply(input, logits, 0, rows, pass.kernels());
        if (plan.scale() != 1) {
            pass.kernels().scale(logits, plan.scale(), output.outputs(), rows.all());
        }
        if (plan.softcap() > 0) {
            pass.kernels().softcap(logits, plan.softcap(), output.outputs(), rows.all());
        }
    }
}
