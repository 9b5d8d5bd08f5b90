package jot.checkpoint;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import jot.checkpoint.PickleReader.Dictionary;
import jot.checkpoint.PickleReader.None;
import jot.checkpoint.PickleReader.Sequence;
import jot.json.JsonString;

/**
 * Reads the weights that {@code torch.save} wrote before it made zip files: five pickles, then the storages one after another.
 *
 * <p>The pickles are a magic number, the protocol's version, the machine's properties, the tensors, and the keys of the storages in the
 * order in which they follow, each as its number of elements and their bytes. Source: {@code _legacy_save} in
 * {@code torch/serialization.py}.
 */
final class TorchLegacyFile {

    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long PROTOCOL = 1001;
    /** How much is read at first, since the pickles' length is only known when they were read. */
    private static final int USUAL_PICKLES = 1 << 20;
    private static final int LONGEST_PICKLES = 1 << 26;

    private final FileContent content;
    private final byte[] beginning;
    private final TorchObjects objects = new TorchObjects();
    private int position;

    private TorchLegacyFile(FileContent content, byte[] beginning) {
        this.content = content;
        this.beginning = beginning;
    }

    static TensorFile read(FileContent content) throws IOException {
        int most = (int) Math.min(LONGEST_PICKLES, content.size());
        for (int length = Math.min(USUAL_PICKLES, most); ; length = Math.min(length * 4, most)) {
            try {
                return new TorchLegacyFile(content, content.read(0, length, "pickles")).read();
            } catch (CheckpointFormatException e) {
                if (length == most) {
                    throw e;
                }
            }
        }
    }

    private TensorFile read() throws IOException {
        expect("magic number", MAGIC);
        expect("protocol", PROTOCOL);
        checkByteOrder(pickle("system"));
        Object root = pickle("tensors");
        Object keys = pickle("storage keys");
        if (!(keys instanceof Sequence sequence)) {
            throw error("storage keys", "a list", PickleReader.describe(keys));
        }
        placeStorages(sequence.items());
        return TorchState.of(content, root, false);
    }

    private Object pickle(String what) throws CheckpointFormatException {
        PickleReader reader = new PickleReader(content.file(), what, beginning, position, objects);
        Object value = reader.read();
        position = reader.position();
        return value;
    }

    private void expect(String what, Object value) throws CheckpointFormatException {
        Object found = pickle(what);
        if (!found.equals(value)) {
            throw error(what, "that of PyTorch's files, " + value, PickleReader.describe(found));
        }
    }

    private void checkByteOrder(Object system) throws CheckpointFormatException {
        Object littleEndian = system instanceof Dictionary properties ? properties.items().get("little_endian") : None.NONE;
        if (!Boolean.TRUE.equals(littleEndian)) {
            throw error("system", "little_endian as True", littleEndian == null ? "none" : PickleReader.describe(littleEndian));
        }
    }

    private void placeStorages(List<Object> keys) throws IOException {
        Set<Object> placed = new HashSet<>();
        long at = position;
        for (Object key : keys) {
            TorchObjects.Storage storage = key instanceof String text ? objects.storages().get(text) : null;
            if (storage == null || !placed.add(key)) {
                throw error("storage keys", "each storage of a tensor once", PickleReader.describe(key));
            }
            String place = "storage " + JsonString.quote(storage.key());
            long count = ByteBuffer.wrap(content.read(at, 8, place)).order(ByteOrder.LITTLE_ENDIAN).getLong();
            long expected = storage.type() == null ? storage.bytes() : storage.bytes() / (storage.type().bits() / 8);
            if (count != expected) {
                throw error(place, expected + " elements", Long.toString(count));
            }
            long begin = at + 8;
            if (storage.bytes() > content.size() - begin) {
                throw error(place, storage.bytes() + " bytes", (content.size() - begin) + " to the end of the file");
            }
            storage.placeAt(() -> content.slice(begin, storage.bytes()));
            at = begin + storage.bytes();
        }
        if (placed.size() != objects.storages().size()) {
            throw error("storage keys", objects.storages().size() + " storages", Integer.toString(placed.size()));
        }
    }

    private CheckpointFormatException error(String place, String expected, String found) {
        return new CheckpointFormatException(content.file(), place, expected, found);
    }
}
