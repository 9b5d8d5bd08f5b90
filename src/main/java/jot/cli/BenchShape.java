package jot.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import jot.checkpoint.SafetensorsWriter;

/** The shape of a well-known model, which can be written with random weights. */
enum BenchShape {
    /** GPT-2 of 124M parameters. */
    GPT2("gpt2", 12, 768, 12, 12, 3072, 50_257),
    /** GPT-2 of 355M parameters. */
    GPT2_MEDIUM("gpt2-medium", 24, 1024, 16, 16, 4096, 50_257),
    /** GPT-2 of 1.5B parameters. */
    GPT2_XL("gpt2-xl", 48, 1600, 25, 25, 6400, 50_257),
    /** A Llama of 1.1B parameters. */
    LLAMA_1B("llama-1b", 22, 2048, 32, 4, 5632, 32_000);

    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final String VOCABULARY = "vocab.json";
    private static final String MERGES = "merges.txt";
    /** Of files that make a model, or its tokenizer, another one. */
    private static final List<String> MODEL_ENDINGS = List.of(".json", ".safetensors", ".bin", ".model", ".tiktoken");
    private static final int BYTES = 256;
    /** How a vocabulary of bytes writes a space. */
    private static final char SPACE = '\u0120';
    private static final String END = "<|endoftext|>";
    private static final String CONSONANTS = "bdfghjklmnprstvz";
    private static final String VOWELS = "aeiou";
    private static final int CONTEXT = 1024;
    private static final int LLAMA_CONTEXT = 2048;

    private final String label;
    private final int layers;
    private final int width;
    private final int heads;
    private final int keyHeads;
    private final int inner;
    private final int vocabulary;

    BenchShape(String label, int layers, int width, int heads, int keyHeads, int inner, int vocabulary) {
        this.label = label;
        this.layers = layers;
        this.width = width;
        this.heads = heads;
        this.keyHeads = keyHeads;
        this.inner = inner;
        this.vocabulary = vocabulary;
    }

    static BenchShape of(String name) throws UsageException {
        return Arrays.stream(values()).filter(shape -> shape.label.equals(name)).findFirst().orElseThrow(() -> new UsageException(
                "--shape: expected one of " + String.join(", ", Arrays.stream(values()).map(shape -> shape.label).toList()) + ", found '"
                        + name + "'"));
    }

    String label() {
        return label;
    }

