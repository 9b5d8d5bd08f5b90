package jot.sampling;

/**
 * Sharpens (T &lt; 1) or flattens (T &gt; 1) the distribution: x ← x / T.
 *
 * <p>Source: Ackley, Hinton, Sejnowski 1985, "A learning algorithm for Boltzmann machines". The maximum is subtracted first, which
 * leaves every probability as it is and keeps x / T from overflowing.
 */
final class Temperature implements LogitStep {
    private final double temperature;

    Temperature(double temperature) {
        this.temperature = temperature;
    }

    @Override
    public void apply(Logits logits, Context context) {
        double[] x = logits.values();
        double max = logits.max();
        if (max == Double.NEGATIVE_INFINITY) {
            return;
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = (x[i] - max) / temperature;
        }
    }
}
