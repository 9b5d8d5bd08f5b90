package jot.reference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

import jot.checkpoint.Checkpoint;

/** What the reference implementation computes for a model, from its {@code expected.safetensors}. */
public final class Expected implements AutoCloseable {

    /** Relative to max(1, |expected|). */
    public static final double TOLERANCE = 1e-4;

    private final Checkpoint checkpoint;

    private Expected(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    public static Expected of(Path file) throws IOException {
        return new Expected(Checkpoint.open(file));
    }

    public int[] prompt() {
        return ints("input_ids");
    }

    public int[] greedy() {
        return ints("greedy");
    }

    public boolean has(String name) {
        return checkpoint.names().contains(name);
    }

    public int[] ints(String name) {
        return Arrays.stream(checkpoint.longs(name)).mapToInt(Math::toIntExact).toArray();
    }

    public float[] floats(String name) {
        return checkpoint.floats(name);
    }

    public float[][] rows(String name) {
        long[] shape = checkpoint.shape(name);
        float[] values = checkpoint.floats(name);
        float[][] rows = new float[(int) shape[0]][];
        for (int r = 0; r < rows.length; r++) {
            rows[r] = Arrays.copyOfRange(values, r * (int) shape[1], (r + 1) * (int) shape[1]);
        }
        return rows;
    }

    /** The greatest |found − expected| / max(1, |expected|); NaN counts as infinite. */
    public static double error(float[][] expected, float[][] found) {
        if (expected.length != found.length) {
            throw new AssertionError(found.length + " rows, expected " + expected.length);
        }
        double worst = 0;
        for (int r = 0; r < expected.length; r++) {
            worst = Math.max(worst, error(expected[r], found[r]));
        }
        return worst;
    }

    public static double error(float[] expected, float[] found) {
        if (expected.length != found.length) {
            throw new AssertionError(found.length + " columns, expected " + expected.length);
        }
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) found[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
            worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
        }
        return worst;
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
