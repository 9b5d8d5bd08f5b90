package jot.loading.adapter;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.json.Json;
import jot.json.JsonException;
import jot.json.JsonObject;
import jot.model.family.Config;

/**
 * A LoRA adapter in the layout of the PEFT library, as it lies in its folder.
 *
 * <p>Names are those of the base model as the library that trained the adapter calls them.
 *
 * @param config what its configuration says
 * @param configuration the same as text
 * @param checkpoint its tensors, open
 * @param updates low-rank updates, by the name of the module
 * @param replacements whole parameters that it brings, by their name
 */
public record Adapter(AdapterConfig config, String configuration, Checkpoint checkpoint, Map<String, LowRankUpdate> updates,
        Map<String, Tensor> replacements) {

    private static final String CONFIG = "adapter_config.json";
    private static final String PREFIX = "base_model.model.";
    private static final Set<DataType> FORMATS = EnumSet.of(DataType.F32, DataType.F16, DataType.BF16);
    private static final String BASE_LAYER = ".base_layer";

    /** The parts of an update, as their names end. */
    private enum Part {
        A(".lora_A.weight"), B(".lora_B.weight"), BIAS(".lora_B.bias"), EMBEDDING_A(".lora_embedding_A"), EMBEDDING_B(".lora_embedding_B"),
        MAGNITUDE(".lora_magnitude_vector"), MAGNITUDE_WEIGHT(".lora_magnitude_vector.weight");

        private final String ending;

        Part(String ending) {
            this.ending = ending;
        }
    }

    /**
     * Reads an adapter.
     *
     * @param folder holds {@code adapter_config.json} and {@code adapter_model.safetensors} or {@code adapter_model.bin}
     * @param mapped whether to map its file
     * @return the adapter, whose checkpoint the caller is to close
     * @throws CheckpointFormatException if the folder holds none, it is damaged, or of a kind that Jot does not know
     * @throws IOException if a file cannot be read
     */
    public static Adapter open(Path folder, boolean mapped) throws IOException {
        Path file = folder.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new CheckpointFormatException(folder, "", "an adapter's folder with an " + CONFIG, "no such file");
        }
        byte[] configuration = Files.readAllBytes(file);
        AdapterConfig config = new AdapterConfig(new Config(file, parsed(file, configuration)));
        Checkpoint checkpoint = Checkpoint.open(weights(folder), mapped);
        try {
            return sorted(config, new String(configuration, StandardCharsets.UTF_8), checkpoint);
        } catch (IOException | RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    private static JsonObject parsed(Path file, byte[] text) throws CheckpointFormatException {
        try {
            return Json.parse(text).asObject("document");
        } catch (JsonException e) {
            throw e.in(file, CheckpointFormatException::new);
        }
    }

    private static Path weights(Path folder) throws CheckpointFormatException {
        Path safetensors = folder.resolve("adapter_model.safetensors");
        Path pickled = folder.resolve("adapter_model.bin");
        if (!Files.isRegularFile(safetensors) && !Files.isRegularFile(pickled)) {
            throw new CheckpointFormatException(folder, "", "adapter_model.safetensors or adapter_model.bin", "neither");
        }
        return Files.isRegularFile(safetensors) ? safetensors : pickled;
    }

    /** Sorts tensors into updates and replacements by how their names end. */
    private static Adapter sorted(AdapterConfig config, String configuration, Checkpoint checkpoint) throws CheckpointFormatException {
        Map<String, Map<Part, Tensor>> parts = new TreeMap<>();
        Map<String, Tensor> replacements = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            Tensor tensor = checkpoint.tensor(name);
            if (!name.startsWith(PREFIX)) {
                throw new CheckpointFormatException(tensor.file(), name, "a name that begins with " + PREFIX, "another");
            }
            if (!FORMATS.contains(tensor.dataType())) {
                throw new CheckpointFormatException(tensor.file(), name, "weights as F32, F16 or BF16", tensor.dataType().toString());
            }
            String bare = name.substring(PREFIX.length());
            Part part = part(bare);
            if (part != null) {
                parts.computeIfAbsent(bare.substring(0, bare.length() - part.ending.length()), _ -> new TreeMap<>()).put(part, tensor);
            } else {
                replacements.put(bare.replace(BASE_LAYER + ".", "."), tensor);
            }
        }
        Map<String, LowRankUpdate> updates = new LinkedHashMap<>();
        for (Map.Entry<String, Map<Part, Tensor>> module : parts.entrySet()) {
            updates.put(module.getKey(), update(config, checkpoint, module.getKey(), module.getValue()));
        }
        return new Adapter(config, configuration, checkpoint, updates, replacements);
    }

    private static Part part(String name) {
        for (Part part : Part.values()) {
            if (name.endsWith(part.ending)) {
                return part;
            }
        }
        return null;
    }

    private static LowRankUpdate update(AdapterConfig config, Checkpoint checkpoint, String module, Map<Part, Tensor> parts)
            throws CheckpointFormatException {
        boolean embedding = parts.containsKey(Part.EMBEDDING_A) || parts.containsKey(Part.EMBEDDING_B);
        Tensor a = parts.get(embedding ? Part.EMBEDDING_A : Part.A);
        Tensor b = parts.get(embedding ? Part.EMBEDDING_B : Part.B);
        Tensor magnitude = parts.getOrDefault(Part.MAGNITUDE, parts.get(Part.MAGNITUDE_WEIGHT));
        if (a == null || b == null) {
            throw new CheckpointFormatException(checkpoint.files().getFirst(), PREFIX + module, "both matrices of an update",
                    String.join(", ", parts.values().stream().map(Tensor::name).toList()));
        }
        if (!config.targets(module)) {
            throw new CheckpointFormatException(checkpoint.files().getFirst(), a.name(),
                    "modules that " + CONFIG + " targets", "an update of " + module);
        }
        int rank = config.rank(module);
        if (a.shape().length != 2 || b.shape().length != 2 || a.shape()[0] != rank || b.shape()[1] != rank) {
            throw new CheckpointFormatException(a.file(), a.name(), "rank " + rank + ", as " + CONFIG + " says",
                    a + " and " + b);
        }
        return new LowRankUpdate(a, b, parts.get(Part.BIAS), magnitude, config.scale(module), embedding);
    }
}
