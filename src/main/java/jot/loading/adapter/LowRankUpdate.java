package jot.loading.adapter;

import jot.checkpoint.Tensor;

/**
 * What an adapter adds to one matrix {@code W [outputs][inputs]}: {@code scale · B A} (Hu et al. 2021, arXiv:2106.09685).
 *
 * @param a {@code [rank][inputs]}
 * @param b {@code [outputs][rank]}
 * @param bias {@code [outputs]}, to be scaled and added to the bias, or null
 * @param magnitude {@code [outputs]}, the length that each row of the sum then gets (DoRA, arXiv:2402.09353), or null
 * @param scale factor on the product and on the bias
 * @param embedding whether the matrix is a table of embeddings, stored {@code [inputs][outputs]}
 */
public record LowRankUpdate(Tensor a, Tensor b, Tensor bias, Tensor magnitude, double scale, boolean embedding) {
}
