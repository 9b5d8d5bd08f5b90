package jot.tensor;

/** Whether this machine multiplies and adds in one instruction, found by timing it. */
final class FusedMultiplyAdd {
    /**
     * True if {@link Math#fma(float, float, float)} is an instruction. Where it is not, the library emulates it with big decimals, some
     * thousand times slower than {@code a * b + c}.
     */
    static final boolean IN_HARDWARE = probe();

    private static final int BATCHES = 8;
    private static final int CALLS = 16;
    /** An interpreted call takes some 30 ns, an emulated one several hundred at best and many thousand at first. */
    private static final long MOST_NANOS = 16 * 250L;

    private FusedMultiplyAdd() {
    }

    /** The fastest of a few short batches: whatever interrupts some of them, an emulation is slow in all. */
    private static boolean probe() {
        float value = 0.1f;
        long fastest = Long.MAX_VALUE;
        for (int batch = 0; batch < BATCHES && fastest > MOST_NANOS; batch++) {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                value = Math.fma(value, 0.7f, 0.3f);
            }
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        return fastest <= MOST_NANOS && value > 0f;
    }
}
