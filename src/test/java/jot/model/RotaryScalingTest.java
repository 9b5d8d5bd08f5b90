package jot.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Frequencies of heads of 64 channels, as the published formulas give them, computed apart in double precision. */
class RotaryScalingTest {

    private static final int ROTATED = 64;
    private static final int[] PAIRS = {0, 10, 18, 20, 24, 31};

    static Stream<Arguments> scalings() {
        return Stream.of(
                arguments(new RotaryScaling.Yarn(16, 4096, 32, 1, true, 1), 10_000, 1,
                        new double[] {1, 5.623413252e-02, 2.379136376e-03, 8.817889629e-04, 6.250000000e-05, 8.334508951e-06}),
                arguments(new RotaryScaling.Yarn(32, 4096, 32, 1, false, 1), 150_000, 1,
                        new double[] {1, 1.933500113e-02, 3.830881237e-05, 1.818833668e-05, 4.099978482e-06, 3.023511428e-07}),
                arguments(new RotaryScaling.Llama3(8, 1, 4, 8192), 500_000, 1,
                        new double[] {1, 1.656044008e-02, 7.784655274e-05, 3.428102196e-05, 6.647869871e-06, 3.767322690e-07}),
                arguments(new RotaryScaling.Dynamic(4, 2048), 10_000, 8000,
                        new double[] {1, 2.481784505e-02, 1.289957268e-03, 6.159254331e-04, 1.404215508e-04, 1.056254600e-05}),
                arguments(new RotaryScaling.Alpha(1000), 10_000, 1,
                        new double[] {1, 6.057006846e-03, 1.018742715e-04, 3.668733193e-05, 4.757944314e-06, 1.333521432e-07}));
    }

    @ParameterizedTest
    @MethodSource("scalings")
    void frequenciesAreThoseOfTheFormula(RotaryScaling scaling, double theta, int length, double[] expected) {
        float[] frequencies = scaling.frequencies(ROTATED, theta, length);
        assertEquals(ROTATED / 2, frequencies.length);
        for (int i = 0; i < PAIRS.length; i++) {
            assertEquals(expected[i], frequencies[PAIRS[i]], 1e-6 * expected[i], "pair " + PAIRS[i]);
        }
    }

    @Test
    void dynamicScalingBeginsBeyondTheTrainedLength() {
        RotaryScaling.Dynamic dynamic = new RotaryScaling.Dynamic(4, 2048);
        float[] plain = new RotaryScaling.None().frequencies(ROTATED, 10_000, 0);
        assertEquals(plain[31], dynamic.frequencies(ROTATED, 10_000, 2048)[31], 1e-12);
        assertNotEquals(plain[31], dynamic.frequencies(ROTATED, 10_000, 2049)[31]);
        assertEquals(dynamic.representative(1), dynamic.representative(2048));
        assertNotEquals(dynamic.representative(2048), dynamic.representative(2049));
    }

    @Test
    void longRopeHasOneSetOfFactorsUpToTheFirstLengthAndAnotherBeyond() {
        RotaryScaling.LongRope longRope = new RotaryScaling.LongRope(List.of(1.0, 2.0), List.of(4.0, 8.0), 100, 1.5f);
        double second = Math.pow(10_000, -0.5);
        assertEquals(second / 2, longRope.frequencies(4, 10_000, 100)[1], 1e-8);
        assertEquals(second / 8, longRope.frequencies(4, 10_000, 101)[1], 1e-8);
        assertEquals(0.25, longRope.frequencies(4, 10_000, 101)[0], 1e-8);
        assertEquals(100, longRope.boundary());
        for (int length : new int[] {1, 100, 101, 5000}) {
            int same = longRope.representative(length);
            assertEquals(longRope.frequencies(4, 10_000, length)[1], longRope.frequencies(4, 10_000, same)[1]);
        }
    }
}
