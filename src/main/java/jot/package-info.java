/**
 * Load a GPT model and generate text with it.
 *
 * <p>Begin at {@link jot.Gpt}: load a folder, generate, close. {@link jot.GenerationOptions} say how, {@link jot.Generation} is what
 * comes back.
 */
package jot;
