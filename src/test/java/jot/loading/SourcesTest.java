package jot.loading;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.loading.adapter.AdaptedModel;
import jot.loading.adapter.Adapter;
import jot.loading.adapter.WeightSource;
import jot.model.Architecture;
import jot.model.family.Config;
import jot.model.family.TensorTable;
import jot.tensor.Backend;
import jot.tensor.KernelSelection;
import jot.tensor.WeightFormat;
import jot.tensor.Workers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is read of a file to be converted is given back before the next matrix is read. */
class SourcesTest {

    private static final Path RESOURCES = Path.of("src/test/resources");

    /** Tensors of a checkpoint that is not mapped, and which of them are in memory. */
    private record Watched(WeightSource source, Map<String, MemorySegment> read, Set<String> together) implements WeightSource {

        @Override
        public Tensor tensor(String name) {
            Tensor tensor = source.tensor(name);
            if (tensor.shape().length > 1 && !name.toLowerCase(Locale.ROOT).endsWith("bias")) {
                read.put(name, tensor.data());
                Set<String> alive = new HashSet<>(alive());
                alive.remove(name);
                together.addAll(alive);
            }
            return tensor;
        }

        /** Names of what is in memory now. */
        Set<String> alive() {
            Set<String> names = new HashSet<>(read.keySet());
            names.removeIf(name -> !read.get(name).scope().isAlive());
            return names;
        }

        @Override
        public Set<String> names() {
            return source.names();
        }

        @Override
        public long[] shape(String name) {
            return source.shape(name);
        }

        @Override
        public DataType dataType(String name) {
            return source.dataType(name);
        }

        @Override
        public Path file(String name) {
            return source.file(name);
        }

        @Override
        public Path file() {
            return source.file();
        }
    }

    /**
     * Builds a model and looks at each tensor which others are in memory then.
     *
     * @param format Q8, or AUTO for that of the file
     * @param matrices how many matrices the model has at least
     * @param kept how many of them the model uses as they are stored: positions, routers, and what has the format already
     */
    @ParameterizedTest
    @CsvSource({"models/gpt2, Q8, 10, 1", "models/gpt_neox, Q8, 8, 0", "models/llama, Q8, 15, 0", "models/bloom, Q8, 9, 0",
        "models/mixtral, Q8, 30, 2", "models-more/granitemoe, Q8, 10, 2", "models/gpt_oss, Q8, 15, 2", "models/gpt_oss-mxfp4, Q8, 15, 2",
        "models/gpt_oss, AUTO, 15, 12", "models/gpt2, AUTO, 10, 2"})
    void oneMatrixAtATime(String model, String format, int matrices, int kept) throws IOException {
        ModelFolder folder = ModelFolder.at(RESOURCES.resolve(model));
        Config config = folder.config();
        try (Workers workers = new Workers(2, "sources"); KernelSelection kernels = KernelSelection.choose(Backend.SCALAR);
                Arena memory = Arena.ofShared(); Checkpoint checkpoint = Checkpoint.open(folder.weights(), false)) {
            Blueprint blueprint = Blueprint.of(Families.of(config), config, checkpoint);
            WeightConversion conversion = new WeightConversion(workers, memory);
            Watched watched = build(blueprint.architecture(), blueprint.table(), WeightSource.of(checkpoint), conversion,
                    format.equals("AUTO") ? Optional.empty()
                        : Optional.of(new FormatConversion(WeightFormat.Q8, kernels, workers, memory)));
            assertTrue(watched.read.size() >= matrices, watched.read.keySet()::toString);
            assertOneByOne(watched, kept);
        }
    }

    /** Matrices that an adapter changes are merged one by one too: neither their own numbers nor the sums pile up. */
    @ParameterizedTest
    @CsvSource({"gpt2, gpt2-all-linear, AUTO, 2", "gpt2, gpt2-all-linear, Q8, 1", "llama, llama-all-linear-bin, AUTO, 2",
        "llama, llama-all-linear-bin, Q8, 0"})
    void oneMergedMatrixAtATime(String model, String adapted, String format, int kept) throws IOException {
        ModelFolder folder = ModelFolder.at(RESOURCES.resolve("models", model));
        Config config = folder.config();
        Adapter adapter = Adapter.open(RESOURCES.resolve("adapters", adapted), true);
        try (Workers workers = new Workers(2, "sources"); KernelSelection kernels = KernelSelection.choose(Backend.SCALAR);
                Arena memory = Arena.ofShared(); Checkpoint ofAdapter = adapter.checkpoint();
                Checkpoint checkpoint = Checkpoint.open(folder.weights(), false)) {
            Blueprint blueprint = Blueprint.of(Families.of(config), config, checkpoint);
            WeightConversion conversion = new WeightConversion(workers, memory);
            Watched own = new Watched(WeightSource.of(checkpoint), new HashMap<>(), new HashSet<>());
            AdaptedModel merged = new AdaptedModel(config, blueprint.architecture(), blueprint.table(), own)
                    .adaptedBy(adapter, 1, workers, conversion.passing());
            Watched watched = build(merged.architecture(), merged.table(), merged.weights(), conversion,
                    format.equals("AUTO") ? Optional.empty()
                        : Optional.of(new FormatConversion(WeightFormat.Q8, kernels, workers, memory)));
            assertTrue(ofAdapter.names().size() > 8);
            assertOneByOne(watched, kept);
            assertOneByOne(own, kept);
        }
    }

    private static Watched build(Architecture architecture, TensorTable table, WeightSource source, WeightConversion conversion,
            Optional<FormatConversion> format) throws IOException {
        Watched watched = new Watched(source, new HashMap<>(), new HashSet<>());
        WeightReader weights = new WeightReader(watched, table, conversion, format);
        new TransformerBuilder(architecture, weights, (done, all) -> { }).build();
        return watched;
    }

    private static void assertOneByOne(Watched watched, int kept) {
        assertEquals(kept, watched.alive().size(), () -> watched.alive().toString());
        Set<String> others = new HashSet<>(watched.together);
        others.removeAll(watched.alive());
        others.removeIf(name -> name.endsWith("_blocks"));
        assertEquals(Set.of(), others);
    }
}
