/** jot.generation (internal). */
package jot.generation;
