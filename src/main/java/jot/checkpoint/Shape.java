package jot.checkpoint;

import java.util.Arrays;

/**
 * Arithmetic on the sizes of a tensor's dimensions, and on strides: the steps in elements along each of them.
 */
final class Shape {

    private Shape() {
    }

    /**
     * The product of the dimensions, 1 for none.
     *
     * @throws ArithmeticException if it is above 2⁶³ − 1
     */
    static long elements(long[] shape) {
        long product = 1;
        for (long dimension : shape) {
            product = Math.multiplyExact(product, dimension);
        }
        return product;
    }

    /** The strides of packed data whose last dimension is the fastest (C order); the shape's product must fit a long. */
    static long[] packedStrides(long[] shape) {
        long[] strides = new long[shape.length];
        long step = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = step;
            step *= shape[d];
        }
        return strides;
    }

    /** The strides of packed data whose first dimension is the fastest (Fortran order); the shape's product must fit a long. */
    static long[] fortranStrides(long[] shape) {
        long[] strides = new long[shape.length];
        long step = 1;
        for (int d = 0; d < shape.length; d++) {
            strides[d] = step;
            step *= shape[d];
        }
        return strides;
    }

    /** Whether data of those strides is packed in C order already; the stride of a dimension of one element says nothing. */
    static boolean isPacked(long[] shape, long[] strides) {
        long[] packed = packedStrides(shape);
        for (int d = 0; d < shape.length; d++) {
            if (shape[d] > 1 && strides[d] != packed[d]) {
                return Arrays.stream(shape).anyMatch(dimension -> dimension == 0);
            }
        }
        return true;
    }

    /**
     * How many elements from the first to past the last one.
     *
     * @throws ArithmeticException if it is above 2⁶³ − 1
     */
    static long extent(long[] shape, long[] strides) {
        long last = 0;
        for (int d = 0; d < shape.length; d++) {
            if (shape[d] == 0) {
                return 0;
            }
            last = Math.addExact(last, Math.multiplyExact(shape[d] - 1, strides[d]));
        }
        return Math.addExact(last, 1);
    }
}
