package jot.tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * Times the kernels on the shapes of known models with random weights, without anything around them.
 *
 * <p>Not a test: {@code java … jot.tensor.KernelBenchmark [shape=gpt2] [weights=F32] [threads=2] [prompt=512] [generated=64]
 * [sequences=1] [backend=AUTO] [repetitions=5] [position=0]}.
 */
final class KernelBenchmark {
    private static final int PAGE = AttentionRows.PAGE;

    private final Workers workers;
    private final ParallelKernels kernels;
    private final KernelSelection selection;
    private final int layers;
    private final int width;
    private final int inner;
    private final boolean gated;
    private final AttentionShape shape;
    private final List<Matrix[]> blocks = new ArrayList<>();
    private final Matrix head;
    private final Activations x;
    private final Activations normed;
    private final Activations joined;
    private final Activations attended;
    private final Activations wide;
    private final Activations up;
    private final Activations logits;
    private final float[] ones;
    private final float[][][] pages;
    private final AttentionRows[] sequences;
    private long blockWeights;
    private long bytes;

    private KernelBenchmark(int[] sizes, WeightFormat format, Workers workers, ParallelKernels kernels, int rows, int positions,
            int count, KernelSelection selection) {
        this.selection = selection;
        this.workers = workers;
        this.kernels = kernels;
        layers = sizes[0];
        width = sizes[1];
        int heads = sizes[2];
        int keyHeads = sizes[3];
        inner = sizes[4];
        gated = sizes[6] == 1;
        int headSize = width / heads;
        shape = new AttentionShape(heads, keyHeads, headSize, headSize, (float) (1 / Math.sqrt(headSize)), 0, 0f, null, null);
        int joinedWidth = (heads + 2 * keyHeads) * headSize;
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(new Matrix[] {random(format, joinedWidth, width), random(format, width, width), random(format, inner, width),
                random(format, width, inner), gated ? random(format, inner, width) : null});
        }
        head = random(format, sizes[5], width);
        for (Matrix[] block : blocks) {
            for (Matrix matrix : block) {
                if (matrix != null) {
                    blockWeights += (long) matrix.outputs() * matrix.inputs();
                    bytes += matrix.bytes();
                }
            }
        }
        bytes += head.bytes();
        x = new Activations(rows, width);
        normed = new Activations(rows, width);
        joined = new Activations(rows, joinedWidth);
        attended = new Activations(rows, width);
        wide = new Activations(rows, inner);
        up = new Activations(rows, inner);
        logits = new Activations(count, sizes[5]);
        ones = new float[width];
        Arrays.fill(ones, 1f);
        int floats = layers * (shape.keyFloats() + shape.valueFloats());
        pages = new float[count][(positions + PAGE) / PAGE][floats];
        sequences = new AttentionRows[count];
        Arrays.setAll(sequences, _ -> new AttentionRows());
    }

    private Matrix random(WeightFormat format, int outputs, int inputs) {
        int sideBySide = selection.outputsSideBySide(format, outputs, workers.threads());
        Quantizer quantizer = new Quantizer(format, outputs, inputs, sideBySide, Arena.global());
        workers.run(() -> workers.forEach((_, from, to) -> {
            float[] row = new float[inputs];
            Quantizer.Buffer buffer = new Quantizer.Buffer();
            for (int output = from; output < to; output++) {
                Random random = new Random(output);
                for (int i = 0; i < inputs; i++) {
                    row[i] = (random.nextInt() >> 16) * 0x1p-20f;
                }
                quantizer.row(output, row, 0, buffer);
            }
        }, outputs, 16));
        for (int tile = 0; tile < quantizer.tiles(); tile++) {
            quantizer.turn(tile, new Quantizer.Buffer());
        }
        return quantizer.matrix();
    }

    /** One pass of all sequences; each has the same number of rows. */
    private void pass(int rowsEach, int position, boolean decode) {
        int rows = rowsEach * sequences.length;
        for (int s = 0; s < sequences.length; s++) {
            sequences[s].set(pages[s], s * rowsEach, rowsEach, position, decode);
        }
        for (int i = 0; i < rows * x.stride(); i++) {
            x.values()[i] = (i * 7919 % 1000) * 0.001f - 0.5f;
        }
        workers.run(() -> {
            for (int layer = 0; layer < layers; layer++) {
                block(layer, rows, decode ? rows : 0);
            }
            for (int s = 0; s < sequences.length; s++) {
                System.arraycopy(x.values(), x.at((s + 1) * rowsEach - 1), normed.values(), normed.at(s), width);
            }
            kernels.layerNorm(normed, 0, 1, width, ones, ones, 1e-5f, normed, 0, sequences.length);
            kernels.multiply(head, null, normed, 0, logits, 0, sequences.length, sequences.length);
        });
    }

    private void block(int layer, int rows, int decodeRows) {
        Matrix[] block = blocks.get(layer);
        int keys = layer * (shape.keyFloats() + shape.valueFloats());
        int keyColumn = shape.heads() * shape.keySize();
        int valueColumn = keyColumn + shape.keyHeads() * shape.keySize();
        kernels.layerNorm(x, 0, 1, width, ones, ones, 1e-5f, normed, 0, rows);
        kernels.multiply(block[0], null, normed, 0, joined, 0, decodeRows, rows);
        kernels.storeAndAttend(shape, joined, 0, keyColumn, valueColumn, sequences, sequences.length, keys, keys + shape.keyFloats(),
            attended, 0);
        kernels.multiply(block[1], null, attended, 0, normed, 0, decodeRows, rows);
        kernels.add(normed, 1f, x, width, rows);
        kernels.layerNorm(x, 0, 1, width, ones, ones, 1e-5f, normed, 0, rows);
        if (gated) {
            kernels.multiply(block[4], null, normed, 0, wide, 0, decodeRows, rows);
            kernels.multiplyAndGate(block[2], null, normed, 0, up, 0, new GatedActivation.Product(new Activation.Silu()), wide, 0,
                decodeRows, rows);
        } else {
            kernels.multiplyAndActivate(block[2], null, normed, 0, Activation.Gelu.TANH, wide, 0, decodeRows, rows);
        }
        kernels.multiply(block[3], null, wide, 0, normed, 0, decodeRows, rows);
        kernels.add(normed, 1f, x, width, rows);
    }

    public static void main(String[] arguments) {
        String[] settings = {"gpt2", "F32", "2", "512", "64", "1", "AUTO", "5", "0"};
        List<String> names = List.of("shape", "weights", "threads", "prompt", "generated", "sequences", "backend", "repetitions",
                "position");
        for (String argument : arguments) {
            settings[names.indexOf(argument.substring(0, argument.indexOf('=')))] = argument.substring(argument.indexOf('=') + 1);
        }
        int[] sizes = switch (settings[0]) {
            case "gpt2" -> new int[] {12, 768, 12, 12, 3072, 50257, 0};
            case "gpt2-medium" -> new int[] {24, 1024, 16, 16, 4096, 50257, 0};
            case "gpt2-xl" -> new int[] {48, 1600, 25, 25, 6400, 50257, 0};
            case "llama-1b" -> new int[] {22, 2048, 32, 4, 5632, 32000, 1};
            default -> throw new IllegalArgumentException(settings[0]);
        };
        WeightFormat format = switch (settings[1]) {
            case "F32" -> WeightFormat.F32;
            case "F16" -> WeightFormat.F16;
            case "BF16" -> WeightFormat.BF16;
            case "Q8" -> WeightFormat.Q8;
            case "Q4" -> WeightFormat.Q4;
            default -> throw new IllegalArgumentException(settings[1]);
        };
        int prompt = Integer.parseInt(settings[3]);
        int generated = Integer.parseInt(settings[4]);
        int count = Integer.parseInt(settings[5]);
        int position = Integer.parseInt(settings[8]);
        try (Workers workers = new Workers(Integer.parseInt(settings[2]), "benchmark")) {
            KernelSelection selection = KernelSelection.choose(Backend.valueOf(settings[6]));
            selection.warmUp(Set.of(format), false);
            KernelBenchmark benchmark = new KernelBenchmark(sizes, format, workers, new ParallelKernels(selection, workers),
                Math.max(prompt, 1) * count, Math.max(prompt, position + generated), count,
                selection);
            benchmark.report(selection, prompt, generated, position, Integer.parseInt(settings[7]));
        }
    }

    private void report(KernelSelection selection, int prompt, int generated, int position, int repetitions) {
        System.out.printf(Locale.ROOT, "%s, %d threads, %d MB of weights%n", selection.description(), workers.threads(), bytes >> 20);
        int count = sequences.length;
        for (int repetition = 0; repetition < repetitions; repetition++) {
            if (prompt > 0) {
                long start = System.nanoTime();
                pass(prompt, 0, false);
                double seconds = (System.nanoTime() - start) * 1e-9;
                double operations = 2.0 * blockWeights * prompt * count + 2.0 * head.outputs() * width * count
                    + 2.0 * layers * width * prompt * prompt * count;
                System.out.printf(Locale.ROOT, "prefill %.1f ms, %.0f tokens/s, %.1f GFLOP/s; ", seconds * 1e3, prompt * count / seconds,
                    operations / seconds * 1e-9);
            }
            if (generated > 0) {
                long start = System.nanoTime();
                for (int k = 0; k < generated; k++) {
                    pass(1, position + k, true);
                }
                double seconds = (System.nanoTime() - start) * 1e-9 / generated;
                long cache = 8L * layers * shape.keyHeads() * shape.keySize() * (position + generated / 2) * count;
                System.out.printf(Locale.ROOT, "decode %.2f ms, %.1f tokens/s, %.1f GB/s (%.1f with cache)", seconds * 1e3, count / seconds,
                    bytes / seconds * 1e-9, (bytes + cache) / seconds * 1e-9);
            }
            System.out.println();
        }
    }
}
