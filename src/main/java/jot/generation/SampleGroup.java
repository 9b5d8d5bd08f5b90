package jot.generation;

import java.util.ArrayList;
import java.util.List;

/**
 * Several generations that go through the model together, one token of each a pass.
 *
 * <p>Each gets the tokens that it would get alone, as a pass never mixes its rows.
 */
final class SampleGroup {
    private final List<DecodeLoop> loops;
    private final Interruption interruption;

    /** A group of generations whose sequences are different ones of one model. */
    SampleGroup(List<DecodeLoop> loops, Interruption interruption) {
        this.loops = List.copyOf(loops);
        this.interruption = interruption;
    }

    /** Runs all of them to their ends. */
    void run() {
        List<DecodeLoop> going = ready(loops);
        while (!going.isEmpty()) {
            readTogether(going);
            for (DecodeLoop loop : going) {
                if (loop.hasEnded()) {
                    continue;
                }
                if (loop.read()) {
                    loop.draw();
                } else {
                    loop.endEarly();
                }
            }
            going = ready(going);
        }
    }

    private static List<DecodeLoop> ready(List<DecodeLoop> loops) {
        return loops.stream().filter(DecodeLoop::isReady).toList();
    }

    private void readTogether(List<DecodeLoop> going) {
        List<DecodeLoop> single = going.stream().filter(loop -> loop.nextRead().isPresent()).toList();
        if (single.size() < 2) {
            return;
        }
        long start = System.nanoTime();
        List<Sequence> sequences = new ArrayList<>(single.stream().map(DecodeLoop::sequence).toList());
        int[] next = single.stream().mapToInt(loop -> loop.nextRead().orElseThrow()).toArray();
        if (Sequence.appendEach(sequences, next, interruption)) {
            long nanos = System.nanoTime() - start;
            single.forEach(loop -> loop.wasRead(nanos));
        } else {
            single.forEach(DecodeLoop::endEarly);
        }
    }
}
