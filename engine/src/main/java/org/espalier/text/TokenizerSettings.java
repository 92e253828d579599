package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.espalier.file.TextFile;

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
        SettingsFile config = SettingsFile.of(folder.resolve(SettingsFile.CONFIG));
        TokenizerConfigKeys.check(config);
        SettingsFile map = SettingsFile.of(folder.resolve(SettingsFile.SPECIAL_TOKENS));
        SettingsFile first = config.says(AddedTokens.DECODER) ? config : map;
        SettingsFile second = first == config ? map : config;
        Set<Integer> ids =
                SettingsFile.of(folder.resolve("generation_config.json")).ids("eos_token_id");
        if (ids.isEmpty()) {
            ids = SettingsFile.of(folder.resolve("config.json")).ids("eos_token_id");
        }
        return new TokenizerSettings(
                first.token("bos_token").or(() -> second.token("bos_token")),
                first.token("eos_token").or(() -> second.token("eos_token")),
                List.copyOf(ids),
                template(folder, config),
                config.flag("add_bos_token"),
                config.flag("add_eos_token"));
    }

    private static Optional<String> template(Path folder, SettingsFile config) {
        Path own = folder.resolve("chat_template.jinja");
        if (Files.exists(own)) {
            return Optional.of(TextFile.read(own, LARGEST_TEMPLATE));
        }
        return config.says("chat_template") ? template(config) : Optional.empty();
    }

    /** One template, or the one named {@code default} of several. */
    private static Optional<String> template(SettingsFile config) {
        JsonNode value = config.node().get("chat_template");
        if (!value.isArray()) {
            return Optional.of(config.requireText(value, "chat_template"));
        }
        for (JsonNode named : value) {
            if (named.path("name").asText().equals("default")) {
                return Optional.of(config.requireText(named.path("template"), "chat_template"));
            }
        }
        return Optional.empty();
    }
}
