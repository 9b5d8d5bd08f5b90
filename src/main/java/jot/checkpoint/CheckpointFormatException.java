package jot.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Tells that a file of a model is damaged or of a kind that Jot does not read: which file, where in it, what was expected, what was found.
 *
 * <p>It stands for weights, configuration and tokenizer files alike.
 */
public class CheckpointFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /** The file or folder, as text: a path cannot be serialised. */
    private final String file;
    /** The place in the file, empty for the file as a whole. */
    private final String place;
    /** What should be there. */
    private final String expected;
    /** What is there. */
    private final String found;

    /**
     * Makes the exception; its message carries all four parts.
     *
     * @param file     the file or folder
     * @param place    the place in it, such as {@code header} or {@code tensor "wte.weight"}; empty for the file as a whole
     * @param expected what should be there
     * @param found    what is there
     */
    public CheckpointFormatException(Path file, String place, String expected, String found) {
        this(file, place, expected, found, null);
    }

    /**
     * Makes the exception with the failure that led to it.
     *
     * @param file     the file or folder
     * @param place    the place in it; empty for the file as a whole
     * @param expected what should be there
     * @param found    what is there
     * @param cause    the failure underneath, or null
     */
    public CheckpointFormatException(Path file, String place, String expected, String found, Throwable cause) {
        super(Checkpoint.present(file, "file") + ": " + (Checkpoint.present(place, "place").isEmpty() ? "" : place + ": ") + "expected "
                + Checkpoint.present(expected, "expected") + ", found " + Checkpoint.present(found, "found"), cause);
        this.file = file.toString();
        this.place = place;
        this.expected = expected;
        this.found = found;
    }

    /**
     * The file or folder.
     *
     * @return its path as text
     */
    public String file() {
        return file;
    }

    /**
     * The place in the file.
     *
     * @return a few words; empty for the file as a whole
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
}
