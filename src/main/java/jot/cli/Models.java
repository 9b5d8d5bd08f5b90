package jot.cli;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import jot.Gpt;
import jot.LoadOptions;
import jot.tensor.Backend;

/** The options of every command that loads a model, and the loading. */
final class Models {

    static final List<Option> OPTIONS = List.of(
            Option.of("--threads", "N", "threads that compute (default: one a core)"),
            Option.of("--context", "N", "bound on the context (default: the model's)"),
            Option.of("--backend", "B", "auto, scalar or vector (default: auto)"),
            Option.of("--weights", "F", "auto, f32, f16, bf16, q8 or q4: the format in memory (default: auto)"),
            Option.of("--adapter", "FOLDER", "a LoRA adapter to merge, also FOLDER=SCALE; may be given several times"),
            Option.flag("--no-mapping", "copy the weights into memory instead of mapping the file"));

    private Models() {
    }

    /** Loads the model that the first argument names, with a progress bar where a person is watching. */
    static Gpt load(Arguments arguments, Console console) throws IOException, UsageException {
        LoadOptions options = options(arguments);
        beginWithASmallHeap();
        long start = System.nanoTime();
        LoadOptions shown = options.withProgress(share -> {
            if (System.nanoTime() - start > 300_000_000) {
                console.progress("loading", share);
            }
        });
        try {
            return Gpt.load(path(arguments), shown);
        } finally {
            console.endProgress();
        }
    }

    /**
     * Goes before each load. The default collector starts with a 64th of the machine's memory and fills that before it looks for what is
     * free. After a collection, which takes some milliseconds while there is next to nothing, it goes on with what it needs. What counts
     * here, the weights, lies outside of the heap.
     */
    static void beginWithASmallHeap() {
        System.gc();
    }

    private static LoadOptions options(Arguments arguments) throws UsageException {
        try {
            LoadOptions options = LoadOptions.defaults().withMapping(!arguments.has("--no-mapping"));
            if (arguments.integer("--threads").isPresent()) {
                options = options.withThreads(arguments.integer("--threads").get());
            }
            if (arguments.integer("--context").isPresent()) {
                options = options.withContext(arguments.integer("--context").get());
            }
            if (arguments.text("--backend").isPresent()) {
                options = options.withBackend(LoadOptions.Backend.valueOf(backend(arguments.text("--backend").get()).name()));
            }
            if (arguments.text("--weights").isPresent()) {
                options = options.withWeights(weights(arguments.text("--weights").get()));
            }
            for (String adapter : arguments.texts("--adapter")) {
                options = withAdapter(options, adapter);
            }
            return options;
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** A folder, or a folder, an equals sign and a number. */
    private static LoadOptions withAdapter(LoadOptions options, String text) throws UsageException {
        int equals = text.lastIndexOf('=');
        try {
            return options.withAdapter(path(text.substring(0, equals < 0 ? text.length() : equals)),
                    equals < 0 ? 1 : Double.parseDouble(text.substring(equals + 1)));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--adapter: expected FOLDER or FOLDER=SCALE, found '" + text + "'");
        }
    }

    static Path path(Arguments arguments) throws UsageException {
        return path(arguments.place(0, "MODEL, a model folder"));
    }

    static Path path(String text) throws UsageException {
        if (text.isEmpty()) {
            throw new UsageException("expected a path, found an empty text");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new UsageException("no path: '" + text + "'");
        }
    }

    /** The format in memory that a name stands for. */
    static LoadOptions.Weights weights(String name) throws UsageException {
        try {
            return LoadOptions.Weights.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--weights: expected auto, f32, f16, bf16, q8 or q4, found '" + name + "'");
        }
    }

    static Backend backend(String name) throws UsageException {
        try {
            return Backend.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--backend: expected auto, scalar or vector, found '" + name + "'");
        }
    }
}
