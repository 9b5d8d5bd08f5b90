package jot.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object: named members in the order of the file; immutable and thread-safe.
 */
public final class JsonObject implements Json {

    static final JsonObject EMPTY = new JsonObject(new LinkedHashMap<>(0));

    private final Map<String, Json> members;

    /** Takes the map over: nobody else may change it afterwards. */
    JsonObject(LinkedHashMap<String, Json> members) {
        this.members = Collections.unmodifiableMap(members);
    }

    /**
     * The members in the order of the file.
     *
     * @return an unmodifiable map
     */
    public Map<String, Json> members() {
        return members;
    }

    /**
     * The names of the members in the order of the file.
     *
     * @return an unmodifiable set
     */
    public Set<String> names() {
        return members.keySet();
    }

    /**
     * The number of members.
     *
     * @return 0 or more
     */
    public int size() {
        return members.size();
    }

    /**
     * Whether a member of that name is there, be it {@code null}.
     *
     * @param name a member's name
     * @return true if it is there
     */
    public boolean has(String name) {
        return members.containsKey(name);
    }

    /**
     * A member's value.
     *
     * @param name a member's name
     * @return its value, or Java's null if there is no such member
     */
    public Json get(String name) {
        return members.get(name);
    }

    /**
     * The value of a member that must be there.
     *
     * @param name a member's name
     * @return its value
     * @throws JsonException if there is no such member
     */
    public Json require(String name) throws JsonException {
        Json value = members.get(name);
        if (value == null) {
            throw new JsonException(place(name), "a value", "no such member");
        }
        return value;
    }

    /**
     * A member that must be an object.
     *
     * @param name a member's name
     * @return its value
     * @throws JsonException if it is missing or something else
     */
    public JsonObject object(String name) throws JsonException {
        return require(name).asObject(place(name));
    }

    /**
     * A member that must be an array.
     *
     * @param name a member's name
     * @return its value
     * @throws JsonException if it is missing or something else
     */
    public JsonArray array(String name) throws JsonException {
        return require(name).asArray(place(name));
    }

    /**
     * A member that must be a string.
     *
     * @param name a member's name
     * @return its text
     * @throws JsonException if it is missing or something else
     */
    public String string(String name) throws JsonException {
        return require(name).asString(place(name));
    }

    /**
     * A member that must be a whole number of 32 bits.
     *
     * @param name a member's name
     * @return its value
     * @throws JsonException if it is missing or something else
     */
    public int integer(String name) throws JsonException {
        return require(name).asInt(place(name));
    }

    private static String place(String name) {
        return "member " + JsonString.quote(name);
    }

    @Override
    public String describe() {
        return "an object";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonObject that && members.equals(that.members);
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }

    @Override
    public String toString() {
        return "JsonObject" + members.keySet();
    }
}
