package jot.reference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.CacheLayout;
import jot.model.ForwardPass;
import jot.model.KvCache;
import jot.model.Segment;
import jot.model.Transformer;
import jot.tensor.Activations;
import jot.tensor.Backend;

/** Forward passes of a model, one by one, with full control over what goes into each. */
public final class Passes implements AutoCloseable {

    private final LoadedModel model;
    private final Transformer transformer;
    private final ForwardPass pass;

    private Passes(LoadedModel model) {
        this.model = model;
        this.transformer = model.transformer();
        this.pass = new ForwardPass(transformer, model.kernels());
    }

    public static Passes of(Path folder, int threads, Backend backend) throws IOException {
        return new Passes(ModelLoader.load(folder, new LoadSettings(threads, OptionalInt.empty(), backend, true, (done, all) -> { })));
    }

    public Transformer transformer() {
        return transformer;
    }

    public KvCache cache() {
        return new KvCache(new CacheLayout(transformer.architecture()));
    }

    /** Runs segments in one pass, with a model that may be a variation of the loaded one; {@code [segment][wanted][vocabulary]}. */
    public List<float[][]> run(Transformer variation, List<Segment> segments) {
        ForwardPass own = variation == transformer ? pass : new ForwardPass(variation, model.kernels());
        List<float[][]> logits = new ArrayList<>();
        model.workers().run(() -> {
            variation.forward(segments, own);
            for (int s = 0; s < segments.size(); s++) {
                int wanted = switch (segments.get(s).wanted()) {
                    case NONE -> 0;
                    case LAST -> 1;
                    case ALL -> segments.get(s).count();
                };
                logits.add(rows(own.logits(), own.firstLogitRow(s), wanted, variation.architecture().vocabulary()));
            }
        });
        return logits;
    }

    public List<float[][]> run(List<Segment> segments) {
        return run(transformer, segments);
    }

    private static float[][] rows(Activations from, int first, int count, int width) {
        float[][] rows = new float[count][];
        for (int k = 0; k < count; k++) {
            rows[k] = Arrays.copyOfRange(from.values(), from.at(first + k), from.at(first + k) + width);
        }
        return rows;
    }

    /** Logits after each token, the tokens cut into pieces of these sizes over and over, all over one cache. */
    public float[][] inPieces(int[] tokens, int... sizes) {
        KvCache cache = cache();
        float[][] logits = new float[tokens.length][];
        int from = 0;
        for (int piece = 0; from < tokens.length; piece++) {
            int to = Math.min(tokens.length, from + sizes[piece % sizes.length]);
            float[][] rows = run(List.of(new Segment(cache, tokens, from, to, Segment.Wanted.ALL))).getFirst();
            System.arraycopy(rows, 0, logits, from, rows.length);
            from = to;
        }
        return logits;
    }

    /** Logits after each token, in one pass. */
    public float[][] inOnePiece(int[] tokens) {
        return inPieces(tokens, tokens.length);
    }

    /** Logits after the last token. */
    public float[] last(int[] tokens) {
        return run(List.of(new Segment(cache(), tokens, 0, tokens.length, Segment.Wanted.LAST))).getFirst()[0];
    }

    @Override
    public void close() {
        model.close();
    }
}
