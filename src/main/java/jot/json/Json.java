package jot.json;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * A JSON value (RFC 8259); immutable and thread-safe.
 */
public sealed interface Json permits JsonObject, JsonArray, JsonString, JsonNumber, JsonBoolean, JsonNull {

    /** The deepest nesting of arrays and objects that is read. */
    int MAXIMUM_DEPTH = 512;

    /**
     * Parses one document from UTF-8 bytes.
     *
     * @param document the whole document, without a byte order mark
     * @return its value
     * @throws JsonException if the bytes are not exactly one valid JSON document
     */
    static Json parse(byte[] document) throws JsonException {
        return new JsonParser(document).document();
    }

    /**
     * Parses one document from text.
     *
     * @param document the whole document
     * @return its value
     * @throws JsonException if the text is not exactly one valid JSON document
     */
    static Json parse(String document) throws JsonException {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(document));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return parse(bytes);
        } catch (CharacterCodingException e) {
            throw new JsonException("text", "Unicode text", "half of a surrogate pair");
        }
    }

    /**
     * This value in a few words, for messages: {@code an object}, {@code the number 3}.
     *
     * @return a short description, bounded in length
     */
    String describe();

    /**
     * This value as an object.
     *
     * @param place what to call the value in the message if it is something else
     * @return this
     * @throws JsonException if it is not an object
     */
    default JsonObject asObject(String place) throws JsonException {
        if (this instanceof JsonObject object) {
            return object;
        }
        throw new JsonException(place, "an object", describe());
    }

    /**
     * This value as an array.
     *
     * @param place what to call the value in the message if it is something else
     * @return this
     * @throws JsonException if it is not an array
     */
    default JsonArray asArray(String place) throws JsonException {
        if (this instanceof JsonArray array) {
            return array;
        }
        throw new JsonException(place, "an array", describe());
    }

    /**
     * The text of this string.
     *
     * @param place what to call the value in the message if it is something else
     * @return its characters
     * @throws JsonException if it is not a string
     */
    default String asString(String place) throws JsonException {
        if (this instanceof JsonString string) {
            return string.value();
        }
        throw new JsonException(place, "a string", describe());
    }

    /**
     * This value as a number.
     *
     * @param place what to call the value in the message if it is something else
     * @return this
     * @throws JsonException if it is not a number
     */
    default JsonNumber asNumber(String place) throws JsonException {
        if (this instanceof JsonNumber number) {
            return number;
        }
        throw new JsonException(place, "a number", describe());
    }

    /**
     * This value as a whole number of 32 bits.
     *
     * @param place what to call the value in the message if it is something else
     * @return its value
     * @throws JsonException if it is not a number, not whole or out of range
     */
    default int asInt(String place) throws JsonException {
        return asNumber(place).intValue(place);
    }

    /**
     * This value as a whole number of 64 bits.
     *
     * @param place what to call the value in the message if it is something else
     * @return its value
     * @throws JsonException if it is not a number, not whole or out of range
     */
    default long asLong(String place) throws JsonException {
        return asNumber(place).longValue(place);
    }

    /**
     * This value as a floating-point number.
     *
     * @param place what to call the value in the message if it is something else
     * @return the nearest double
     * @throws JsonException if it is not a number, or beyond the range of a double
     */
    default double asDouble(String place) throws JsonException {
        return asNumber(place).doubleValue(place);
    }

    /**
     * This value as a truth value.
     *
     * @param place what to call the value in the message if it is something else
     * @return its value
     * @throws JsonException if it is neither {@code true} nor {@code false}
     */
    default boolean asBoolean(String place) throws JsonException {
        if (this instanceof JsonBoolean bool) {
            return bool.value();
        }
        throw new JsonException(place, "true or false", describe());
    }
}
