/** jot.sampling (internal). */
package jot.sampling;
