package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.espalier.format.StoredTensor;

/**
 * The text model of a checkpoint whose model sees or hears as well: its configuration is the value of {@code text_config}, and
 * its weights stand under names of their own, in one of the two ways in which transformers have named them.
 */
final class NestedText {

    static final String KEY = "text_config";
    private static final String TYPE = "model_type";

    /** What the outer configuration says of the text model as well. */
    private static final List<String> SHARED =
            List.of("tie_word_embeddings", "quantization_config", "bos_token_id", "eos_token_id", "pad_token_id");

    /** What names of the text model's weights begin with, and what without the rest. */
    private static final Map<String, String> PREFIXES = Map.of(
            "language_model.model.", "model.",
            "model.language_model.", "model.",
            "language_model.lm_head.", "lm_head.",
            "lm_head.", "lm_head.");

    private NestedText() {}

    /** Whether a configuration is of no known model, and has one of a known type inside. */
    static boolean isNested(JsonNode config, Predicate<String> known) {
        return !known.test(config.path(TYPE).asText())
                && known.test(config.path(KEY).path(TYPE).asText());
    }

    /** The configuration of the text model alone. */
    static ObjectNode config(JsonNode outer) {
        ObjectNode text = outer.get(KEY).deepCopy();
        for (String key : SHARED) {
            if (outer.has(key) && !text.has(key)) {
                text.set(key, outer.get(key));
            }
        }
        return text;
    }

    /** The weights of the text model alone, by its names; all of them as they are where none has such a name. */
    static SequencedMap<String, StoredTensor> tensors(SequencedMap<String, StoredTensor> files) {
        SequencedMap<String, StoredTensor> text = new LinkedHashMap<>();
        boolean outer = false;
        for (StoredTensor tensor : files.values()) {
            for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
                if (tensor.name().startsWith(prefix.getKey())) {
                    outer |= !prefix.getKey().equals(prefix.getValue());
                    String name = prefix.getValue()
                            + tensor.name().substring(prefix.getKey().length());
                    text.put(
                            name,
                            new StoredTensor(name, tensor.type(), tensor.shape(), tensor.bytes(), tensor.order()));
                }
            }
        }
        return outer ? text : files;
    }
}
