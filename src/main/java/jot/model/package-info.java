/** jot.model (internal). */
package jot.model;
