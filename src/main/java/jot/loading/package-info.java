/** jot.loading (internal). */
package jot.loading;
