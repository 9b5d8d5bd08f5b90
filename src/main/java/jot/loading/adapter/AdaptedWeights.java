package jot.loading.adapter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.model.family.TensorTable;
import jot.tensor.Matrix;
import jot.tensor.WeightFormat;

/**
 * The tensors of a model with one adapter merged into them.
 *
 * <p>What the adapter leaves alone is handed on; what it changes becomes 32-bit floats, computed whenever it is asked for, as its memory
 * may be of short life. Names and shapes are checked beforehand.
 */
final class AdaptedWeights implements WeightSource {

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    private final WeightSource source;
    private final TensorTable table;
    private final double strength;
    private final LowRankMerge merge;
    private final SegmentAllocator memory;
    private final Map<String, LowRankUpdate> updates = new HashMap<>();
    private final Map<String, LowRankUpdate> biases = new HashMap<>();
    private final Map<String, Tensor> replacements = new HashMap<>();
    private final Set<String> names;
    private final Set<String> added;

    /**
     * Finds for each part of an adapter the tensor that it changes.
     *
     * @param source the model's tensors
     * @param table what the family calls them
     * @param strength how far to go from the model's own numbers to the adapter's, 1 for all the way
     * @param memory receives what is computed
     * @throws CheckpointFormatException if the adapter changes what the model lacks, or belongs to other shapes
     */
    AdaptedWeights(WeightSource source, TensorTable table, Adapter adapter, double strength, LowRankMerge merge, SegmentAllocator memory)
            throws CheckpointFormatException {
        this.source = source;
        this.table = table;
        this.strength = strength;
        this.merge = merge;
        this.memory = memory;
        this.names = new LinkedHashSet<>(source.names());
        this.added = new LinkedHashSet<>(source.added());
        Map<String, String> stored = new HashMap<>();
        source.names().forEach(name -> stored.put(table.bare(name), name));
        for (Map.Entry<String, Tensor> replacement : adapter.replacements().entrySet()) {
            place(replacement.getKey(), replacement.getValue(), stored);
        }
        for (Map.Entry<String, LowRankUpdate> update : adapter.updates().entrySet()) {
            place(update.getKey(), update.getValue(), stored);
        }
    }

