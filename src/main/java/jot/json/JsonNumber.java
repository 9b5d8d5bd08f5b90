package jot.json;

/**
 * A JSON number with its exact text; immutable and thread-safe.
 *
 * <p>Two numbers are equal if their texts are: {@code 1} and {@code 1.0} differ.
 */
public final class JsonNumber implements Json {

    private static final int DESCRIBED_LENGTH = 40;

    /** Null where the text is exactly the decimal form of {@code whole}. */
    private final String text;
    private final long whole;

    JsonNumber(long whole) {
        this.text = null;
        this.whole = whole;
    }

    JsonNumber(String text) {
        this.text = text;
        this.whole = 0;
    }

    /**
     * The number as it is written in the document.
     *
     * @return its exact text
     */
    public String text() {
        return text == null ? Long.toString(whole) : text;
    }

    /**
     * The value as an int; {@code 1e3} and {@code 7.0} are whole, too.
     *
     * @param place what to call the number in a message
     * @return its value
     * @throws JsonException if it is not whole or out of range
     */
    public int intValue(String place) throws JsonException {
        return (int) whole(place, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /**
     * The value as a long; {@code 1e3} and {@code 7.0} are whole, too.
     *
     * @param place what to call the number in a message
     * @return its value
     * @throws JsonException if it is not whole or out of range
     */
    public long longValue(String place) throws JsonException {
        return whole(place, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /**
     * The nearest double.
     *
     * @param place what to call the number in a message
     * @return a finite value
     * @throws JsonException if it is beyond the range of a double
     */
    public double doubleValue(String place) throws JsonException {
        double value = text == null ? whole : Double.parseDouble(text);
        if (Double.isInfinite(value)) {
            throw new JsonException(place, "a number within the range of a double", describe());
        }
        return value;
    }

    private long whole(String place, long least, long most) throws JsonException {
        long value = text == null ? whole : WholeNumber.parse(text, place);
        if (value < least || value > most) {
            throw new JsonException(place, "a whole number from " + least + " to " + most, describe());
        }
        return value;
    }

    @Override
    public String describe() {
        String shown = text();
        return "the number " + (shown.length() <= DESCRIBED_LENGTH ? shown : shown.substring(0, DESCRIBED_LENGTH) + "…");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonNumber that && text().equals(that.text());
    }

    @Override
    public int hashCode() {
        return text().hashCode();
    }

    @Override
    public String toString() {
        return text();
    }
}
