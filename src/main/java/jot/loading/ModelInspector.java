package jot.loading;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.json.JsonObject;
import jot.loading.adapter.WeightSource;
import jot.model.Architecture;
import jot.model.HeadPlan;
import jot.model.family.Config;
import jot.model.family.Role;
import jot.model.family.TensorTable;
import jot.tensor.WeightFormat;

/** Describes a model from the headers of its files. */
public final class ModelInspector {

    private static final Set<String> PLAIN = Set.of("F32", "F16", "BF16");

    private ModelInspector() {
    }

    /** Looks at the values of {@code generation_config.json}, which mean nothing to this package. */
    @FunctionalInterface
    public interface DefaultsCheck {

        /**
         * Refuses values that are wrong.
         *
         * @param generationConfig the content of {@code generation_config.json}, if there is one
         * @param config the content of {@code config.json}
         * @param file where {@code generation_config.json} is or would be
         * @throws CheckpointFormatException if a value is of the wrong type or out of range
         */
        void check(Optional<JsonObject> generationConfig, JsonObject config, Path file) throws CheckpointFormatException;
    }

    /**
     * Reads the headers of weights, and the small files beside them.
     *
     * <p>Jot can run the model if all that loading does can be done, short of reading the weights: the same code builds the model, on
     * headers alone.
     *
     * @param path a model folder, or a file of weights within one
     * @param defaults looks at {@code generation_config.json}
     * @throws CheckpointFormatException if there is no model, or its configuration or the headers of its weights cannot be made out
     * @throws IOException if the files cannot be read
     */
    public static ModelDescription inspect(Path path, DefaultsCheck defaults) throws IOException {
        ModelFolder folder = ModelFolder.at(path);
        Config config = folder.config();
        try (Checkpoint checkpoint = Checkpoint.open(folder.weights())) {
            Optional<Blueprint> blueprint = Optional.empty();
            Optional<String> refusal = Optional.empty();
            try {
                blueprint = Optional.of(Blueprint.of(Families.of(config), config, checkpoint));
                build(blueprint.get(), checkpoint);
                ModelLoader.tokenizer(folder, blueprint.get().architecture());
                defaults.check(folder.generationConfig(), config.values(), folder.generationConfigFile());
            } catch (CheckpointFormatException e) {
                refusal = Optional.of(e.getMessage());
            }
            return describe(folder, config, checkpoint, blueprint, refusal);
        }
    }

    private static void build(Blueprint blueprint, Checkpoint checkpoint) throws CheckpointFormatException {
        WeightReader weights = new WeightReader(WeightSource.of(checkpoint), blueprint.table(), WeightConversion.ofHeaders(),
                Optional.empty());
        new TransformerBuilder(blueprint.architecture(), weights, (done, all) -> { }).build();
    }

    /** Describes an opened model that Jot can run. */
    static ModelDescription describe(ModelFolder folder, Config config, Checkpoint checkpoint, Blueprint blueprint)
            throws CheckpointFormatException {
        return describe(folder, config, checkpoint, Optional.of(blueprint), Optional.empty());
    }

    private static ModelDescription describe(ModelFolder folder, Config config, Checkpoint checkpoint, Optional<Blueprint> blueprint,
            Optional<String> refusal) throws CheckpointFormatException {
        Optional<TensorTable> table = blueprint.map(Blueprint::table);
        long parameters = 0;
        long bytes = 0;
        Map<String, Long> formats = new HashMap<>();
        for (String name : checkpoint.names()) {
            if (blueprint.isEmpty() || !isLeftOut(name, blueprint.get(), checkpoint)) {
                Tensor tensor = checkpoint.tensor(name);
                long elements = parameters(tensor, table);
                parameters += elements;
                bytes += tensor.bytes();
                formats.merge(isPacked(tensor, table) ? "MXFP4" : tensor.dataType().toString(), elements, Long::sum);
            }
        }
        List<String> byFrequency = formats.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(Map.Entry::getKey).toList();
        Optional<Architecture> architecture = refusal.isPresent() ? Optional.empty() : blueprint.map(Blueprint::architecture);
        Map<String, Long> held = architecture.isPresent() ? heldBytes(architecture.get(), byFrequency, parameters) : Map.of();
        return new ModelDescription(config.textOr("unknown", "model_type"), architecture, refusal, parameters, byFrequency, bytes, held,
                folder.hasTokenizer());
    }

    /** Matrices in each format; what is no matrix becomes 32-bit floats in any. */
    private static Map<String, Long> heldBytes(Architecture architecture, List<String> formats, long parameters) {
        WeightFormat.Plain stored = formats.stream().filter(PLAIN::contains).findFirst().map(WeightFormat.Plain::valueOf)
                .orElse(WeightFormat.Plain.F32);
        WeightSizes sizes = new WeightSizes(architecture, stored, formats.contains("MXFP4"));
        long vectors = Math.max(0, parameters - sizes.elements());
        Map<String, Long> held = new LinkedHashMap<>();
        sizes.byFormat().forEach((format, bytes) -> held.put(format, bytes + vectors * Float.BYTES));
        return held;
    }

    /** Bytes of packed experts hold two weights each, or a scale, which is none. */
    private static long parameters(Tensor tensor, Optional<TensorTable> table) {
        if (!isPacked(tensor, table)) {
            return tensor.elements();
        }
        return tensor.name().endsWith("_scales") ? 0 : 2 * tensor.elements();
    }

    private static boolean isPacked(Tensor tensor, Optional<TensorTable> table) {
        return table.isPresent() && table.get().expertLayout() == TensorTable.ExpertLayout.MXFP4 && tensor.dataType() == DataType.U8;
    }

    /** What the family leaves out knowingly, and a head that is stored beside the embedding it is tied to. */
    private static boolean isLeftOut(String name, Blueprint blueprint, Checkpoint checkpoint) {
        boolean tied = blueprint.architecture().head().language().map(HeadPlan.LanguageModel::tied).orElse(false);
        TensorTable table = blueprint.table();
        return table.prefixes().stream().anyMatch(prefix -> name.startsWith(prefix) && table.leavesOut(name.substring(prefix.length())))
                || tied && table.storedName(Role.HEAD, checkpoint.names()).equals(Optional.of(name));
    }
}
