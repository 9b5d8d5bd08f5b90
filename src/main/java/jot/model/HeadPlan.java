package jot.model;

/** What reads the residual stream after the last block. */
public sealed interface HeadPlan {

    /**
     * A language-model head: logits over the vocabulary.
     *
     * @param tied whether its matrix is the token embedding
     * @param biased whether it has a bias
     * @param scale factor on the logits, 1 for none
     * @param softcap cap c of c·tanh(logit/c), 0 for none
     */
    record LanguageModel(boolean tied, boolean biased, float scale, float softcap) implements HeadPlan {
    }
}
