package jot.model.family;

/** What a tensor does in a Transformer, whatever a family calls it. */
public enum Role {
    /** Token embedding, {@code [vocabulary][embedding width]}. */
    TOKEN_EMBEDDING,
    /** Learned positions, {@code [positions][width]}. */
    POSITION_EMBEDDING,
    /** Norm after the embedding. */
    EMBEDDING_NORM,
    /** From the embedding's width to the model's. */
    EMBEDDING_PROJECTION,
    /** Norm after the last block. */
    FINAL_NORM,
    /** From the model's width to the embedding's, before the head. */
    HEAD_PROJECTION,
    /** Language-model head, {@code [vocabulary][embedding width]}. */
    HEAD,
    /** Scores of labels, {@code [labels][embedding width]}, as most families call them. */
    SCORES,
    /** The same, as the others call them. */
    CLASSIFIER,
    /** The second head of a model with two, {@code [1][width]}. */
    CHOICE,
    /** Norm before attention. */
    ATTENTION_NORM,
    /** Norm on what attention gives. */
    ATTENTION_OUTPUT_NORM,
    /** Queries, {@code [heads · size][width]}. */
    QUERY,
    /** Keys, {@code [keyHeads · size][width]}. */
    KEY,
    /** Values, {@code [keyHeads · size][width]}. */
    VALUE,
    /** Queries, keys and values in one tensor. */
    QUERY_KEY_VALUE,
    /** Norm of queries. */
    QUERY_NORM,
    /** Norm of keys. */
    KEY_NORM,
    /** A learned logit for each head, {@code [heads]}, named whole. */
    SINKS,
    /** Output of attention, {@code [width][heads · size]}. */
    ATTENTION_OUTPUT,
    /** Norm before the feed-forward. */
    FEED_FORWARD_NORM,
    /** Norm on what the feed-forward gives. */
    FEED_FORWARD_OUTPUT_NORM,
    /** Gate, {@code [inner][width]}. */
    GATE,
    /** First matrix of the feed-forward, {@code [inner][width]}. */
    UP,
    /** Gate and first matrix in one tensor, {@code [2 · inner][width]}. */
    GATE_UP,
    /** Second matrix of the feed-forward, {@code [width][inner]}. */
    DOWN,
    /** Under whose name the parameters of an activation stand. */
    ACTIVATION,
    /** Scores of the experts, {@code [experts][width]}. */
    ROUTER,
    /** Gate of an expert, {@code [inner][width]}. */
    EXPERT_GATE,
    /** First matrix of an expert, {@code [inner][width]}. */
    EXPERT_UP,
    /** Gate and first matrix of all experts, {@code [experts][2 · inner][width]}. */
    EXPERTS_GATE_UP,
    /** Second matrix of an expert, {@code [width][inner]}, or of all, {@code [experts][width][inner]}. */
    EXPERT_DOWN,
    /** Gate of the expert that every token takes, {@code [inner][width]}. */
    SHARED_GATE,
    /** First matrix of the expert that every token takes, {@code [inner][width]}. */
    SHARED_UP,
    /** Second matrix of the expert that every token takes, {@code [width][inner]}. */
    SHARED_DOWN,
    /** How much a token takes of that expert, {@code [1][width]}. */
    SHARED_SCORE
}
