package jot.loading;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.Attention;
import jot.model.AttentionPlan;
import jot.model.Block;
import jot.model.BlockPlan;
import jot.model.Embedding;
import jot.model.EmbeddingPlan;
import jot.model.FeedForward;
import jot.model.FeedForwardPlan;
import jot.model.Head;
import jot.model.HeadPlan;
import jot.model.Linear;
import jot.model.Norm;
import jot.model.NormPlan;
import jot.model.PositionPlan;
import jot.model.Rotary;
import jot.model.Transformer;
import jot.model.family.Role;
import jot.tensor.Activation;
import jot.tensor.AttentionShape;
import jot.tensor.Matrix;

/** Joins a blueprint and the tensors of a checkpoint to a Transformer. */
final class TransformerBuilder {

    private static final System.Logger LOG = System.getLogger("jot.loading");

    private final Architecture architecture;
    private final WeightReader weights;
    private final LoadProgress progress;
    private final List<Rotary> rotaries;

    TransformerBuilder(Architecture architecture, WeightReader weights, LoadProgress progress) {
        this.architecture = architecture;
        this.weights = weights;
        this.progress = progress;
        this.rotaries = distinctRotaries(architecture);
    }

    private static List<Rotary> distinctRotaries(Architecture architecture) {
        LinkedHashSet<Rotary> distinct = new LinkedHashSet<>();
        architecture.blocks().forEach(block -> block.attention().rotary().ifPresent(distinct::add));
        return List.copyOf(distinct);
    }

    /** The Transformer; fails where a tensor is missing, misshapen or one too many. */
    Transformer build() throws CheckpointFormatException {
        try {
            return parts();
        } finally {
            weights.conversion().freePassing();
        }
    }

