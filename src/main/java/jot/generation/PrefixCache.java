package jot.generation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Remembers the caches of earlier prompts, so that a prompt that begins like one of them skips that part.
 *
 * <p>Bounded in bytes; the one that was least recently used goes first. Pages are shared with whoever goes on from them until somebody
 * writes. Thread-safe.
 */
public final class PrefixCache {
    /** Fewer tokens in common are not worth a fork. */
    private static final int LEAST = 8;

    private final long mostBytes;
    /** The most recently used one last. */
    private final List<Sequence> entries = new ArrayList<>();

    /**
     * An empty cache.
     *
     * @param mostBytes the most bytes that it may hold, 0 for none at all
     */
    public PrefixCache(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /**
     * A sequence that holds the longest known beginning of a prompt, at most all of it but the last token.
     *
     * @param prompt the tokens
     * @return a sequence of the caller's own, if some beginning is known
     */
    synchronized Optional<Sequence> longestPrefix(int[] prompt) {
        Sequence best = null;
        int longest = LEAST - 1;
        for (Sequence entry : entries) {
            int common = Math.min(entry.common(prompt), prompt.length - 1);
            if (common > longest) {
                longest = common;
                best = entry;
            }
        }
        if (best == null) {
            return Optional.empty();
        }
        entries.remove(best);
        entries.add(best);
        Sequence own = best.fork();
        own.rewind(longest);
        return Optional.of(own);
    }

    /** Remembers what a sequence holds; what it is a beginning of, or what is one of it, takes its place. */
    synchronized void remember(Sequence sequence) {
        if (mostBytes == 0 || sequence.cacheBytes() > mostBytes || sequence.length() < LEAST) {
            return;
        }
        int[] tokens = sequence.tokens();
        if (entries.stream().anyMatch(entry -> entry.common(tokens) == tokens.length)) {
            return;
        }
        entries.removeIf(entry -> entry.common(tokens) == entry.length());
        entries.add(sequence.fork());
        while (bytes() > mostBytes) {
            entries.removeFirst();
        }
    }

    /**
     * Bytes held, pages that entries share counted once for each.
     *
     * @return at most the bound
     */
    public synchronized long bytes() {
        return entries.stream().mapToLong(Sequence::cacheBytes).sum();
    }
}