    /**
     * Writes a model folder: {@code config.json}, {@code model.safetensors} with random F32 weights, and {@code vocab.json} and
     * {@code merges.txt}, by which every byte of a text is a token, as the other tokens are made-up words and, last, the end of a text.
     *
     * @throws IOException if the folder holds files of another model or it cannot be written; weights that are half written are deleted
     */
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        refuseAnotherModel(folder);
        try {
            Files.writeString(folder.resolve(CONFIG), config());
            SafetensorsWriter tensors = new SafetensorsWriter();
            addTensors(tensors);
            tensors.write(folder.resolve(WEIGHTS));
            writeTokenizer(folder, vocabulary);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            Files.deleteIfExists(folder.resolve(WEIGHTS));
            throw new IOException(folder + ": " + e.getMessage(), e);
        }
    }

    /** What this wrote before may be replaced, and nothing else; nor is anything put beside another tokenizer, which would be taken. */
    private void refuseAnotherModel(Path folder) throws IOException {
        Path config = folder.resolve(CONFIG);
        if (Files.isRegularFile(config) && Arrays.equals(Files.readAllBytes(config), config().getBytes(StandardCharsets.UTF_8))) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            Optional<String> first = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.equals(MERGES) || MODEL_ENDINGS.stream().anyMatch(name::endsWith)).sorted().findFirst();
            if (first.isPresent()) {
                throw new IOException(folder + ": expected a new folder, or one that was written with the same shape, found "
                        + first.get() + " of another model");
            }
        }
    }

    /** Writes a vocabulary of all bytes, made-up words and an end of text, and no merges. */
    static void writeTokenizer(Path folder, int vocabulary) throws IOException {
        Files.writeString(folder.resolve(VOCABULARY), words(vocabulary));
        Files.writeString(folder.resolve(MERGES), "#version: 0.2\n");
    }

    private static String words(int vocabulary) {
        StringBuilder json = new StringBuilder("{");
        int spelled = 0;
        for (int id = 0; id < vocabulary; id++) {
            String token = id == vocabulary - 1 ? END : SPACE + word(id);
            if (id < BYTES) {
                token = Character.toString(isPrinted(id) ? id : BYTES + spelled++);
            }
            String escape = token.equals("\"") || token.equals("\\") ? "\\" : "";
            json.append(id == 0 ? "" : ",\n").append('"').append(escape).append(token).append("\": ").append(id);
        }
        return json.append("}\n").toString();
    }

    /** Whether a byte stands for itself in a vocabulary of bytes; the others are characters from 256 on, in their order. */
    private static boolean isPrinted(int value) {
        return value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xFF && value != 0xAD;
    }

    /** A number in syllables. */
    private static String word(int number) {
        String last = "" + CONSONANTS.charAt(number / VOWELS.length() % CONSONANTS.length()) + VOWELS.charAt(number % VOWELS.length());
        int rest = number / VOWELS.length() / CONSONANTS.length();
        return rest == 0 ? last : word(rest) + last;
    }

    private String config() {
        return this == LLAMA_1B ? llamaConfig() : gpt2Config();
    }

    private String gpt2Config() {
        return String.format(Locale.ROOT, """
                {"model_type": "gpt2", "n_layer": %d, "n_embd": %d, "n_head": %d, "n_inner": %d, "vocab_size": %d, "n_positions": %d}
                """, layers, width, heads, inner, vocabulary, CONTEXT);
    }

    private String llamaConfig() {
        return String.format(Locale.ROOT, """
                {"model_type": "llama", "num_hidden_layers": %d, "hidden_size": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
                 "intermediate_size": %d, "vocab_size": %d, "max_position_embeddings": %d, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "hidden_act": "silu", "tie_word_embeddings": false}
                """, layers, width, heads, keyHeads, inner, vocabulary, LLAMA_CONTEXT);
    }

    private void addTensors(SafetensorsWriter tensors) {
        if (this == LLAMA_1B) {
            addLlama(tensors);
        } else {
            addGpt2(tensors);
        }
    }

    private void addGpt2(SafetensorsWriter tensors) {
        matrix(tensors, "wte.weight", vocabulary, width);
        matrix(tensors, "wpe.weight", CONTEXT, width);
        for (int layer = 0; layer < layers; layer++) {
            String block = "h." + layer + ".";
            norm(tensors, block + "ln_1");
            matrix(tensors, block + "attn.c_attn.weight", width, 3 * width);
            vector(tensors, block + "attn.c_attn.bias", 3 * width);
            matrix(tensors, block + "attn.c_proj.weight", width, width);
            vector(tensors, block + "attn.c_proj.bias", width);
            norm(tensors, block + "ln_2");
            matrix(tensors, block + "mlp.c_fc.weight", width, inner);
            vector(tensors, block + "mlp.c_fc.bias", inner);
            matrix(tensors, block + "mlp.c_proj.weight", inner, width);
            vector(tensors, block + "mlp.c_proj.bias", width);
        }
        norm(tensors, "ln_f");
    }

    private void addLlama(SafetensorsWriter tensors) {
        int keyWidth = width / heads * keyHeads;
        matrix(tensors, "model.embed_tokens.weight", vocabulary, width);
        for (int layer = 0; layer < layers; layer++) {
            String block = "model.layers." + layer + ".";
            ones(tensors, block + "input_layernorm.weight");
            matrix(tensors, block + "self_attn.q_proj.weight", width, width);
            matrix(tensors, block + "self_attn.k_proj.weight", keyWidth, width);
            matrix(tensors, block + "self_attn.v_proj.weight", keyWidth, width);
            matrix(tensors, block + "self_attn.o_proj.weight", width, width);
            ones(tensors, block + "post_attention_layernorm.weight");
            matrix(tensors, block + "mlp.gate_proj.weight", inner, width);
            matrix(tensors, block + "mlp.up_proj.weight", inner, width);
            matrix(tensors, block + "mlp.down_proj.weight", width, inner);
        }
        ones(tensors, "model.norm.weight");
        matrix(tensors, "lm_head.weight", vocabulary, width);
    }

    private void norm(SafetensorsWriter tensors, String name) {
        ones(tensors, name + ".weight");
        vector(tensors, name + ".bias", width);
    }

    private void ones(SafetensorsWriter tensors, String name) {
        tensors.add(name, index -> 1, width);
    }

    private static void vector(SafetensorsWriter tensors, String name, int size) {
        tensors.add(name, random(name), size);
    }

    private static void matrix(SafetensorsWriter tensors, String name, int rows, int columns) {
        tensors.add(name, random(name), rows, columns);
    }

    /** Evenly spread over ±0.035, whose deviation is that of GPT-2's initial weights; the same numbers every time. */
    private static SafetensorsWriter.Values random(String name) {
        int seed = name.hashCode();
        return index -> {
            int bits = (int) index * 0x9E3779B9 ^ seed;
            bits = (bits ^ bits >>> 16) * 0x85EBCA6B;
            bits ^= bits >>> 13;
            return bits * (0.035f / Integer.MAX_VALUE);
        };
    }
}
