package jot.loading;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.loading.adapter.AdaptedModel;
import jot.loading.adapter.Adapter;
import jot.loading.adapter.WeightSource;
import jot.model.Architecture;
import jot.model.Transformer;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.tensor.KernelSelection;
import jot.tensor.ParallelKernels;
import jot.tensor.Workers;
import jot.tokenizer.Tokenizer;

/** Makes a model of a folder: the one place that wires checkpoint, family, weights and tokenizer. */
public final class ModelLoader {

    /** Bytes of weights below which a first prompt is over before it would pay to prepare for it. */
    private static final long SMALL = 64L << 20;

    private ModelLoader() {
    }

    /**
     * Loads a model.
     *
     * @param path a model folder, or a file of weights within one
     * @throws CheckpointFormatException if a file is damaged, or says something that Jot does not do
     * @throws IOException if a file cannot be read
     */
    public static LoadedModel load(Path path, LoadSettings settings) throws IOException {
        ModelFolder folder = ModelFolder.at(path);
        return load(folder, Families.of(folder.config()), settings);
    }

    /**
     * Loads a model as one of a family, whatever family its configuration names.
     *
     * @param path a model folder, or a file of weights within one
     * @throws CheckpointFormatException if a file is damaged, or says something that Jot does not do
     * @throws IOException if a file cannot be read
     */
    public static LoadedModel load(Path path, Family family, LoadSettings settings) throws IOException {
        return load(ModelFolder.at(path), family, settings);
    }

    private static LoadedModel load(ModelFolder folder, Family family, LoadSettings settings) throws IOException {
        Config config = folder.config();
        KernelSelection kernels = KernelSelection.choose(settings.backend());
        Workers workers = new Workers(settings.threads(), "jot");
        Arena memory = Arena.ofShared();
        List<Checkpoint> open = new ArrayList<>();
        Map<Path, Long> sizes = new LinkedHashMap<>();
        Listened progress = new Listened(settings.progress());
        try {
            Checkpoint checkpoint = Checkpoint.open(folder.weights(), settings.mapped());
            open.add(checkpoint);
            noteSizes(checkpoint, sizes);
            boolean small = sizes.values().stream().mapToLong(Long::longValue).sum() < SMALL;
            kernels.warmUp(Set.of(), small);
            WeightConversion conversion = new WeightConversion(workers, memory);
            Blueprint blueprint = Blueprint.of(family, config, checkpoint);
            AdaptedModel model = new AdaptedModel(config, blueprint.architecture(), blueprint.table(), WeightSource.of(checkpoint));
            List<LoadedModel.MergedAdapter> merged = new ArrayList<>();
            for (LoadSettings.AdapterChoice choice : settings.adapters()) {
                Adapter adapter = Adapter.open(choice.folder(), settings.mapped());
                open.add(adapter.checkpoint());
                noteSizes(adapter.checkpoint(), sizes);
                model = model.adaptedBy(adapter, choice.strength(), workers, conversion.passing());
                merged.add(new LoadedModel.MergedAdapter(adapter.checkpoint(), adapter.configuration(), choice.strength()));
            }
            Architecture architecture = bounded(model.architecture(), settings.context());
            WeightReader weights = new WeightReader(model.weights(), model.table(), conversion,
                    settings.weights().map(wanted -> new FormatConversion(wanted, kernels, workers, memory)));
            kernels.warmUp(settings.weights().map(Set::of).orElse(weights.formats()), small);
            Transformer transformer = new TransformerBuilder(architecture, weights, progress).build();
            Optional<Tokenizer> tokenizer = tokenizer(folder, architecture);
            ModelDescription description = ModelInspector.describe(folder, config, checkpoint, blueprint).with(model.architecture());
            return new LoadedModel(transformer, tokenizer, config.values(), folder.generationConfig(), description,
                    new ParallelKernels(kernels, workers), workers, kernels, checkpoint, memory, merged);
        } catch (IOException | RuntimeException | Error e) {
            kernels.close();
            workers.close();
            memory.close();
            open.forEach(Checkpoint::close);
            if (e != progress.thrown) {
                refuseLostWeights(e, sizes, folder.weights());
            }
            throw e;
        }
    }

    private static void noteSizes(Checkpoint checkpoint, Map<Path, Long> sizes) throws IOException {
        for (Path file : checkpoint.files()) {
            sizes.put(file, Files.size(file));
        }
    }

    /**
     * Says in its own words that a file could not be read to its end, whoever noticed. What the JVM reports as an internal error is a page
     * of a mapped file that is gone; who reads a vector may have said so already.
     */
    private static void refuseLostWeights(Throwable e, Map<Path, Long> sizes, Path weights) throws IOException {
        Throwable reason = e instanceof IllegalStateException ? e.getCause() : e;
        boolean unread = e instanceof IllegalStateException && reason instanceof IOException;
        if (!unread && !(reason instanceof InternalError)) {
            return;
        }
        Optional<Path> changed = firstChanged(sizes);
        if (unread && changed.isEmpty()) {
            throw new IOException(e.getMessage(), e);
        }
        throw new CheckpointFormatException(changed.orElse(weights), "", "weights that do not change while they are read",
                "a part that is gone", e);
    }

    /** Hears of progress for somebody else, and remembers what they threw: that tells nothing of the files. */
    private static final class Listened implements LoadProgress {
        private final LoadProgress listener;
        private Throwable thrown;

        private Listened(LoadProgress listener) {
            this.listener = listener;
        }

        @Override
        public void report(int done, int all) {
            try {
                listener.report(done, all);
            } catch (RuntimeException | Error e) {
                thrown = e;
                throw e;
            }
        }
    }

    /** The first file whose size is another now. */
    private static Optional<Path> firstChanged(Map<Path, Long> sizes) throws IOException {
        for (Map.Entry<Path, Long> file : sizes.entrySet()) {
            if (Files.notExists(file.getKey()) || Files.size(file.getKey()) != file.getValue()) {
                return Optional.of(file.getKey());
            }
        }
        return Optional.empty();
    }

    private static Architecture bounded(Architecture architecture, OptionalInt context) {
        if (context.isEmpty()) {
            return architecture;
        }
        int own = architecture.context().orElse(Integer.MAX_VALUE);
        if (context.getAsInt() > own) {
            throw new IllegalArgumentException("a context of " + context.getAsInt() + " tokens, but the model's own is " + own);
        }
        return architecture.withContext(context);
    }

    /** The tokenizer beside the model, if there is one. */
    static Optional<Tokenizer> tokenizer(ModelFolder folder, Architecture architecture) throws IOException {
        Optional<Tokenizer> tokenizer = Tokenizer.find(folder.folder());
        if (tokenizer.isPresent() && tokenizer.get().baseSize() > architecture.vocabulary()) {
            throw new CheckpointFormatException(folder.folder(), "token embedding",
                    "a row for each of the " + tokenizer.get().baseSize() + " ids of the base vocabulary",
                    architecture.vocabulary() + " rows");
        }
        return tokenizer;
    }
}
