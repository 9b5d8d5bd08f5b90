package jot.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import jot.checkpoint.PickleReader.Bytes;
import jot.checkpoint.PickleReader.Dictionary;
import jot.checkpoint.PickleReader.None;
import jot.checkpoint.PickleReader.Refusal;
import jot.checkpoint.PickleReader.Sequence;
import jot.json.JsonString;

/**
 * The names that a pickle of PyTorch weights may use: tensors, storages, parameters and containers; all others are refused by name.
 *
 * <p>Source: {@code torch/_utils.py} and {@code torch/serialization.py}.
 */
final class TorchObjects implements PickleReader.Globals {

    /** A named object of Python's world that a pickle may refer to; what it makes of arguments is nothing but one of Jot's values. */
    private record Global(String name, Constructor constructor) {

        @Override
        public String toString() {
            return name;
        }
    }

    /** Makes a value from arguments. */
    private interface Constructor {
        Object call(List<Object> arguments) throws Refusal;
    }

    /** The class of a storage. */
    private record StorageType(String name, DataType type) {

        @Override
        public String toString() {
            return name;
        }
    }

    /** Memory that tensors share, and where it lies in the file once that is known. */
    static final class Storage {

        private final String key;
        private final DataType type;
        private final long bytes;
        private Supplier<MemorySegment> data;

        private Storage(String key, DataType type, long bytes) {
            this.key = key;
            this.type = type;
            this.bytes = bytes;
        }

        String key() {
            return key;
        }

        /** The type of its elements, or null where only the tensors know. */
        DataType type() {
            return type;
        }

        long bytes() {
            return bytes;
        }

        Supplier<MemorySegment> data() {
            return data;
        }

        void placeAt(Supplier<MemorySegment> place) {
            this.data = place;
        }

        @Override
        public String toString() {
            return "a storage";
        }
    }

    /** A part of a storage that begins at an element, as older files name it. */
    private record StorageView(Storage storage, long offset) {
    }

    /**
     * A tensor as the pickle describes it: checked to lie within its storage.
     *
     * @param storage where its elements lie
     * @param type    the type of the elements
     * @param offset  the first element in the storage
     * @param shape   the size of each dimension
     * @param strides the step along each dimension, in elements
     */
    record View(Storage storage, DataType type, long offset, long[] shape, long[] strides) {

        @Override
        public String toString() {
            return "a tensor";
        }
    }

    private static final Map<String, DataType> STORAGE_TYPES = Map.ofEntries(
            Map.entry("FloatStorage", DataType.F32), Map.entry("DoubleStorage", DataType.F64), Map.entry("HalfStorage", DataType.F16),
            Map.entry("BFloat16Storage", DataType.BF16), Map.entry("LongStorage", DataType.I64), Map.entry("IntStorage", DataType.I32),
            Map.entry("ShortStorage", DataType.I16), Map.entry("CharStorage", DataType.I8), Map.entry("ByteStorage", DataType.U8),
            Map.entry("BoolStorage", DataType.BOOL), Map.entry("ComplexFloatStorage", DataType.C64));

    private static final Map<String, DataType> DATA_TYPES = Map.ofEntries(
            Map.entry("float32", DataType.F32), Map.entry("float64", DataType.F64), Map.entry("float16", DataType.F16),
            Map.entry("bfloat16", DataType.BF16), Map.entry("int64", DataType.I64), Map.entry("int32", DataType.I32),
            Map.entry("int16", DataType.I16), Map.entry("int8", DataType.I8), Map.entry("uint8", DataType.U8),
            Map.entry("uint16", DataType.U16), Map.entry("uint32", DataType.U32), Map.entry("uint64", DataType.U64),
            Map.entry("bool", DataType.BOOL), Map.entry("complex64", DataType.C64), Map.entry("float8_e4m3fn", DataType.F8_E4M3),
            Map.entry("float8_e5m2", DataType.F8_E5M2), Map.entry("float8_e4m3fnuz", DataType.F8_E4M3FNUZ),
            Map.entry("float8_e5m2fnuz", DataType.F8_E5M2FNUZ), Map.entry("float8_e8m0fnu", DataType.F8_E8M0));

    private static final int MOST_DIMENSIONS = 64;

    private final Map<String, Global> globals = new LinkedHashMap<>();
    private final Map<String, Storage> storages = new LinkedHashMap<>();
    private final Set<Object> usedPairs = Collections.newSetFromMap(new IdentityHashMap<>());