    /** A parameter that comes whole: of a shape like the model's, or of a head for a task that the model lacks. */
    private void place(String parameter, Tensor tensor, Map<String, String> stored) throws CheckpointFormatException {
        String name = stored.get(table.bare(parameter));
        if (name == null && !table.isTaskHead(parameter)) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "a parameter of the model", "none of that name");
        }
        if (name == null) {
            name = parameter;
            add(name);
        } else if (!table.isTaskHead(parameter)) {
            expectShape(tensor, source.shape(name));
            requirePlain(name);
        }
        expectOnce(replacements.put(name, tensor.named(name)), tensor, name);
    }

    private void place(String module, LowRankUpdate update, Map<String, String> stored) throws CheckpointFormatException {
        String name = stored.get(table.bare(module) + WEIGHT);
        long[] shape = name == null ? new long[0] : source.shape(name);
        if (shape.length != 2) {
            throw noMatrix(module, update, stored);
        }
        boolean transposed = isTransposed(name, update);
        long outputs = shape[transposed ? 1 : 0];
        expectShape(update.a(), update.a().shape()[0], shape[transposed ? 0 : 1]);
        expectShape(update.b(), outputs, update.b().shape()[1]);
        if (update.magnitude() != null) {
            expectShape(update.magnitude(), outputs);
        }
        requirePlain(name);
        expectOnce(updates.put(name, update), update.a(), name);
        if (update.bias() != null) {
            expectShape(update.bias(), outputs);
            String bias = name.substring(0, name.length() - WEIGHT.length()) + BIAS;
            biases.put(bias, update);
            if (!names.contains(bias)) {
                add(bias);
            }
        }
    }

    /** Why a module has no matrix of its own to update: all its experts lie in one tensor, or there is no such module. */
    private CheckpointFormatException noMatrix(String module, LowRankUpdate update, Map<String, String> stored) {
        String bare = table.bare(module);
        Optional<String> stack = stored.keySet().stream().sorted().filter(name -> name.equals(bare) || name.startsWith(bare + '.')
                || name.startsWith(bare + '_')).map(stored::get).filter(name -> source.shape(name).length > 2).findFirst();
        return new CheckpointFormatException(update.a().file(), update.a().name(),
                stack.isPresent() ? "the update of a matrix" : "a module of the model",
                stack.map(name -> "one of experts that lie together in " + name + " of shape " + Arrays.toString(source.shape(name))
                        + ", which Jot cannot adapt").orElse("none of that name"));
    }

    private void add(String name) {
        names.add(name);
        added.add(name);
    }

    /** Names with and without the model's prefix may mean the same. */
    private static void expectOnce(Object before, Tensor tensor, String name) throws CheckpointFormatException {
        if (before != null) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "one change of " + name, "two");
        }
    }

    private static void expectShape(Tensor tensor, long... shape) throws CheckpointFormatException {
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "shape " + Arrays.toString(shape),
                    "shape " + Arrays.toString(tensor.shape()));
        }
    }

    private void requirePlain(String name) throws CheckpointFormatException {
        if (format(source.dataType(name)) == null) {
            throw new CheckpointFormatException(source.file(name), name, "F32, F16 or BF16 below an adapter",
                    source.dataType(name).toString());
        }
    }

    private static WeightFormat.Plain format(DataType type) {
        return switch (type) {
            case F32 -> WeightFormat.Plain.F32;
            case F16 -> WeightFormat.Plain.F16;
            case BF16 -> WeightFormat.Plain.BF16;
            default -> null;
        };
    }

    private boolean isTransposed(String name, LowRankUpdate update) {
        return update.embedding() || table.transposes(table.bare(name));
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public Set<String> added() {
        return Collections.unmodifiableSet(added);
    }

    @Override
    public Path file() {
        return source.file();
    }

    @Override
    public Path file(String name) {
        Tensor replacement = replacements.get(name);
        return replacement != null ? replacement.file() : source.names().contains(name) ? source.file(name)
                : biases.get(name).bias().file();
    }

    @Override
    public long[] shape(String name) {
        Tensor replacement = replacements.get(name);
        LowRankUpdate bias = biases.get(name);
        return replacement != null ? replacement.shape() : source.names().contains(name) ? source.shape(name) : bias.bias().shape();
    }

    @Override
    public DataType dataType(String name) {
        if (updates.containsKey(name) || biases.containsKey(name) || strength != 1 && replacements.containsKey(name)) {
            return DataType.F32;
        }
        return replacements.containsKey(name) ? replacements.get(name).dataType() : source.dataType(name);
    }

    @Override
    public Tensor tensor(String name) {
        boolean changed = replacements.containsKey(name) || updates.containsKey(name) || biases.containsKey(name);
        return changed ? compute(name) : source.tensor(name);
    }

    private Tensor compute(String name) {
        Tensor tensor = replaced(name);
        LowRankUpdate update = updates.get(name);
        if (update != null) {
            MemorySegment sum = merge.merge(matrix(tensor), update, isTransposed(name, update), strength, memory);
            tensor.release();
            return tensor.withFloats(sum);
        }
        LowRankUpdate bias = biases.get(name);
        return bias == null ? tensor : withBias(tensor, bias, name);
    }

    /** The model's own tensor, or what the adapter puts in its place; null for a bias that the model lacks. */
    private Tensor replaced(String name) {
        Tensor replacement = replacements.get(name);
        if (replacement == null) {
            return source.names().contains(name) ? source.tensor(name) : null;
        }
        boolean sameShape = source.names().contains(name) && Arrays.equals(source.shape(name), replacement.shape());
        if (strength == 1 || !sameShape || replacement.elements() == 0) {
            return replacement;
        }
        return replacement.withFloats(merge.replace(matrix(source.tensor(name)), matrix(replacement), strength, memory));
    }

    private Tensor withBias(Tensor own, LowRankUpdate update, String name) {
        float[] bias = update.bias().floats();
        float[] sum = own == null ? new float[bias.length] : own.floats();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += (float) (strength * update.scale() * bias[i]);
        }
        MemorySegment floats = memory.allocate(4L * sum.length, 64).copyFrom(MemorySegment.ofArray(sum));
        return (own == null ? update.bias().named(name) : own).withFloats(floats);
    }

    /** A tensor's numbers by rows; those of a vector are one row. */
    private static Matrix matrix(Tensor tensor) {
        long[] shape = tensor.shape();
        int columns = shape.length == 0 ? 1 : Math.toIntExact(shape[shape.length - 1]);
        return Matrix.plain(format(tensor.dataType()), tensor.data(), Math.toIntExact(tensor.elements() / columns), columns);
    }
}
