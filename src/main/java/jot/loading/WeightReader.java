package jot.loading;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.loading.adapter.WeightSource;
import jot.model.AttentionPlan.QueryKeyNorm;
import jot.model.Linear;
import jot.model.Norm;
import jot.model.NormPlan;
import jot.model.family.Role;
import jot.model.family.TensorTable;
import jot.tensor.Matrix;
import jot.tensor.WeightFormat;

/**
 * Takes tensors by their role: name and shape are asked for together, so that a wrong file fails here, with the
 * name and both shapes.
 *
 * <p>Whatever layout the file has, what it returns is uniform: matrices {@code [outputs][inputs]}, queries before keys before values,
 * norm weights without an offset. Not thread-safe.
 */
final class WeightReader {

    /** Matrices that follow the format that is asked for, as do all of experts. */
    private static final Set<Role> CONVERTED = EnumSet.of(Role.TOKEN_EMBEDDING, Role.HEAD, Role.QUERY, Role.KEY, Role.VALUE,
            Role.QUERY_KEY_VALUE, Role.ATTENTION_OUTPUT, Role.UP, Role.DOWN, Role.GATE, Role.GATE_UP, Role.SHARED_GATE, Role.SHARED_UP,
            Role.SHARED_DOWN);
    private static final int[] AS_STORED = {};

    private final WeightSource source;
    private final TensorTable table;
    private final String prefix;
    private final WeightConversion conversion;
    private final Optional<FormatConversion> format;
    private final Set<String> taken = new HashSet<>();

    /**
     * Reads the tensors of a model.
     *
     * @param conversion makes their layout uniform
     * @param format what matrices are to be held in, or empty for that of the file
     */
    WeightReader(WeightSource source, TensorTable table, WeightConversion conversion, Optional<FormatConversion> format)
            throws CheckpointFormatException {
        this.source = source;
        this.table = table;
        this.prefix = findPrefix();
        this.conversion = conversion;
        this.format = format;
    }

    private String findPrefix() throws CheckpointFormatException {
        String name = table.name(Role.TOKEN_EMBEDDING).orElseThrow() + ".weight";
        for (String candidate : table.prefixes()) {
            if (source.names().contains(candidate + name)) {
                return candidate;
            }
        }
        throw new CheckpointFormatException(source.file(), "tensor names", table.prefixes().getFirst() + name,
                source.names().size() + " tensors, none of that name");
    }

    /** How the matrices of experts are stored. */
    TensorTable.ExpertLayout expertLayout() {
        return table.expertLayout();
    }

    /** What changes the layout of tensors. */
    WeightConversion conversion() {
        return conversion;
    }

    /** Formats that the matrices of the checkpoint have. */
    Set<WeightFormat> formats() {
        Set<WeightFormat> formats = new HashSet<>();
        for (String name : source.names()) {
            if (source.shape(name).length > 1) {
                switch (source.dataType(name)) {
                    case F32 -> formats.add(WeightFormat.F32);
                    case F16 -> formats.add(WeightFormat.F16);
                    case BF16 -> formats.add(WeightFormat.BF16);
                    default -> { }
                }
            }
        }
        return formats;
    }

    /** Whether the family has a tensor of this role. */
    boolean knows(Role role) {
        return table.name(role).isPresent();
    }

    /** Whether the file has a tensor of this role. */
    boolean has(Role role, int block) {
        return knows(role) && source.names().contains(name(role, block) + ".weight");
    }

    /** A table outside of blocks. */
    Matrix matrix(Role role, int outputs, int inputs) throws CheckpointFormatException {
        return matrix(take(name(role, 0) + ".weight", outputs, inputs), CONVERTED.contains(role), false, AS_STORED);
    }

    /** A matrix with its bias. */
    Linear linear(Role role, int block, int outputs, int inputs, boolean biased) throws CheckpointFormatException {
        return linear(role, block, outputs, inputs, biased, AS_STORED);
    }

    /** A matrix of one expert with its bias. */
    Linear expert(Role role, int block, int expert, int outputs, int inputs, boolean biased) throws CheckpointFormatException {
        String name = name(role, block).replace(TensorTable.EXPERT_NUMBER, Integer.toString(expert));
        Matrix weight = matrix(take(name + ".weight", outputs, inputs), true, false, AS_STORED);
        return new Linear(weight, biased ? vector(name + ".bias", outputs) : null);
    }

