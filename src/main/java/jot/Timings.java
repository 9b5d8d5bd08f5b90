package jot;

import java.time.Duration;

/**
 * How long the parts of a generation took.
 *
 * @param prompt time until the prompt had gone through the model
 * @param decode time that the generated tokens took in the model
 * @param total time from the call to its result, listeners and waiting included
 * @param promptTokens tokens of the prompt
 * @param cachedTokens how many of them were known from earlier calls, and did not go through the model
 * @param generatedTokens generated tokens
 */
public record Timings(Duration prompt, Duration decode, Duration total, int promptTokens, int cachedTokens,
        int generatedTokens) {
    /**
     * Timings as described above.
     */
    public Timings {
        Arguments.present(prompt, "prompt");
        Arguments.present(decode, "decode");
        Arguments.present(total, "total");
    }

    /**
     * Prompt tokens a second.
     *
     * @return 0 if nothing was measured
     */
    public double promptTokensPerSecond() {
        return prompt.isZero() ? 0 : (promptTokens - cachedTokens) * 1e9 / prompt.toNanos();
    }

    /**
     * Generated tokens a second, the first left out since it comes with the prompt.
     *
     * @return 0 if nothing was measured
     */
    public double generatedTokensPerSecond() {
        return decode.isZero() ? 0 : Math.max(0, generatedTokens - 1) * 1e9 / decode.toNanos();
    }
}