    TorchObjects() {
        define("torch._utils._rebuild_tensor", arguments -> tensor(arguments, 4));
        define("torch._utils._rebuild_tensor_v2", arguments -> tensor(arguments, 6));
        define("torch._utils._rebuild_tensor_v3", this::typedTensor);
        define("torch._utils._rebuild_parameter", TorchObjects::tensorOf);
        define("torch._utils._rebuild_parameter_with_state", TorchObjects::tensorOf);
        define("torch._tensor._rebuild_from_type_v2", this::subclass);
        define("torch.Tensor", null);
        define("torch.nn.parameter.Parameter", null);
        define("torch.Size", TorchObjects::sequence);
        define("torch.device", arguments -> None.NONE);
        define("collections.OrderedDict", this::dictionary);
        define("collections.defaultdict", arguments -> new Dictionary());
        for (String builtins : List.of("builtins", "__builtin__")) {
            define(builtins + ".dict", this::dictionary);
            define(builtins + ".set", TorchObjects::sequence);
            define(builtins + ".frozenset", TorchObjects::sequence);
        }
        define("_codecs.encode", TorchObjects::bytes);
    }

    private void define(String name, Constructor constructor) {
        globals.put(name, new Global(name, constructor));
    }

    /** The storages that the pickle referred to, by key. */
    Map<String, Storage> storages() {
        return storages;
    }

    // ---- what the interpreter asks for ----

    @Override
    public Object find(String module, String name) throws Refusal {
        Global known = globals.get(module + "." + name);
        if (known != null) {
            return known;
        }
        if (module.equals("torch") || module.equals("torch.storage")) {
            DataType storageType = STORAGE_TYPES.get(name);
            if (storageType != null || name.equals("UntypedStorage")) {
                return new StorageType(module + "." + name, storageType);
            }
            if (module.equals("torch") && DATA_TYPES.containsKey(name)) {
                return DATA_TYPES.get(name);
            }
        }
        throw new Refusal("only names of tensors and containers", "a reference to " + JsonString.quote(module + "." + name));
    }

    @Override
    public Object call(Object global, List<Object> arguments) throws Refusal {
        if (global instanceof Global known && known.constructor != null) {
            return known.constructor.call(arguments);
        }
        throw new Refusal("a constructor of tensors or containers", PickleReader.describe(global));
    }

    /** The identifier is {@code ("storage", type, key, device, elements)}, in older files with a view of the storage as sixth. */
    @Override
    public Object persistent(Object identifier) throws Refusal {
        List<Object> parts = items(identifier, "a storage");
        if (parts.size() < 5 || !"storage".equals(parts.get(0)) || !(parts.get(1) instanceof StorageType type)) {
            throw new Refusal("a storage with type, key, device and size", PickleReader.describe(identifier));
        }
        String key = parts.get(2) instanceof String text ? text : Long.toString(number(parts.get(2), "a storage's key"));
        Storage storage = storage(key, type.type, number(parts.get(4), "a storage's size"));
        if (parts.size() < 6 || parts.get(5) instanceof None) {
            return storage;
        }
        List<Object> view = items(parts.get(5), "a view of a storage");
        if (view.size() != 3) {
            throw new Refusal("a view with key, offset and size", view.size() + " values");
        }
        return new StorageView(storage, number(view.get(1), "a view's offset"));
    }

    private Storage storage(String key, DataType type, long elements) throws Refusal {
        long bytes;
        try {
            bytes = type == null ? elements : type.bytes(elements);
        } catch (ArithmeticException e) {
            throw new Refusal("a size that a file can have", elements + " elements of " + type);
        }
        Storage storage = storages.computeIfAbsent(key, k -> new Storage(k, type, bytes));
        if (storage.bytes != bytes || storage.type != type) {
            throw new Refusal("one type and size for storage " + JsonString.quote(key), "two");
        }
        return storage;
    }

    // ---- tensors ----

    private View tensor(List<Object> arguments, int least) throws Refusal {
        Storage storage = arguments.size() < least ? null : storageOf(arguments.getFirst());
        if (storage == null || storage.type == null) {
            throw new Refusal("a typed storage and " + (least - 1) + " further arguments of a tensor", arguments.size() + " arguments");
        }
        return view(arguments, storage.type);
    }

