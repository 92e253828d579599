package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.file.Json;

/** The special tokens that are named beside a tokenizer, as chat templates see them. */
final class SpecialTokens {

    private static final List<String> NAMES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private SpecialTokens() {}

    /**
     * The tokens by their names, such as {@code pad_token}; those that are not named are left out.
     *
     * @param folder of a checkpoint; for a file there are none
     */
    static Map<String, String> beside(Path folder) {
        Map<String, String> tokens = new LinkedHashMap<>();
        // What the configuration says comes last, and so counts.
        for (String file : List.of("special_tokens_map.json", "tokenizer_config.json")) {
            if (Files.isRegularFile(folder.resolve(file))) {
                JsonNode named = Json.readObject(folder.resolve(file));
                NAMES.forEach(name -> add(tokens, name, named.path(name)));
            }
        }
        return tokens;
    }

    /** As text, or as an object with {@code content}. */
    private static void add(Map<String, String> tokens, String name, JsonNode value) {
        JsonNode text = value.isObject() ? value.path("content") : value;
        if (text.isTextual()) {
            tokens.put(name, text.textValue());
        }
    }
}
