package jot.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CheckpointTest {

    private static final Path MODELS = Path.of("src/test/resources/models");

    @Test
    void readsOneFile() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(MODELS.resolve("gpt2/expected.safetensors"))) {
            long[] ids = checkpoint.longs("input_ids");
            assertArrayEquals(new long[] {ids.length}, checkpoint.shape("input_ids"));
            assertEquals(ids.length * checkpoint.shape("logits")[1], checkpoint.floats("logits").length);
        }
    }

    @Test
    void readsShards() throws IOException {
        try (Checkpoint whole = Checkpoint.open(MODELS.resolve("gpt2"));
                Checkpoint shards = Checkpoint.open(MODELS.resolve("gpt2-sharded"), false)) {
            assertEquals(whole.names().size(), shards.names().size());
            for (String name : shards.names()) {
                assertEquals(shards.tensor(name).elements(), shards.floats(name).length);
            }
        }
    }
}
