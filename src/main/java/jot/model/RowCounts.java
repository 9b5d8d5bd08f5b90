package jot.model;

/**
 * How many rows a pass has: rows of sequences that decode come first, then rows of prompts.
 *
 * @param decode rows of sequences that decode, one each
 * @param all all rows
 */
record RowCounts(int decode, int all) {
}
