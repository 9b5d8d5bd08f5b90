package jot.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import jot.generation.Inference;
import jot.generation.Sequence;
import jot.loading.LoadedModel;
import jot.model.Transformer;

/**
 * Measures one loaded model: prompt and generation apart.
 *
 * @param model the model
 * @param promptTokens tokens of a prompt, in one piece into an empty cache
 * @param generatedTokens tokens generated one by one from an empty cache
 * @param repetitions how often each is measured, after one warm-up
 */
record Benchmark(LoadedModel model, int promptTokens, int generatedTokens, int repetitions) {

    /**
     * What was measured.
     *
     * @param prefill tokens a second of each repetition, ascending
     * @param decode tokens a second of each repetition, ascending
     * @param prefillFlops operations of one prompt
     * @param decodeBytes bytes of weights read for one token
     * @param weightBytes bytes of all weights as held
     * @param residentBytes memory of the process afterwards, 0 where the system does not tell
     */
    record Result(double[] prefill, double[] decode, double prefillFlops, double decodeBytes, long weightBytes, long residentBytes) {

        static double median(double[] ascending) {
            int half = ascending.length / 2;
            return ascending.length % 2 == 1 ? ascending[half] : (ascending[half - 1] + ascending[half]) / 2;
        }

        /** FLOP/s at prefill. */
        double prefillRate(int promptTokens) {
            return prefillFlops * median(prefill) / promptTokens;
        }

        /** Bytes/s at decode. */
        double decodeRate() {
            return decodeBytes * median(decode);
        }
    }

    Result run() throws IOException {
        Inference inference = new Inference(model.transformer(), model.kernels(), model.workers());
        double[] prefill = new double[repetitions];
        double[] decode = new double[repetitions];
        prefill(inference);
        prefill(inference);
        decode(inference);
        for (int i = 0; i < repetitions; i++) {
            prefill[i] = promptTokens / prefill(inference);
            decode[i] = generatedTokens / decode(inference);
        }
        Arrays.sort(prefill);
        Arrays.sort(decode);
        Transformer transformer = model.transformer();
        return new Result(prefill, decode, transformer.prefillOperations(promptTokens), transformer.decodeBytes(),
                transformer.weightBytes(), residentBytes());
    }

    private double prefill(Inference inference) {
        int[] tokens = new int[promptTokens];
        for (int i = 0; i < promptTokens; i++) {
            tokens[i] = (int) (i * 7919L % inference.architecture().vocabulary());
        }
        Sequence sequence = new Sequence(inference);
        long start = System.nanoTime();
        sequence.append(tokens, () -> false);
        return (System.nanoTime() - start) / 1e9;
    }

    private double decode(Inference inference) {
        Sequence sequence = new Sequence(inference);
        int[] token = new int[1];
        long start = System.nanoTime();
        for (int i = 0; i < generatedTokens; i++) {
            token[0] = (int) (i * 7919L % inference.architecture().vocabulary());
            sequence.append(token, () -> false);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private static long residentBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        for (String line : Files.readAllLines(status, StandardCharsets.UTF_8)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return 0;
    }
}
