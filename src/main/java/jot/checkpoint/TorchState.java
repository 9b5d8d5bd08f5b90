package jot.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import jot.checkpoint.PickleReader.Dictionary;
import jot.checkpoint.PickleReader.Sequence;
import jot.json.JsonString;

/**
 * Names the tensors in what a PyTorch file holds: by their key, within nested containers by the keys on the way, joined by dots.
 *
 * <p>What is no tensor is left out: such files may hold the state of a training run beside the weights.
 */
final class TorchState {

    private static final int DEEPEST = 64;
    /** The characters of all names: long keys of nested containers repeat in them. */
    private static final long NAME_CHARACTERS_AT_LEAST = 1L << 20;
    private static final long NAME_CHARACTERS_PER_BYTE = 16;
    /** How often the size of a file the copies of its tensors that are not packed may take. */
    private static final long MOST_COPIES = 4;

    private final FileContent content;
    private final boolean bigEndian;
    private final List<Tensor> tensors = new ArrayList<>();
    private long visits;
    private long nameCharacters;
    private long copiedBytes;

    private TorchState(FileContent content, boolean bigEndian) {
        this.content = content;
        this.bigEndian = bigEndian;
    }

    /**
     * Finds all tensors.
     *
     * @param content   the file
     * @param root      what its pickle holds; all storages must have their place
     * @param bigEndian whether the storages' bytes are in the order of a big-endian machine
     */
    static TensorFile of(FileContent content, Object root, boolean bigEndian) throws CheckpointFormatException {
        TorchState state = new TorchState(content, bigEndian);
        state.visit(root instanceof TorchObjects.View ? content.stem() : "", root, 0);
        return new TensorFile(state.tensors, Map.of());
    }

    private void visit(String name, Object value, int depth) throws CheckpointFormatException {
        // Containers that share their parts, or contain themselves, could hold more values than the file has bytes.
        if (depth > DEEPEST || ++visits > content.size()) {
            throw new CheckpointFormatException(content.file(), "value " + JsonString.quote(name),
                    "containers nested at most " + DEEPEST + " deep, of no more values than the file has bytes",
                    "more: perhaps one that contains itself");
        }
        switch (value) {
            case TorchObjects.View view -> tensors.add(tensor(name, view));
            case Dictionary dictionary -> {
                for (Map.Entry<Object, Object> item : dictionary.items().entrySet()) {
                    visitChild(name, item.getKey(), item.getValue(), depth);
                }
            }
            case Sequence sequence -> {
                int index = 0;
                for (Object item : sequence.items()) {
                    visitChild(name, index++, item, depth);
                }
            }
            default -> {
            }
        }
    }

    private void visitChild(String parent, Object key, Object value, int depth) throws CheckpointFormatException {
        if (value instanceof TorchObjects.View || value instanceof Dictionary || value instanceof Sequence) {
            String name = parent.isEmpty() ? key.toString() : parent + "." + key;
            nameCharacters += name.length();
            long most = NAME_CHARACTERS_AT_LEAST + NAME_CHARACTERS_PER_BYTE * content.size();
            if (nameCharacters > most) {
                throw new CheckpointFormatException(content.file(), "value " + JsonString.quote(name),
                        "names of at most " + most + " characters in all", "longer ones");
            }
            visit(name, value, depth + 1);
        }
    }

    private Tensor tensor(String name, TorchObjects.View view) throws CheckpointFormatException {
        DataType type = view.type();
        long[] shape = view.shape();
        Supplier<MemorySegment> storage = view.storage().data();
        boolean swapped = bigEndian && type.bits() > 8;
        if (Shape.isPacked(shape, view.strides()) && !swapped) {
            long begin = type.bytes(view.offset());
            long length = type.bytes(Shape.elements(shape));
            return new Tensor(name, type, shape, content.file(), () -> storage.get().asSlice(begin, length).asReadOnly());
        }
        copiedBytes = saturatedSum(copiedBytes, type.bytes(Shape.elements(shape)));
        if (copiedBytes > MOST_COPIES * content.size()) {
            throw new CheckpointFormatException(content.file(), "tensor " + JsonString.quote(name),
                    "tensors in other than C order of at most " + MOST_COPIES + " times the file's size", copiedBytes + " bytes");
        }
        return new Tensor(name, type, shape, content.file(),
                StridedCopy.of(storage, content, type, view.offset(), shape, view.strides(), swapped));
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
