package jot.checkpoint;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jot.json.JsonString;

/**
 * Interprets a Python pickle of protocols 2 to 5 without running anything: what is not a plain value goes through {@link Globals}, which
 * knows a few names and refuses all others.
 *
 * <p>Values are {@code Long}, {@code BigInteger}, {@code Double}, {@code Boolean}, {@code String}, {@link Bytes}, {@link None},
 * {@link Sequence}, {@link Dictionary}, and whatever the globals make. The interpreter is a loop over a stack: it recurses nowhere, so
 * that nesting and cycles cost nothing, and its memory is bounded by a small multiple of the pickle's length. Source: the opcodes' own
 * descriptions in CPython's {@code pickletools.py}.
 */
final class PickleReader {

    /** What a pickle may name. */
    interface Globals {

        /** The object of a module's name, or a refusal. */
        Object find(String module, String name) throws Refusal;

        /** What a global makes of arguments, or a refusal. */
        Object call(Object global, List<Object> arguments) throws Refusal;

        /** The object that lies outside the pickle, or a refusal. */
        Object persistent(Object identifier) throws Refusal;
    }

    /** Tells what is wrong with a value; the reader adds the place. */
    static final class Refusal extends Exception {

        private static final long serialVersionUID = 1L;

        private final String expected;
        private final String found;

        Refusal(String expected, String found) {
            super(expected + ", " + found, null, false, false);
            this.expected = expected;
            this.found = found;
        }
    }

    /** Python's None. */
    enum None { NONE }

    /** A list, tuple or set; only one that began empty can grow. */
    static final class Sequence {

        private final boolean growable;
        private List<Object> items;

        private Sequence() {
            this.growable = true;
            this.items = List.of();
        }

        Sequence(List<Object> items) {
            this.growable = false;
            this.items = items;
        }

        List<Object> items() {
            return items;
        }

        private void addAll(List<Object> values) throws Refusal {
            if (!growable) {
                throw new Refusal("a list that began empty to append to", "another one");
            }
            if (items.isEmpty()) {
                items = new ArrayList<>(values.size());
            }
            items.addAll(values);
        }
    }

    /** A string of bytes. */
    static final class Bytes {

        private final long length;

        Bytes(long length) {
            this.length = length;
        }

        long length() {
            return length;
        }
    }

    /** A dictionary in the order of insertion; keys are strings, numbers, truth values or None. */
    static final class Dictionary {

        private Map<Object, Object> items = Map.of();

        Map<Object, Object> items() {
            return items;
        }

        void put(Object key, Object value) throws Refusal {
            if (!(key instanceof String || key instanceof Number || key instanceof Boolean || key instanceof None)) {
                throw new Refusal("a dictionary key that is text or a number", describe(key));
            }
            if (items.isEmpty()) {
                items = new LinkedHashMap<>(4);
            }
            if (items.put(key, value) != null) {
                throw new Refusal("each dictionary key once", describe(key) + " twice");
            }
        }
    }

    private static final Sequence EMPTY_TUPLE = new Sequence(List.of());
    private static final int LONGEST_INTEGER = 1024;
    private static final int NEWEST_PROTOCOL = 5;

    private final Path file;
    private final String what;
    private final byte[] bytes;
    private final ByteBuffer numbers;
    private final Globals globals;
    private int position;
    private int instruction;
    private Object[] stack = new Object[64];
    private int depth;
    private int[] marks = new int[16];
    private int markCount;
    private Object[] memo = new Object[64];
    private int memoCount;

    /**
     * Makes a reader.
     *
     * @param file    the file, for messages
     * @param what    what to call the pickle in messages
     * @param bytes   the pickle, which may be followed by something else
     * @param start   where in the bytes it begins
     * @param globals what it may name
     */
    PickleReader(Path file, String what, byte[] bytes, int start, Globals globals) {
        this.file = file;
        this.what = what;
        this.bytes = bytes;
        this.numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.position = start;
        this.globals = globals;
    }

    /** Interprets the pickle up to its stop. */
    Object read() throws CheckpointFormatException {
        try {
            while (true) {
                instruction = position;
                int opcode = take(1) & 0xFF;
                if (opcode == '.') {
                    return pop();
                }
                run(opcode);
            }
        } catch (Refusal e) {
            throw new CheckpointFormatException(file, what + ", byte " + instruction, e.expected, e.found, e);
        }
    }

    /** Where the pickle ended, once it was read. */
    int position() {
        return position;
    }

    // ---- instructions ----

