package jot.loading;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.model.Architecture;
import jot.model.family.Config;
import jot.model.family.TensorTable;

/** Describes a model from the headers of its files. */
public final class ModelInspector {

    private ModelInspector() {
    }

    /**
     * Reads headers only.
     *
     * @throws IOException if the files cannot be read, or are damaged
     */
    public static ModelDescription inspect(Path path) throws IOException {
        ModelFolder folder = ModelFolder.at(path);
        try (Checkpoint checkpoint = Checkpoint.open(folder.weights())) {
            return describe(folder, folder.config(), checkpoint);
        }
    }

    /** Describes an opened model. */
    static ModelDescription describe(ModelFolder folder, Config config, Checkpoint checkpoint) throws IOException {
        Optional<Architecture> architecture = Optional.empty();
        Optional<TensorTable> table = Optional.empty();
        Optional<String> refusal = Optional.empty();
        try {
            Blueprint blueprint = Blueprint.of(Families.of(config), config, checkpoint);
            architecture = Optional.of(blueprint.architecture());
            table = Optional.of(blueprint.table());
        } catch (CheckpointFormatException e) {
            refusal = Optional.of(e.getMessage());
        }
        long parameters = 0;
        long bytes = 0;
        Map<String, Long> formats = new HashMap<>();
        for (String name : checkpoint.names()) {
            if (table.isEmpty() || !isLeftOut(name, table.get())) {
                Tensor tensor = checkpoint.tensor(name);
                long elements = parameters(tensor, table);
                parameters += elements;
                bytes += tensor.bytes();
                formats.merge(isPacked(tensor, table) ? "MXFP4" : tensor.dataType().toString(), elements, Long::sum);
            }
        }
        List<String> byFrequency = formats.entrySet().stream().sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(Map.Entry::getKey).toList();
        return new ModelDescription(config.textOr("unknown", "model_type"), architecture, refusal, parameters, byFrequency, bytes,
                folder.hasTokenizer());
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

    private static boolean isLeftOut(String name, TensorTable table) {
        return table.prefixes().stream().anyMatch(prefix -> name.startsWith(prefix) && table.leavesOut(name.substring(prefix.length())));
    }
}
