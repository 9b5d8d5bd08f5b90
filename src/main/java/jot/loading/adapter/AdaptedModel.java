package jot.loading.adapter;

import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.Tensor;
import jot.model.Architecture;
import jot.model.HeadPlan;
import jot.model.family.Config;
import jot.model.family.HeadReading;
import jot.model.family.Role;
import jot.model.family.TensorTable;
import jot.tensor.Workers;

/**
 * A blueprint and the tensors for it, as adapters leave them: they may bring another head, or part what was tied.
 *
 * @param config the model's configuration
 * @param architecture the blueprint
 * @param table the names of the tensors
 * @param weights the tensors
 */
public record AdaptedModel(Config config, Architecture architecture, TensorTable table, WeightSource weights) {

    /**
     * The same with one more adapter.
     *
     * @param strength how far to go from the model's own numbers to the adapter's, 1 for all the way
     * @param workers compute it
     * @param memory receives what is computed
     * @throws CheckpointFormatException if the adapter belongs to another model
     */
    public AdaptedModel adaptedBy(Adapter adapter, double strength, Workers workers, SegmentAllocator memory)
            throws CheckpointFormatException {
        AdaptedModel prepared = withHeadOf(adapter).untiedFor(adapter);
        return new AdaptedModel(config, prepared.architecture, table,
                new AdaptedWeights(prepared.weights, table, adapter, strength, new LowRankMerge(workers), memory));
    }

    private AdaptedModel withHead(HeadPlan head) {
        return new AdaptedModel(config, architecture.withHead(head), table, weights);
    }

    /** An adapter that was trained to classify brings the head for it. */
    private AdaptedModel withHeadOf(Adapter adapter) throws CheckpointFormatException {
        return switch (adapter.config().task()) {
            case LANGUAGE -> this;
            case SEQUENCES -> architecture.head() instanceof HeadPlan.SequenceClassifier && scores(adapter) == null
                    ? this : withHead(HeadReading.sequenceClassifier(config, labels(adapter)));
            case TOKENS -> architecture.head() instanceof HeadPlan.TokenClassifier && scores(adapter) == null
                    ? this : withHead(new HeadPlan.TokenClassifier(labels(adapter)));
        };
    }

    /** The names in the model's configuration if they are as many as the adapter scores, or else numbers. */
    private List<String> labels(Adapter adapter) throws CheckpointFormatException {
        Tensor scores = scores(adapter);
        if (scores == null || scores.shape().length != 2 || scores.elements() == 0) {
            throw adapter.config().values().refusal("task_type", "a head with the adapter, " + headName(Role.SCORES) + " or "
                    + headName(Role.CLASSIFIER), scores == null ? "neither" : scores.toString());
        }
        List<String> names = HeadReading.labels(config);
        int count = Math.toIntExact(scores.shape()[0]);
        return names.size() == count ? names : HeadReading.numbered(count);
    }

    private Tensor scores(Adapter adapter) {
        return Stream.of(Role.CLASSIFIER, Role.SCORES).map(role -> adapter.replacements().get(headName(role)))
                .filter(tensor -> tensor != null).findFirst().orElse(null);
    }

    private String headName(Role role) {
        return table.name(role).orElseThrow().substring(1) + ".weight";
    }

    /** What an adapter does to one of two matrices that are tied it does to that one alone. */
    private AdaptedModel untiedFor(Adapter adapter) throws CheckpointFormatException {
        HeadPlan head = architecture.head();
        boolean tied = head.language().map(HeadPlan.LanguageModel::tied).orElse(false);
        if (!tied || !(changes(adapter, Role.HEAD) || changes(adapter, Role.TOKEN_EMBEDDING))) {
            return this;
        }
        HeadPlan untied = switch (head) {
            case HeadPlan.LanguageModel plan -> plan.untied();
            case HeadPlan.DoubleHeads plan -> new HeadPlan.DoubleHeads(plan.languageModel().untied(), plan.activation());
            case HeadPlan.SequenceClassifier _, HeadPlan.TokenClassifier _, HeadPlan.None _ -> head;
        };
        Set<String> names = weights.names();
        String embedding = table.storedName(Role.TOKEN_EMBEDDING, names).orElseThrow(() -> new CheckpointFormatException(weights.file(),
                "tensor names", table.name(Role.TOKEN_EMBEDDING).orElse(""), "none of that name"));
        String headName = table.storedName(Role.HEAD, names).orElse(headName(Role.HEAD));
        return new AdaptedModel(config, architecture.withHead(untied), table, new UntiedHead(weights, headName, embedding));
    }

    private boolean changes(Adapter adapter, Role role) {
        String name = table.name(role).orElse("/").replaceFirst("^/", "");
        return adapter.updates().keySet().stream().anyMatch(module -> table.bare(module).equals(name))
                || adapter.replacements().keySet().stream().anyMatch(parameter -> table.bare(parameter).startsWith(name + '.'));
    }
}
