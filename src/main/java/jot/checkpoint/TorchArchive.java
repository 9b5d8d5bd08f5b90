package jot.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import jot.json.JsonString;

/**
 * Reads the weights that {@code torch.save} wrote: a zip file with a pickle of the tensors' names and shapes, and one entry per storage.
 *
 * <p>Storages lie uncompressed and aligned in the archive, so that they are used in place. Source: {@code torch/serialization.py}.
 */
final class TorchArchive {

    static final String PICKLE = "data.pkl";
    private static final int LONGEST_PICKLE = 1 << 26;

    private TorchArchive() {
    }

    /** Whether an archive holds a pickle where PyTorch puts it. */
    static boolean isOne(ZipArchive archive) {
        return archive.entries().keySet().stream().anyMatch(TorchArchive::isPickle);
    }

    private static boolean isPickle(String name) {
        return name.equals(PICKLE) || name.endsWith("/" + PICKLE);
    }

    static TensorFile read(ZipArchive archive) throws IOException {
        FileContent content = archive.content();
        List<String> pickles = archive.entries().keySet().stream().filter(TorchArchive::isPickle).toList();
        if (pickles.size() != 1) {
            throw new CheckpointFormatException(content.file(), "zip directory", "one " + PICKLE, Integer.toString(pickles.size()));
        }
        String prefix = pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
        ZipArchive.Entry entry = archive.entries().get(pickles.getFirst());
        if (entry.size() > LONGEST_PICKLE) {
            throw new CheckpointFormatException(content.file(), PICKLE, "at most " + LONGEST_PICKLE + " bytes", entry.size() + " bytes");
        }
        TorchObjects objects = new TorchObjects();
        Object root = new PickleReader(content.file(), PICKLE, archive.beginning(entry, LONGEST_PICKLE), 0, objects).read();
        for (TorchObjects.Storage storage : objects.storages().values()) {
            storage.placeAt(data(archive, prefix + "data/" + storage.key(), storage));
        }
        return TorchState.of(content, root, isBigEndian(archive, prefix));
    }

    private static Supplier<MemorySegment> data(ZipArchive archive, String name, TorchObjects.Storage storage) throws IOException {
        ZipArchive.Entry entry = archive.entries().get(name);
        if (entry == null) {
            throw new CheckpointFormatException(archive.content().file(), "storage " + JsonString.quote(storage.key()),
                    "an entry " + JsonString.quote(name), "none");
        }
        if (entry.size() != storage.bytes()) {
            throw new CheckpointFormatException(archive.content().file(), ZipArchive.place(name), storage.bytes() + " bytes as " + PICKLE
                    + " says", entry.size() + " bytes");
        }
        return archive.data(entry);
    }

    private static boolean isBigEndian(ZipArchive archive, String prefix) throws IOException {
        ZipArchive.Entry entry = archive.entries().get(prefix + "byteorder");
        if (entry == null) {
            return false;
        }
        String order = new String(archive.beginning(entry, 16), StandardCharsets.ISO_8859_1);
        if (!order.equals("little") && !order.equals("big")) {
            throw new CheckpointFormatException(archive.content().file(), ZipArchive.place(entry.name()), "little or big",
                    JsonString.quote(order));
        }
        return order.equals("big");
    }
}
