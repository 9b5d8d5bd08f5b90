package jot.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles, sound and hostile ones, for tests. */
final class PickleBytes {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A pickle of that protocol. */
    static PickleBytes protocol(int version) {
        return new PickleBytes().raw(0x80, version);
    }

    PickleBytes raw(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    PickleBytes raw(String ascii) {
        out.writeBytes(ascii.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    PickleBytes littleEndian(long value, int length) {
        for (int i = 0; i < length; i++) {
            out.write((int) (value >> 8 * i));
        }
        return this;
    }

    PickleBytes text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        raw('X').littleEndian(bytes.length, 4);
        out.writeBytes(bytes);
        return this;
    }

    PickleBytes integer(long value) {
        return value == (int) value ? raw('J').littleEndian(value, 4) : raw(0x8A, 8).littleEndian(value, 8);
    }

    PickleBytes integers(long... values) {
        mark();
        for (long value : values) {
            integer(value);
        }
        return raw('t');
    }

    PickleBytes global(String module, String name) {
        return raw("c" + module + "\n" + name + "\n");
    }

    PickleBytes mark() {
        return raw('(');
    }

    /** A reference to a storage. */
    PickleBytes storage(String type, String key, long elements) {
        return mark().text("storage").global("torch", type).text(key).text("cpu").integer(elements).raw('t', 'Q');
    }

    /** A tensor of floats as PyTorch writes it. */
    PickleBytes tensor(String key, long elements, long offset, long[] shape, long[] strides) {
        return tensor("FloatStorage", key, elements, offset, shape, strides);
    }

    PickleBytes tensor(String type, String key, long elements, long offset, long[] shape, long[] strides) {
        global("torch._utils", "_rebuild_tensor_v2").mark().storage(type, key, elements);
        return integer(offset).integers(shape).integers(strides).raw(0x89).global("collections", "OrderedDict").raw(")Rt").raw('R');
    }

    /** The pickle, ended. */
    byte[] stop() {
        out.write('.');
        return out.toByteArray();
    }

    /** What PyTorch's older files begin with, up to the tensors. */
    static byte[] legacyBeginning() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] magic = {0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19};
        PickleBytes number = protocol(2).raw(0x8A, magic.length);
        number.out.writeBytes(magic);
        out.writeBytes(number.stop());
        out.writeBytes(protocol(2).raw('M').littleEndian(1001, 2).stop());
        out.writeBytes(protocol(2).raw("}(").text("protocol_version").integer(1001).text("little_endian").raw(0x88).raw('u').stop());
        return out.toByteArray();
    }

    /** A number of elements and their bytes, as older files hold a storage. */
    static byte[] legacyStorage(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + 4 * values.length).order(ByteOrder.LITTLE_ENDIAN).putLong(values.length);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    static byte[] concatenated(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
