package jot.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

import jot.tensor.Activation;

/** What reads the residual stream after the last block. */
public sealed interface HeadPlan {

    /** How scores become probabilities. */
    enum Probabilities {
        /** Not at all: the scores are numbers that a regression gives. */
        NONE,
        /** Each by itself, by the logistic function: several labels may hold, or there is one only. */
        SIGMOID,
        /** All together, by softmax: one label holds. */
        SOFTMAX
    }

    /**
     * A language-model head: logits over the vocabulary.
     *
     * @param tied whether its matrix is the token embedding
     * @param biased whether it has a bias
     * @param scale factor on the logits, 1 for none
     * @param softcap cap c of c·tanh(logit/c), 0 for none
     */
    record LanguageModel(boolean tied, boolean biased, float scale, float softcap) implements HeadPlan {

        /** The same head with a matrix of its own. */
        public LanguageModel untied() {
            return new LanguageModel(false, biased, scale, softcap);
        }
    }

    /**
     * Scores of labels for a whole sequence, read from the state after its last token that is not padding.
     *
     * @param labels their names, by id
     * @param padding the token that counts as padding, if there is one
     * @param probabilities how scores become probabilities
     */
    record SequenceClassifier(List<String> labels, OptionalInt padding, Probabilities probabilities) implements HeadPlan {

        /** Keeps its own copy of the list. */
        public SequenceClassifier {
            labels = List.copyOf(labels);
        }

        /** The position that is read: the rightmost token that is not padding, 0 where all are, the last token without padding. */
        public int position(int[] tokens) {
            int position = tokens.length - 1;
            if (padding.isPresent()) {
                while (position > 0 && tokens[position] == padding.getAsInt()) {
                    position--;
                }
            }
            return position;
        }
    }

    /**
     * Scores of labels for each token.
     *
     * @param labels their names, by id
     */
    record TokenClassifier(List<String> labels) implements HeadPlan {

        /** Keeps its own copy of the list. */
        public TokenClassifier {
            labels = List.copyOf(labels);
        }
    }

    /**
     * A language-model head, and beside it a score of one position for the choice among several texts (Radford et al. 2018).
     *
     * @param languageModel the first head
     * @param activation what the score goes through
     */
    record DoubleHeads(LanguageModel languageModel, Activation activation) implements HeadPlan {
    }

    /** No head: the states after the final norm are all there is. */
    record None() implements HeadPlan {
    }

    /** The language-model head, if there is one. */
    default Optional<LanguageModel> language() {
        return switch (this) {
            case LanguageModel head -> Optional.of(head);
            case DoubleHeads heads -> Optional.of(heads.languageModel());
            case SequenceClassifier _, TokenClassifier _, None _ -> Optional.empty();
        };
    }

    /** The names of the labels; empty where there are none. */
    default List<String> labelNames() {
        return switch (this) {
            case SequenceClassifier head -> head.labels();
            case TokenClassifier head -> head.labels();
            case LanguageModel _, DoubleHeads _, None _ -> List.of();
        };
    }

    /** Numbers that it gives for a position. */
    default int outputs(int vocabulary) {
        return switch (this) {
            case LanguageModel _, DoubleHeads _ -> vocabulary;
            case SequenceClassifier _, TokenClassifier _ -> labelNames().size();
            case None _ -> 0;
        };
    }

    /** What it is, in a few words. */
    default String describe() {
        return switch (this) {
            case LanguageModel _ -> "language model";
            case SequenceClassifier head -> head.labels().size() == 1 ? "sequence scoring" : "sequence classification";
            case TokenClassifier _ -> "token classification";
            case DoubleHeads _ -> "language model and multiple choice";
            case None _ -> "none, states only";
        };
    }
}
