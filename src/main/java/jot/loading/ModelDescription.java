package jot.loading;

import java.util.List;
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
 * @param tokenizer whether tokenizer files are there
 */
public record ModelDescription(String family, Optional<Architecture> architecture, Optional<String> refusal, long parameters,
        List<String> formats, long weightBytes, boolean tokenizer) {

    /** Keeps its own copy of the list. */
    public ModelDescription {
        formats = List.copyOf(formats);
    }

    /** The same of a model whose blueprint an adapter changed. */
    ModelDescription with(Architecture other) {
        return new ModelDescription(family, Optional.of(other), refusal, parameters, formats, weightBytes, tokenizer);
    }
}
