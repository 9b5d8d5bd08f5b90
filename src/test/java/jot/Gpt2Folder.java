package jot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import jot.checkpoint.SafetensorsWriter;

/**
 * A model folder of GPT-2's layout with weights that mean nothing, for tests of time and memory.
 *
 * @param blocks blocks of the Transformer
 * @param width numbers a position, a multiple of the heads
 * @param heads attention heads
 * @param vocabulary tokens
 */
record Gpt2Folder(int blocks, int width, int heads, int vocabulary) {

    private static final int CONTEXT = 1024;

    /** Writes {@code config.json} and {@code model.safetensors}. */
    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), String.format(Locale.ROOT, """
                {"model_type": "gpt2", "n_layer": %d, "n_embd": %d, "n_head": %d, "vocab_size": %d, "n_positions": %d}
                """, blocks, width, heads, vocabulary, CONTEXT));
        SafetensorsWriter tensors = new SafetensorsWriter();
        add(tensors, "wte.weight", vocabulary, width);
        add(tensors, "wpe.weight", CONTEXT, width);
        for (int block = 0; block < blocks; block++) {
            String prefix = "h." + block + ".";
            add(tensors, prefix + "ln_1.weight", width);
            add(tensors, prefix + "ln_1.bias", width);
            add(tensors, prefix + "attn.c_attn.weight", width, 3 * width);
            add(tensors, prefix + "attn.c_attn.bias", 3 * width);
            add(tensors, prefix + "attn.c_proj.weight", width, width);
            add(tensors, prefix + "attn.c_proj.bias", width);
            add(tensors, prefix + "ln_2.weight", width);
            add(tensors, prefix + "ln_2.bias", width);
            add(tensors, prefix + "mlp.c_fc.weight", width, 4 * width);
            add(tensors, prefix + "mlp.c_fc.bias", 4 * width);
            add(tensors, prefix + "mlp.c_proj.weight", 4 * width, width);
            add(tensors, prefix + "mlp.c_proj.bias", width);
        }
        add(tensors, "ln_f.weight", width);
        add(tensors, "ln_f.bias", width);
        tensors.write(folder.resolve("model.safetensors"));
    }

    private static void add(SafetensorsWriter tensors, String name, long... shape) {
        tensors.add(name, index -> (index * 40_503 & 0xFFFF) * 1e-6f - 0.03f, shape);
    }
}
