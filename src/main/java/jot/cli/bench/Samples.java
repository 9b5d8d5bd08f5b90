package jot.cli.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A number that was measured several times.
 *
 * @param ascending the measurements in ascending order, at least one
 */
public record Samples(List<Double> ascending) {

    /** Keeps its own copy of the list. */
    public Samples {
        ascending = List.copyOf(ascending);
        if (ascending.isEmpty()) {
            throw new IllegalArgumentException("no measurement");
        }
    }

    /** Samples in any order, at least one. */
    public static Samples of(double... values) {
        return new Samples(Arrays.stream(values).sorted().boxed().toList());
    }

    /** One number of each of several measurements, at least one. */
    public static <T> Samples of(Collection<T> measurements, ToDoubleFunction<T> number) {
        return of(measurements.stream().mapToDouble(number).toArray());
    }

    /** The one in the middle, or the mean of the two there. */
    public double median() {
        return at(0.5);
    }

    /** Half the width of the middle half: from the lower quartile to the upper one. */
    public double spread() {
        return (at(0.75) - at(0.25)) / 2;
    }

    /** The value below which this share lies, between two samples along the line that joins them. */
    private double at(double share) {
        double place = share * (ascending.size() - 1);
        int below = (int) place;
        int above = Math.min(below + 1, ascending.size() - 1);
        return ascending.get(below) + (place - below) * (ascending.get(above) - ascending.get(below));
    }
}
