/** jot.tokenizer (internal). */
package jot.tokenizer;
