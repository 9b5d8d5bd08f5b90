package jot.loading;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import jot.model.Architecture;
import jot.model.AttentionPlan;
import jot.model.BlockPlan;
import jot.model.FeedForwardPlan;
import jot.model.HeadPlan;
import jot.model.PositionPlan;
import jot.tensor.WeightFormat;

/**
 * How many bytes the weights of a model take in each format that its matrices can be held in.
 *
 * <p>The embedding, the matrices of blocks and the language-model head are held in the chosen format; what is small or read a row at a time
 * stays as the file has it, and so do experts that are packed there.
 *
 * @param architecture the blueprint
 * @param stored the format of the files
 * @param packedExperts whether experts are packed in MXFP4
 */
public record WeightSizes(Architecture architecture, WeightFormat.Plain stored, boolean packedExperts) {

    /** The formats in question, by falling size. */
    public static final List<WeightFormat> FORMATS = List.of(WeightFormat.F32, WeightFormat.F16, WeightFormat.BF16, WeightFormat.Q8,
            WeightFormat.Q4);

    /** How a matrix is held. */
    private enum Holding { CHOSEN, STORED, PACKED }

    /** Some matrices of one shape. */
    private record Matrices(long count, long outputs, long inputs, Holding holding) {

        private static Matrices of(long outputs, long inputs) {
            return new Matrices(1, outputs, inputs, Holding.CHOSEN);
        }

        private static Matrices stored(long outputs, long inputs) {
            return new Matrices(1, outputs, inputs, Holding.STORED);
        }

        private long elements() {
            return count * outputs * inputs;
        }
    }

    /** Bytes in each format, by its label. */
    public Map<String, Long> byFormat() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        for (WeightFormat format : FORMATS) {
            sizes.put(format.label(), bytes(format));
        }
        return sizes;
    }

    /** Bytes of all matrices in a format. */
    public long bytes(WeightFormat format) {
        return matrices().mapToLong(matrices -> matrices.count * switch (matrices.holding) {
            case CHOSEN -> format.bytes(matrices.outputs, matrices.inputs);
            case STORED -> stored.bytes(matrices.outputs, matrices.inputs);
            case PACKED -> WeightFormat.MXFP4.bytes(matrices.outputs, matrices.inputs);
        }).sum();
    }

    /** Elements of all matrices. */
    public long elements() {
        return matrices().mapToLong(Matrices::elements).sum();
    }

    private Stream<Matrices> matrices() {
        return Stream.of(embedding(), architecture.blocks().stream().flatMap(this::block), head(architecture.head()))
                .flatMap(each -> each);
    }

    private Stream<Matrices> embedding() {
        int width = architecture.embedding().width();
        Stream<Matrices> tokens = Stream.of(Matrices.of(architecture.vocabulary(), width));
        Stream<Matrices> positions = switch (architecture.embedding().positions()) {
            case PositionPlan.Learned learned -> Stream.of(Matrices.stored(learned.rows(), architecture.width()));
            case PositionPlan.None _, PositionPlan.Sinusoidal _ -> Stream.empty();
        };
        return Stream.of(tokens, positions, projection()).flatMap(each -> each);
    }

    /** Between the embedding's width and the model's, once on the way in and once on the way out. */
    private Stream<Matrices> projection() {
        int width = architecture.embedding().width();
        return width == architecture.width() ? Stream.empty() : Stream.of(Matrices.stored(architecture.width(), width));
    }

    private Stream<Matrices> block(BlockPlan block) {
        AttentionPlan attention = block.attention();
        long width = architecture.width();
        long projected = attention.queryWidth() + 2L * attention.keyWidth();
        Stream<Matrices> feedForward = switch (block.feedForward()) {
            case FeedForwardPlan.Dense dense -> dense(dense, 1, Holding.CHOSEN);
            case FeedForwardPlan.Experts experts -> experts(experts);
        };
        return Stream.concat(Stream.of(Matrices.of(projected, width), Matrices.of(width, attention.queryWidth())), feedForward);
    }

    private Stream<Matrices> dense(FeedForwardPlan.Dense plan, int count, Holding holding) {
        int inward = plan.form() instanceof FeedForwardPlan.Form.Gated ? 2 : 1;
        return Stream.of(new Matrices((long) inward * count, plan.width(), architecture.width(), holding),
                new Matrices(count, architecture.width(), plan.width(), holding));
    }

    private Stream<Matrices> experts(FeedForwardPlan.Experts plan) {
        long width = architecture.width();
        Stream<Matrices> shared = plan.sharedWidth().isEmpty() ? Stream.empty()
                : dense(new FeedForwardPlan.Dense(plan.sharedWidth().getAsInt(), plan.expert().form(), false, false), 1, Holding.CHOSEN);
        return Stream.of(Stream.of(Matrices.stored(plan.experts(), width)),
                dense(plan.expert(), plan.experts(), packedExperts ? Holding.PACKED : Holding.CHOSEN), shared,
                plan.sharedGate() ? Stream.of(Matrices.stored(1, width)) : Stream.<Matrices>empty()).flatMap(each -> each);
    }

    private Stream<Matrices> head(HeadPlan head) {
        int width = architecture.embedding().width();
        return switch (head) {
            case HeadPlan.LanguageModel plan -> Stream.concat(projection(),
                    plan.tied() ? Stream.empty() : Stream.of(Matrices.of(architecture.vocabulary(), width)));
            case HeadPlan.SequenceClassifier _, HeadPlan.TokenClassifier _ -> Stream.concat(projection(),
                    Stream.of(Matrices.stored(head.labelNames().size(), width)));
            case HeadPlan.DoubleHeads plan -> Stream.concat(head(plan.languageModel()), Stream.of(Matrices.stored(1,
                    architecture.width())));
            case HeadPlan.None _ -> Stream.empty();
        };
    }
}
