package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ElementaryTest {
    interface FloatFunction {
        float apply(float x);
    }

    static Stream<Arguments> functions() {
        return Stream.of(
            function("exp", Elementary::exp, StrictMath::exp, -104, 89, 2),
            function("expm1", Elementary::expm1, StrictMath::expm1, -104, 87, 3),
            function("expm1 near 0", Elementary::expm1, StrictMath::expm1, -0.5f, 0.5f, 3),
            function("tanh", Elementary::tanh, StrictMath::tanh, -20, 20, 4),
            function("tanh near 0", Elementary::tanh, StrictMath::tanh, -0.5f, 0.5f, 4),
            function("sigmoid", Elementary::sigmoid, x -> 1 / (1 + StrictMath.exp(-x)), -87, 87, 4),
            function("silu", Elementary::silu, x -> x / (1 + StrictMath.exp(-x)), -87, 87, 4),
            function("erf", Elementary::erf, ElementaryTest::erf, -5, 5, 4),
            function("erf near 0", Elementary::erf, ElementaryTest::erf, -0.5f, 0.5f, 4));
    }

    private static Arguments function(String name, FloatFunction ours, DoubleUnaryOperator exact, float from, float to, int ulps) {
        return Arguments.of(name, ours, exact, from, to, ulps);
    }

    /** Series of erf (Abramowitz and Stegun 7.1.6), whose terms are all positive. */
    static double erf(double x) {
        double sum = 0;
        double term = x;
        for (int n = 1; Math.abs(term) > 1e-20; n++) {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * StrictMath.exp(-x * x) * sum;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("functions")
    void withinAFewUnitsInTheLastPlace(String name, FloatFunction ours, DoubleUnaryOperator exact, float from, float to, int ulps) {
        int points = 200_000;
        for (int k = 0; k <= points; k++) {
            float x = from + (to - from) * k / points;
            double expected = exact.applyAsDouble(x);
            double unit = Math.max(Math.ulp((float) expected), Float.MIN_NORMAL);
            double error = Math.abs(ours.apply(x) - expected) / unit;
            if (Math.abs(expected) <= Float.MAX_VALUE) {
                assertTrue(error <= ulps, name + "(" + x + ") is " + ours.apply(x) + ", expected " + expected + ": " + error + " ulp");
            }
        }
    }

    @Test
    void edges() {
        assertEquals(0f, Elementary.exp(Float.NEGATIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, Elementary.exp(Float.POSITIVE_INFINITY));
        assertEquals(1f, Elementary.exp(0f));
        assertEquals(Float.NaN, Elementary.exp(Float.NaN));
        assertEquals(-1f, Elementary.expm1(Float.NEGATIVE_INFINITY));
        assertEquals(1f, Elementary.tanh(Float.POSITIVE_INFINITY));
        assertEquals(-1f, Elementary.tanh(Float.NEGATIVE_INFINITY));
        assertEquals(Float.NaN, Elementary.tanh(Float.NaN));
        assertEquals(-0f, Elementary.tanh(-0f));
        assertEquals(1f, Elementary.erf(Float.POSITIVE_INFINITY));
        assertEquals(Float.NaN, Elementary.erf(Float.NaN));
        assertEquals(1e30f, Elementary.geluTanh(1e30f));
        assertEquals(0f, Math.abs(Elementary.geluTanh(-1e30f)));
        assertEquals(Float.NaN, Elementary.silu(Float.NaN));
    }

    @Test
    void activationsEqualTheirFormulas() {
        Activation.XIelu xielu = new Activation.XIelu(0.8f, 0.6f, 0.5f, -1e-6f);
        for (float x = -12; x < 12; x += 0.01f) {
            double d = x;
            close(0.5 * d * (1 + StrictMath.tanh(Math.sqrt(2 / Math.PI) * (d + 0.044715 * d * d * d))), Activation.Gelu.TANH, x);
            close(0.5 * d * (1 + erf(Math.clamp(d / Math.sqrt(2), -5, 5))), Activation.Gelu.ERF, x);
            close(d / (1 + StrictMath.exp(-1.702 * d)), new Activation.QuickGelu(), x);
            close(Math.max(d, 0), new Activation.Relu(), x);
            close(Math.max(d, 0) * Math.max(d, 0), new Activation.ReluSquared(), x);
            close(d / (1 + StrictMath.exp(-d)), new Activation.Silu(), x);
            close(StrictMath.tanh(d), new Activation.Tanh(), x);
            close(1 / (1 + StrictMath.exp(-d)), new Activation.Sigmoid(), x);
            close(d, new Activation.Identity(), x);
            close(d > 0 ? 0.8 * d * d + 0.5 * d : 0.6 * (StrictMath.expm1(Math.min(d, -1e-6)) - d) + 0.5 * d, xielu, x);
        }
    }

    private static void close(double expected, Activation activation, float x) {
        assertEquals(expected, Elementary.apply(activation, x), 1e-6 * Math.max(1, Math.abs(expected)), activation + "(" + x + ")");
    }

    @Test
    void sinesAndCosinesOfRotaryAnglesAreAsGoodAsTheLibrarys() {
        java.util.Random random = new java.util.Random(4);
        for (int k = 0; k < 300_000; k++) {
            double angle = k < 1_000 ? (k - 500) * Math.PI / 4 : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(-4, 9)));
            assertEquals(StrictMath.sin(angle), Elementary.sine(angle), 1e-15, () -> "sine of " + angle);
            assertEquals(StrictMath.cos(angle), Elementary.cosine(angle), 1e-15, () -> "cosine of " + angle);
        }
    }
}