    private Transformer parts() throws CheckpointFormatException {
        Embedding embedding = embedding();
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < architecture.blocks().size(); layer++) {
            blocks.add(block(layer));
            progress.report(layer + 1, architecture.blocks().size());
        }
        Norm finalNorm = norm(architecture.finalNorm(), Role.FINAL_NORM, 0);
        Head head = head(embedding);
        weights.finish();
        return new Transformer(architecture, embedding, blocks, finalNorm, head, rotaries);
    }

    private Embedding embedding() throws CheckpointFormatException {
        EmbeddingPlan plan = architecture.embedding();
        Matrix tokens = weights.matrix(Role.TOKEN_EMBEDDING, architecture.vocabulary(), plan.width());
        Embedding.Positions positions = switch (plan.positions()) {
            case PositionPlan.None none -> null;
            case PositionPlan.Learned learned -> new Embedding.Positions.Table(
                    weights.matrix(Role.POSITION_EMBEDDING, learned.rows(), architecture.width()), learned.offset());
            case PositionPlan.Sinusoidal waves -> new Embedding.Positions.Waves(waves.frequencies(architecture.width()), waves.offset());
        };
        Linear projection = plan.width() == architecture.width() ? null
                : weights.linear(Role.EMBEDDING_PROJECTION, 0, architecture.width(), plan.width(), false);
        return new Embedding(plan, tokens, positions, projection, norm(plan.norm(), Role.EMBEDDING_NORM, 0));
    }

    private Block block(int layer) throws CheckpointFormatException {
        BlockPlan plan = architecture.blocks().get(layer);
        return new Block(plan, attention(layer, plan.attention()),
                norm(plan.attentionNorms().input(), Role.ATTENTION_NORM, layer),
                norm(plan.attentionNorms().output(), Role.ATTENTION_OUTPUT_NORM, layer),
                feedForward(layer, plan.feedForward()),
                norm(plan.feedForwardNorms().input(), Role.FEED_FORWARD_NORM, layer),
                norm(plan.feedForwardNorms().output(), Role.FEED_FORWARD_OUTPUT_NORM, layer));
    }

    private Attention attention(int layer, AttentionPlan plan) throws CheckpointFormatException {
        int width = architecture.width();
        List<Linear> projections = weights.queriesKeysValues(layer, plan.heads(), plan.keyHeads(), plan.headSize(), width,
                plan.inputBias());
        AttentionShape shape = new AttentionShape(plan.heads(), plan.keyHeads(), plan.headSize(), plan.headSize(), plan.scale(),
                plan.window().orElse(0), plan.softcap(), plan.alibi().map(alibi -> alibi.slopes(plan.heads())).orElse(null),
                plan.sinks() ? weights.vector(Role.SINKS, layer, plan.heads()) : null);
        int rotary = plan.rotary().map(rotaries::indexOf).orElse(-1);
        Linear output = weights.linear(Role.ATTENTION_OUTPUT, layer, width, plan.queryWidth(), plan.outputBias());
        Norm queryNorm = weights.headNorm(plan.norm(), Role.QUERY_NORM, layer, plan.heads(), plan.headSize());
        Norm keyNorm = weights.headNorm(plan.norm(), Role.KEY_NORM, layer, plan.keyHeads(), plan.headSize());
        return new Attention(plan, shape, layer, rotary, projections, queryNorm, keyNorm, output);
    }

    private FeedForward feedForward(int layer, FeedForwardPlan plan) throws CheckpointFormatException {
        return switch (plan) {
            case FeedForwardPlan.Dense dense -> dense(layer, dense);
            case FeedForwardPlan.Experts experts -> new ExpertReader(weights, architecture.width()).experts(layer, experts);
        };
    }

    private FeedForward dense(int layer, FeedForwardPlan.Dense plan) throws CheckpointFormatException {
        int width = architecture.width();
        Linear down = weights.linear(Role.DOWN, layer, width, plan.width(), plan.outputBias());
        return switch (plan.form()) {
            case FeedForwardPlan.Form.Plain plain ->
                new FeedForward.Dense(plan, null, weights.linear(Role.UP, layer, plan.width(), width, plan.inputBias()), down);
            case FeedForwardPlan.Form.LearnedXIelu learned ->
                new FeedForward.Dense(plan.withForm(new FeedForwardPlan.Form.Plain(xielu(layer))),
                null, weights.linear(Role.UP, layer, plan.width(), width, plan.inputBias()), down);
            case FeedForwardPlan.Form.Gated gated -> {
                GateAndUp both = weights.gateAndUp(layer, plan.width(), width, plan.inputBias());
                yield new FeedForward.Dense(plan, both.gate(), both.up(), down);
            }
        };
    }

    /** xIELU of a block: αₚ = ln(1 + e^alpha_p), αₙ = β + ln(1 + e^alpha_n). */
    private Activation xielu(int layer) throws CheckpointFormatException {
        float beta = weights.number(Role.ACTIVATION, layer, "beta");
        return new Activation.XIelu(softplus(weights.number(Role.ACTIVATION, layer, "alpha_p")),
                beta + softplus(weights.number(Role.ACTIVATION, layer, "alpha_n")), beta, weights.number(Role.ACTIVATION, layer, "eps"));
    }

    private static float softplus(float x) {
        return x > 20 ? x : (float) StrictMath.log1p(StrictMath.exp(x));
    }

    private Norm norm(Optional<NormPlan> plan, Role role, int layer) throws CheckpointFormatException {
        return weights.norm(plan, role, layer, architecture.width());
    }

    private Head head(Embedding embedding) throws CheckpointFormatException {
        return switch (architecture.head()) {
            case HeadPlan.LanguageModel plan -> languageModel(plan, embedding);
            case HeadPlan.SequenceClassifier plan -> classifier(plan.labels().size(), false);
            case HeadPlan.TokenClassifier plan -> classifier(plan.labels().size(), true);
            case HeadPlan.DoubleHeads plan -> new Head.DoubleHeads(languageModel(plan.languageModel(), embedding),
                    weights.linear(Role.CHOICE, 0, 1, architecture.width(), true), plan.activation());
            case HeadPlan.None _ -> {
                weights.spare(Role.HEAD_PROJECTION);
                yield new Head.None();
            }
        };
    }

    private Head.LanguageModel languageModel(HeadPlan.LanguageModel plan, Embedding embedding) throws CheckpointFormatException {
        int width = architecture.embedding().width();
        Linear projection = headProjection();
        if (!plan.tied()) {
            return new Head.LanguageModel(plan, projection,
                    weights.linear(Role.HEAD, 0, architecture.vocabulary(), width, plan.biased()));
        }
        warnIfHeadDiffers(embedding.tokens());
        float[] bias = plan.biased() ? weights.bias(Role.HEAD, 0, architecture.vocabulary()) : null;
        return new Head.LanguageModel(plan, projection, new Linear(embedding.tokens(), bias));
    }

    private Head.Classifier classifier(int labels, boolean biased) throws CheckpointFormatException {
        Role role = weights.has(Role.CLASSIFIER, 0) ? Role.CLASSIFIER : Role.SCORES;
        weights.spare(Role.HEAD).ifPresent(head -> LOG.log(System.Logger.Level.INFO, "{0}: {1} is left out beside a head for labels",
                head.file(), head.name()));
        return new Head.Classifier(headProjection(), weights.linear(role, 0, labels, architecture.embedding().width(), biased));
    }

    private Linear headProjection() throws CheckpointFormatException {
        int width = architecture.embedding().width();
        return width == architecture.width() ? null : weights.linear(Role.HEAD_PROJECTION, 0, width, architecture.width(), false);
    }

    /** A file may hold a head beside an embedding that it is tied to: the embedding counts. */
    private void warnIfHeadDiffers(Matrix embedding) {
        weights.spare(Role.HEAD).ifPresent(head -> {
            if (!weights.sameAsEmbedding(head, embedding)) {
                LOG.log(System.Logger.Level.WARNING, "{0}: {1} differs from the embedding that config.json ties it to; it is left out",
                        head.file(), head.name());
            }
        });
    }
}
