package jot.sampling;

/**
 * Lowers the logits of generated tokens: x_i ← x_i − c_i · f − [c_i &gt; 0] · q, with c_i the count of token i among the generated ones.
 *
 * <p>Source: frequency_penalty (f) and presence_penalty (q) of OpenAI's API. The prompt does not count; negative values reward
 * repetition.
 */
final class FrequencyPresencePenalty implements LogitStep {
    private final double frequency;
    private final double presence;

    FrequencyPresencePenalty(double frequency, double presence) {
        this.frequency = frequency;
        this.presence = presence;
    }

    @Override
    public void apply(Logits logits, Context context) {
        for (int i = 0; i < context.distinctLength(); i++) {
            int count = context.distinctGeneratedCount(i);
            int token = context.distinct(i);
            if (count > 0 && token < logits.size()) {
                logits.add(token, -(count * frequency + presence));
            }
        }
    }
}
