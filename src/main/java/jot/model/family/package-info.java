/** jot.model.family (internal). */
package jot.model.family;
