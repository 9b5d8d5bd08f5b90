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

    private ModelFingerprint() {
    }

    /**
     * The fingerprint of the weights in a checkpoint.
     *
     * @return 32 bytes
     */
    public static byte[] of(Checkpoint checkpoint) {
        MessageDigest digest = sha256();
        for (String name : new TreeSet<>(checkpoint.names())) {
            Tensor tensor = checkpoint.tensor(name);
            digest.update((name + Arrays.toString(tensor.shape())).getBytes(StandardCharsets.UTF_8));
            if (tensor.bytes() <= SMALL) {
                digest.update(tensor.data().asByteBuffer());
            }
        }
        return digest.digest();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
