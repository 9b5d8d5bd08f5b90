package jot.model;

import java.util.Objects;
import java.util.stream.Stream;

import jot.tensor.Activation;
import jot.tensor.Activations;
import jot.tensor.Matrix;

/** What reads the residual stream after the last block, with its weights. */
public sealed interface Head {

    /** Reads states {@code x [logit rows][width]} after the final norm, writes {@code to [logit rows][outputs]}. */
    void apply(Activations x, Activations to, ForwardPass pass);

    /** Its matrices. */
    Stream<Matrix> matrices();

    /**
     * The language-model head.
     *
     * @param plan its shape
     * @param projection from the model's width to the embedding's, or null where they agree
     * @param output {@code [vocabulary][embedding width]}, the token embedding itself where they are tied
     */
    record LanguageModel(HeadPlan.LanguageModel plan, Linear projection, Linear output) implements Head {

        @Override
        public void apply(Activations x, Activations to, ForwardPass pass) {
            output.apply(projected(projection, x, pass), to, 0, pass.logitRows(), pass.kernels());
            if (plan.scale() != 1) {
                pass.kernels().scale(to, plan.scale(), output.outputs(), pass.logitRows().all());
            }
            if (plan.softcap() > 0) {
                pass.kernels().softcap(to, plan.softcap(), output.outputs(), pass.logitRows().all());
            }
        }

        @Override
        public Stream<Matrix> matrices() {
            return Stream.of(projection, output).filter(Objects::nonNull).map(Linear::weight);
        }
    }

    /**
     * Scores of labels, for sequences as for tokens: they differ in the rows that are wanted.
     *
     * @param projection from the model's width to the embedding's, or null where they agree
     * @param scores {@code [labels][embedding width]}
     */
    record Classifier(Linear projection, Linear scores) implements Head {

        @Override
        public void apply(Activations x, Activations to, ForwardPass pass) {
            scores.apply(projected(projection, x, pass), to, 0, pass.logitRows(), pass.kernels());
        }

        @Override
        public Stream<Matrix> matrices() {
            return Stream.of(projection, scores).filter(Objects::nonNull).map(Linear::weight);
        }
    }

    /**
     * A language-model head and a second one that scores positions.
     *
     * @param language the first head, which is the one that {@link #apply} means
     * @param choice {@code [1][width]}
     * @param activation what the score goes through
     */
    record DoubleHeads(LanguageModel language, Linear choice, Activation activation) implements Head {

        @Override
        public void apply(Activations x, Activations to, ForwardPass pass) {
            language.apply(x, to, pass);
        }

        /** The second head: reads states {@code x [logit rows][width]}, writes {@code to [logit rows][1]}. */
        void score(Activations x, Activations to, ForwardPass pass) {
            choice.apply(x, to, 0, pass.logitRows(), pass.kernels());
            pass.kernels().activate(activation, to, 0, 1, pass.logitRows().all());
        }

        @Override
        public Stream<Matrix> matrices() {
            return Stream.concat(language.matrices(), Stream.of(choice.weight()));
        }
    }

    /** No head. */
    record None() implements Head {

        @Override
        public void apply(Activations x, Activations to, ForwardPass pass) {
            throw new IllegalStateException("no head");
        }

        @Override
        public Stream<Matrix> matrices() {
            return Stream.empty();
        }
    }

    private static Activations projected(Linear projection, Activations x, ForwardPass pass) {
        if (projection == null) {
            return x;
        }
        Activations narrow = pass.scratch().narrow();
        projection.apply(x, narrow, 0, pass.logitRows(), pass.kernels());
        return narrow;
    }
}