    private void run(int opcode) throws Refusal {
        switch (opcode) {
            case 0x80 -> protocol();
            case 0x95 -> skipFrame();
            case '(' -> mark();
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(peek());
            case 'N' -> push(None.NONE);
            case 0x88 -> push(Boolean.TRUE);
            case 0x89 -> push(Boolean.FALSE);
            case 'K', 'M', 'J', 0x8A, 0x8B, 'G' -> number(opcode);
            case 'X', 0x8C, 0x8D, 'T', 'U' -> push(text(length(opcode)));
            case 'B', 'C', 0x8E, 0x96 -> push(bytes(length(opcode)));
            case ']', 0x8F -> push(new Sequence());
            case ')' -> push(EMPTY_TUPLE);
            case '}' -> push(new Dictionary());
            case 't', 'l', 0x91 -> push(new Sequence(popToMark()));
            case 0x85, 0x86, 0x87 -> push(new Sequence(pop(opcode - 0x84)));
            case 'd' -> push(dictionary(popToMark()));
            case 'a', 'e', 0x90 -> append(opcode == 'a' ? pop(1) : popToMark());
            case 's', 'u' -> putAll(opcode == 's' ? pop(2) : popToMark());
            case 'q', 'r', 0x94 -> memoize(opcode);
            case 'h', 'j' -> push(recall(index(opcode == 'h' ? 1 : 4)));
            case 'c', 0x93 -> global(opcode);
            case 'R', 0x81 -> call();
            case 'b' -> build();
            case 'Q' -> push(globals.persistent(pop()));
            default -> throw new Refusal("an instruction of pickle protocols 2 to 5 that only makes values",
                    "0x" + Integer.toHexString(opcode));
        }
    }

    private void protocol() throws Refusal {
        int version = take(1) & 0xFF;
        if (version < 2 || version > NEWEST_PROTOCOL) {
            throw new Refusal("pickle protocol 2 to " + NEWEST_PROTOCOL, Integer.toString(version));
        }
    }

    /** A frame only says how much a reader may fetch at once. */
    private void skipFrame() throws Refusal {
        int at = advance(8);
        long length = numbers.getLong(at);
        if (length < 0 || length > bytes.length - position) {
            throw new Refusal("a frame within the pickle", Long.toUnsignedString(length) + " bytes");
        }
    }

