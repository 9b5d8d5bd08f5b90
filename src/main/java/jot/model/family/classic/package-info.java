/**
 * The families from GPT-1 to the models before and beside Llama (internal): layer norms, learned, sinusoidal, ALiBi or rotary
 * positions, mostly a feed-forward without a gate.
 *
 * <p>One file a family, each a table and a reading of its configuration.
 */
package jot.model.family.classic;
