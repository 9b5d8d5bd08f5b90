package jot;

import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import jot.generation.Admission;
import jot.generation.DecodeLoop;
import jot.generation.Generations;
import jot.generation.Inference;
import jot.generation.Interruption;

/**
 * The pieces of a text, each computed when it is asked for.
 *
 * <p>Between two pieces it holds no thread and no place among the running calls, so that one which nobody asks any more is garbage.
 */
final class TextPieces extends Spliterators.AbstractSpliterator<String> {
    private final Inference inference;
    private final Generations generations;
    private final DecodeLoop loop;
    private final Interruption interruption;
    private final Admission.Holding holding;

    TextPieces(Inference inference, Generations generations, DecodeLoop loop, Interruption interruption) {
        super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
        this.inference = inference;
        this.generations = generations;
        this.loop = loop;
        this.interruption = interruption;
        this.holding = generations.newHolding();
        loop.keepIn(holding);
    }

    @Override
    public boolean tryAdvance(Consumer<? super String> action) {
        if (loop.hasEnded()) {
            return false;
        }
        if (Thread.currentThread().isInterrupted()) {
            interruption.noteInterrupt();
        }
        String piece = next();
        if (piece.isEmpty()) {
            return false;
        }
        action.accept(piece);
        return true;
    }

    /** Nothing can be split off: whoever takes pieces together would compute some that nobody asked for. */
    @Override
    public Spliterator<String> trySplit() {
        return null;
    }

    /** The next piece that is not empty, or an empty one at the end. */
    private String next() {
        Optional<Inference.Use> use = inference.useUnlessClosing();
        if (use.isEmpty()) {
            loop.cancel();
            generations.release(holding);
            return loop.piece();
        }
        try (Inference.Use _ = use.get()) {
            if (!generations.within(loop, interruption, this::advance, () -> loop.keepIn(holding))) {
                loop.endEarly();
                generations.release(holding);
            }
            return loop.piece();
        } catch (Admission.Refused e) {
            throw new BusyException(e.getMessage(), e);
        }
    }

    private void advance() {
        do {
            loop.advance();
        } while (!loop.hasEnded() && loop.piece().isEmpty());
    }

    /** Ends the generation, from any thread; its pages no longer count, unless the next piece is under way. */
    void close() {
        interruption.stop();
        generations.release(holding);
    }
}