    private void number(int opcode) throws Refusal {
        switch (opcode) {
            case 'K' -> push((long) (take(1) & 0xFF));
            case 'M' -> push((long) (numbers.getShort(advance(2)) & 0xFFFF));
            case 'J' -> push((long) numbers.getInt(advance(4)));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(numbers.getLong(advance(8)))));
            default -> push(integer(opcode == 0x8A ? take(1) & 0xFF : index(4)));
        }
    }

    /** A two's complement number of so many bytes, the lowest first. */
    private Object integer(int length) throws Refusal {
        if (length > LONGEST_INTEGER) {
            throw new Refusal("a number of at most " + LONGEST_INTEGER + " bytes", length + " bytes");
        }
        int at = advance(length);
        byte[] reversed = new byte[length];
        for (int i = 0; i < length; i++) {
            reversed[i] = bytes[at + length - 1 - i];
        }
        BigInteger value = length == 0 ? BigInteger.ZERO : new BigInteger(reversed);
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        return value;
    }

    private int length(int opcode) throws Refusal {
        return switch (opcode) {
            case 'U', 'C', 0x8C -> take(1) & 0xFF;
            case 'X', 'B', 'T' -> index(4);
            default -> {
                long length = numbers.getLong(advance(8));
                if (length < 0 || length > bytes.length - position) {
                    throw new Refusal(Long.toUnsignedString(length) + " bytes", (bytes.length - position) + " to the end");
                }
                yield (int) length;
            }
        };
    }

    private String text(int length) throws Refusal {
        int at = advance(length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, at, length)).toString();
        } catch (CharacterCodingException e) {
            throw new Refusal("UTF-8 text", "malformed bytes");
        }
    }

    private Bytes bytes(int length) throws Refusal {
        advance(length);
        return new Bytes(length);
    }

    private void append(List<Object> items) throws Refusal {
        if (!(peek() instanceof Sequence sequence)) {
            throw new Refusal("a list to append to", describe(peek()));
        }
        sequence.addAll(items);
    }

    private static Dictionary dictionary(List<Object> keysAndValues) throws Refusal {
        Dictionary dictionary = new Dictionary();
        putAll(dictionary, keysAndValues);
        return dictionary;
    }

    private void putAll(List<Object> keysAndValues) throws Refusal {
        if (!(peek() instanceof Dictionary dictionary)) {
            throw new Refusal("a dictionary to put into", describe(peek()));
        }
        putAll(dictionary, keysAndValues);
    }

    private static void putAll(Dictionary dictionary, List<Object> keysAndValues) throws Refusal {
        if (keysAndValues.size() % 2 != 0) {
            throw new Refusal("as many keys as values", keysAndValues.size() + " in all");
        }
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            dictionary.put(keysAndValues.get(i), keysAndValues.get(i + 1));
        }
    }

    private void global(int opcode) throws Refusal {
        if (opcode == 'c') {
            String module = line();
            push(globals.find(module, line()));
        } else {
            Object name = pop();
            Object module = pop();
            if (!(name instanceof String n) || !(module instanceof String m)) {
                throw new Refusal("module and name as text", describe(module) + " and " + describe(name));
            }
            push(globals.find(m, n));
        }
    }

    private String line() throws Refusal {
        int start = position;
        while (position < bytes.length && bytes[position] != '\n') {
            position++;
        }
        int length = position - start;
        position = start;
        String line = text(length);
        take(1);
        return line;
    }

    private void call() throws Refusal {
        Object arguments = pop();
        Object global = pop();
        if (!(arguments instanceof Sequence sequence)) {
            throw new Refusal("a tuple of arguments", describe(arguments));
        }
        push(globals.call(global, sequence.items));
    }

    /** Attributes of a container, such as the versions that PyTorch notes beside its weights, mean nothing here. */
    private void build() throws Refusal {
        Object state = pop();
        if (!(peek() instanceof Dictionary) || !(state instanceof Dictionary)) {
            throw new Refusal("attributes of a dictionary", describe(state) + " as state of " + describe(peek()));
        }
    }

    // ---- stack and memo ----

    private void push(Object value) {
        if (depth == stack.length) {
            stack = Arrays.copyOf(stack, depth * 2);
        }
        stack[depth++] = value;
    }

    private Object pop() throws Refusal {
        Object value = peek();
        stack[--depth] = null;
        return value;
    }

    private Object peek() throws Refusal {
        if (depth == (markCount == 0 ? 0 : marks[markCount - 1])) {
            throw new Refusal("a value on the stack", "none");
        }
        return stack[depth - 1];
    }

    private List<Object> pop(int count) throws Refusal {
        if (depth - count < (markCount == 0 ? 0 : marks[markCount - 1])) {
            throw new Refusal(count + " values on the stack", "fewer");
        }
        return popFrom(depth - count);
    }

    private void mark() {
        if (markCount == marks.length) {
            marks = Arrays.copyOf(marks, markCount * 2);
        }
        marks[markCount++] = depth;
    }

    private List<Object> popToMark() throws Refusal {
        if (markCount == 0) {
            throw new Refusal("a mark on the stack", "none");
        }
        return popFrom(marks[--markCount]);
    }

    private List<Object> popFrom(int from) {
        List<Object> values = Arrays.asList(Arrays.copyOfRange(stack, from, depth));
        Arrays.fill(stack, from, depth, null);
        depth = from;
        return values;
    }

    private void memoize(int opcode) throws Refusal {
        int index = opcode == 0x94 ? memoCount : index(opcode == 'q' ? 1 : 4);
        if (index > position) {
            throw new Refusal("a memo in the order of the pickle", "index " + index);
        }
        if (index >= memo.length) {
            memo = Arrays.copyOf(memo, Math.max(index + 1, memo.length * 2));
        }
        if (memo[index] == null) {
            memoCount++;
        }
        memo[index] = peek();
    }

    private Object recall(int index) throws Refusal {
        if (index >= memo.length || memo[index] == null) {
            throw new Refusal("a value in the memo", "none at index " + index);
        }
        return memo[index];
    }

    // ---- bytes ----

    /** A number of one or four bytes that counts something. */
    private int index(int length) throws Refusal {
        if (length == 1) {
            return take(1) & 0xFF;
        }
        int value = numbers.getInt(advance(4));
        if (value < 0) {
            throw new Refusal("a number below 2^31", Integer.toUnsignedString(value));
        }
        return value;
    }

    private byte take(int length) throws Refusal {
        return bytes[advance(length)];
    }

    /** Moves on by so many bytes and returns where they begin. */
    private int advance(int length) throws Refusal {
        if (length > bytes.length - position) {
            throw new Refusal(length + " more bytes", (bytes.length - position) + " to the end");
        }
        int at = position;
        position += length;
        return at;
    }

    /** A value in a few words, never its content: that may be large, or contain itself. */
    static String describe(Object value) {
        return switch (value) {
            case String text -> "the text " + JsonString.quote(text);
            case Long number -> "the number " + number;
            case Double number -> "the number " + number;
            case BigInteger number -> "a number of " + number.bitLength() + " bits";
            case Boolean truth -> truth ? "True" : "False";
            case None none -> "None";
            case Sequence sequence -> "a sequence of " + sequence.items.size();
            case Dictionary dictionary -> "a dictionary of " + dictionary.items.size();
            case Bytes data -> data.length + " bytes";
            default -> value.toString();
        };
    }
}
