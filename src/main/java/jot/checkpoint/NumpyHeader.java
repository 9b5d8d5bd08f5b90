package jot.checkpoint;

import java.util.Arrays;
import java.util.Map;
import java.util.function.BiFunction;
import jot.json.JsonString;

/**
 * The header of a NumPy array, a Python dictionary of three items written as text.
 *
 * @param type         the type of the elements
 * @param bigEndian    whether their bytes are in the other order
 * @param fortranOrder whether the first dimension is the fastest, instead of the last
 * @param shape        the size of each dimension
 */
record NumpyHeader(DataType type, boolean bigEndian, boolean fortranOrder, long[] shape) {

    private static final Map<String, DataType> TYPES = Map.ofEntries(
            Map.entry("b1", DataType.BOOL), Map.entry("i1", DataType.I8), Map.entry("u1", DataType.U8), Map.entry("i2", DataType.I16),
            Map.entry("u2", DataType.U16), Map.entry("i4", DataType.I32), Map.entry("u4", DataType.U32), Map.entry("i8", DataType.I64),
            Map.entry("u8", DataType.U64), Map.entry("f2", DataType.F16), Map.entry("f4", DataType.F32), Map.entry("f8", DataType.F64),
            Map.entry("c8", DataType.C64));

    private static final int MOST_DIMENSIONS = 64;

    /** Parses a header; {@code error} makes the exception from what was expected and found. */
    static NumpyHeader parse(String text, BiFunction<String, String, CheckpointFormatException> error) throws CheckpointFormatException {
        return new Parser(text, error).header();
    }

    /** Reads the few forms of Python literals that occur, each item once, in any order. */
    private static final class Parser {

        private final String text;
        private final BiFunction<String, String, CheckpointFormatException> error;
        private int position;

        Parser(String text, BiFunction<String, String, CheckpointFormatException> error) {
            this.text = text;
            this.error = error;
        }

        NumpyHeader header() throws CheckpointFormatException {
            String description = null;
            Boolean fortranOrder = null;
            long[] shape = null;
            expect('{');
            while (!accept('}')) {
                String key = string();
                expect(':');
                switch (key) {
                    case "descr" -> description = once(key, description, description());
                    case "fortran_order" -> fortranOrder = once(key, fortranOrder, truth());
                    case "shape" -> shape = once(key, shape, tuple());
                    default -> throw error.apply("descr, fortran_order and shape in the header", JsonString.quote(key));
                }
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            if (description == null || fortranOrder == null || shape == null) {
                throw error.apply("descr, fortran_order and shape in the header", "not all of them");
            }
            if (!text.substring(position).isBlank()) {
                throw error.apply("nothing after the header's dictionary", JsonString.quote(text.substring(position)));
            }
            return of(description, fortranOrder, shape);
        }

        private <T> T once(String key, T before, T value) throws CheckpointFormatException {
            if (before != null) {
                throw error.apply("each item of the header once", JsonString.quote(key) + " twice");
            }
            return value;
        }

        private NumpyHeader of(String description, boolean fortranOrder, long[] shape) throws CheckpointFormatException {
            char order = description.isEmpty() ? ' ' : description.charAt(0);
            boolean ordered = "<>=|".indexOf(order) >= 0;
            DataType type = TYPES.get(ordered ? description.substring(1) : description);
            if (type == null) {
                String kind = description.endsWith("O") ? "Python objects" : "the type " + JsonString.quote(description);
                throw error.apply("an array of plain numbers", kind);
            }
            return new NumpyHeader(type, order == '>', fortranOrder, shape);
        }

        private String description() throws CheckpointFormatException {
            if (peek() == '[' || peek() == '(') {
                throw error.apply("an array of plain numbers", "a structured type");
            }
            return string();
        }

        private String string() throws CheckpointFormatException {
            char quote = peek();
            if (quote != '\'' && quote != '"') {
                throw unexpected("a string");
            }
            int end = text.indexOf(quote, position + 1);
            if (end < 0) {
                throw unexpected("a string that ends");
            }
            String value = text.substring(position + 1, end);
            position = end + 1;
            return value;
        }

        private boolean truth() throws CheckpointFormatException {
            peek();
            for (String word : new String[] {"True", "False"}) {
                if (text.startsWith(word, position)) {
                    position += word.length();
                    return word.equals("True");
                }
            }
            throw unexpected("True or False");
        }

        private long[] tuple() throws CheckpointFormatException {
            long[] sizes = new long[MOST_DIMENSIONS];
            int count = 0;
            expect('(');
            while (!accept(')')) {
                if (count == MOST_DIMENSIONS) {
                    throw error.apply("at most " + MOST_DIMENSIONS + " dimensions", "more");
                }
                sizes[count++] = size();
                if (!accept(',')) {
                    expect(')');
                    break;
                }
            }
            return Arrays.copyOf(sizes, count);
        }

        private long size() throws CheckpointFormatException {
            peek();
            int start = position;
            while (position < text.length() && text.charAt(position) >= '0' && text.charAt(position) <= '9') {
                position++;
            }
            try {
                long size = Long.parseLong(text.substring(start, position));
                accept('L');
                return size;
            } catch (NumberFormatException e) {
                position = start;
                throw unexpected("a size below 2^63");
            }
        }

        private char peek() {
            while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
                position++;
            }
            return position < text.length() ? text.charAt(position) : 0;
        }

        private boolean accept(char c) {
            if (peek() != c) {
                return false;
            }
            position++;
            return true;
        }

        private void expect(char c) throws CheckpointFormatException {
            if (!accept(c)) {
                throw unexpected("'" + c + "'");
            }
        }

        private CheckpointFormatException unexpected(String expected) {
            int end = Math.min(text.length(), position + 20);
            return error.apply(expected + " in the header", position == end ? "its end" : JsonString.quote(text.substring(position, end)));
        }
    }
}
