package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.BitSet;
import java.util.Set;

/**
 * The token ids that configurations name. A number that is the id of no token stays as it is: it says that there is none, or means
 * one beyond the vocabulary.
 */
final class TokenIds {

    private static final String ONE = "token_id";
    /** Keys of arrays, also of arrays of them. */
    private static final Set<String> SEVERAL =
            Set.of("suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "force_words_ids");

    private TokenIds() {}

    private static boolean names(String key) {
        return key.equals(ONE) || key.endsWith("_" + ONE) || key.endsWith("_" + ONE + "s") || SEVERAL.contains(key);
    }

    /** Adds the ids that a configuration names. */
    static void collect(JsonNode config, BitSet ids) {
        config.properties().forEach(entry -> {
            if (names(entry.getKey())) {
                collectAll(entry.getValue(), ids);
            } else if (entry.getValue().isObject()) {
                collect(entry.getValue(), ids);
            }
        });
    }

    private static void collectAll(JsonNode value, BitSet ids) {
        if (value.canConvertToInt() && value.isIntegralNumber() && value.intValue() >= 0) {
            ids.set(value.intValue());
        }
        value.forEach(part -> collectAll(part, ids));
    }

    /** Gives every id that a configuration names the number that it has among those that stay. */
    static void renumber(ObjectNode config, int[] kept) {
        config.properties().forEach(entry -> {
            if (names(entry.getKey())) {
                entry.setValue(renumbered(entry.getValue(), kept));
            } else if (entry.getValue() instanceof ObjectNode inner) {
                renumber(inner, kept);
            }
        });
    }

    /** The same of one key of an object, if it is there. */
    static void renumber(JsonNode object, String key, int[] kept) {
        if (object instanceof ObjectNode node && node.has(key)) {
            node.set(key, renumbered(node.get(key), kept));
        }
    }

    /** The same of an array. */
    static void renumber(JsonNode list, int[] kept) {
        if (list instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, renumbered(array.get(i), kept));
            }
        }
    }

    private static JsonNode renumbered(JsonNode value, int[] kept) {
        renumber(value, kept);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            return value;
        }
        int id = VocabularyFile.renumbered(kept, value.intValue());
        return id < 0 ? value : IntNode.valueOf(id);
    }
}
