package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.file.Json;

/**
 * What stands beside a tokenizer in a checkpoint.
 *
 * @param bosToken     the token that begins a text
 * @param eosToken     the token that ends one
 * @param eosIds       further ids at which generation ends
 * @param chatTemplate how a conversation becomes one text, in Jinja
 * @param addBos       whether a text begins with {@code bosToken}; empty where nothing is said
 * @param addEos       whether a text ends with {@code eosToken}; empty where nothing is said
 */
public record TokenizerSettings(
        Optional<String> bosToken,
        Optional<String> eosToken,
        List<Integer> eosIds,
        Optional<String> chatTemplate,
        Optional<Boolean> addBos,
        Optional<Boolean> addEos) {

    /** Nothing is said beside the tokenizer. */
    public static final TokenizerSettings NONE = new TokenizerSettings(
            Optional.empty(), Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final String ADVICE = "correct the file or fetch it again";
    private static final long LARGEST_TEMPLATE = 1 << 20;

    public TokenizerSettings {
        eosIds = List.copyOf(eosIds);
    }

    /**
     * Reads {@code tokenizer_config.json}, {@code special_tokens_map.json}, {@code chat_template.jinja},
     * {@code generation_config.json} and {@code config.json} of a checkpoint folder, as far as they are there. The ids that
     * end a text are those of the generation configuration, else of the model's.
     */
    public static TokenizerSettings read(Path folder) {
        Source config = Source.of(folder.resolve("tokenizer_config.json"));
        Source map = Source.of(folder.resolve("special_tokens_map.json"));
        Set<Integer> ids = Source.of(folder.resolve("generation_config.json")).ids("eos_token_id");
        if (ids.isEmpty()) {
            ids = Source.of(folder.resolve("config.json")).ids("eos_token_id");
        }
        return new TokenizerSettings(
                config.token("bos_token").or(() -> map.token("bos_token")),
                config.token("eos_token").or(() -> map.token("eos_token")),
                List.copyOf(ids),
                template(folder, config),
                config.flag("add_bos_token"),
                config.flag("add_eos_token"));
    }

    private static Optional<String> template(Path folder, Source config) {
        Path own = folder.resolve("chat_template.jinja");
        if (Files.exists(own)) {
            return Optional.of(new String(Json.readFile(own, LARGEST_TEMPLATE), StandardCharsets.UTF_8));
        }
        return config.template();
    }

    /** One of the files; an empty object where it is missing. */
    private record Source(Path path, ObjectNode node) {

        static Source of(Path path) {
            return new Source(path, Files.exists(path) ? Json.readObject(path) : Json.object());
        }

        /** A token as text, or as an object with {@code content}. */
        Optional<String> token(String key) {
            JsonNode value = node.path(key);
            JsonNode text = value.isObject() ? value.path("content") : value;
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            return Optional.of(requireText(text, key));
        }

        Optional<Boolean> flag(String key) {
            JsonNode value = node.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            if (!value.isBoolean()) {
                throw wrong(key, "is neither true nor false");
            }
            return Optional.of(value.booleanValue());
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

        /** One template, or the one named {@code default} of several. */
        Optional<String> template() {
            JsonNode value = node.path("chat_template");
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            if (!value.isArray()) {
                return Optional.of(requireText(value, "chat_template"));
            }
            for (JsonNode named : value) {
                if (named.path("name").asText().equals("default")) {
                    return Optional.of(requireText(named.path("template"), "chat_template"));
                }
            }
            return Optional.empty();
        }

        private String requireText(JsonNode value, String key) {
            if (!value.isTextual()) {
                throw wrong(key, "is not a text");
            }
            return value.textValue();
        }

        private Failure wrong(String key, String complaint) {
            return new Failure(key + " " + complaint, path.toString(), ADVICE);
        }
    }
}
