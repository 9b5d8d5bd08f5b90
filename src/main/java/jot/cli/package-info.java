/**
 * The command line (internal): {@link jot.cli.Main} finds the command, one class each; {@link jot.cli.Models} loads what it names.
 */
package jot.cli;
