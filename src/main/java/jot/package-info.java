/** Load a GPT model and generate text with it. */
package jot;
