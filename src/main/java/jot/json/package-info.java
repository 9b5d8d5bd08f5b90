/** jot.json (internal). */
package jot.json;
