/**
 * From logits to a token: the chain of sampling steps, each one formula of one paper, and the draw at its end.
 *
 * <p>{@link jot.sampling.SamplingChain} says which steps run, {@link jot.sampling.Sampler} runs them for one generation.
 * A step of one's own is a {@link jot.sampling.LogitStep}. The package knows nothing of models, files or text.
 *
 * <p>Notation in the steps: x are the logits over a vocabulary of V tokens, p = softmax(x); to forbid or remove token i is to set
 * x_i to −∞. The context is the prompt followed by the generated tokens. Every cut computes p anew from what the steps before it left.
 *
 * <p>All arithmetic is float64 by addition, multiplication and division in a written order (or {@link StrictMath}, whose results are
 * fixed by its specification), so the same logits and seed give the same token on every machine and at every stage of compilation.
 */
package jot.sampling;
