package jot.tensor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However slow the kernels are, a product that nobody waits for any more ends soon. */
class PatienceTest {
    private static final int ROWS = 4_000;
    /** With all rows of a panel at once this makes two seconds. */
    private static final long NANOS_PER_ROW = 500_000;

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void slowProductIsGivenUp(int threads) {
        try (Workers workers = new Workers(threads, "patience")) {
            ParallelKernels kernels = new ParallelKernels(slow(), workers);
            Matrix w = Matrix.of(new float[64 * 8], 64, 8);
            Activations x = new Activations(ROWS, 8);
            Activations y = new Activations(ROWS, 64);
            long start = System.nanoTime();
            long end = start + Duration.ofMillis(50).toNanos();
            boolean done = workers.run(() -> kernels.multiply(w, null, x, 0, y, 0, 0, ROWS), until(end));
            long late = System.nanoTime() - end;
            assertFalse(done);
            assertTrue(late < Duration.ofMillis(500).toNanos(), () -> "given up " + late / 1_000_000 + " ms late");
        }
    }

    private static Kernels slow() {
        return (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (_, method, arguments) -> {
            switch (method.getName()) {
                case "panel", "outputsTogether" -> {
                    return 32;
                }
                case "outputsSideBySide" -> {
                    return 1;
                }
                case "prefill" -> {
                    long end = System.nanoTime() + NANOS_PER_ROW * ((int) arguments[7] - (int) arguments[6]);
                    while (System.nanoTime() < end) {
                        LockSupport.parkNanos(end - System.nanoTime());
                    }
                    return null;
                }
                default -> throw new UnsupportedOperationException(method.getName());
            }
        });
    }

    private static Workers.Patience until(long end) {
        return new Workers.Patience() {
            @Override
            public boolean isExhausted() {
                return System.nanoTime() >= end;
            }

            @Override
            public long nanosLeft() {
                return end - System.nanoTime();
            }

            @Override
            public void noteInterrupt() {
                throw new AssertionError("nobody interrupts");
            }
        };
    }
}
