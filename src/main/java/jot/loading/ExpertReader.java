package jot.loading;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Experts;
import jot.model.FeedForward;
import jot.model.FeedForwardPlan;
import jot.model.Linear;
import jot.model.family.Role;
import jot.model.family.TensorTable.ExpertLayout;
import jot.tensor.Matrix;

/** Reads mixtures of experts, however a family stores them. */
final class ExpertReader {

    private final WeightReader weights;
    private final int width;

    /** Reads experts of a model with so many channels. */
    ExpertReader(WeightReader weights, int width) {
        this.weights = weights;
        this.width = width;
    }

    /** The mixture of a block. */
    Experts experts(int block, FeedForwardPlan.Experts plan) throws CheckpointFormatException {
        Linear router = weights.linear(Role.ROUTER, block, plan.experts(), width, plan.routerBias());
        List<FeedForward.Dense> experts = switch (weights.expertLayout()) {
            case SEPARATE -> separate(block, plan);
            case STACKED -> stacked(block, plan);
            case TRANSPOSED, MXFP4 -> inTurn(block, plan);
        };
        Linear score = plan.sharedGate() ? weights.linear(Role.SHARED_SCORE, block, 1, width, false) : null;
        return new Experts(plan, router, experts, plan.sharedWidth().isPresent() ? shared(block, plan) : null, score);
    }

    private FeedForward.Dense shared(int block, FeedForwardPlan.Experts plan) throws CheckpointFormatException {
        int inner = plan.sharedWidth().orElseThrow();
        FeedForwardPlan.Dense shape = new FeedForwardPlan.Dense(inner, plan.expert().form(), false, false);
        return new FeedForward.Dense(shape, weights.linear(Role.SHARED_GATE, block, inner, width, false),
                weights.linear(Role.SHARED_UP, block, inner, width, false), weights.linear(Role.SHARED_DOWN, block, width, inner, false));
    }

    private List<FeedForward.Dense> separate(int block, FeedForwardPlan.Experts plan) throws CheckpointFormatException {
        FeedForwardPlan.Dense shape = plan.expert();
        List<FeedForward.Dense> experts = new ArrayList<>();
        for (int expert = 0; expert < plan.experts(); expert++) {
            experts.add(new FeedForward.Dense(shape,
                    weights.expert(Role.EXPERT_GATE, block, expert, shape.width(), width, shape.inputBias()),
                    weights.expert(Role.EXPERT_UP, block, expert, shape.width(), width, shape.inputBias()),
                    weights.expert(Role.EXPERT_DOWN, block, expert, width, shape.width(), shape.outputBias())));
        }
        return experts;
    }

    /** All experts in one tensor, {@code [experts][2 · inner][width]} and {@code [experts][width][inner]}, used where they lie. */
    private List<FeedForward.Dense> stacked(int block, FeedForwardPlan.Experts plan) throws CheckpointFormatException {
        FeedForwardPlan.Dense shape = plan.expert();
        String gateUp = weights.name(Role.EXPERTS_GATE_UP, block);
        String down = weights.name(Role.EXPERT_DOWN, block);
        List<Linear> gateUps = linears(weights.experts(gateUp + ".weight", plan.experts(), 2 * shape.width(), width),
                biases(shape.inputBias(), gateUp + ".bias", plan, 2 * shape.width()));
        List<Linear> downs = linears(weights.experts(down + ".weight", plan.experts(), width, shape.width()),
                biases(shape.outputBias(), down + ".bias", plan, width));
        return dense(plan, gateUps, downs);
    }

    /** All experts in one tensor, gate and up in turn, in one of the layouts of gpt-oss. */
    private List<FeedForward.Dense> inTurn(int block, FeedForwardPlan.Experts plan) throws CheckpointFormatException {
        FeedForwardPlan.Dense shape = plan.expert();
        int inner = shape.width();
        String gateUp = weights.name(Role.EXPERTS_GATE_UP, block);
        String down = weights.name(Role.EXPERT_DOWN, block);
        int[] gateFirst = IntStream.range(0, 2 * inner).map(row -> row < inner ? 2 * row : 2 * (row - inner) + 1).toArray();
        List<float[]> gateUpBiases = biases(shape.inputBias(), gateUp + "_bias", plan, 2 * inner);
        gateUpBiases.replaceAll(bias -> bias == null ? null : WeightReader.reorder(bias, gateFirst));
        return dense(plan, linears(matrices(gateUp, plan, 2 * inner, width, gateFirst), gateUpBiases),
                linears(matrices(down, plan, width, inner, IntStream.range(0, width).toArray()),
                        biases(shape.outputBias(), down + "_bias", plan, width)));
    }

    /** A bias for each expert, or null for each without one. */
    private List<float[]> biases(boolean biased, String name, FeedForwardPlan.Experts plan, int outputs) throws CheckpointFormatException {
        List<float[]> biases = new ArrayList<>();
        float[] all = biased ? weights.conversion().floats(weights.take(name, plan.experts(), outputs)) : null;
        for (int expert = 0; expert < plan.experts(); expert++) {
            biases.add(biased ? Arrays.copyOfRange(all, expert * outputs, (expert + 1) * outputs) : null);
        }
        return biases;
    }

    /** A matrix {@code [outputs][inputs]} for each expert, row i of which is the stored output {@code order[i]}. */
    private List<Matrix> matrices(String name, FeedForwardPlan.Experts plan, int outputs, int inputs, int[] order)
            throws CheckpointFormatException {
        return weights.expertLayout() == ExpertLayout.MXFP4
                ? new PackedExperts(weights, name, plan.experts(), outputs, inputs).matrices(order)
                : weights.transposedExperts(name, plan.experts(), outputs, inputs, order);
    }

    private static List<Linear> linears(List<Matrix> matrices, List<float[]> biases) {
        return IntStream.range(0, matrices.size()).mapToObj(i -> new Linear(matrices.get(i), biases.get(i))).toList();
    }

    private static List<FeedForward.Dense> dense(FeedForwardPlan.Experts plan, List<Linear> gateUps, List<Linear> downs) {
        List<FeedForward.Dense> experts = new ArrayList<>();
        for (int expert = 0; expert < gateUps.size(); expert++) {
            GateAndUp both = GateAndUp.halves(gateUps.get(expert));
            experts.add(new FeedForward.Dense(plan.expert(), both.gate(), both.up(), downs.get(expert)));
        }
        return experts;
    }
}