    /** The same with its outputs in another order; an empty order leaves them as they are stored. */
    private Linear linear(Role role, int block, int outputs, int inputs, boolean biased, int[] order) throws CheckpointFormatException {
        String name = name(role, block);
        float[] bias = biased || source.added().contains(name + ".bias") ? bias(role, block, outputs) : null;
        boolean turned = table.transposes(table.bare(name));
        Tensor tensor = turned ? take(name + ".weight", inputs, outputs) : take(name + ".weight", outputs, inputs);
        Matrix weight = matrix(tensor, CONVERTED.contains(role), turned, order);
        return new Linear(weight, bias == null || order.length == 0 ? bias : reorder(bias, order));
    }

    /** The matrix {@code [outputs][inputs]} that a tensor holds alone; what was read of the tensor is given back if it is not used. */
    private Matrix matrix(Tensor tensor, boolean converted, boolean turned, int[] order) throws CheckpointFormatException {
        MemorySegment values = conversion.values(tensor);
        int rows = (int) tensor.shape()[0];
        int columns = (int) tensor.shape()[1];
        Matrix matrix = held(tensor, conversion.matrix(format(tensor), values, rows, columns), values, converted, turned, order);
        releaseUnlessUsed(tensor, values, matrix);
        conversion.freePassing();
        return matrix;
    }

    /** The matrix {@code [outputs][inputs]} of each expert of a tensor that holds one after the other. */
    List<Matrix> experts(String name, int experts, int outputs, int inputs) throws CheckpointFormatException {
        return experts(take(name, experts, outputs, inputs), outputs, inputs, false, AS_STORED);
    }

    /** The same where they are stored {@code [inputs][outputs]}; output i becomes that which is stored as {@code order[i]}. */
    List<Matrix> transposedExperts(String name, int experts, int outputs, int inputs, int[] order) throws CheckpointFormatException {
        return experts(take(name, experts, inputs, outputs), inputs, outputs, true, order);
    }

    private List<Matrix> experts(Tensor tensor, int rows, int columns, boolean turned, int[] order) throws CheckpointFormatException {
        MemorySegment all = conversion.values(tensor);
        int experts = (int) tensor.shape()[0];
        long bytes = all.byteSize() / experts;
        List<Matrix> matrices = new ArrayList<>();
        for (int expert = 0; expert < experts; expert++) {
            MemorySegment values = all.asSlice(expert * bytes, bytes);
            matrices.add(held(tensor, conversion.matrix(format(tensor), values, rows, columns), values, true, turned, order));
        }
        releaseUnlessUsed(tensor, all, matrices.getFirst());
        conversion.freePassing();
        return matrices;
    }

    /**
     * A matrix {@code [outputs][inputs]} that lasts as long as the model.
     *
     * @param tensor what the matrix is in, for messages
     * @param stored the matrix as it is stored
     * @param values its numbers
     * @param converted whether it follows the format that is asked for
     * @param turned whether it is stored {@code [inputs][outputs]}
     * @param order the stored output that becomes output i; empty where their order is right
     */
    private Matrix held(Tensor tensor, Matrix stored, MemorySegment values, boolean converted, boolean turned, int[] order)
            throws CheckpointFormatException {
        if (converted && format.isPresent()) {
            return formatted(tensor, stored, turned, order);
        }
        if (turned || order.length > 0) {
            return uniform(stored, values, elementBytes(tensor), turned, order);
        }
        return conversion.isPassing(stored)
                ? conversion.matrix(format(tensor), conversion.copy(values), stored.outputs(), stored.inputs()) : stored;
    }

