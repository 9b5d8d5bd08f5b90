package jot.checkpoint;

import java.util.Optional;

/**
 * The type of a tensor's elements, named as in the safetensors format; all are little-endian.
 *
 * <p>Source: the {@code Dtype} definition of the safetensors reference library; the small floating-point types are those of the OCP
 * Microscaling specification, the {@code FNUZ} ones those of arXiv:2206.02915.
 */
public enum DataType {

    /** A truth value in one byte: 0 or 1. */
    BOOL(8, Kind.INTEGER),
    /** Four-bit floating point, two exponent bits, one mantissa bit; the first element in the low half of a byte. */
    F4(4, Kind.FLOATING_POINT),
    /** Six-bit floating point, two exponent bits, three mantissa bits; four elements in three bytes. */
    F6_E2M3(6, Kind.FLOATING_POINT),
    /** Six-bit floating point, three exponent bits, two mantissa bits; four elements in three bytes. */
    F6_E3M2(6, Kind.FLOATING_POINT),
    /** Unsigned 8-bit integer. */
    U8(8, Kind.INTEGER),
    /** Signed 8-bit integer. */
    I8(8, Kind.INTEGER),
    /** Eight-bit floating point, five exponent bits, two mantissa bits, with infinities. */
    F8_E5M2(8, Kind.FLOATING_POINT),
    /** Eight-bit floating point, four exponent bits, three mantissa bits, without infinities. */
    F8_E4M3(8, Kind.FLOATING_POINT),
    /** A power of two: eight exponent bits and nothing else. */
    F8_E8M0(8, Kind.FLOATING_POINT),
    /** Like {@link #F8_E4M3} with an exponent bias of 8 and one NaN in place of negative zero. */
    F8_E4M3FNUZ(8, Kind.FLOATING_POINT),
    /** Like {@link #F8_E5M2} with an exponent bias of 16, without infinities, and one NaN in place of negative zero. */
    F8_E5M2FNUZ(8, Kind.FLOATING_POINT),
    /** Signed 16-bit integer. */
    I16(16, Kind.INTEGER),
    /** Unsigned 16-bit integer. */
    U16(16, Kind.INTEGER),
    /** IEEE 754 half precision. */
    F16(16, Kind.FLOATING_POINT),
    /** The upper half of an {@link #F32}. */
    BF16(16, Kind.FLOATING_POINT),
    /** Signed 32-bit integer. */
    I32(32, Kind.INTEGER),
    /** Unsigned 32-bit integer. */
    U32(32, Kind.INTEGER),
    /** IEEE 754 single precision. */
    F32(32, Kind.FLOATING_POINT),
    /** A complex number of two {@link #F32}. */
    C64(64, Kind.COMPLEX),
    /** IEEE 754 double precision. */
    F64(64, Kind.FLOATING_POINT),
    /** Signed 64-bit integer. */
    I64(64, Kind.INTEGER),
    /** Unsigned 64-bit integer. */
    U64(64, Kind.INTEGER);

    private enum Kind { INTEGER, FLOATING_POINT, COMPLEX }

    private final int bits;
    private final Kind kind;

    DataType(int bits, Kind kind) {
        this.bits = bits;
        this.kind = kind;
    }

    /**
     * The data type of that name.
     *
     * @param name a name as in a safetensors header, such as {@code BF16}
     * @return the type, or empty if there is none of that name
     */
    public static Optional<DataType> named(String name) {
        Checkpoint.present(name, "name");
        for (DataType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /**
     * The size of one element.
     *
     * @return bits, from 4 to 64
     */
    public int bits() {
        return bits;
    }

    /**
     * Whether the elements are whole numbers or truth values.
     *
     * @return true for {@link #BOOL} and the types that begin with I or U
     */
    public boolean isInteger() {
        return kind == Kind.INTEGER;
    }

    /**
     * Whether the elements are floating-point numbers.
     *
     * @return true for {@link #BF16} and the types that begin with F
     */
    public boolean isFloatingPoint() {
        return kind == Kind.FLOATING_POINT;
    }

    /**
     * The size of so many elements, packed.
     *
     * @param elements how many, 0 or more
     * @return bytes
     * @throws ArithmeticException if they don't fill whole bytes, or need more than 2⁶³ − 1 bits
     */
    long bytes(long elements) {
        long total = Math.multiplyExact(elements, (long) bits);
        if (total % 8 != 0) {
            throw new ArithmeticException(elements + " elements of " + bits + " bits do not fill whole bytes");
        }
        return total / 8;
    }
}
