package jot.architecture;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/** The packages from the command line down to JSON: a package may use any that stands further right, never one beside it. */
record Layers(List<Set<String>> leftToRight) {
    /** The layers of Jot, as docs/architecture.md draws them. */
    static final Layers OF_JOT = new Layers(List.of(
        Set.of("jot.cli"),
        Set.of("jot.cli.bench"),
        Set.of("jot.chat"),
        Set.of("jot"),
        Set.of("jot.generation", "jot.loading"),
        Set.of("jot.loading.adapter"),
        Set.of("jot.model.family.classic", "jot.model.family.llama"),
        Set.of("jot.model.family"),
        Set.of("jot.model", "jot.sampling", "jot.tokenizer"),
        Set.of("jot.tensor", "jot.checkpoint"),
        Set.of("jot.json")));

    /** Returns the layer of a package, counted from the left, or nothing if it stands in none. */
    OptionalInt of(String packageName) {
        return IntStream.range(0, leftToRight.size()).filter(layer -> leftToRight.get(layer).contains(packageName)).findFirst();
    }

    /** Returns whether one package may use another; a package may use itself. */
    boolean allow(String user, String used) {
        if (user.equals(used)) {
            return true;
        }
        OptionalInt from = of(user);
        OptionalInt to = of(used);
        return from.isPresent() && to.isPresent() && from.getAsInt() < to.getAsInt();
    }
}
