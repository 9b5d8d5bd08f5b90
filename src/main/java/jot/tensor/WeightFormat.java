package jot.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * How the numbers of a {@link Matrix} are stored: plain floats of some width, or codes with a scale for each group.
 */
public sealed interface WeightFormat {
    /** 32-bit floats. */
    WeightFormat F32 = Plain.F32;
    /** 16-bit IEEE floats (5 bits of exponent, 10 of fraction). */
    WeightFormat F16 = Plain.F16;
    /** 16-bit brain floats (8 bits of exponent, 7 of fraction). */
    WeightFormat BF16 = Plain.BF16;
    /** Codes −127 … 127 with one scale for each 32 inputs. */
    WeightFormat Q8 = new Coded("Q8", 8, null, false);
    /** Codes 0 … 15 with a scale and a minimum for each 32 inputs. */
    WeightFormat Q4 = new Coded("Q4", 4, Coded.countingFrom(0), true);
    /** Four-bit floats (1 sign, 2 exponent, 1 fraction) with one scale for each 32 inputs; OCP Microscaling Formats 1.0. */
    WeightFormat MXFP4 = new Coded("MXFP4", 4, new float[] {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6}, false);

    /**
     * The name that users see.
     *
     * @return for example {@code BF16}
     */
    String label();

    /**
     * Bytes that a matrix of this format takes, all planes together.
     *
     * @param outputs rows
     * @param inputs columns
     * @return the number of bytes
     */
    long bytes(long outputs, long inputs);

    /** Plain floats. */
    enum Plain implements WeightFormat {
        /** 32-bit floats. */
        F32(Float.BYTES),
        /** 16-bit IEEE floats. */
        F16(Short.BYTES),
        /** 16-bit brain floats. */
        BF16(Short.BYTES);

        private final int size;

        Plain(int size) {
            this.size = size;
        }

        /**
         * Bytes of one number.
         *
         * @return 2 or 4
         */
        public int size() {
            return size;
        }

        @Override
        public String label() {
            return name();
        }

        @Override
        public long bytes(long outputs, long inputs) {
            return Math.multiplyExact(Math.multiplyExact(outputs, inputs), size);
        }
    }

    /**
     * Codes of 4 or 8 bits in groups of 32 inputs: {@code value = scale · v + minimum}, where {@code v} is the table's entry for a code of
     * 4 bits, or the signed code of 8 bits itself; without a minimum it is 0.
     *
     * <p>Codes, scales and minimums lie in planes of their own. A row of codes is padded to whole groups. A group of 4-bit codes takes 16
     * bytes: byte {@code j} holds input {@code j} in its low half and input {@code j + 16} in its high half. Codes of 8 bits are −127 …
     * 127, and four of them, {@code c₀ … c₃}, make the 32-bit little-endian number {@code c₀ + 2⁸c₁ + 2¹⁶c₂ + 2²⁴c₃}, so that a code
     * comes to the top of a word by a shift, with no more than rests of others below it; where outputs lie
     * side by side ({@link Matrix}), codes of 8 bits are bytes. Scales and minimums are 32-bit floats, {@code [outputs][groups]}.
     */
    final class Coded implements WeightFormat {
        /** Inputs that share a scale. */
        public static final int GROUP = 32;
        private static final int ENTRIES = 16;
        private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
        private static final VarHandle PAIRS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

        private final String label;
        private final int bits;
        private final float[] table;
        private final boolean minimum;
        private final boolean counting;

        /**
         * Describes a coded layout.
         *
         * @param label the name that users see
         * @param bits 4 or 8
         * @param table for 4 bits the 16 values of the codes, for 8 bits null
         * @param minimum whether each group has a minimum
         * @throws IllegalArgumentException if bits and table do not fit each other
         */
        public Coded(String label, int bits, float[] table, boolean minimum) {
            boolean fits = bits == 8 && table == null || bits == 4 && table != null && table.length == ENTRIES;
            if (!fits) {
                throw new IllegalArgumentException(label + ": expected 8 bits without a table or 4 bits with one of 16 values, found "
                    + bits + " bits and " + (table == null ? "no table" : table.length + " values"));
            }
            this.label = label;
            this.bits = bits;
            this.table = table == null ? null : table.clone();
            this.minimum = minimum;
            this.counting = Arrays.equals(table, countingFrom(0));
        }

        static float[] countingFrom(int first) {
            float[] values = new float[ENTRIES];
            for (int code = 0; code < ENTRIES; code++) {
                values[code] = first + code;
            }
            return values;
        }

        /**
         * Bits of a code.
         *
         * @return 4 or 8
         */
        public int bits() {
            return bits;
        }

        /**
         * Whether each group has a minimum.
         *
         * @return true if there is a plane of minimums
         */
        public boolean minimum() {
            return minimum;
        }

        /**
         * The value of a 4-bit code before scaling.
         *
         * @param code 0 … 15
         * @return the table's entry
         */
        public float value(int code) {
            return table[code];
        }

        /** Whether a 4-bit code's value is the code itself. */
        boolean counting() {
            return counting;
        }

        /** Joins signed bytes, four at a time, to the words that they are stored as: each but the last borrows 1 if it is below zero. */
        static void join(byte[] codes, int at, int count) {
            for (int i = at; i < at + count; i += Integer.BYTES) {
                int bytes = (int) WORDS.get(codes, i);
                WORDS.set(codes, i, bytes - ((bytes & 0x00808080) << 1));
            }
        }

        /** Takes joined codes apart again, eight at a time: each gets back what the one before it has borrowed. */
        static void split(byte[] codes, int count) {
            for (int i = 0; i < count; i += Long.BYTES) {
                long words = (long) PAIRS.get(codes, i);
                long lent = words << 1 & 0x01010100_01010100L;
                PAIRS.set(codes, i, (words & 0x7F7F7F7F_7F7F7F7FL) + lent ^ words & 0x80808080_80808080L);
            }
        }

        /** The word that stands at a place among others. */
        static int word(byte[] words, int at) {
            return words[at] & 255 | (words[at + 1] & 255) << 8 | (words[at + 2] & 255) << 16 | words[at + 3] << 24;
        }

        /** The code, 0 to 3, of a word of four: what lies below it is less than half of its unit, or more than minus that. */
        static int code(int word, int index) {
            return (word << 24 - Byte.SIZE * index) + (1 << 23) >> 24;
        }

        float[] table() {
            return table;
        }

        /**
         * Groups in a row; the last may be partly padding.
         *
         * @param inputs columns
         * @return the number of groups
         */
        public int groups(int inputs) {
            return (inputs + GROUP - 1) / GROUP;
        }

        /**
         * Bytes of a row of codes.
         *
         * @param inputs columns
         * @return whole groups of 16 or 32 bytes
         */
        public int rowBytes(int inputs) {
            return groups(inputs) * (GROUP * bits / 8);
        }

        @Override
        public String label() {
            return label;
        }

        @Override
        public long bytes(long outputs, long inputs) {
            long groups = (inputs + GROUP - 1) / GROUP;
            return Math.multiplyExact(outputs, groups * (GROUP * bits / 8 + Float.BYTES * (minimum ? 2 : 1)));
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Coded that && label.equals(that.label) && bits == that.bits && minimum == that.minimum
                && Arrays.equals(table, that.table);
        }

        @Override
        public int hashCode() {
            return label.hashCode() * 31 + bits;
        }

        @Override
        public String toString() {
            return label;
        }
    }
}
