package jot.generation;

import java.util.Arrays;

import jot.model.ForwardPass;
import jot.model.HeadPlan;
import jot.model.Transformer;
import jot.tensor.Activations;

/** What a model says about a whole text other than how it goes on: scores of labels and choices, and its states as a point in space. */
public final class TextReadings {

    private TextReadings() {
    }

    /**
     * Scores of the labels for a text.
     *
     * @param tokens at least one
     * @return {@code [labels]}
     * @throws IllegalArgumentException if there are no tokens, one is outside the vocabulary, or they do not fit the context
     * @throws IllegalStateException if the model has no head for sequences
     */
    public static float[] classify(Inference inference, int[] tokens) {
        HeadPlan head = inference.architecture().head();
        if (!(head instanceof HeadPlan.SequenceClassifier classifier)) {
            throw missing("head that classifies sequences", head);
        }
        float[][] scores = new float[1][];
        new TextPass(inference, tokens).readAt(classifier.position(tokens), Transformer::forward,
                (position, row, pass) -> scores[0] = outputs(pass, row, classifier.labels().size()));
        return scores[0];
    }

    /**
     * Scores of the labels for each token.
     *
     * @param tokens at least one
     * @return {@code [tokens][labels]}
     * @throws IllegalArgumentException if there are no tokens, one is outside the vocabulary, or they do not fit the context
     * @throws IllegalStateException if the model has no head for tokens
     */
    public static float[][] classifyTokens(Inference inference, int[] tokens) {
        HeadPlan head = inference.architecture().head();
        if (!(head instanceof HeadPlan.TokenClassifier classifier)) {
            throw missing("head that classifies tokens", head);
        }
        float[][] scores = new float[tokens.length][];
        new TextPass(inference, tokens).readAll(Transformer::forward,
                (position, row, pass) -> scores[position] = outputs(pass, row, classifier.labels().size()));
        return scores;
    }

    /**
     * Scores of several texts, by the second head of a model that has two.
     *
     * @param choices the texts, each with at least one token
     * @param positions the position that is scored in each
     * @return {@code [choices]}
     * @throws IllegalArgumentException if the numbers of texts and positions differ, a position lies outside its text, a text has no
     *     tokens, one is outside the vocabulary, or they do not fit the context
     * @throws IllegalStateException if the model has no second head
     */
    public static float[] choices(Inference inference, int[][] choices, int[] positions) {
        HeadPlan head = inference.architecture().head();
        if (!(head instanceof HeadPlan.DoubleHeads)) {
            throw missing("second head that scores choices", head);
        }
        if (choices.length != positions.length) {
            throw new IllegalArgumentException(choices.length + " choices, but " + positions.length + " positions");
        }
        TextPass[] texts = new TextPass[choices.length];
        for (int i = 0; i < choices.length; i++) {
            texts[i] = new TextPass(inference, choices[i]);
            if (positions[i] < 0 || positions[i] >= choices[i].length) {
                throw new IllegalArgumentException("position " + positions[i] + " of choice " + i + ", which has " + choices[i].length
                        + " tokens");
            }
        }
        float[] scores = new float[choices.length];
        for (int i = 0; i < texts.length; i++) {
            int choice = i;
            texts[i].readAt(positions[i], Transformer::score, (position, row, pass) -> scores[choice] = outputs(pass, row, 1)[0]);
        }
        return scores;
    }

    /**
     * The mean of the final states of all tokens.
     *
     * @param tokens at least one
     * @return {@code [width]}
     * @throws IllegalArgumentException if there are no tokens, one is outside the vocabulary, or they do not fit the context
     */
    public static float[] mean(Inference inference, int[] tokens) {
        double[] sum = new double[inference.architecture().width()];
        new TextPass(inference, tokens).readAll(Transformer::encode, (position, row, pass) -> {
            Activations states = pass.states();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += states.values()[states.at(row) + i];
            }
        });
        float[] mean = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            mean[i] = (float) (sum[i] / tokens.length);
        }
        return mean;
    }

    /**
     * The final state of the last token.
     *
     * @param tokens at least one
     * @return {@code [width]}
     * @throws IllegalArgumentException if there are no tokens, one is outside the vocabulary, or they do not fit the context
     */
    public static float[] last(Inference inference, int[] tokens) {
        float[] last = new float[inference.architecture().width()];
        new TextPass(inference, tokens).readAt(tokens.length - 1, Transformer::encode, (position, row, pass) ->
                System.arraycopy(pass.states().values(), pass.states().at(row), last, 0, last.length));
        return last;
    }

    /** The same direction with length 1; a point without a direction stays as it is. */
    public static float[] normalised(float[] embedding) {
        double squares = 0;
        for (float value : embedding) {
            squares += (double) value * value;
        }
        if (squares == 0) {
            return embedding.clone();
        }
        double length = Math.sqrt(squares);
        float[] normalised = new float[embedding.length];
        for (int i = 0; i < embedding.length; i++) {
            normalised[i] = (float) (embedding[i] / length);
        }
        return normalised;
    }

    private static float[] outputs(ForwardPass pass, int row, int count) {
        Activations outputs = pass.logits();
        return Arrays.copyOfRange(outputs.values(), outputs.at(row), outputs.at(row) + count);
    }

    private static IllegalStateException missing(String what, HeadPlan head) {
        return new IllegalStateException("the model has no " + what + ", its head is: " + head.describe());
    }
}
