package jot.model;

import java.util.Optional;

/**
 * How tokens and positions enter the residual stream.
 *
 * @param width channels of the token embedding; where it differs from the model's width, projections lead in and out
 * @param scale factor on the token embedding (√width in some families), 1 for none
 * @param norm a norm right after the embedding (BLOOM), if there is one
 * @param positions positions added to the embedding
 */
public record EmbeddingPlan(int width, float scale, Optional<NormPlan> norm, PositionPlan positions) {
}
