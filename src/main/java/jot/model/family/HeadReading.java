package jot.model.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import jot.checkpoint.CheckpointFormatException;
import jot.model.HeadPlan;
import jot.tensor.Activation;

/**
 * Reads from a configuration which head a model has: families say how they model language, {@code architectures} says what the published
 * weights were trained for.
 *
 * <p>Stateless and thread-safe.
 */
public final class HeadReading {

    private static final String ARCHITECTURES = "architectures";
    /** Labels of a configuration that states none, as the library that writes them leaves them out. */
    private static final int DEFAULT_LABELS = 2;

    private HeadReading() {
    }

    /**
     * The head of a model.
     *
     * @param own the head with which its family models language
     * @param storesHead whether the weights have a matrix for that head
     * @throws CheckpointFormatException if the weights belong to a task that Jot does not do
     */
    public static HeadPlan of(Config config, HeadPlan own, BooleanSupplier storesHead) throws CheckpointFormatException {
        if (!(own instanceof HeadPlan.LanguageModel language)) {
            return own;
        }
        List<String> names = config.texts(ARCHITECTURES).orElse(List.of());
        String name = names.isEmpty() ? "" : names.getFirst();
        if (name.endsWith("ForCausalLM") || name.contains("LMHead") || name.isEmpty()) {
            return own;
        }
        if (name.endsWith("ForSequenceClassification")) {
            return sequenceClassifier(config, labels(config));
        }
        if (name.endsWith("ForTokenClassification")) {
            return new HeadPlan.TokenClassifier(labels(config));
        }
        if (name.endsWith("DoubleHeadsModel")) {
            return doubleHeads(config, language);
        }
        if (name.matches(".*For[A-Z].*")) {
            throw config.refusal(ARCHITECTURES, "a language model, a classifier of sequences or tokens, or double heads", '"' + name + '"');
        }
        return language.tied() || storesHead.getAsBoolean() ? own : new HeadPlan.None();
    }

    /** A head for whole sequences with labels of these names. */
    public static HeadPlan.SequenceClassifier sequenceClassifier(Config config, List<String> labels) throws CheckpointFormatException {
        return new HeadPlan.SequenceClassifier(labels, config.integerIfAny(Integer.MIN_VALUE, Integer.MAX_VALUE, "pad_token_id"),
                probabilities(config, labels.size()));
    }

    /** The rule of the reference library's pipeline for text classification. */
    private static HeadPlan.Probabilities probabilities(Config config, int labels) throws CheckpointFormatException {
        String problem = config.textOr("", "problem_type");
        return switch (problem) {
            case "regression" -> HeadPlan.Probabilities.NONE;
            case "multi_label_classification" -> HeadPlan.Probabilities.SIGMOID;
            case "single_label_classification", "" ->
                labels == 1 ? HeadPlan.Probabilities.SIGMOID : HeadPlan.Probabilities.SOFTMAX;
            default -> throw config.refusal("problem_type", "regression, single_label_classification or multi_label_classification",
                    '"' + problem + '"');
        };
    }

    /** The names that a configuration gives to its labels. */
    public static List<String> labels(Config config) throws CheckpointFormatException {
        Optional<Config> names = config.group("id2label");
        if (names.isEmpty()) {
            return numbered(config.channelsOr(DEFAULT_LABELS, "num_labels", "_num_labels"));
        }
        List<String> labels = new ArrayList<>();
        for (int id = 0; id < names.get().values().size(); id++) {
            String key = Integer.toString(id);
            if (!names.get().has(key)) {
                throw config.refusal("id2label", "a label for each id from 0 to " + (names.get().values().size() - 1), "none for " + id);
            }
            labels.add(names.get().text(key));
        }
        if (labels.isEmpty()) {
            throw config.refusal("id2label", "at least one label", "none");
        }
        return labels;
    }

    /** Names for labels that have none. */
    public static List<String> numbered(int count) {
        return IntStream.range(0, count).mapToObj(id -> "LABEL_" + id).toList();
    }

    private static HeadPlan.DoubleHeads doubleHeads(Config config, HeadPlan.LanguageModel language) throws CheckpointFormatException {
        String kind = config.textOr("cls_index", "summary_type");
        if (!kind.equals("cls_index")) {
            throw config.refusal("summary_type", "\"cls_index\", the state of one position", '"' + kind + '"');
        }
        config.refuseFalse("summary_use_proj");
        config.refuseFalse("summary_proj_to_labels");
        Activation activation = config.textOr("", "summary_activation").isEmpty() ? new Activation.Identity()
                : config.activation("linear", "summary_activation");
        return new HeadPlan.DoubleHeads(language, activation);
    }
}
