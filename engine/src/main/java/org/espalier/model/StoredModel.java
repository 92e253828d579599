package org.espalier.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.format.StoredTensor;

/**
 * A model as its files hold it.
 *
 * @param config      of the model, which may differ from what its configuration says where the weights say otherwise
 * @param tensors     by the names of the family's pass, without what the model does without
 * @param differences what was found otherwise than said, each with what is done about it
 */
public record StoredModel(
        ModelConfig config, SequencedMap<String, StoredTensor> tensors, Map<String, String> differences) {

    public StoredModel {
        tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
        differences = Map.copyOf(differences);
    }
}