    /** In the format wanted, straight from where it lies. */
    private Matrix formatted(Tensor tensor, Matrix stored, boolean turned, int[] order) throws CheckpointFormatException {
        FormatConversion wanted = format.orElseThrow();
        try {
            if (turned) {
                return wanted.transposed(stored, order);
            }
            return order.length > 0 ? wanted.reordered(stored, order) : wanted.convert(stored, conversion.isPassing(stored));
        } catch (IllegalArgumentException e) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "numbers that " + wanted.format().label() + " can hold",
                    "others: " + e.getMessage(), e);
        }
    }

    /** In the format of the file, copied with its outputs in their order. */
    private Matrix uniform(Matrix stored, MemorySegment values, int bytes, boolean turned, int[] order) {
        WeightFormat.Plain plain = (WeightFormat.Plain) stored.format();
        int rows = stored.outputs();
        int columns = stored.inputs();
        if (!turned) {
            return conversion.matrix(plain, conversion.reorder(values, (long) columns * bytes, order), rows, columns);
        }
        return conversion.matrix(plain, conversion.transpose(values, rows, columns, bytes, order), columns, rows);
    }

    private static void releaseUnlessUsed(Tensor tensor, MemorySegment values, Matrix matrix) {
        if (!matrix.endsWith(values.scope())) {
            tensor.release();
        }
    }

    /** The stored number {@code order[i]} in place i. */
    static float[] reorder(float[] stored, int[] order) {
        float[] ordered = new float[order.length];
        for (int i = 0; i < order.length; i++) {
            ordered[i] = stored[order[i]];
        }
        return ordered;
    }

    /** Queries, keys and values, {@code [heads · size + 2 · keyHeads · size][width]}: one matrix or three, in this order. */
    List<Linear> queriesKeysValues(int block, int heads, int keyHeads, int size, int width, boolean biased)
            throws CheckpointFormatException {
        if (!knows(Role.QUERY_KEY_VALUE)) {
            return List.of(linear(Role.QUERY, block, heads * size, width, biased), linear(Role.KEY, block, keyHeads * size, width, biased),
                    linear(Role.VALUE, block, keyHeads * size, width, biased));
        }
        int[] order = RowOrder.queriesKeysValues(table.queryKeyValueLayout(), heads, keyHeads, size);
        return List.of(linear(Role.QUERY_KEY_VALUE, block, (heads + 2 * keyHeads) * size, width, biased, order));
    }

    /** Gate and up, each {@code [inner][width]}: two matrices, or the halves of one, which are not copied. */
    GateAndUp gateAndUp(int block, int inner, int width, boolean biased) throws CheckpointFormatException {
        if (!knows(Role.GATE_UP)) {
            return new GateAndUp(linear(Role.GATE, block, inner, width, biased), linear(Role.UP, block, inner, width, biased));
        }
        return GateAndUp.halves(linear(Role.GATE_UP, block, 2 * inner, width, biased));
    }

    /** A vector that a role names whole, {@code [size]}. */
    float[] vector(Role role, int block, int size) throws CheckpointFormatException {
        return vector(name(role, block), size);
    }

    /** A single number that stands under the name of a role. */
    float number(Role role, int block, String name) throws CheckpointFormatException {
        String whole = name(role, block) + '.' + name;
        boolean scalar = source.names().contains(whole) && source.shape(whole).length == 0;
        return conversion.floats(scalar ? take(whole) : take(whole, 1))[0];
    }

    /** The bias of a matrix, {@code [outputs]}. */
    float[] bias(Role role, int block, int outputs) throws CheckpointFormatException {
        return vector(table.biasName(role).map(name -> numbered(name, block)).orElse(name(role, block) + ".bias"), outputs);
    }

    /** A vector that must be there. */
    private float[] vector(String name, int size) throws CheckpointFormatException {
        return conversion.floats(take(name, size));
    }

    /** The norm that a plan describes, or null for none. */
    Norm norm(Optional<NormPlan> plan, Role role, int block, int width) throws CheckpointFormatException {
        if (plan.isEmpty()) {
            return null;
        }
        String name = name(role, block);
        return switch (plan.get()) {
            case NormPlan.Layer layer -> new Norm(layer, layer.weighted() ? normWeight(name, width) : null,
                    layer.biased() ? vector(name + ".bias", width) : null);
            case NormPlan.RootMeanSquare rms -> new Norm(rms, rms.weighted() ? normWeight(name, width) : null, null);
        };
    }

    /** The norm of queries or keys, or null for none; its weights are {@code [size]}, or {@code [heads · size]}. */
    Norm headNorm(Optional<QueryKeyNorm> plan, Role role, int block, int heads, int size) throws CheckpointFormatException {
        if (plan.isEmpty()) {
            return null;
        }
        Optional<NormPlan> norm = Optional.of(plan.get().plan());
        return switch (plan.get().extent()) {
            case HEAD -> norm(norm, role, block, size);
            case WIDTH -> norm(norm, role, block, heads * size);
            case EACH_HEAD -> eachHead(plan.get().plan(), name(role, block), heads, size);
        };
    }

    /** A weight for each head: one tensor {@code [heads][size]}, or as many tensors as heads. */
    private Norm eachHead(NormPlan plan, String name, int heads, int size) throws CheckpointFormatException {
        return switch (plan) {
            case NormPlan.Layer layer -> new Norm(layer,
                    layer.weighted() ? eachHead(name, ".weight", heads, size, table.normOffset()) : null,
                    layer.biased() ? eachHead(name, ".bias", heads, size, 0) : null);
            case NormPlan.RootMeanSquare rms -> new Norm(rms,
                    rms.weighted() ? eachHead(name, ".weight", heads, size, table.normOffset()) : null, null);
        };
    }

    private float[] eachHead(String name, String suffix, int heads, int size, float offset) throws CheckpointFormatException {
        float[] all = new float[heads * size];
        if (name.contains(TensorTable.HEAD_NUMBER)) {
            for (int head = 0; head < heads; head++) {
                float[] one = vector(name.replace(TensorTable.HEAD_NUMBER, Integer.toString(head)) + suffix, size);
                System.arraycopy(one, 0, all, head * size, size);
            }
        } else {
            all = conversion.floats(take(name + suffix, heads, size));
        }
        for (int i = 0; i < all.length; i++) {
            all[i] += offset;
        }
        return all;
    }

    private float[] normWeight(String name, int width) throws CheckpointFormatException {
        float[] weight = vector(name + ".weight", width);
        for (int i = 0; i < width; i++) {
            weight[i] += table.normOffset();
        }
        return weight;
    }

    /** Takes a tensor that the model does not use, if it is there. */
    Optional<Tensor> spare(Role role) {
        if (!knows(role)) {
            return Optional.empty();
        }
        String name = name(role, 0) + ".weight";
        if (!source.names().contains(name)) {
            return Optional.empty();
        }
        taken.add(name);
        return Optional.of(source.tensor(name));
    }

    /**
     * Whether a tensor that the model does not use holds the same bytes as the token embedding; taken for granted where only headers are
     * read.
     *
     * @param embedding what was made of the token embedding
     */
    boolean sameAsEmbedding(Tensor spare, Matrix embedding) {
        if (!conversion.readsValues()) {
            return true;
        }
        Tensor own = source.tensor(name(Role.TOKEN_EMBEDDING, 0) + ".weight");
        MemorySegment values = own.data();
        boolean same = spare.data().mismatch(values) < 0;
        spare.release();
        releaseUnlessUsed(own, values, embedding);
        return same;
    }

    /** Refuses tensors that nobody asked for. */
    void finish() throws CheckpointFormatException {
        for (String name : source.names()) {
            String bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
            if (!taken.contains(name) && !table.leavesOut(bare)) {
                throw new CheckpointFormatException(source.file(name), name, "only tensors of the model",
                        "one that it has no use for, of shape " + Arrays.toString(source.shape(name)));
            }
        }
    }

    /** The name of a role's tensor, without {@code .weight}. */
    String name(Role role, int block) {
        String name = table.name(role).orElseThrow(() -> new IllegalStateException("the family names no tensor for " + role));
        return numbered(name, block);
    }

    private String numbered(String name, int block) {
        String numbered = name.replace(TensorTable.BLOCK_NUMBER, Integer.toString(block));
        return numbered.startsWith("/") ? numbered.substring(1) : prefix + numbered;
    }

    /** The tensor of a name, which must have this shape and hold weights that need no decoding. */
    Tensor take(String name, long... shape) throws CheckpointFormatException {
        Tensor tensor = takeRaw(name, shape);
        format(tensor);
        return tensor;
    }

    /** The tensor of a name, which must have this shape. */
    Tensor takeRaw(String name, long... shape) throws CheckpointFormatException {
        if (!source.names().contains(name)) {
            throw new CheckpointFormatException(source.file(), name, "a tensor of shape " + Arrays.toString(shape),
                    "no such tensor");
        }
        if (!Arrays.equals(source.shape(name), shape)) {
            throw new CheckpointFormatException(source.file(name), name, "shape " + Arrays.toString(shape),
                    "shape " + Arrays.toString(source.shape(name)));
        }
        Tensor tensor = source.tensor(name);
        if (taken.add(name) && tensor.dataType() == DataType.F16 && conversion.readsValues()) {
            refuseNonFinite(tensor);
        }
        return tensor;
    }

    private void refuseNonFinite(Tensor tensor) throws CheckpointFormatException {
        long element = conversion.firstNonFinite(tensor.data());
        if (element >= 0) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "finite numbers",
                    "an infinity or NaN as element " + element + " of " + Arrays.toString(tensor.shape()));
        }
    }

    private static int elementBytes(Tensor tensor) {
        return tensor.dataType() == DataType.F32 ? 4 : 2;
    }

    private static WeightFormat.Plain format(Tensor tensor) throws CheckpointFormatException {
        return switch (tensor.dataType()) {
            case F32 -> WeightFormat.Plain.F32;
            case F16 -> WeightFormat.Plain.F16;
            case BF16 -> WeightFormat.Plain.BF16;
            default -> throw new CheckpointFormatException(tensor.file(), tensor.name(), "weights as F32, F16 or BF16",
                    tensor.dataType().toString());
        };
    }
}
