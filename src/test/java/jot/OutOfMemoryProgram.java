package jot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Lets {@link OutOfMemoryTest}'s JVM run out of memory at many places of a generation. */
final class OutOfMemoryProgram {
    private static final int PIECE = 16 << 10;
    private static final int LARGE_PIECE = 512 << 10;
    private static final GenerationOptions FEW = GenerationOptions.greedy().withEndTokens().withMaxTokens(4);

    private OutOfMemoryProgram() {
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        int[] prompt = new int[Integer.parseInt(arguments[1])];
        Arrays.setAll(prompt, i -> i * 7 % 1_000);
        int[] expected;
        try (Gpt gpt = Gpt.load(folder)) {
            expected = gpt.generate(prompt, FEW).tokens();
        }
        int exhausted = 0;
        int rounds = 0;
        for (int room = PIECE; room < 32 << 20; room += room / 4 / PIECE * PIECE + PIECE) {
            rounds++;
            try (Gpt gpt = Gpt.load(folder)) {
                exhausted += isExhausted(gpt, prompt, room) ? 1 : 0;
                if (!Arrays.equals(expected, gpt.generate(prompt, FEW).tokens())) {
                    System.out.println("other tokens after a round with " + room + " bytes");
                }
            }
        }
        System.out.println(rounds + " rounds");
        System.out.println(exhausted + " exhausted");
    }

    /** Generates while the heap has room for so many bytes, and tells whether that was too little. */
    private static boolean isExhausted(Gpt gpt, int[] prompt, int room) {
        List<byte[]> ballast = new ArrayList<>(100_000);
        fill(ballast, LARGE_PIECE);
        fill(ballast, PIECE);
        for (int freed = 0; freed < room && !ballast.isEmpty();) {
            freed += ballast.removeLast().length;
        }
        try {
            gpt.generate(prompt, FEW);
            return false;
        } catch (OutOfMemoryError expected) {
            return true;
        } finally {
            ballast.clear();
        }
    }

    private static void fill(List<byte[]> ballast, int piece) {
        try {
            for (;;) {
                ballast.add(new byte[piece]);
            }
        } catch (OutOfMemoryError full) {
            return;
        }
    }
}
