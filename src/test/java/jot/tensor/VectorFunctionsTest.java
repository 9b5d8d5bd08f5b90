package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("vector")
class VectorFunctionsTest {

    /** Over all magnitudes, results below the normal floats and the ends included. */
    @Test
    void theShortExponentialHasTheBitsOfTheLongOne() {
        Random random = new Random(1);
        float[] x = new float[1 << 18];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i & 1) == 0 ? -120 * random.nextFloat() : -Float.intBitsToFloat(random.nextInt(0x7F80_0001));
        }
        float[] special = {0f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, -87.5f, -103.9f, -104f, -Float.MIN_VALUE};
        System.arraycopy(special, 0, x, 0, special.length);
        float[] found = x.clone();
        VectorFunctions.exponentials(found, 0, found.length, 0f, new float[VectorFunctions.LANES.length()]);
        for (int i = 0; i < x.length; i++) {
            float number = x[i];
            assertEquals(Float.floatToIntBits(Elementary.exp(number)), Float.floatToIntBits(found[i]), () -> "exp(" + number + ")");
        }
    }
}
