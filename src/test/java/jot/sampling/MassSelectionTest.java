package jot.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MassSelectionTest {
    private final MassSelection selection = new MassSelection();

    /** Where the values lie. */
    enum Spread {
        NORMAL, FEW_VALUES, EVERY_MAGNITUDE, SIGNED_ZEROS, ONE_FAR_ABOVE, ONE_FAR_BELOW, NEIGHBOURS, SUBNORMAL, GREATEST;

        double draw(SplittableRandom random, int i) {
            return switch (this) {
                case NORMAL -> random.nextGaussian();
                case FEW_VALUES -> random.nextInt(-3, 4);
                case EVERY_MAGNITUDE -> (random.nextBoolean() ? 1 : -1) * Double.longBitsToDouble(random.nextLong(0x7FEFL << 48));
                case SIGNED_ZEROS -> random.nextBoolean() ? 0.0 : -0.0;
                case ONE_FAR_ABOVE -> i == 0 ? 1e300 : random.nextGaussian();
                case ONE_FAR_BELOW -> i == 0 ? -Double.MAX_VALUE : random.nextGaussian();
                case NEIGHBOURS -> 1 + random.nextInt(3) * 0x1p-52;
                case SUBNORMAL -> Double.MIN_VALUE * random.nextInt(10);
                case GREATEST -> random.nextBoolean() ? Double.MAX_VALUE : -Double.MAX_VALUE;
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSelectionFindsWhereTheSumReachesTheTarget(Spread spread) {
        SplittableRandom random = new SplittableRandom(4);
        for (int round = 0; round < 200; round++) {
            int n = 1 + random.nextInt(round == 0 ? 3_000 : 300);
            double[] values = new double[n];
            double[] masses = new double[n];
            for (int i = 0; i < n; i++) {
                values[i] = spread.draw(random, i);
                masses[i] = random.nextInt(4);
            }
            double target = 1 + random.nextInt(2 * n);
            double[] valuesBefore = values.clone();
            double found = selection.select(values, masses, n, target);
            assertEquals(border(values, masses, target) + 0.0, found + 0.0);
            assertEquals(massAbove(values, masses, found), selection.massBefore());
            assertEquals(Arrays.toString(valuesBefore), Arrays.toString(values));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRankIsTheOneOfSorting(Spread spread) {
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 100; round++) {
            int n = 1 + random.nextInt(300);
            double[] values = new double[n];
            Arrays.setAll(values, i -> spread.draw(random, i));
            int k = 1 + random.nextInt(n);
            double found = selection.select(values, n, k);
            Arrays.sort(values);
            assertEquals(values[n - k] + 0.0, found + 0.0);
        }
    }

    @Test
    void nothingCannotBeSelectedFrom() {
        assertThrows(IllegalStateException.class, () -> selection.select(new double[0], new double[0], 0, 1));
    }

    /** The greatest value with so much mass at and above it, or the least of all. Whole masses: every sum is exact. */
    private static double border(double[] values, double[] masses, double target) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        for (int i = sorted.length - 1; i > 0; i--) {
            if (massAbove(values, masses, Math.nextDown(sorted[i])) >= target) {
                return sorted[i];
            }
        }
        return sorted[0];
    }

    private static double massAbove(double[] values, double[] masses, double border) {
        double mass = 0;
        for (int i = 0; i < values.length; i++) {
            mass += values[i] > border ? masses[i] : 0;
        }
        return mass;
    }
}
