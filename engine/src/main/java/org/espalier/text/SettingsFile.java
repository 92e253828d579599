package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.file.Json;

/** A JSON file beside a tokenizer; an empty object where it is missing. */
record SettingsFile(Path path, ObjectNode node) {

    static final String CONFIG = "tokenizer_config.json";
    static final String SPECIAL_TOKENS = "special_tokens_map.json";
    static final String ADDED_TOKENS = "added_tokens.json";

    private static final String ADVICE = "correct the file or fetch it again";

    static SettingsFile of(Path path) {
        return new SettingsFile(path, Files.exists(path) ? Json.readObject(path) : Json.object());
    }

    boolean says(String key) {
        return !node.path(key).isMissingNode() && !node.path(key).isNull();
    }

    /** A token's text, as text or as an object with {@code content}; the first LLaMA conversions write an empty one for none. */
    Optional<String> token(String key) {
        return says(key) ? Optional.of(content(node.get(key), key)).filter(text -> !text.isEmpty()) : Optional.empty();
    }

    /** A special token, with its flags; without an id. */
    Optional<AddedToken> special(String key) {
        return token(key).map(text -> AddedToken.of(text, AddedToken.NO_ID, true, node.get(key)));
    }

    /** Special tokens in an array, or an object of them by name; without ids. */
    List<AddedToken> specials(String key) {
        List<AddedToken> tokens = new ArrayList<>();
        if (says(key)) {
            if (!node.get(key).isArray() && !node.get(key).isObject()) {
                throw wrong(key, "is no array of tokens");
            }
            node.get(key).forEach(token -> {
                String text = content(token, key);
                if (!text.isEmpty()) {
                    tokens.add(AddedToken.of(text, AddedToken.NO_ID, true, token));
                }
            });
        }
        return tokens;
    }

    private String content(JsonNode value, String key) {
        return requireText(value.isObject() ? value.path("content") : value, key);
    }

    Optional<Boolean> flag(String key) {
        if (!says(key)) {
            return Optional.empty();
        }
        if (!node.get(key).isBoolean()) {
            throw wrong(key, "is neither true nor false");
        }
        return Optional.of(node.get(key).booleanValue());
    }

    /** One id or an array of them. */
    Set<Integer> ids(String key) {
        JsonNode value = node.path(key);
        Set<Integer> ids = new LinkedHashSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (id.isMissingNode() || id.isNull()) {
                continue;
            }
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw wrong(key, "is neither a token id nor an array of them");
            }
            ids.add(id.intValue());
        }
        return ids;
    }

    String requireText(JsonNode value, String key) {
        if (!value.isTextual()) {
            throw wrong(key, "is not a text");
        }
        return value.textValue();
    }

    Failure wrong(String key, String complaint) {
        return new Failure(key + " " + complaint, path.toString(), ADVICE);
    }
}
