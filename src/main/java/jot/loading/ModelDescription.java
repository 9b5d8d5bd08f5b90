package jot.loading;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import jot.model.Architecture;

/**
 * What the headers of a model's files tell.
 *
 * @param family value of {@code model_type}
 * @param architecture the blueprint, if Jot can run the model
 * @param refusal why Jot cannot run it, if so
 * @param parameters elements of all weights, each counted once
 * @param formats data types of the weights, the most frequent first
 * @param weightBytes bytes of the weights in the files
 * @param heldBytes bytes of the weights in memory for each format that they can be held in, by its label; none if Jot cannot run it
 * @param tokenizer whether tokenizer files are there
 */
public record ModelDescription(String family, Optional<Architecture> architecture, Optional<String> refusal, long parameters,
        List<String> formats, long weightBytes, Map<String, Long> heldBytes, boolean tokenizer) {

    /** Keeps its own copies. */
    public ModelDescription {
        formats = List.copyOf(formats);
        heldBytes = Collections.unmodifiableMap(new LinkedHashMap<>(heldBytes));
    }

    /** The same of a model whose blueprint an adapter changed. */
    ModelDescription with(Architecture other) {
        return new ModelDescription(family, Optional.of(other), refusal, parameters, formats, weightBytes, heldBytes,
                tokenizer);
    }
}
