package jot.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes. Text in and out is UTF-8 wherever it is a pipe or a file.
 *
 * @param in standard input
 * @param out standard output: results alone
 * @param err standard error: messages, progress, figures
 * @param terminal whether a person is watching
 */
record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {

    static Console system() {
        java.io.Console console = System.console();
        boolean terminal = console != null && console.isTerminal();
        PrintStream out = terminal ? System.out : new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false,
                StandardCharsets.UTF_8);
        return new Console(System.in, out, System.err, terminal);
    }

    /** Shows a share of a long task on a terminal, over the line before. */
    void progress(String what, double share) {
        if (terminal) {
            int filled = (int) (share * 30);
            err.print("\r" + what + " [" + "#".repeat(filled) + " ".repeat(30 - filled) + "] " + Math.round(share * 100) + " %");
            err.flush();
        }
    }

    /** Takes the progress line away. */
    void endProgress() {
        if (terminal) {
            err.print("\r" + " ".repeat(60) + "\r");
            err.flush();
        }
    }
}
