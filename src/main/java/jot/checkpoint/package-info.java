/** jot.checkpoint (internal). */
package jot.checkpoint;
