package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.espalier.format.StoredTensor;

/**
 * The text model of a checkpoint whose model sees or hears as well: its configuration is the value of {@code text_config}, and
 * its weights stand under names of their own, in one of the two ways in which transformers have named them.
 */
final class NestedText {

    static final String KEY = "text_config";

    /** Keys of the outer configuration that speak of the text model as well: its tokens, its head, how it is stored. */
    private static final Pattern SHARED = Pattern.compile("(bos|eos|pad)_token_id|tie_.*|quantization_.*");

    /** What all names of the text model's weights begin with in the older layout. */
    private static final String OLDER = "language_model.";
    /** What those without the head begin with in the newer one, and what is left of that. */
    private static final String NEWER = "model.language_model.";

    private static final String PLAIN = "model.";

    private NestedText() {}

    /**
     * Whether a configuration is of no known model, and has one of a known model inside.
     *
     * @param known whether a configuration is
     */
    static boolean isNested(JsonNode config, Predicate<JsonNode> known) {
        return !known.test(config) && known.test(config.path(KEY));
    }

    /** The configuration of the text model alone. */
    static ObjectNode config(JsonNode outer) {
        ObjectNode text = outer.get(KEY).deepCopy();
        outer.properties().forEach(entry -> {
            if (SHARED.matcher(entry.getKey()).matches() && !text.has(entry.getKey())) {
                text.set(entry.getKey(), entry.getValue());
            }
        });
        return text;
    }

    /** The weights of the text model alone, by its names; all of them as they are where none has such a name. */
    static SequencedMap<String, StoredTensor> tensors(SequencedMap<String, StoredTensor> files) {
        boolean newer = files.keySet().stream().anyMatch(name -> name.startsWith(NEWER));
        SequencedMap<String, StoredTensor> text = new LinkedHashMap<>();
        for (StoredTensor tensor : files.values()) {
            name(tensor.name(), newer)
                    .ifPresent(name -> text.put(
                            name,
                            new StoredTensor(name, tensor.type(), tensor.shape(), tensor.bytes(), tensor.order())));
        }
        return text.isEmpty() ? files : text;
    }

    /** The name that the text model has for a weight of its own; a head stands outside of the rest in the newer layout. */
    private static Optional<String> name(String outer, boolean newer) {
        if (!newer) {
            return outer.startsWith(OLDER) ? Optional.of(outer.substring(OLDER.length())) : Optional.empty();
        }
        if (outer.startsWith(NEWER)) {
            return Optional.of(PLAIN + outer.substring(NEWER.length()));
        }
        return outer.startsWith(PLAIN) ? Optional.empty() : Optional.of(outer);
    }
}
