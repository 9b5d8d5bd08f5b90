package jot.sampling;

import java.util.Arrays;

/**
 * Finds where a sum of masses, taken in ascending order of their keys, reaches a target, without sorting.
 *
 * <p>Radix selection: the bits in which the keys differ are taken eleven at a time, from the top; each round adds up the masses by
 * bucket, finds the bucket in which the target is reached and goes on with the keys in it. At most six rounds, linear in the number of
 * keys whatever they are. Keys are unsigned 64-bit numbers ({@link #ascending}, {@link #descending} order doubles).
 */
final class MassSelection {
    private static final int BITS = 11;
    private static final int BUCKETS = 1 << BITS;

    private long[] keys = new long[64];
    private double[] masses = new double[64];
    private int count;

    private final double[] bucketMass = new double[BUCKETS];
    private final int[] bucketCount = new int[BUCKETS];
    private double massBefore;

    /** The key whose unsigned order is the order of doubles. */
    static long ascending(double value) {
        long bits = Double.doubleToRawLongBits(value + 0.0);
        return bits ^ (bits >> 63 | Long.MIN_VALUE);
    }

    /** The key whose unsigned order is the reverse order of doubles. */
    static long descending(double value) {
        return ~ascending(value);
    }

    /** The double of an ascending key. */
    static double ascendingValue(long key) {
        return Double.longBitsToDouble(key ^ (~key >> 63 | Long.MIN_VALUE));
    }

    /** The double of a descending key. */
    static double descendingValue(long key) {
        return ascendingValue(~key);
    }

    /** Forgets all keys and makes room for so many. */
    void clear(int capacity) {
        if (keys.length < capacity) {
            keys = new long[capacity];
            masses = new double[capacity];
        }
        count = 0;
    }

    /** Adds a key with its mass; {@link #clear} made the room. */
    void add(long key, double mass) {
        keys[count] = key;
        masses[count] = mass;
        count++;
    }

    /**
     * The first key, in ascending order, at which the sum of masses reaches the target; the last key if none does.
     *
     * @throws IllegalStateException if there is no key
     */
    long select(double target) {
        if (count == 0) {
            throw new IllegalStateException("no key to select from");
        }
        massBefore = 0;
        int n = count;
        long differing = differingBits(n);
        while (differing != 0) {
            int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(differing) - BITS);
            n = narrow(n, shift, target);
            differing = differingBits(n);
        }
        return keys[0];
    }

    /** The sum of the masses of all keys before the selected one. */
    double massBefore() {
        return massBefore;
    }

    private long differingBits(int n) {
        long first = keys[0];
        long differing = 0;
        for (int i = 1; i < n; i++) {
            differing |= keys[i] ^ first;
        }
        return differing;
    }

    /** Keeps the keys of the bucket in which the target is reached; returns how many. */
    private int narrow(int n, int shift, double target) {
        Arrays.fill(bucketMass, 0);
        Arrays.fill(bucketCount, 0);
        for (int i = 0; i < n; i++) {
            int bucket = (int) (keys[i] >>> shift) & BUCKETS - 1;
            bucketMass[bucket] += masses[i];
            bucketCount[bucket]++;
        }
        int chosen = bucketOf(target);
        int kept = 0;
        for (int i = 0; i < n; i++) {
            long key = keys[i];
            keys[kept] = key;
            masses[kept] = masses[i];
            kept += ((int) (key >>> shift) & BUCKETS - 1) == chosen ? 1 : 0;
        }
        return kept;
    }

    private int bucketOf(double target) {
        int last = -1;
        double beforeLast = massBefore;
        double sum = massBefore;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            if (bucketCount[bucket] == 0) {
                continue;
            }
            last = bucket;
            beforeLast = sum;
            sum += bucketMass[bucket];
            if (sum >= target) {
                break;
            }
        }
        massBefore = beforeLast;
        return last;
    }
}
