package jot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import jot.model.HeadPlan;

/**
 * What a classifier says about a text.
 *
 * <p>A reward model has one label, whose score is the reward. Immutable and thread-safe.
 */
public final class Classification {

    private final List<Label> labels;

    private Classification(List<Label> labels) {
        this.labels = List.copyOf(labels);
    }

    static Classification of(HeadPlan.SequenceClassifier head, float[] scores) {
        double[] probabilities = switch (head.probabilities()) {
            case NONE -> widened(scores);
            case SIGMOID -> Arrays.stream(widened(scores)).map(score -> 1 / (1 + StrictMath.exp(-score))).toArray();
            case SOFTMAX -> softmax(widened(scores));
        };
        List<Label> labels = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            labels.add(new Label(head.labels().get(i), scores[i], (float) probabilities[i]));
        }
        return new Classification(labels);
    }

    private static double[] widened(float[] scores) {
        double[] wide = new double[scores.length];
        for (int i = 0; i < scores.length; i++) {
            wide[i] = scores[i];
        }
        return wide;
    }

    private static double[] softmax(double[] scores) {
        double greatest = Arrays.stream(scores).max().orElseThrow();
        double[] powers = Arrays.stream(scores).map(score -> StrictMath.exp(score - greatest)).toArray();
        double sum = 0;
        for (double power : powers) {
            sum += power;
        }
        double total = sum;
        return Arrays.stream(powers).map(power -> power / total).toArray();
    }

    /**
     * A label and how well it fits the text.
     *
     * @param name its name in the model's configuration, {@code LABEL_0} and so on where that has none
     * @param score what the model's head gave
     * @param probability from 0 to 1: over all labels together, or of each by itself where several may hold or there is one only; of a
     *     regression the score itself
     */
    public record Label(String name, float score, float probability) {
        /**
         * A label as described above.
         */
        public Label {
            Arguments.present(name, "name");
        }
    }

    /**
     * All labels, in the order of their ids.
     *
     * @return at least one
     */
    public List<Label> labels() {
        return labels;
    }

    /**
     * The label that fits best.
     *
     * @return the one of the greatest score, the first of equals
     */
    public Label best() {
        Label best = labels.getFirst();
        for (Label label : labels) {
            best = label.score() > best.score() ? label : best;
        }
        return best;
    }

    /**
     * The scores of all labels as the head gave them.
     *
     * @return a new array, in the order of {@link #labels()}
     */
    public float[] logits() {
        float[] logits = new float[labels.size()];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = labels.get(i).score();
        }
        return logits;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Classification that && labels.equals(that.labels);
    }

    @Override
    public int hashCode() {
        return labels.hashCode();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Classification[");
        for (Label label : labels) {
            text.append(text.charAt(text.length() - 1) == '[' ? "" : ", ")
                    .append(String.format(Locale.ROOT, "%s %.4f", label.name(), label.probability()));
        }
        return text.append(']').toString();
    }
}
