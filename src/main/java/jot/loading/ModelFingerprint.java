package jot.loading;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.TreeSet;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.Tensor;

/**
 * Tells one model from another: SHA-256 over the names and shapes of its tensors and the values of the small ones.
 *
 * <p>The small tensors, norms and biases, change with every training step, so that two states of one model differ too; reading them costs
 * little however large the model is.
 */
public final class ModelFingerprint {
    private static final long SMALL = 65_536;
    /** Of an adapter, all but whole embeddings and heads. */
    private static final long LARGE = 1 << 26;

    private ModelFingerprint() {
    }

    /**
     * The fingerprint of a model: of its weights, and of all that adapters changed in them.
     *
     * @return 32 bytes
     */
    public static byte[] of(LoadedModel model) {
        MessageDigest digest = sha256();
        add(model.checkpoint(), SMALL, digest);
        for (LoadedModel.MergedAdapter adapter : model.adapters()) {
            digest.update((adapter.configuration() + adapter.strength()).getBytes(StandardCharsets.UTF_8));
            add(adapter.checkpoint(), LARGE, digest);
        }
        return digest.digest();
    }

    private static void add(Checkpoint checkpoint, long most, MessageDigest digest) {
        for (String name : new TreeSet<>(checkpoint.names())) {
            Tensor tensor = checkpoint.tensor(name);
            digest.update((name + Arrays.toString(tensor.shape())).getBytes(StandardCharsets.UTF_8));
            if (tensor.bytes() <= most) {
                digest.update(tensor.data().asByteBuffer());
            }
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
