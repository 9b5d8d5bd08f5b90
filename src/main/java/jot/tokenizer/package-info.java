/**
 * Text to token ids and back, for the tokenizers that GPT models are published with.
 *
 * <p>{@link jot.tokenizer.Tokenizer#load} reads a model folder or one file. A text then goes through five steps: added tokens are found
 * in it; the stretches between them are normalized, then cut into pieces; a model turns each piece into tokens; a post-processor adds
 * what belongs around the text. Decoding looks the tokens up and joins them; {@link jot.tokenizer.StreamDecoder} does so token by token.
 * Byte-level tokenizers take a shorter way, which gives the same ids.
 */
package jot.tokenizer;
