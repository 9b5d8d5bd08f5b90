/** jot.tensor (internal). */
package jot.tensor;