    private View typedTensor(List<Object> arguments) throws Refusal {
        if (arguments.size() < 7 || storageOf(arguments.getFirst()) == null || !(arguments.get(6) instanceof DataType type)) {
            throw new Refusal("a storage, further arguments and the data type of a tensor", arguments.size() + " arguments");
        }
        return view(arguments, type);
    }

    private static Storage storageOf(Object argument) {
        return switch (argument) {
            case Storage storage -> storage;
            case StorageView view -> view.storage;
            default -> null;
        };
    }

    private View view(List<Object> arguments, DataType type) throws Refusal {
        Storage storage = storageOf(arguments.getFirst());
        long begin = arguments.getFirst() instanceof StorageView part ? part.offset : 0;
        long offset = number(arguments.get(1), "a tensor's offset");
        long[] shape = numbers(arguments.get(2), "a tensor's size");
        long[] strides = numbers(arguments.get(3), "a tensor's stride");
        if (shape.length != strides.length) {
            throw new Refusal("as many strides as sizes", strides.length + " for " + shape.length);
        }
        try {
            long end = Math.addExact(Math.addExact(begin, offset), Shape.extent(shape, strides));
            type.bytes(Shape.elements(shape));
            if (type.bytes(end) <= storage.bytes) {
                return new View(storage, type, begin + offset, shape, strides);
            }
            throw new Refusal("a tensor within its storage of " + storage.bytes + " bytes", "one that ends after " + end + " elements");
        } catch (ArithmeticException e) {
            throw new Refusal("a tensor within its storage of " + storage.bytes + " bytes", "one beyond 2^63 elements");
        }
    }

    /** The first argument, a tensor: what a parameter adds to it is of no use here. */
    private static View tensorOf(List<Object> arguments) throws Refusal {
        if (arguments.isEmpty() || !(arguments.getFirst() instanceof View view)) {
            throw new Refusal("a tensor as first argument", arguments.size() + " arguments");
        }
        return view;
    }

    /** A tensor with attributes of its own: {@code (function, type, arguments, state)}. */
    private Object subclass(List<Object> arguments) throws Refusal {
        if (arguments.size() != 4 || !(arguments.get(0) instanceof Global function) || !function.name.contains("._rebuild_tensor")) {
            throw new Refusal("a function that rebuilds a tensor", arguments.size() + " arguments");
        }
        return function.constructor.call(items(arguments.get(2), "arguments"));
    }

    // ---- containers ----

    /** An empty dictionary or one of pairs; a list of pairs serves once, or a short pickle could fill any memory. */
    private Dictionary dictionary(List<Object> arguments) throws Refusal {
        Dictionary dictionary = new Dictionary();
        if (arguments.isEmpty()) {
            return dictionary;
        }
        if (!usedPairs.add(arguments.getFirst())) {
            throw new Refusal("pairs for one dictionary", "a second use of them");
        }
        for (Object pair : items(arguments.getFirst(), "pairs")) {
            List<Object> keyAndValue = items(pair, "a pair");
            if (keyAndValue.size() != 2) {
                throw new Refusal("a key and a value", keyAndValue.size() + " values");
            }
            dictionary.put(keyAndValue.get(0), keyAndValue.get(1));
        }
        return dictionary;
    }

    private static Sequence sequence(List<Object> arguments) throws Refusal {
        return new Sequence(arguments.isEmpty() ? List.of() : items(arguments.getFirst(), "a sequence"));
    }

    private static Bytes bytes(List<Object> arguments) throws Refusal {
        if (arguments.isEmpty() || !(arguments.getFirst() instanceof String text)) {
            throw new Refusal("text to encode", arguments.size() + " arguments");
        }
        return new Bytes(text.length());
    }

    private static List<Object> items(Object value, String what) throws Refusal {
        if (value instanceof Sequence sequence) {
            return sequence.items();
        }
        throw new Refusal(what + " as a list or tuple", PickleReader.describe(value));
    }

    private static long[] numbers(Object value, String what) throws Refusal {
        List<Object> items = items(value, what);
        if (items.size() > MOST_DIMENSIONS) {
            throw new Refusal("at most " + MOST_DIMENSIONS + " dimensions", Integer.toString(items.size()));
        }
        long[] numbers = new long[items.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(items.get(i), what);
        }
        return numbers;
    }

    private static long number(Object value, String what) throws Refusal {
        if (value instanceof Long number && number >= 0) {
            return number;
        }
        throw new Refusal(what + " of 0 or more", PickleReader.describe(value));
    }
}
