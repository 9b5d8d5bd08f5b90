package jot.json;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Tells that a document is not valid JSON, or that a value in it is not what the reader needs.
 */
public final class JsonException extends IOException {

    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;
    private final String place;
    private final String expected;
    private final String found;

    /**
     * Makes the exception for a place in the document's text.
     *
     * @param line     the line, from 1
     * @param column   the character in that line, from 1
     * @param expected what should be there
     * @param found    what is there
     */
    public JsonException(int line, int column, String expected, String found) {
        this(line, column, "line " + line + ", column " + column, expected, found);
    }

    /**
     * Makes the exception for a value, when its line is not known any more.
     *
     * @param place    the value, such as {@code member "n_layer"}
     * @param expected what should be there
     * @param found    what is there
     */
    public JsonException(String place, String expected, String found) {
        this(0, 0, place, expected, found);
    }

    private JsonException(int line, int column, String place, String expected, String found) {
        super(place + ": expected " + expected + ", found " + found);
        this.line = line;
        this.column = column;
        this.place = place;
        this.expected = expected;
        this.found = found;
    }

    /**
     * The line of the document.
     *
     * @return the line from 1, or 0 where only {@link #place()} is known
     */
    public int line() {
        return line;
    }

    /**
     * The character within the line.
     *
     * @return the column from 1, or 0 where only {@link #place()} is known
     */
    public int column() {
        return column;
    }

    /**
     * The place in words: line and column, or the name of the value.
     *
     * @return such as {@code line 3, column 14} or {@code member "n_layer"}
     */
    public String place() {
        return place;
    }

    /**
     * What should be there.
     *
     * @return a few words
     */
    public String expected() {
        return expected;
    }

    /**
     * What is there.
     *
     * @return a few words
     */
    public String found() {
        return found;
    }

    /**
     * The same, told of the file that holds the document.
     *
     * @param file the file
     * @param kind makes the exception
     * @param <E>  its type
     * @return an exception with this one's place, expectation and finding, and this one as its cause
     */
    public <E extends Exception> E in(Path file, Kind<E> kind) {
        return kind.of(file, place, expected, found, this);
    }

    /**
     * Makes an exception that names a file.
     *
     * @param <E> its type
     */
    @FunctionalInterface
    public interface Kind<E extends Exception> {

        /**
         * Makes the exception.
         *
         * @param file     the file
         * @param place    the place in it
         * @param expected what should be there
         * @param found    what is there
         * @param cause    the failure underneath
         * @return the exception
         */
        E of(Path file, String place, String expected, String found, Throwable cause);
    }
}
