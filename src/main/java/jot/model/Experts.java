package jot.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import jot.model.ForwardPass.RowCounts;
import jot.tensor.Activation;
import jot.tensor.Activations;
import jot.tensor.Matrix;

/**
 * A mixture of experts with its weights (Shazeer et al. 2017, arXiv 1701.06538): a router chooses a few feed-forwards for each token.
 *
 * <p>Only the chosen ones are computed. The rows that chose an expert are gathered, go through it together and are added to where they
 * came from. A row takes its experts in the order of their numbers, so that its sum does not depend on what else is in the pass.
 *
 * @param plan its shape
 * @param router scores of the experts, {@code [experts][width]}
 * @param experts the experts
 * @param shared an expert that every row takes, or null
 * @param sharedScore how much of it a row takes, {@code [1][width]}, or null for all of it
 */
public record Experts(FeedForwardPlan.Experts plan, Linear router, List<FeedForward.Dense> experts, FeedForward.Dense shared,
        Linear sharedScore) implements FeedForward {

    /** Keeps its own copy of the list of experts. */
    public Experts {
        experts = List.copyOf(experts);
    }

    @Override
    public void apply(Activations input, Activations to, ForwardPass pass) {
        Routing routing = pass.scratch().routing();
        router.apply(input, routing.scores, 0, pass.rows(), pass.kernels());          // [rows][experts]
        routing.choose(plan, pass.rows());
        clear(to, pass.rows().all());
        for (int expert = 0; expert < plan.experts(); expert++) {
            RowCounts rows = routing.rowsOf(expert, pass.rows().decode());
            if (rows.all() > 0) {
                routing.gather(expert, input);
                experts.get(expert).apply(routing.input, routing.output, rows, pass);
                routing.scatter(expert, to);
            }
        }
        if (shared != null) {
            addShared(input, to, routing, pass);
        }
    }

    @Override
    public Stream<Matrix> matrices() {
        return matrices(experts);
    }

    @Override
    public Stream<Matrix> matricesOfOneRow() {
        return matrices(experts.subList(0, plan.chosen()));
    }

    private Stream<Matrix> matrices(List<FeedForward.Dense> some) {
        Stream<Linear> alone = Stream.of(router, sharedScore).filter(Objects::nonNull);
        Stream<FeedForward.Dense> all = Stream.concat(some.stream(), Stream.ofNullable(shared));
        return Stream.concat(alone.map(Linear::weight), all.flatMap(FeedForward::matrices));
    }

    private void addShared(Activations input, Activations to, Routing routing, ForwardPass pass) {
        int rows = pass.rows().all();
        shared.apply(input, routing.output, pass);                                    // [rows][width]
        if (sharedScore == null) {
            pass.kernels().add(routing.output, 1, to, to.width(), rows);
            return;
        }
        sharedScore.apply(input, routing.scores, 0, pass.rows(), pass.kernels());     // [rows][1]
        pass.kernels().activate(new Activation.Sigmoid(), routing.scores, 0, 1, rows);
        for (int row = 0; row < rows; row++) {
            addScaled(routing.output, row, routing.scores.values()[routing.scores.at(row)], to, row);
        }
    }

    private static void clear(Activations x, int rows) {
        for (int row = 0; row < rows; row++) {
            Arrays.fill(x.values(), x.at(row), x.at(row) + x.width(), 0f);
        }
    }

    private static void addScaled(Activations x, int row, float scale, Activations into, int intoRow) {
        float[] from = x.values();
        float[] sums = into.values();
        int at = x.at(row);
        int to = into.at(intoRow);
        for (int i = 0; i < into.width(); i++) {
            sums[to + i] += scale * from[at + i];
        }
    }

    /** Which rows of a pass take which experts, and room for their copies; reused from pass to pass. */
    static final class Routing {

        private final Activations scores;
        private final Activations input;
        private final Activations output;
        private final double[] probabilities;
        private final int[] firstMember;
        private int chosen;
        private int[] choices = {};
        private float[] weights = {};
        private int[] members = {};
        private RowCounts counts = new RowCounts(0, 0);

        /** Room for one row. */
        Routing(int width, int experts) {
            scores = new Activations(1, experts);
            input = new Activations(1, width);
            output = new Activations(1, width);
            probabilities = new double[experts];
            firstMember = new int[experts + 1];
        }

        /** Makes room for a number of rows, each of which takes at most so many experts. */
        void ensureRows(int rows, int most) {
            scores.ensureRows(rows);
            input.ensureRows(rows);
            output.ensureRows(rows);
            int capacity = Math.multiplyExact(scores.rows(), most);
            if (capacity > choices.length) {
                weights = new float[capacity];
                members = new int[capacity];
                choices = new int[capacity];
            }
        }

        /** Chooses the experts of each row by its scores {@code [rows][experts]}, and lists the rows of each expert in their order. */
        void choose(FeedForwardPlan.Experts plan, RowCounts rows) {
            chosen = plan.chosen();
            Arrays.fill(firstMember, 0, plan.experts() + 1, 0);
            for (int row = 0; row < rows.all(); row++) {
                chooseBest(row, plan.experts());
                weigh(row, plan);
                for (int k = row * chosen; k < (row + 1) * chosen; k++) {
                    firstMember[choices[k] + 1]++;
                }
            }
            for (int expert = 0; expert < plan.experts(); expert++) {
                firstMember[expert + 1] += firstMember[expert];
            }
            list(rows.all(), plan.experts());
        }

        /** The highest scores from the highest on, ties to the lowest number. */
        private void chooseBest(int row, int experts) {
            int at = scores.at(row);
            for (int k = 0; k < chosen; k++) {
                int best = -1;
                for (int expert = 0; expert < experts; expert++) {
                    boolean better = best < 0 || scores.values()[at + expert] > scores.values()[at + best];
                    if (better && !isChosen(row, k, expert)) {
                        best = expert;
                    }
                }
                choices[row * chosen + k] = best;
            }
        }

        private boolean isChosen(int row, int count, int expert) {
            for (int k = row * chosen; k < row * chosen + count; k++) {
                if (choices[k] == expert) {
                    return true;
                }
            }
            return false;
        }

        private void weigh(int row, FeedForwardPlan.Experts plan) {
            int at = scores.at(row);
            double highest = scores.values()[at + choices[row * chosen]];
            double all = 0;
            for (int expert = 0; expert < plan.experts(); expert++) {
                probabilities[expert] = StrictMath.exp(scores.values()[at + expert] - highest);
                all += probabilities[expert];
            }
            double sum = 0;
            for (int k = row * chosen; k < (row + 1) * chosen; k++) {
                sum += probabilities[choices[k]];
            }
            double divisor = switch (plan.router()) {
                case SOFTMAX -> all;
                case SOFTMAX_OF_CHOSEN -> sum;
            };
            for (int k = row * chosen; k < (row + 1) * chosen; k++) {
                weights[k] = (float) (probabilities[choices[k]] / divisor);
            }
        }

        /** Sorts the choices of all rows by expert; {@code members} are places in {@code choices}. */
        private void list(int rows, int experts) {
            for (int k = 0; k < rows * chosen; k++) {
                members[firstMember[choices[k]]++] = k;
            }
            System.arraycopy(firstMember, 0, firstMember, 1, experts);
            firstMember[0] = 0;
        }

        /** How many rows take an expert; those that decode come first among them too. */
        RowCounts rowsOf(int expert, int decodeRows) {
            int from = firstMember[expert];
            int to = firstMember[expert + 1];
            int decode = 0;
            while (from + decode < to && members[from + decode] / chosen < decodeRows) {
                decode++;
            }
            counts = RowCounts.of(decode, to - from, counts);
            return counts;
        }

        /** Copies the rows that take an expert, one after the other. */
        void gather(int expert, Activations from) {
            int first = firstMember[expert];
            for (int m = first; m < firstMember[expert + 1]; m++) {
                System.arraycopy(from.values(), from.at(members[m] / chosen), input.values(), input.at(m - first), from.width());
            }
        }

        /** Adds what an expert gave to the rows that take it, each times its weight. */
        void scatter(int expert, Activations into) {
            int first = firstMember[expert];
            for (int m = first; m < firstMember[expert + 1]; m++) {
                addScaled(output, m - first, weights[members[m]], into, members[m] / chosen);
            }
        }
    }
}
