package jot.json;

import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * A JSON array; immutable and thread-safe.
 */
public final class JsonArray implements Json, Iterable<Json> {

    static final JsonArray EMPTY = new JsonArray(new Json[0]);

    private final Json[] elements;

    /** Takes the array over: nobody else may change it afterwards. */
    JsonArray(Json[] elements) {
        this.elements = elements;
    }

    /**
     * The number of elements.
     *
     * @return 0 or more
     */
    public int size() {
        return elements.length;
    }

    /**
     * One element.
     *
     * @param index its place, from 0
     * @return its value
     * @throws IndexOutOfBoundsException if there is no such element
     */
    public Json get(int index) {
        return elements[index];
    }

    /**
     * All elements.
     *
     * @return an unmodifiable view
     */
    public List<Json> elements() {
        return Collections.unmodifiableList(Arrays.asList(elements));
    }

    @Override
    public Iterator<Json> iterator() {
        return elements().iterator();
    }

    @Override
    public String describe() {
        return "an array";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonArray that && Arrays.equals(elements, that.elements);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(elements);
    }

    @Override
    public String toString() {
        return "JsonArray[" + elements.length + " elements]";
    }
}
