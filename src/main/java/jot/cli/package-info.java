/** jot.cli (internal). */
package jot.cli;
