package jot.cli;

/**
 * An option of a command.
 *
 * @param name with its dashes
 * @param value what its value is called, or null for a flag
 * @param text what it does
 */
record Option(String name, String value, String text) {

    static Option flag(String name, String text) {
        return new Option(name, null, text);
    }

    static Option of(String name, String value, String text) {
        return new Option(name, value, text);
    }
}
