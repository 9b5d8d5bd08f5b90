package jot.reference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;

import jot.generation.Inference;
import jot.loading.LoadSettings;
import jot.loading.LoadedModel;
import jot.loading.ModelLoader;
import jot.model.family.Family;
import jot.tensor.Backend;

/** A model of the test resources, ready to run. */
public final class LoadedFixture implements AutoCloseable {

    public static final Path MODELS = Path.of("src/test/resources/models");
    public static final Path MORE_MODELS = Path.of("src/test/resources/models-more");

    private final LoadedModel model;
    private final Inference inference;

    private LoadedFixture(LoadedModel model) {
        this.model = model;
        this.inference = new Inference(model.transformer(), model.kernels(), model.workers());
    }

    public static LoadedFixture of(Path folder, int threads, Backend backend) throws IOException {
        LoadSettings settings = new LoadSettings(threads, OptionalInt.empty(), backend, true, (done, all) -> { });
        return new LoadedFixture(ModelLoader.load(folder, settings));
    }

    /** Loaded as one of a family, by plain kernels on the calling thread. */
    public static LoadedFixture as(Family family, Path folder) throws IOException {
        LoadSettings settings = new LoadSettings(1, OptionalInt.empty(), Backend.SCALAR, true, (done, all) -> { });
        return new LoadedFixture(ModelLoader.load(folder, family, settings));
    }

    public Inference inference() {
        return inference;
    }

    public LoadedModel model() {
        return model;
    }

    /** Greedy continuation of a prompt, one token at a time over the cache. */
    public int[] greedy(int[] prompt, int count) {
        return inference.greedy(prompt, count);
    }

    @Override
    public void close() {
        inference.close();
        model.close();
    }
}
