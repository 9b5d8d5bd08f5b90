package jot.checkpoint;

/**
 * Arithmetic on the sizes of a tensor's dimensions.
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
}
