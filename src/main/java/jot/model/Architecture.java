package jot.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The blueprint of a decoder-only Transformer: numbers and sealed choices, no weights and no state.
 *
 * <p>A family file reads it from a published configuration; everything that runs a model asks this record alone what to do.
 * Immutable and thread-safe.
 *
 * @param family name of the family as configurations spell it, such as {@code gpt2}
 * @param vocabulary rows of the token embedding, and logits of a language model
 * @param width channels of the residual stream (d_model)
 * @param context greatest number of positions, or empty where the model sets no limit
 * @param embedding how tokens and positions enter the residual stream
 * @param blocks the blocks from first to last
 * @param finalNorm the norm after the last block, if there is one
 * @param head what reads the residual stream in the end
 */
public record Architecture(String family, int vocabulary, int width, OptionalInt context, EmbeddingPlan embedding,
        List<BlockPlan> blocks, Optional<NormPlan> finalNorm, HeadPlan head) {

    /** Keeps its own copy of the list of blocks. */
    public Architecture {
        blocks = List.copyOf(blocks);
    }

    /** The same blueprint with another limit on the context. */
    public Architecture withContext(OptionalInt other) {
        return new Architecture(family, vocabulary, width, other, embedding, blocks, finalNorm, head);
    }

    /** The same blueprint with another head. */
    public Architecture withHead(HeadPlan other) {
        return new Architecture(family, vocabulary, width, context, embedding, blocks, finalNorm, other);
    }
}
