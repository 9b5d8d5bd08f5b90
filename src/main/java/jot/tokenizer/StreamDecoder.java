package jot.tokenizer;

/**
 * Turns token ids into text as they come, in complete characters.
 *
 * <p>The pieces concatenate to what the tokens add to the decoded prompt, so that prompt and pieces read on without a lost or an added
 * space. Special tokens are left out. A piece holds all text that is decided: only what may still change with the next token, such as
 * the first bytes of a character, is held back. Bytes that are no text become U+FFFD, one for each maximal invalid part.
 *
 * <p>Made by {@link Tokenizer#stream}. Not thread-safe; one instance serves one generation.
 */
public final class StreamDecoder {
    private final Tokenizer tokenizer;
    private final TokenDecoder.Collector collector = new TokenDecoder.Collector();
    private final TokenDecoder.Stage stage;
    /** What the prompt alone would have ended with, as long as the stream may still begin with it. */
    private String promptEnd;

    StreamDecoder(Tokenizer tokenizer, int[] prompt) {
        this.tokenizer = tokenizer;
        this.stage = tokenizer.decoder().stage(collector);
        this.promptEnd = "";
        if (prompt.length > 0) {
            for (int id : prompt) {
                tokenizer.decodeTo(stage, id, false);
            }
            String decided = collector.take();
            promptEnd = tokenizer.decodePlain(prompt).substring(decided.length());
        }
    }

    /**
     * Takes a token and returns the text that is decided by it.
     *
     * @param id a token id; one that the vocabulary lacks adds nothing
     * @return the next piece of the text; may be empty
     */
    public String push(int id) {
        tokenizer.decodeTo(stage, id, false);
        return behindPrompt(collector.take());
    }

    /**
     * Ends the text.
     *
     * @return what was held back; may be empty
     */
    public String finish() {
        stage.end();
        String rest = behindPrompt(collector.take());
        promptEnd = "";
        return rest;
    }

    /** Drops what the decoded prompt has already. */
    private String behindPrompt(String text) {
        if (promptEnd.isEmpty()) {
            return text;
        }
        int common = 0;
        while (common < text.length() && common < promptEnd.length() && text.charAt(common) == promptEnd.charAt(common)) {
            common++;
        }
        promptEnd = common < text.length() ? "" : promptEnd.substring(common);
        return text.substring(common);
    }
}
