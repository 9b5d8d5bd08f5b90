package jot.sampling;

import java.util.Arrays;

/**
 * Finds where a sum of masses, taken from the greatest value down, reaches a target, without sorting.
 *
 * <p>Each round puts the values into buckets, adds up the masses by bucket, finds the bucket in which the target is reached and goes on
 * with the values in it. The first rounds make buckets of equal width, which leave few values of many; should they not, as with values
 * far apart, the bits in which the values differ are taken eleven at a time, so that there are never more than eight rounds. No round
 * branches on a value: which way it would go could not be foretold.
 */
final class MassSelection {
    private static final int BITS = 11;
    private static final int BUCKETS = 1 << BITS;
    /** Sums for each bucket. */
    private static final int SUMS = 4;
    private static final int EVEN_ROUNDS = 2;
    /** Width of all buckets of a round together: what is further below the greatest logit has no mass, and shares the last bucket. */
    private static final double REACH = 1024;
    /** Below this, the number of buckets by the width of all could overflow. */
    private static final double NARROW = 0x1p-900;

    private double[] values = new double[64];
    private double[] masses = new double[64];
    private int[] buckets = new int[64];
    private final double[] bucketMass = new double[BUCKETS * SUMS];
    private double massBefore;

    /**
     * The first value, in descending order, at which the sum of masses reaches the target; the least value if none does.
     *
     * @param all [count] values, finite, left unchanged
     * @param mass [count] their masses, 0 or more, left unchanged
     * @throws IllegalStateException if there is no value
     */
    double select(double[] all, double[] mass, int count, double target) {
        if (count == 0) {
            throw new IllegalStateException("no value to select from");
        }
        reserve(count);
        massBefore = 0;
        double[] x = all;
        double[] m = mass;
        int n = count;
        for (int round = 0; ; round++) {
            double high = greatest(x, n);
            double low = least(x, n);
            if (high == low) {
                return high;
            }
            n = narrow(x, m, n, round, high, low, target);
            x = values;
            m = masses;
        }
    }

    /** The k-th greatest value, k from 1 to the count. */
    double select(double[] all, int count, int k) {
        reserve(count);
        Arrays.fill(masses, 0, count, 1);
        return select(all, masses, count, k);
    }

    /** The sum of the masses of all values above the selected one. */
    double massBefore() {
        return massBefore;
    }

    private void reserve(int count) {
        if (values.length < count) {
            values = new double[count];
            masses = new double[count];
            buckets = new int[count];
        }
    }

    /** The greatest of the first {@code count} numbers, or −∞ of none. */
    static double greatest(double[] x, int count) {
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            greatest = Math.max(greatest, x[i]);
        }
        return greatest;
    }

    /** The least of the first {@code count} numbers, or ∞ of none. */
    static double least(double[] x, int count) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            least = Math.min(least, x[i]);
        }
        return least;
    }

    /** Keeps the values of the bucket in which the target is reached; returns how many. */
    private int narrow(double[] x, double[] mass, int n, int round, double high, double low, double target) {
        int first = 0;
        int last = BUCKETS - 1;
        double width = Math.min(high - low, REACH);
        if (round < EVEN_ROUNDS && width > NARROW) {
            evenBuckets(x, buckets, n, high, BUCKETS / width);
        } else {
            int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(differingBits(x, n)) - BITS);
            bucketsOfBits(x, buckets, n, shift);
            first = bucketOfBits(high, shift);
            last = bucketOfBits(low, shift);
        }
        addMasses(mass, n);
        return gather(x, mass, n, reached(first, last, target));
    }

    private static void evenBuckets(double[] x, int[] buckets, int n, double high, double scale) {
        for (int i = 0; i < n; i++) {
            buckets[i] = (int) Math.min((high - x[i]) * scale, BUCKETS - 1);
        }
    }

    private static void bucketsOfBits(double[] x, int[] buckets, int n, int shift) {
        for (int i = 0; i < n; i++) {
            buckets[i] = bucketOfBits(x[i], shift);
        }
    }

    private static int bucketOfBits(double value, int shift) {
        return (int) (descending(value) >>> shift) & BUCKETS - 1;
    }

    /** A number whose unsigned order is the reverse order of doubles. */
    private static long descending(double value) {
        long bits = Double.doubleToRawLongBits(value + 0.0);
        return ~(bits ^ (bits >> 63 | Long.MIN_VALUE));
    }

    private static long differingBits(double[] x, int n) {
        long first = descending(x[0]);
        long differing = 0;
        for (int i = 1; i < n; i++) {
            differing |= descending(x[i]) ^ first;
        }
        return differing;
    }

    /** Adds up the masses by bucket, in several sums for each: where many share a bucket, no addition need wait for the one before it. */
    private void addMasses(double[] mass, int n) {
        double[] sums = bucketMass;
        int[] at = buckets;
        Arrays.fill(sums, 0);
        for (int i = 0; i < n; i++) {
            sums[at[i] * SUMS + (i & SUMS - 1)] += mass[i];
        }
    }

    private double massOf(int bucket) {
        int at = bucket * SUMS;
        return bucketMass[at] + bucketMass[at + 1] + (bucketMass[at + 2] + bucketMass[at + 3]);
    }

    /** The bucket in which the target is reached; the first and the last of those in question hold a value. */
    private int reached(int first, int last, double target) {
        for (int bucket = first; bucket < last; bucket++) {
            double through = massBefore + massOf(bucket);
            if (through >= target) {
                return bucket;
            }
            massBefore = through;
        }
        return last;
    }

    private int gather(double[] x, double[] mass, int n, int chosen) {
        double[] keptValues = values;
        double[] keptMasses = masses;
        int[] at = buckets;
        int kept = 0;
        for (int i = 0; i < n; i++) {
            keptValues[kept] = x[i];
            keptMasses[kept] = mass[i];
            kept += (at[i] ^ chosen) - 1 >>> 31;
        }
        return kept;
    }
}
