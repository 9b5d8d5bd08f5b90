package jot.cli.bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jot.tokenizer.Tokenizer;

/**
 * What a tokenizer does in a second, on one thread.
 *
 * @param textBytes bytes of the text in UTF-8
 * @param tokens its tokens
 * @param encode bytes of text encoded a second
 * @param decode bytes of text decoded a second
 * @param equal whether decoding gives the text again
 */
public record TokenizerBenchmark(long textBytes, long tokens, Samples encode, Samples decode, boolean equal) {

    /** Characters that are encoded in one call, to the next line break. */
    private static final int PIECE = 1 << 18;

    /**
     * Measures on a text, which is encoded piece by piece as texts come, a quarter of a million characters each.
     *
     * @param repetitions how often, at least 1
     * @param warmUpSeconds how long it runs before
     */
    public static TokenizerBenchmark run(Tokenizer tokenizer, String text, int repetitions, double warmUpSeconds) {
        List<String> pieces = pieces(text);
        long bytes = text.getBytes(StandardCharsets.UTF_8).length;
        List<int[]> encoded = new ArrayList<>();
        long start = System.nanoTime();
        do {
            encoded.clear();
            pieces.forEach(piece -> encoded.add(tokenizer.encode(piece)));
            encoded.forEach(tokenizer::decode);
        } while (System.nanoTime() - start < warmUpSeconds * 1e9);
        double[] encode = new double[repetitions];
        double[] decode = new double[repetitions];
        for (int i = 0; i < repetitions; i++) {
            encode[i] = bytes / seconds(() -> pieces.forEach(tokenizer::encode));
            decode[i] = bytes / seconds(() -> encoded.forEach(tokenizer::decode));
        }
        boolean equal = true;
        for (int i = 0; i < pieces.size(); i++) {
            equal &= tokenizer.decode(encoded.get(i)).equals(pieces.get(i));
        }
        return new TokenizerBenchmark(bytes, encoded.stream().mapToLong(ids -> ids.length).sum(), Samples.of(encode), Samples.of(decode),
                equal);
    }

    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < text.length();) {
            int end = from + PIECE < text.length() ? text.indexOf('\n', from + PIECE) + 1 : 0;
            int to = end == 0 ? text.length() : end;
            pieces.add(text.substring(from, to));
            from = to;
        }
        return pieces;
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }
}
