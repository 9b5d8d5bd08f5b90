package jot.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import jot.tensor.Backend;
import jot.tensor.KernelSelection;
import org.junit.jupiter.api.Test;

/** The limits of the machine that the tests run on; how fast it is, is not for a test to know. */
class MachineLimitsTest {

    /** No computer is so slow, or so fast, that these do not tell a wrong unit or a loop that does nothing. */
    @Test
    void limitsAreThoseOfAComputer() {
        try (MachineLimits.Meter meter = MachineLimits.meter(1)) {
            MachineLimits limits = meter.measure();
            assertTrue(limits.flops() > 1e8 && limits.flops() < 1e13, limits.line());
            assertTrue(limits.bandwidth() > 1e7 && limits.bandwidth() < 1e13, limits.line());
            try (KernelSelection selection = KernelSelection.choose(Backend.AUTO)) {
                boolean vector = selection.description().startsWith("vector");
                assertEquals(vector ? selection.description() : "plain", limits.loops());
            }
        }
    }

    @Test
    void theMedianOfSeveralIsTakenNumberByNumber() {
        List<MachineLimits> odd = List.of(new MachineLimits(3, 10, "plain"), new MachineLimits(1, 30, "plain"),
                new MachineLimits(2, 20, "plain"));
        assertEquals(new MachineLimits(2, 20, "plain"), MachineLimits.median(odd));
        assertEquals(new MachineLimits(2, 20, "plain"), MachineLimits.median(odd.subList(0, 2)));
    }

    @Test
    void workOfAllThreadsIsAddedUp() {
        AtomicInteger made = new AtomicInteger();
        RateMeasurement.Work steady = () -> {
            long start = System.nanoTime();
            while (System.nanoTime() - start < 10_000) {
                Thread.onSpinWait();
            }
            return 10_000;
        };
        try (RateMeasurement measurement = new RateMeasurement(3, arena -> {
            made.incrementAndGet();
            return List.of(steady, () -> 2 * steady.step());
        })) {
            double[] rates = measurement.next();
            assertEquals(3, made.get());
            assertEquals(2, rates.length);
            assertTrue(rates[0] > 1e8 && rates[0] <= 3.01e9, "nanoseconds a second of three threads: " + rates[0]);
            assertTrue(rates[1] > rates[0], rates[1] + " " + rates[0]);
        }
    }

    @Test
    void aThreadThatFailsEndsTheMeasurement() {
        AtomicBoolean broken = new AtomicBoolean();
        try (RateMeasurement measurement = new RateMeasurement(2, arena -> List.of(() -> {
            if (broken.get()) {
                throw new ArithmeticException("no more");
            }
            return 1;
        }))) {
            broken.set(true);
            IllegalStateException failure = assertThrows(IllegalStateException.class, measurement::next);
            assertTrue(failure.getMessage().contains("could not be measured"), failure.getMessage());
        }
    }
}
