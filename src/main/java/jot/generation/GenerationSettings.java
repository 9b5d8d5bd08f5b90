package jot.generation;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import jot.sampling.SamplingChain;

/**
 * All that one generation needs to know, the caller's options and the model's defaults already joined.
 *
 * @param chain the steps from logits to a token; the minimum length is among them
 * @param seed the seed of the draws; text number n of several takes seed + n
 * @param count how many texts are asked for, 1 or more; with beams at most as many as these
 * @param beams beam search, where it takes the place of sampling
 * @param maxTokens the most tokens to generate; absent: as many as the context holds
 * @param endTokens ids of the tokens that end a text
 * @param stopStrings the strings that end a text
 * @param deadline the time from now on, if limited
 * @param cancellation the caller's way to end it
 * @param alternatives how many of the likeliest tokens to report at each position, 0 for none
 * @param slideKeeping where a full context slides instead of ending the text: how many of its first tokens stay
 */
public record GenerationSettings(SamplingChain chain, long seed, int count, Optional<BeamSettings> beams, OptionalInt maxTokens,
        List<Integer> endTokens, StopStrings stopStrings, Optional<Duration> deadline, CancellationSignal cancellation,
        int alternatives, OptionalInt slideKeeping) {
    /**
     * Settings as described above.
     */
    public GenerationSettings {
        endTokens = List.copyOf(endTokens);
    }

    /** The same with another seed. */
    GenerationSettings withSeed(long other) {
        return new GenerationSettings(chain, other, count, beams, maxTokens, endTokens, stopStrings, deadline, cancellation, alternatives,
                slideKeeping);
    }

    /**
     * The same for a call that began a while ago.
     *
     * @param gone the time since then, which its deadline is nearer
     * @return these settings with the rest of the deadline
     */
    public GenerationSettings after(Duration gone) {
        Optional<Duration> rest = deadline.map(time -> time.compareTo(gone) > 0 ? time.minus(gone) : Duration.ZERO);
        return new GenerationSettings(chain, seed, count, beams, maxTokens, endTokens, stopStrings, rest, cancellation, alternatives,
                slideKeeping);
    }

    /**
     * Whether a token ends the text.
     *
     * @param token its id
     * @return true for end tokens
     */
    public boolean isEnd(int token) {
        return endTokens.contains(token);
    }
}
