/**
 * A small strict JSON reader (internal).
 *
 * <p>{@link jot.json.Json#parse(byte[])} turns a document into immutable values as RFC 8259 defines them, and refuses everything else:
 * duplicate member names, malformed UTF-8, lone surrogates, a byte order mark, text after the document, nesting deeper than
 * {@value jot.json.Json#MAXIMUM_DEPTH}. What it allocates is bounded by a small multiple of the document's length.
 *
 * <p>{@link jot.json.NearestNames} serves messages about names, of members and others, that nobody knows.
 */
package jot.json;
