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
    private final Admission admission;
    /** The most recently used one last. */
    private final List<Entry> entries = new ArrayList<>();

    /** A remembered sequence and what it counts as. */
    private record Entry(Sequence sequence, Admission.Holding holding) {
        int common(int[] other) {
            return sequence.common(other);
        }
    }

    /**
     * An empty cache.
     *
     * @param mostBytes the most bytes that it may hold, 0 for none at all
     * @param admission where its pages count; they are given up when somebody needs the place
     */
    public PrefixCache(long mostBytes, Admission admission) {
        this.mostBytes = mostBytes;
        this.admission = admission;
        admission.spare(this::giveUpOne);
    }

    private synchronized boolean giveUpOne() {
        return !entries.isEmpty() && drop(entries.getFirst());
    }

    private boolean drop(Entry entry) {
        entry.holding.clear();
        return entries.remove(entry);
    }

    /**
     * A sequence that holds the longest known beginning of a prompt, at most all of it but the last token.
     *
     * @param prompt the tokens
     * @return a sequence of the caller's own, if some beginning is known
     */
    synchronized Optional<Sequence> longestPrefix(int[] prompt) {
        Entry best = null;
        int longest = LEAST - 1;
        for (Entry entry : entries) {
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
        Sequence own = best.sequence.fork();
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
        List<Entry> beginnings = entries.stream().filter(entry -> entry.common(tokens) == entry.sequence.length()).toList();
        beginnings.forEach(this::drop);
        Entry added = new Entry(sequence.fork(), admission.newHolding());
        added.holding.keep(added.sequence.pages());
        entries.add(added);
        while (bytes() > mostBytes) {
            drop(entries.getFirst());
        }
    }

    /**
     * Bytes held, pages that entries share counted once for each.
     *
     * @return at most the bound
     */
    public synchronized long bytes() {
        return entries.stream().mapToLong(entry -> entry.sequence.cacheBytes()).sum();
    }
}
